CREATE TABLE usage_days (
  project_id INTEGER NOT NULL REFERENCES projects (id),
  day INTEGER NOT NULL,
  integration_id INTEGER NOT NULL,
  tool_id INTEGER NOT NULL,
  member_id INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  upstream_ms REAL NOT NULL,
  PRIMARY KEY (project_id, day, integration_id, tool_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_days_by_member ON usage_days (member_id, day);

INSERT INTO usage_days
SELECT project_id, started_at_ms / 86400000, integration_id, tool_id, COALESCE(member_id, 0),
  COUNT(*), COUNT(error_code), SUM(state = 'unknown'), COALESCE(SUM(request_bytes), 0),
  COALESCE(SUM(response_bytes), 0), COALESCE(SUM(upstream_ms), 0.0)
FROM runs WHERE state <> 'sending' GROUP BY 1, 2, 3, 4, 5;

-- Up to which run usage is added up, and the runs before it that had not ended then.
CREATE TABLE usage_progress (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  run_id BLOB NOT NULL,
  newest_id BLOB NOT NULL
) STRICT;

CREATE TABLE usage_open_runs (
  seq INTEGER PRIMARY KEY
) STRICT;

INSERT INTO usage_progress
SELECT 1, seq, id, (SELECT MAX(id) FROM runs) FROM runs ORDER BY seq DESC LIMIT 1;

INSERT INTO usage_open_runs SELECT seq FROM runs WHERE state = 'sending';

CREATE TABLE usage_limits (
  project_id INTEGER NOT NULL REFERENCES projects (id),
  owner TEXT NOT NULL CHECK (owner IN ('project', 'integration', 'member', 'tool')),
  owner_id INTEGER NOT NULL,
  calls_per_minute INTEGER,
  calls_per_day INTEGER,
  calls_per_month INTEGER,
  max_concurrent INTEGER,
  PRIMARY KEY (project_id, owner, owner_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_thresholds (
  owner TEXT NOT NULL,
  owner_id INTEGER NOT NULL,
  limit_name TEXT NOT NULL,
  allowed INTEGER NOT NULL,
  period TEXT NOT NULL,
  percent INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (owner, owner_id, limit_name, allowed, period, percent)
) STRICT, WITHOUT ROWID;
