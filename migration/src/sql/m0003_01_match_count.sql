CREATE TABLE match_count (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    considered integer NOT NULL,
    eligible integer NOT NULL,
    reasons {json} NOT NULL,
    counted_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
