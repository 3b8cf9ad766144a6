CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL,
  email_folded TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  password_hash TEXT,
  is_disabled INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_login_at_ms INTEGER
) STRICT;

CREATE TABLE memberships (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES users(id),
  project_id INTEGER REFERENCES projects(id),
  role TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX memberships_by_user ON memberships(user_id, COALESCE(project_id, 0));

CREATE TABLE user_second_factors (
  user_id INTEGER PRIMARY KEY REFERENCES users(id),
  sealed_totp_secret BLOB NOT NULL,
  is_confirmed INTEGER NOT NULL,
  last_used_step INTEGER NOT NULL,
  recovery_hashes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE console_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users(id),
  stage TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  address TEXT,
  user_agent TEXT
) STRICT;
CREATE INDEX console_sessions_by_user ON console_sessions(user_id);

CREATE TABLE setup_links (
  hash BLOB PRIMARY KEY,
  purpose TEXT NOT NULL,
  user_id INTEGER REFERENCES users(id),
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER
) STRICT;

CREATE TABLE project_policies (
  project_id INTEGER PRIMARY KEY REFERENCES projects(id),
  is_mcp_enabled INTEGER NOT NULL,
  allowed_redirect_uris TEXT NOT NULL,
  allowed_client_ids TEXT NOT NULL,
  policy_scopes TEXT NOT NULL,
  registration_mode TEXT NOT NULL,
  access_token_minutes INTEGER NOT NULL,
  refresh_token_days INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE scopes (
  project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, name)
) STRICT;

CREATE TABLE oauth_clients (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  integration_id INTEGER REFERENCES integrations(id),
  name TEXT NOT NULL,
  redirect_uris TEXT NOT NULL,
  auth_method TEXT NOT NULL,
  secret_hash BLOB,
  secret_last4 TEXT,
  previous_secret_hash BLOB,
  previous_secret_until_ms INTEGER,
  document TEXT,
  document_expires_at_ms INTEGER,
  is_pinned INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER,
  deleted_at_ms INTEGER
) STRICT;
CREATE INDEX oauth_clients_by_integration ON oauth_clients(integration_id) WHERE integration_id IS NOT NULL;

CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  integration_id INTEGER NOT NULL REFERENCES integrations(id),
  client_id TEXT NOT NULL,
  user_id INTEGER REFERENCES users(id),
  member_id INTEGER REFERENCES members(id),
  scopes TEXT NOT NULL,
  resource TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER,
  last_address TEXT,
  revoked_at_ms INTEGER,
  revoked_because TEXT
) STRICT;
CREATE INDEX grants_by_project ON grants(project_id, created_at_ms);
CREATE INDEX grants_by_user ON grants(user_id) WHERE user_id IS NOT NULL;

CREATE TABLE authorization_codes (
  hash BLOB PRIMARY KEY,
  grant_id TEXT NOT NULL REFERENCES grants(id),
  redirect_uri TEXT NOT NULL,
  code_challenge TEXT NOT NULL,
  names_resource INTEGER NOT NULL,
  session_id INTEGER,
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER
) STRICT;
CREATE INDEX authorization_codes_by_challenge ON authorization_codes(code_challenge);

CREATE TABLE access_tokens (
  hash BLOB PRIMARY KEY,
  grant_id TEXT NOT NULL REFERENCES grants(id),
  scopes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_by_grant ON access_tokens(grant_id);
CREATE INDEX access_tokens_by_expiry ON access_tokens(expires_at_ms);

CREATE TABLE refresh_tokens (
  hash BLOB PRIMARY KEY,
  grant_id TEXT NOT NULL REFERENCES grants(id),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER,
  sealed_successor BLOB
) STRICT;
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens(grant_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens(expires_at_ms);

-- Scopes that tools require already are scopes of their project.
INSERT OR IGNORE INTO scopes (project_id, name, description, created_at_ms)
  SELECT t.project_id, s.value, '', t.created_at_ms
  FROM tools t
  JOIN tool_versions v ON v.tool_id = t.id AND v.version = t.version
  JOIN json_each(v.definition, '$.requiredScopes') s
  WHERE t.deleted_at_ms IS NULL;
