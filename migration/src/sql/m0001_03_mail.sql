CREATE TABLE mail_batch (
    id {uuid} NOT NULL,
    organisation_id {uuid},
    kind text NOT NULL,
    subject_id {uuid},
    state text NOT NULL,
    pause_reason text,
    created_by text NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE TABLE mail_message (
    id {uuid} NOT NULL,
    batch_id {uuid} NOT NULL,
    organisation_id {uuid},
    recipient_kind text NOT NULL,
    recipient_id {uuid} NOT NULL,
    kind text NOT NULL,
    n integer NOT NULL,
    subject_id {uuid},
    address text NOT NULL,
    domain text NOT NULL,
    message_id text NOT NULL,
    date {time} NOT NULL,
    priority integer NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    doubts integer NOT NULL,
    next_at {time} NOT NULL,
    expires_at {time},
    lease_token bigint NOT NULL,
    lease_until {time},
    last_stage text,
    last_code integer,
    last_enhanced text,
    last_text text,
    created_at {time} NOT NULL,
    sent_at {time},
    PRIMARY KEY (id),
    FOREIGN KEY (batch_id) REFERENCES mail_batch (id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (batch_id, recipient_id, kind, n)
);
CREATE INDEX ix_mail_message_state_next_at_priority ON mail_message (state, next_at, priority);
CREATE INDEX ix_mail_message_due ON mail_message (priority, next_at, id) WHERE state IN ('queued', 'deferred', 'leased');
CREATE INDEX ix_mail_message_organisation_id_subject_id ON mail_message (organisation_id, subject_id);
CREATE INDEX ix_mail_message_organisation_id_recipient_id ON mail_message (organisation_id, recipient_id);
CREATE TABLE mail_event (
    id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    at {time} NOT NULL,
    event text NOT NULL,
    stage text,
    code integer,
    detail text,
    PRIMARY KEY (id),
    FOREIGN KEY (message_id) REFERENCES mail_message (id)
);
CREATE INDEX ix_mail_event_message_id ON mail_event (message_id);
-- APPEND ONLY mail_event
CREATE TABLE suppression (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    address_hash {blob} NOT NULL,
    scope text NOT NULL,
    reason text NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (organisation_id, address_hash, scope)
);
