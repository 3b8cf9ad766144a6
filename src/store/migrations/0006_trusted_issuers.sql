CREATE TABLE trusted_issuers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project_id INTEGER NOT NULL REFERENCES projects(id),
  issuer TEXT NOT NULL,
  jwks TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX trusted_issuers_by_issuer ON trusted_issuers(project_id, issuer)
  WHERE deleted_at_ms IS NULL;
