CREATE TABLE instance (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_suspended INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE integrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  is_active INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER
) STRICT;
CREATE INDEX integrations_by_project ON integrations(project_id, id);

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  integration_id INTEGER NOT NULL REFERENCES integrations(id),
  hash BLOB NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  permissions TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  revoked_at_ms INTEGER
) STRICT;
CREATE INDEX api_keys_by_integration ON api_keys(integration_id, id);

CREATE TABLE admin_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER REFERENCES projects(id),
  name TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  revoked_at_ms INTEGER
) STRICT;

CREATE TABLE tools (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  name_folded TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX tools_by_name ON tools(project_id, name_folded) WHERE deleted_at_ms IS NULL;

CREATE TABLE tool_versions (
  tool_id INTEGER NOT NULL REFERENCES tools(id),
  version INTEGER NOT NULL,
  content_hash TEXT NOT NULL,
  definition TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (tool_id, version)
) STRICT;

CREATE TABLE tool_secrets (
  tool_id INTEGER NOT NULL REFERENCES tools(id),
  field TEXT NOT NULL,
  sealed BLOB NOT NULL,
  expires_at_ms INTEGER,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (tool_id, field)
) STRICT;

CREATE TABLE runs (
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  project_id INTEGER NOT NULL,
  integration_id INTEGER NOT NULL,
  tool_id INTEGER NOT NULL,
  tool_version INTEGER NOT NULL,
  member_external_id TEXT,
  source TEXT NOT NULL,
  http_method TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER,
  duration_ms REAL,
  upstream_ms REAL,
  upstream_status INTEGER,
  error_code TEXT,
  error_reason TEXT,
  request_bytes INTEGER,
  response_bytes INTEGER
) STRICT;
CREATE UNIQUE INDEX runs_by_project ON runs(project_id, id);
CREATE INDEX runs_sending ON runs(seq) WHERE state = 'sending';
