CREATE TABLE match_run (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    rules_version text NOT NULL,
    seed text,
    pool_digest {blob},
    places integer,
    pool {blob},
    cursor {uuid},
    considered integer NOT NULL,
    eligible integer NOT NULL,
    asked integer NOT NULL,
    reserve integer NOT NULL,
    reasons {json} NOT NULL,
    state text NOT NULL,
    created_by text NOT NULL,
    created_at {time} NOT NULL,
    finished_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
CREATE INDEX ix_match_run_organisation_id_opportunity_id ON match_run (organisation_id, opportunity_id);
CREATE TABLE match_result (
    organisation_id {uuid} NOT NULL,
    run_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    outcome text NOT NULL,
    rank integer NOT NULL,
    PRIMARY KEY (organisation_id, run_id, participant_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, run_id) REFERENCES match_run (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
