-- Days between two letters that ask somebody something, over everything that the organisation runs; 0 for none.
ALTER TABLE organisation ADD COLUMN letters_gap_days integer NOT NULL DEFAULT 2;
