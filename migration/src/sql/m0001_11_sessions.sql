CREATE TABLE meeting (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    title text NOT NULL,
    starts_at {time} NOT NULL,
    ends_at {time} NOT NULL,
    location text,
    notes text,
    notes_shared_at {time},
    notes_agreed_at {time},
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
CREATE INDEX ix_meeting_organisation_id_opportunity_id ON meeting (organisation_id, opportunity_id);
CREATE TABLE attendance (
    organisation_id {uuid} NOT NULL,
    meeting_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    attendance text NOT NULL,
    recorded_by text NOT NULL,
    recorded_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, meeting_id, participant_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, meeting_id) REFERENCES meeting (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE TABLE notes_agreement (
    organisation_id {uuid} NOT NULL,
    meeting_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    agrees boolean NOT NULL,
    comment text,
    at {time} NOT NULL,
    PRIMARY KEY (organisation_id, meeting_id, participant_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, meeting_id) REFERENCES meeting (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE TABLE contribution (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    meeting_id {uuid},
    participant_id {uuid},
    text text,
    quote text NOT NULL,
    recorded_by text NOT NULL,
    created_at {time} NOT NULL,
    withdrawn_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, meeting_id) REFERENCES meeting (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_contribution_organisation_id_opportunity_id ON contribution (organisation_id, opportunity_id);
CREATE INDEX ix_contribution_organisation_id_participant_id ON contribution (organisation_id, participant_id);
CREATE INDEX ix_attendance_organisation_id_participant_id ON attendance (organisation_id, participant_id);
