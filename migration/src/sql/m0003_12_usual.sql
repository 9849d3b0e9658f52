ALTER TABLE organisation ADD COLUMN invites_per_month integer;
