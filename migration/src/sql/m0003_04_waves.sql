ALTER TABLE match_run ADD COLUMN days INTEGER;
ALTER TABLE match_run ADD COLUMN days_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE match_run ADD COLUMN bound INTEGER;
ALTER TABLE match_run ADD COLUMN next_at {time};
ALTER TABLE match_count ADD COLUMN replies {json};
