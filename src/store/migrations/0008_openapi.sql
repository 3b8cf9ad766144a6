CREATE TABLE request_maps (
  hash TEXT PRIMARY KEY,
  map BLOB NOT NULL
) STRICT;

CREATE TABLE openapi_sources (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  url TEXT,
  settings TEXT NOT NULL,
  filter TEXT NOT NULL,
  recheck_hours INTEGER,
  next_check_at_ms INTEGER,
  etag TEXT,
  last_modified TEXT,
  fetched_hash TEXT,
  document_hash TEXT,
  auth TEXT,
  sealed_secret BLOB,
  revision INTEGER NOT NULL,
  plan_revision INTEGER NOT NULL,
  applied_import_id INTEGER,
  rollback TEXT,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER
) STRICT;
CREATE INDEX openapi_sources_by_project ON openapi_sources(project_id, id)
  WHERE deleted_at_ms IS NULL;
CREATE INDEX openapi_sources_by_check ON openapi_sources(next_check_at_ms)
  WHERE next_check_at_ms IS NOT NULL;

CREATE TABLE openapi_documents (
  hash TEXT PRIMARY KEY,
  content BLOB NOT NULL
) STRICT;

CREATE TABLE openapi_imports (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_id INTEGER NOT NULL REFERENCES openapi_sources(id),
  state TEXT NOT NULL,
  is_scheduled INTEGER NOT NULL,
  plan_revision INTEGER NOT NULL,
  filter TEXT NOT NULL,
  document TEXT,
  document_hash TEXT,
  tags TEXT NOT NULL,
  counts TEXT,
  error TEXT,
  created_at_ms INTEGER NOT NULL,
  applied_at_ms INTEGER
) STRICT;
CREATE INDEX openapi_imports_by_source ON openapi_imports(source_id, id);
CREATE INDEX openapi_imports_by_document ON openapi_imports(document_hash);

CREATE TABLE openapi_drafts (
  hash TEXT PRIMARY KEY,
  draft BLOB NOT NULL
) STRICT;

CREATE TABLE openapi_operations (
  import_id INTEGER NOT NULL REFERENCES openapi_imports(id),
  position INTEGER NOT NULL,
  key TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  operation_id TEXT,
  tags TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_deprecated INTEGER NOT NULL,
  is_gone INTEGER NOT NULL,
  is_selected INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL,
  change TEXT NOT NULL,
  is_dangerous INTEGER NOT NULL,
  changes TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  quarantine TEXT,
  findings TEXT NOT NULL,
  draft_hash TEXT NOT NULL,
  PRIMARY KEY (import_id, position)
) STRICT;
CREATE INDEX openapi_operations_by_key ON openapi_operations(import_id, key);
CREATE INDEX openapi_operations_by_draft ON openapi_operations(draft_hash);

CREATE TABLE openapi_findings (
  import_id INTEGER NOT NULL REFERENCES openapi_imports(id),
  position INTEGER NOT NULL,
  severity TEXT NOT NULL,
  code TEXT NOT NULL,
  operation TEXT,
  pointer TEXT NOT NULL,
  reason TEXT NOT NULL,
  fix TEXT NOT NULL,
  PRIMARY KEY (import_id, position)
) STRICT;

CREATE TABLE openapi_overrides (
  source_id INTEGER NOT NULL REFERENCES openapi_sources(id),
  key TEXT NOT NULL,
  override TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (source_id, key)
) STRICT;

CREATE TABLE openapi_tools (
  tool_id INTEGER PRIMARY KEY REFERENCES tools(id),
  source_id INTEGER NOT NULL REFERENCES openapi_sources(id),
  key TEXT NOT NULL,
  draft_hash TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX openapi_tools_by_key ON openapi_tools(source_id, key);
CREATE INDEX openapi_tools_by_draft ON openapi_tools(draft_hash);

CREATE TABLE openapi_previous (
  source_id INTEGER NOT NULL REFERENCES openapi_sources(id),
  tool_id INTEGER NOT NULL REFERENCES tools(id),
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  is_enabled INTEGER NOT NULL,
  draft_hash TEXT NOT NULL,
  PRIMARY KEY (source_id, tool_id)
) STRICT;
CREATE INDEX openapi_previous_by_draft ON openapi_previous(draft_hash);

CREATE TABLE openapi_staged (
  source_id INTEGER NOT NULL,
  tool_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  base_version INTEGER NOT NULL,
  was_deleted INTEGER NOT NULL,
  is_new INTEGER NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  is_deleted INTEGER NOT NULL,
  tags TEXT NOT NULL,
  list_tokens INTEGER NOT NULL,
  required_scopes TEXT NOT NULL,
  draft_hash TEXT NOT NULL,
  sealed BLOB,
  PRIMARY KEY (source_id, tool_id)
) STRICT;
CREATE INDEX openapi_staged_by_draft ON openapi_staged(draft_hash);
