CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  project_id INTEGER,
  details TEXT NOT NULL,
  address TEXT,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_by_project ON audit_events(project_id, seq);
