CREATE TABLE part (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    state text NOT NULL,
    paused_until {date},
    asked_at {time},
    results boolean NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id, participant_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_part_organisation_id_participant_id ON part (organisation_id, participant_id);
CREATE INDEX ix_part_paused_until ON part (paused_until);
CREATE TABLE task (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    kind text NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid},
    paused_until {date},
    made_at {time} NOT NULL,
    done_at {time},
    done_by text,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_task_organisation_id_opportunity_id ON task (organisation_id, opportunity_id);
CREATE INDEX ix_task_organisation_id_participant_id ON task (organisation_id, participant_id);
CREATE TABLE ending (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    words text NOT NULL,
    ended_by text NOT NULL,
    ended_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
ALTER TABLE meeting ADD COLUMN cancelled_at {time};
