CREATE TABLE notice (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    scope_id {uuid} NOT NULL,
    n integer NOT NULL,
    state text NOT NULL,
    content {json} NOT NULL,
    digest {blob},
    published_at {time},
    published_by text,
    created_at {time} NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (organisation_id, scope_id, n)
);
-- FROZEN WHEN PUBLISHED notice
CREATE TABLE notice_shown (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    notice_id {uuid} NOT NULL,
    language text NOT NULL,
    format text NOT NULL,
    token_hash {blob} NOT NULL,
    at {time} NOT NULL,
    used_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    FOREIGN KEY (organisation_id, notice_id) REFERENCES notice (organisation_id, id)
);
CREATE INDEX ix_notice_shown_token_hash ON notice_shown (token_hash);
CREATE TABLE consent_event (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    purpose text NOT NULL,
    scope_id {uuid} NOT NULL,
    notice_id {uuid} NOT NULL,
    shown_id {uuid},
    "type" text NOT NULL,
    channel text NOT NULL,
    recorded_by text NOT NULL,
    withdrawal_effect text NOT NULL,
    occurred_at {time} NOT NULL,
    valid_until {time},
    previous_id {uuid},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    FOREIGN KEY (organisation_id, notice_id) REFERENCES notice (organisation_id, id),
    FOREIGN KEY (organisation_id, shown_id) REFERENCES notice_shown (organisation_id, id),
    FOREIGN KEY (organisation_id, previous_id) REFERENCES consent_event (organisation_id, id)
);
CREATE INDEX ix_consent_event_organisation_id_participant_id ON consent_event (organisation_id, participant_id);
-- APPEND ONLY consent_event
CREATE TABLE consent_standing (
    organisation_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    purpose text NOT NULL,
    scope_id {uuid} NOT NULL,
    "type" text NOT NULL,
    event_id {uuid} NOT NULL,
    notice_id {uuid} NOT NULL,
    valid_until {time},
    PRIMARY KEY (organisation_id, participant_id, purpose, scope_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    FOREIGN KEY (organisation_id, event_id) REFERENCES consent_event (organisation_id, id),
    FOREIGN KEY (organisation_id, notice_id) REFERENCES notice (organisation_id, id)
);
