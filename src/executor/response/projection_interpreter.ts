import { TreeInterpreter } from '@jmespath-community/jmespath'
import { isExactNumber, isJsonObject, type JsonValue } from '../../lib/json.ts'
import { type AnyNumber, compareNumbers, isAnyNumber } from './number_order.ts'
import { isSame, ownFunctions, ownKeyFunctions, refuseRounding } from './projection_functions.ts'
import { ProjectionFault, type WorkBudget } from './work_budget.ts'

type Visit = typeof TreeInterpreter.visit
/** A node of a compiled expression. */
export type ExpressionNode = Parameters<Visit>[0]
type Given = Parameters<Visit>[1]
type Interpreter = typeof TreeInterpreter
type NodeOf<T extends ExpressionNode['type']> = Extract<ExpressionNode, { readonly type: T }>

// The package gives an instance, not the class; its own visits go through `visit`, so one override
// sees them all.
const Base = TreeInterpreter.constructor as new () => Interpreter

/**
 * Evaluates JMESPath with bounded work, over own properties alone, and with numbers digit for digit:
 * an ExactNumber is a number like any other, only that arithmetic with it is refused.
 */
export class ProjectionInterpreter extends Base {
  private readonly budget: WorkBudget

  constructor(budget: WorkBudget) {
    super()
    this.budget = budget
    this.bindFunctions()
  }

  override visit(node: ExpressionNode, given: Given): ReturnType<Visit> {
    this.budget.spend(1)
    const made = this.made(node, given)
    if (copies.has(node.type)) this.budget.spendCopy(made)
    return made
  }

  private made(node: ExpressionNode, given: Given): ReturnType<Visit> {
    switch (node.type) {
      case 'Field':
        return fieldOf(given as JsonValue, node.name) as Given
      case 'ValueProjection':
        return this.valuesOf(this.visit(node.left, given), node.right)
      case 'Comparator':
        return this.compared(node, given)
      default:
        return super.visit(node, given)
    }
  }

  /** `left.*right`: an ExactNumber has no values. */
  private valuesOf(base: unknown, right: ExpressionNode): ReturnType<Visit> {
    if (!isJsonObject(base)) return null
    const values = Object.values(base).map((value) => this.visit(right, value as Given))
    return values.filter((value) => value !== null) as Given
  }

  private compared(node: NodeOf<'Comparator'>, given: Given): boolean | null {
    const first = this.visit(node.left, given) as JsonValue
    const second = this.visit(node.right, given) as JsonValue
    if (node.name === 'EQ') return isSame(first, second, this.budget)
    if (node.name === 'NE') return !isSame(first, second, this.budget)
    if (!isAnyNumber(first) || !isAnyNumber(second)) return null
    return orderings[node.name](first, second)
  }

  private bindFunctions(): void {
    const { runtime, budget } = this
    const nameOfType = runtime as unknown as { getTypeName(value: unknown): number | undefined }
    const typeOf = nameOfType.getTypeName.bind(runtime)
    nameOfType.getTypeName = (value) => typeOf(isExactNumber(value) ? 0 : value)
    const callTheirs = runtime.callFunction.bind(runtime)
    runtime.callFunction = (name, args) => {
      spendCall(name, args as readonly JsonValue[], budget)
      const own = this.ownCall(name, args as readonly JsonValue[])
      const result = own === undefined ? callTheirs(name, args) : own
      budget.spendCopy(result)
      return result as ReturnType<typeof callTheirs>
    }
  }

  /** What a function done here gives; undefined for the package's own, and where types do not fit. */
  private ownCall(name: string, args: readonly JsonValue[]): JsonValue | undefined {
    const [first = null, second = null] = args
    const byKey = ownKeyFunctions[name]
    if (byKey !== undefined && args.length === 2 && Array.isArray(first) && isExpression(second)) {
      const keyOf = (item: JsonValue) => this.visit(second, item as Given) as JsonValue
      return byKey(first, keyOf, this.budget)
    }
    const own = ownFunctions[name]
    return own !== undefined && hasFitTypes(name, args) ? own(args, this.budget) : undefined
  }
}

const orderings: Readonly<
  Record<'GT' | 'GTE' | 'LT' | 'LTE', (a: AnyNumber, b: AnyNumber) => boolean>
> = {
  GT: (a, b) => compareNumbers(a, b) > 0,
  GTE: (a, b) => compareNumbers(a, b) >= 0,
  LT: (a, b) => compareNumbers(a, b) < 0,
  LTE: (a, b) => compareNumbers(a, b) <= 0,
}

/** Nodes that make a list anew. */
const copies: ReadonlySet<string> = new Set(['Flatten', 'Slice'])

const fieldOf = (value: JsonValue, name: string): JsonValue =>
  isJsonObject(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null

const isExpression = (value: unknown): value is ExpressionNode =>
  typeof value === 'object' && value !== null && 'expref' in value && value.expref === true

/** Where it is false the package's own function is asked, for the sentence it refuses with. */
function hasFitTypes(name: string, args: readonly JsonValue[]): boolean {
  const [first = null] = args
  if (name === 'contains') {
    return args.length === 2 && (typeof first === 'string' || Array.isArray(first))
  }
  if (args.length !== 1) return false
  return name.startsWith('to_') || Array.isArray(first)
}

/** What a call costs beside its visits, spent before anything large is made. */
function spendCall(name: string, args: readonly JsonValue[], budget: WorkBudget): void {
  for (const arg of args) budget.spendCopy(arg)
  refuseRounding(name, args)
  const [first, second, third] = args
  if (name.startsWith('pad_') && typeof second === 'number') budget.spend(second / 16)
  if (name === 'join' && Array.isArray(second)) {
    const length = (value: unknown) => (typeof value === 'string' ? value.length : 0)
    const chars = second.reduce<number>((sum, item) => sum + length(item) + length(first), 0)
    budget.spend(chars / 16)
  }
  if (name === 'replace' && typeof first === 'string' && typeof third === 'string') {
    budget.spend(((first.length + 1) * (third.length + 1)) / 16)
  }
  if (name === 'zip') {
    for (const arg of args) if (!Array.isArray(arg)) throw new ProjectionFault('zip() takes lists')
  }
}
