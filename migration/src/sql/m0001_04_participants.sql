CREATE TABLE topic (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    "key" text NOT NULL,
    title text NOT NULL,
    description text,
    easy_read text,
    retired_at {time},
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (organisation_id, "key")
);
CREATE TABLE participant (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    name text,
    language text NOT NULL,
    state text NOT NULL,
    source text NOT NULL,
    preference_id {uuid},
    created_at {time} NOT NULL,
    joined_at {time},
    left_at {time},
    last_asked_at {time},
    version integer NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (organisation_id, email_key)
);
CREATE TABLE participant_link (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    purpose text NOT NULL,
    token_hash {blob} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    used_at {time},
    name text,
    language text,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_participant_link_token_hash ON participant_link (token_hash);
CREATE INDEX ix_participant_link_organisation_id_participant_id ON participant_link (organisation_id, participant_id);
CREATE TABLE participant_session (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    token_hash {blob} NOT NULL,
    created_at {time} NOT NULL,
    last_used_at {time} NOT NULL,
    idle_until {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_participant_session_token_hash ON participant_session (token_hash);
CREATE INDEX ix_participant_session_organisation_id_participant_id ON participant_session (organisation_id, participant_id);
CREATE TABLE preference (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    n integer NOT NULL,
    document {json} NOT NULL,
    recorded_at {time} NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    UNIQUE (organisation_id, participant_id, n)
);
-- APPEND ONLY preference
CREATE TABLE demographic (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    dimension text NOT NULL,
    category text NOT NULL,
    recorded_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    UNIQUE (organisation_id, participant_id, dimension)
);
CREATE TABLE import_run (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    created_by text NOT NULL,
    created_at {time} NOT NULL,
    finished_at {time},
    lines integer NOT NULL,
    invited integer NOT NULL,
    unchanged integer NOT NULL,
    refused integer NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE TABLE import_line (
    organisation_id {uuid} NOT NULL,
    import_id {uuid} NOT NULL,
    line integer NOT NULL,
    outcome text NOT NULL,
    detail text,
    participant_id {uuid},
    PRIMARY KEY (organisation_id, import_id, line),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, import_id) REFERENCES import_run (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_import_line_organisation_id_import_id_participant_id ON import_line (organisation_id, import_id, participant_id);
