CREATE TABLE assertion_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  kid TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  public_key TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  deactivated_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX assertion_keys_by_kid ON assertion_keys(project_id, kid)
  WHERE deactivated_at_ms IS NULL;

CREATE TABLE used_assertions (
  hash BLOB PRIMARY KEY,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX used_assertions_by_expiry ON used_assertions(expires_at_ms);

CREATE TABLE members (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  external_id TEXT NOT NULL,
  email TEXT,
  roles TEXT NOT NULL,
  is_blocked INTEGER NOT NULL,
  calls_per_minute INTEGER,
  first_seen_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  first_call_at_ms INTEGER,
  last_call_at_ms INTEGER,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX members_by_external_id ON members(project_id, external_id);

CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  public_key TEXT NOT NULL,
  sealed_private_key BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  not_after_ms INTEGER
) STRICT;

ALTER TABLE projects ADD COLUMN member_calls_per_minute INTEGER;
ALTER TABLE projects ADD COLUMN require_assertion_jti INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN calls_per_minute INTEGER;
ALTER TABLE runs ADD COLUMN member_source TEXT;
ALTER TABLE runs ADD COLUMN member_id INTEGER;
CREATE INDEX runs_by_member ON runs(member_id, id) WHERE member_id IS NOT NULL;
