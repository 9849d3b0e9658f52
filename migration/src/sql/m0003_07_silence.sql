CREATE TABLE silence (
    organisation_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    asked_at {time} NOT NULL,
    answered_at {time},
    PRIMARY KEY (organisation_id, participant_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
