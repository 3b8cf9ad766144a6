import type { CausesOf } from '../error_causes.ts'

/** Causes and fixes of errors about importing an OpenAPI document. */
export const openapiCauses = {
  document_unreadable: {
    group: 'openapi',
    cause: 'The document is neither JSON nor YAML, is no OpenAPI, or an overlay cannot be applied.',
    fix: '`reason` says where. Correct the document or the overlay, and import again.',
  },
  document_unavailable: {
    group: 'openapi',
    cause:
      'The URL of the source gave no document: no answer, another status than 200, a redirect, or ' +
      'a web page. Redirects are never followed.',
    fix: '`reason` says which. Name the URL of the document itself, or upload it.',
  },
  import_failed: {
    group: 'openapi',
    cause:
      'Reading the document crashed, took longer than a minute or too much memory, or the server ' +
      'was stopped meanwhile. Nothing was changed.',
    fix: 'Import again; where it fails again, import the document in parts.',
  },
  import_running: {
    group: 'openapi',
    cause: 'A source is imported once at a time.',
    fix: 'Wait for the import to end, or cancel it.',
  },
  import_not_ready: {
    group: 'openapi',
    cause: 'Only an import that is `ready` can be applied, and only one not yet over cancelled.',
    fix: 'Look at the `state` of the import; import again where it is over.',
  },
  import_superseded: {
    group: 'openapi',
    cause:
      'After the import was planned another was applied, or settings, overrides or tools of the ' +
      'source changed.',
    fix: 'Import again, look at the new plan and apply that.',
  },
  dangerous_changes: {
    group: 'openapi',
    cause:
      'The new document changes what existing tools do in a way that must not go unseen: another ' +
      'method, host, path or auth, or arguments that were right and no longer are.',
    fix: '`errors` names the operations. Look at them, then apply with `accept_dangerous`.',
  },
  nothing_to_roll_back: {
    group: 'openapi',
    cause: 'Nothing was applied yet, or the last apply was rolled back already.',
    fix: 'Import the document you want, and apply that.',
  },
  too_many_imports: {
    group: 'openapi',
    cause: 'Two documents are read at a time and 16 may wait.',
    fix: 'Come back after the time in `Retry-After`.',
  },
} as const satisfies CausesOf
