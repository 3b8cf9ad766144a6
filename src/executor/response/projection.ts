import { compile, tokenize } from '@jmespath-community/jmespath'
import { isExactNumber, isJsonObject, type JsonValue, parseJson } from '../../lib/json.ts'
import { type ExpressionNode, ProjectionInterpreter } from './projection_interpreter.ts'
import { ProjectionFault, WorkBudget } from './work_budget.ts'

/** Makes of a whole JSON answer what the model gets of it. @throws ProjectionFault */
export type Projection = (answer: JsonValue) => JsonValue

/** Values one evaluation may look at or make: half a second at worst. */
const MAX_WORK = 4_000_000

/** Why an expression cannot be a projection, and where. */
export class ProjectionSyntaxError extends Error {
  /** Counted in characters, from 0. */
  readonly position: number

  constructor(message: string, position: number) {
    super(message)
    this.position = position
  }
}

/**
 * Compiles a JMESPath expression (JMESPath Community Edition, without `let`).
 * @throws ProjectionSyntaxError - it is none, or asks what cannot be told exactly
 */
export function compileProjection(expression: string): Projection {
  const node = parse(expression)
  checkNode(node, expression, 0)
  checkLiterals(expression)
  return (answer) => {
    const budget = new WorkBudget(MAX_WORK)
    try {
      const made = new ProjectionInterpreter(budget).search(node, answer as never) as JsonValue
      return made ?? null
    } catch (cause) {
      if (cause instanceof ProjectionFault) throw cause
      throw new ProjectionFault(cause instanceof Error ? cause.message : String(cause), { cause })
    }
  }
}

function parse(expression: string): ExpressionNode {
  try {
    return compile(expression)
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    const message = said.replace(/^Syntax error[:,] /, '').replace(/: undefined$/, '')
    throw new ProjectionSyntaxError(message, faultPosition(expression))
  }
}

/** The position of the token that no continuation could mend; the end where something is missing. */
function faultPosition(expression: string): number {
  const tokens = tokensOf(expression)
  if (tokens === null) return lexedLength(expression)
  if (isBeginning(expression)) return expression.length
  const starts = tokens.map(({ start }) => start)
  let [good, bad] = [0, starts.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isBeginning(expression.slice(0, starts[middle]))) good = middle
    else bad = middle
  }
  return starts[good] ?? expression.length
}

/** Whether the text is an expression, or the beginning of one. */
function isBeginning(text: string): boolean {
  try {
    compile(text)
    return true
  } catch (error) {
    return error instanceof Error && error.message.includes('EOF')
  }
}

/** How much of the text can be told apart into tokens. */
function lexedLength(expression: string): number {
  for (let length = expression.length - 1; length > 0; length--) {
    if (tokensOf(expression.slice(0, length)) !== null) return length
  }
  return 0
}

function tokensOf(expression: string) {
  try {
    return tokenize(expression)
  } catch {
    return null
  }
}

/** Refuses `let`, names of prototypes, unknown functions, and what is nested too deep. */
function checkNode(node: unknown, expression: string, depth: number): void {
  if (typeof node !== 'object' || node === null) return
  if (depth > 200) throw new ProjectionSyntaxError('is nested too deep', 0)
  const { type, name, children } = node as FunctionLike
  const refuse = (message: string, word: string) => {
    throw new ProjectionSyntaxError(message, Math.max(0, expression.indexOf(word)))
  }
  if (type === 'LetExpression' || type === 'Variable') {
    refuse('let is not supported', type === 'Variable' ? '$' : 'let')
  }
  if (name === '__proto__') refuse('__proto__ cannot be a name', '__proto__')
  if (type === 'Function') {
    const fault = callFault(String(name), children?.length ?? 0)
    if (fault !== null) refuse(fault, String(name))
  }
  if (type === 'Literal') return
  for (const inner of Object.values(node)) checkNode(inner, expression, depth + 1)
}

/** What of a node is looked at before it is known which it is. */
interface FunctionLike {
  readonly type?: unknown
  readonly name?: unknown
  readonly children?: readonly unknown[]
}

const { _functionTable: functions } = new ProjectionInterpreter(new WorkBudget(0)).runtime

function callFault(name: string, count: number): string | null {
  const signature = Object.hasOwn(functions, name) ? functions[name]?._signature : undefined
  if (signature === undefined) return `Unknown function: ${name}()`
  const least = signature.filter(({ optional }) => optional !== true).length
  const most = signature.at(-1)?.variadic === true ? Number.POSITIVE_INFINITY : signature.length
  return count < least || count > most ? `${name}() does not take ${count} arguments` : null
}

/** Refuses a literal that would be rounded: a comparison with it would be a lie. */
function checkLiterals(expression: string): void {
  const tokens = tokenize(expression)
  for (const [index, { start }] of tokens.entries()) {
    if (expression[start] !== '`') continue
    const end = tokens[index + 1]?.start ?? expression.length
    const text = expression.slice(start, end).trim().slice(1, -1).replaceAll('\\`', '`')
    if (holdsExactNumber(text)) {
      throw new ProjectionSyntaxError('a number has more digits than can be compared', start)
    }
  }
}

function holdsExactNumber(literal: string): boolean {
  try {
    return isAnyExact(parseJson(literal))
  } catch {
    return false
  }
}

function isAnyExact(value: JsonValue): boolean {
  if (isExactNumber(value)) return true
  if (Array.isArray(value)) return value.some(isAnyExact)
  return isJsonObject(value) && Object.values(value).some(isAnyExact)
}
