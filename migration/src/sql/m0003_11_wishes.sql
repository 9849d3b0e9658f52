ALTER TABLE opportunity ADD COLUMN activity text;
ALTER TABLE opportunity ADD COLUMN group_facts {json};
