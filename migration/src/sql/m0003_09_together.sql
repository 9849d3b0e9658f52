CREATE TABLE asking_plan (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    rules_version text NOT NULL,
    seed text NOT NULL,
    commitments {json} NOT NULL,
    aims {json} NOT NULL,
    considered integer NOT NULL,
    wanted integer NOT NULL,
    problem {blob},
    outcome {json},
    chances {blob},
    pool {blob},
    pool_digest {blob},
    state text NOT NULL,
    created_by text NOT NULL,
    created_at {time} NOT NULL,
    finished_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
ALTER TABLE match_run ADD COLUMN plan_id {uuid};
