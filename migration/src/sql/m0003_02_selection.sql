CREATE TABLE selection (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    quotas {json} NOT NULL,
    version integer NOT NULL,
    changed_by text NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
CREATE TABLE seal (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    n integer NOT NULL,
    commitment {blob} NOT NULL,
    made_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
ALTER TABLE match_run ADD COLUMN commitment {blob};
ALTER TABLE match_run ADD COLUMN committed_at {time};
ALTER TABLE match_run ADD COLUMN quotas {json};
ALTER TABLE match_run ADD COLUMN lottery {blob};
ALTER TABLE match_count ADD COLUMN quotas {json};
ALTER TABLE match_count ADD COLUMN kinds {json};
ALTER TABLE match_count ADD COLUMN outlook {json};
