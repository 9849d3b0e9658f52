CREATE TABLE trial (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    preference_id {uuid} NOT NULL,
    rung text NOT NULL,
    sessions integer NOT NULL,
    last_day {date} NOT NULL,
    supporter text,
    started_at {time} NOT NULL,
    asked_at {time},
    ended_at {time},
    ended text,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    FOREIGN KEY (organisation_id, preference_id) REFERENCES preference (organisation_id, id)
);
CREATE INDEX ix_trial_organisation_id_participant_id ON trial (organisation_id, participant_id);
CREATE INDEX ix_trial_organisation_id_preference_id ON trial (organisation_id, preference_id);
CREATE UNIQUE INDEX ux_trial_running ON trial (organisation_id, participant_id) WHERE ended_at IS NULL;
