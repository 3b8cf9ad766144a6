-- What the challenge at a project's MCP URL suggests to ask for, as a JSON list; empty for nothing.
ALTER TABLE project_policies ADD COLUMN challenge_scopes TEXT NOT NULL DEFAULT '[]';
