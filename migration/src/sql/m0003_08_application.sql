CREATE TABLE application (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    applied_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id, participant_id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_application_organisation_id_participant_id ON application (organisation_id, participant_id);
