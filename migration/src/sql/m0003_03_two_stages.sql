ALTER TABLE selection ADD COLUMN draws_on {date};
ALTER TABLE selection ADD COLUMN drawn_at {time};
