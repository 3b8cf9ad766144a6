CREATE TABLE results (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  integration_id INTEGER NOT NULL,
  holder TEXT NOT NULL,
  tool_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  page_bytes INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  -- Last, so that nothing else of a row lies behind its pages.
  sealed BLOB NOT NULL
) STRICT;
CREATE INDEX results_by_holder ON results(project_id, integration_id, holder, id, bytes);
CREATE INDEX results_by_size ON results(bytes);
CREATE INDEX results_by_expiry ON results(expires_at_ms);
