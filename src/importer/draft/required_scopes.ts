import { RE2JS } from 're2js'
import type { ScopeRule } from '../../model/openapi_source.ts'
import { scopePattern } from '../../model/policy.ts'
import type { ApiOperation } from '../api_document.ts'
import { type DraftContext, remark } from './draft_context.ts'
import { scopesOfLines, splitScopes } from './scope_lines.ts'

/** More scopes than this on one operation are a misread text. */
const MAX_SCOPES = 50

/**
 * The scopes a caller must hold: what the operator said, else what the description says, else (where
 * the settings want it) those of the security requirement; and those of every rule that fits
 * (wire.md §9). Names are made to fit what a project's scope may be called, with a finding.
 */
export function requiredScopes(context: DraftContext): readonly string[] {
  const { operation, settings, override } = context
  if (override.requiredScopes !== undefined) return override.requiredScopes
  const described = describedScopes(context)
  const own = described ?? (settings.scopesFromSecurity ? securityScopes(operation) : [])
  const ruled = settings.scopeRules.flatMap((rule) => (fits(rule, operation) ? rule.scopes : []))
  const all = new Set([...own, ...ruled].map((name) => fitting(context, name)))
  all.delete('')
  return [...all].slice(0, MAX_SCOPES)
}

function describedScopes(context: DraftContext): string[] | null {
  const { description } = context.operation
  if (description === null) return null
  const { scopePattern: pattern } = context.settings
  return pattern === null ? scopesOfLines(description) : scopesByPattern(context, pattern)
}

/** RE2 takes time in proportion to the text, whatever the pattern (reliability.md case 152). */
function scopesByPattern(context: DraftContext, pattern: string): string[] | null {
  const compiled = compiledPattern(pattern)
  if (compiled === null) {
    remark(context, {
      severity: 'warning',
      code: 'scope_pattern',
      reason: 'The pattern for scopes is no regular expression that RE2 takes.',
      fix: 'Correct scope_pattern in the settings of the source.',
    })
    return null
  }
  const matcher = compiled.matcher((context.operation.description ?? '').slice(0, 50_000))
  const found: string[] = []
  let isFound = false
  while (found.length < MAX_SCOPES && matcher.find()) {
    isFound = true
    found.push(...splitScopes(matcher.group(matcher.groupCount() > 0 ? 1 : 0) ?? ''))
  }
  return isFound ? found : null
}

let latest: { readonly pattern: string; readonly compiled: RE2JS | null } | null = null

/** One import has one pattern and thousands of operations. */
function compiledPattern(pattern: string): RE2JS | null {
  if (latest?.pattern === pattern) return latest.compiled
  let compiled: RE2JS | null = null
  try {
    compiled = pattern.length > 2_048 ? null : RE2JS.compile(pattern, RE2JS.MULTILINE)
  } catch {
    // Said by the finding of whoever asks.
  }
  latest = { pattern, compiled }
  return compiled
}

/** Of the alternatives that ask for scopes the first; none where one of them asks for nothing. */
function securityScopes({ security }: ApiOperation): string[] {
  const needed = security.map((requirement) => Object.values(requirement).flat())
  return needed.some((scopes) => scopes.length === 0) ? [] : (needed[0] ?? [])
}

const fits = ({ tag, methods }: ScopeRule, { tags, method }: ApiOperation): boolean =>
  (tag === null || tags.includes(tag)) && (methods === null || methods.includes(method))

function fitting(context: DraftContext, name: string): string {
  if (scopePattern.test(name)) return name
  const changed = name
    .replace(/[^A-Za-z0-9_.:-]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 64)
  remark(context, {
    severity: 'warning',
    code: 'scope_renamed',
    reason: `The scope ${JSON.stringify(name)} is called ${JSON.stringify(changed)} here.`,
    fix: 'Give the operation its scopes by an override if that is not the one meant.',
  })
  return changed
}
