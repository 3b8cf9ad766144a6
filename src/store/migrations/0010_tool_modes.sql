ALTER TABLE projects ADD COLUMN tool_mode TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE projects ADD COLUMN tool_budget_tokens INTEGER NOT NULL DEFAULT 20000;

ALTER TABLE tools ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tools ADD COLUMN list_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tools ADD COLUMN required_scopes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tools ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';

-- A close guess; the next version of a tool is counted exactly.
UPDATE tools SET
  list_tokens = coalesce((
    SELECT (60 + length(v.definition ->> '$.name') + length(v.definition ->> '$.description')
      + length(v.definition -> '$.inputSchema')) / 4
    FROM tool_versions v WHERE v.tool_id = tools.id AND v.version = tools.version), 0),
  required_scopes = coalesce((
    SELECT v.definition -> '$.requiredScopes'
    FROM tool_versions v WHERE v.tool_id = tools.id AND v.version = tools.version), '[]');
