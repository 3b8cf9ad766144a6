CREATE TABLE user_identities (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users(id),
  created_at_ms INTEGER NOT NULL,
  last_login_at_ms INTEGER NOT NULL,
  PRIMARY KEY (issuer, subject)
) STRICT;
CREATE UNIQUE INDEX user_identities_by_user ON user_identities(user_id, issuer);

CREATE TABLE external_sign_ins (
  hash BLOB PRIMARY KEY,
  sealed BLOB NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX external_sign_ins_by_expiry ON external_sign_ins(expires_at_ms);

ALTER TABLE memberships ADD COLUMN source TEXT NOT NULL DEFAULT 'hand';
