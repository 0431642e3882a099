-- How often the job's file changed under our hands: what it then waits grows with that, and with nothing else.
ALTER TABLE background_service_jobs ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
