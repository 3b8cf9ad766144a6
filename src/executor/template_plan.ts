import type { FieldError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { type CompiledSchema, compileSchema } from '../lib/json_schema/compile_schema.ts'
import type { ToolDefinition } from '../model/tool.ts'
import { pointerStep } from './bound_variable.ts'
import { knownArguments } from './known_arguments.ts'
import { misfit, unknownArgument } from './misfit.ts'
import {
  type CallerVariables,
  type RenderedRequest,
  refuseReservedVariables,
  renderRequest,
} from './render_request.ts'
import type { RequestPlan, ValidArguments } from './request_plan.ts'
import { compileRequestTemplate, type RequestTemplate } from './request_template.ts'

/** The plan of a tool whose request its templates say (wire.md §5). */
export class TemplatePlan implements RequestPlan {
  private readonly schema: CompiledSchema
  /** Names the arguments may have; null where the schema itself rules on unknown ones. */
  private readonly known: ReadonlySet<string> | null
  private readonly template: RequestTemplate

  /** @throws AppError - the definition could never be sent */
  constructor(definition: ToolDefinition) {
    this.schema = compileSchema(definition.inputSchema)
    this.known = knownArguments(definition.inputSchema)
    this.template = compileRequestTemplate(definition)
  }

  accept(args: JsonObject): ValidArguments {
    refuseReservedVariables(args)
    const errors = [...this.unknown(args), ...this.schema.validate(args)]
    if (errors.length > 0) throw misfit(errors)
    return args as unknown as ValidArguments
  }

  render(args: ValidArguments, caller: CallerVariables): RenderedRequest {
    return renderRequest(this.template, args as unknown as JsonObject, caller)
  }

  private unknown(args: JsonObject): FieldError[] {
    const { known } = this
    if (known === null) return []
    return Object.keys(args)
      .filter((name) => !known.has(name))
      .map((name) => unknownArgument(pointerStep(name.slice(0, 64)), known))
  }
}
