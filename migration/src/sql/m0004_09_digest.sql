-- News that is gathered for people who want one letter for a week or a month.
CREATE TABLE digest (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    due_on {date} NOT NULL,
    closed_at {time},
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
-- One a person and day, however often its making begins anew.
CREATE UNIQUE INDEX ux_digest_organisation_id_participant_id_due_on ON digest (organisation_id, participant_id, due_on);
CREATE TABLE digest_item (
    organisation_id {uuid} NOT NULL,
    digest_id {uuid} NOT NULL,
    kind text NOT NULL,
    subject_id {uuid} NOT NULL,
    added_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, digest_id, kind, subject_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, digest_id) REFERENCES digest (organisation_id, id)
);
CREATE INDEX ix_digest_item_organisation_id_subject_id ON digest_item (organisation_id, subject_id);
