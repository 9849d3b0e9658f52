CREATE TABLE organisation (
    id {uuid} NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    contact text NOT NULL,
    privacy_url text,
    link_template text,
    time_zone text NOT NULL,
    minimum_group integer NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug)
);
CREATE TABLE account (
    id {uuid} NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);
CREATE TABLE account_session (
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    token_hash {blob} NOT NULL,
    label text NOT NULL,
    created_at {time} NOT NULL,
    last_used_at {time} NOT NULL,
    idle_until {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time},
    PRIMARY KEY (id),
    FOREIGN KEY (account_id) REFERENCES account (id),
    UNIQUE (token_hash)
);
CREATE INDEX ix_account_session_account_id ON account_session (account_id);
CREATE TABLE account_link (
    id {uuid} NOT NULL,
    purpose text NOT NULL,
    token_hash {blob} NOT NULL,
    email text NOT NULL,
    account_id {uuid},
    organisation_id {uuid},
    role text,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time},
    PRIMARY KEY (id),
    FOREIGN KEY (account_id) REFERENCES account (id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (token_hash)
);
CREATE TABLE membership (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    role text NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (account_id) REFERENCES account (id),
    UNIQUE (organisation_id, account_id)
);
CREATE INDEX ix_membership_account_id ON membership (account_id);
CREATE TABLE api_key (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name text NOT NULL,
    token_hash {blob} NOT NULL,
    scopes {json} NOT NULL,
    created_by {uuid} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    last_used_at {time},
    revoked_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (created_by) REFERENCES account (id)
);
CREATE INDEX ix_api_key_token_hash ON api_key (token_hash);
