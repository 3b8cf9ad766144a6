-- A run that holds `claim_hash` keeps an equal request from being sent again; at most one run does.
ALTER TABLE runs ADD COLUMN claim_hash BLOB;
ALTER TABLE runs ADD COLUMN request_hash BLOB;
ALTER TABLE runs ADD COLUMN key_hint TEXT;
ALTER TABLE runs ADD COLUMN attempts INTEGER;
ALTER TABLE runs ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN replayed_at_ms INTEGER;
ALTER TABLE runs ADD COLUMN settled_by TEXT;
ALTER TABLE runs ADD COLUMN settled_at_ms INTEGER;
ALTER TABLE runs ADD COLUMN settled_note TEXT;
CREATE UNIQUE INDEX runs_claims ON runs(claim_hash) WHERE claim_hash IS NOT NULL;

-- Until when a claim holds, and what answers it.
CREATE TABLE run_results (
  run_seq INTEGER PRIMARY KEY,
  expires_at_ms INTEGER NOT NULL,
  boot_id INTEGER NOT NULL,
  expires_monotonic_ms INTEGER NOT NULL,
  sealed BLOB
) STRICT;
CREATE INDEX run_results_by_expiry ON run_results(expires_at_ms);
