-- What people answer to letters by e-mail, from when it was read until it goes with what it is about.
CREATE TABLE mail_reply (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    opportunity_id {uuid},
    meeting_id {uuid},
    received_at {time} NOT NULL,
    words text,
    whole text,
    cut boolean NOT NULL,
    in_between boolean NOT NULL,
    attachments integer NOT NULL,
    attachment_names {json} NOT NULL,
    sure boolean NOT NULL,
    same_sender boolean NOT NULL,
    asks_to_stop boolean NOT NULL,
    stopped boolean NOT NULL,
    state text NOT NULL,
    reason text,
    decided_by text,
    decided_at {time},
    contribution_id {uuid},
    once {blob} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (message_id) REFERENCES mail_message (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, meeting_id) REFERENCES meeting (organisation_id, id),
    FOREIGN KEY (organisation_id, contribution_id) REFERENCES contribution (organisation_id, id),
    UNIQUE (organisation_id, once)
);
CREATE INDEX ix_mail_reply_organisation_id_state ON mail_reply (organisation_id, state, id);
CREATE INDEX ix_mail_reply_organisation_id_participant_id ON mail_reply (organisation_id, participant_id);
CREATE INDEX ix_mail_reply_organisation_id_opportunity_id ON mail_reply (organisation_id, opportunity_id);
CREATE INDEX ix_mail_reply_message_id ON mail_reply (message_id);
