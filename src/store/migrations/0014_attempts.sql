-- The attempts of a run, packed (model/run_attempt.ts), and the answer that came after its deadline.
ALTER TABLE runs ADD COLUMN timeline TEXT;
ALTER TABLE runs ADD COLUMN late_status INTEGER;
ALTER TABLE runs ADD COLUMN late_after_ms REAL;
