CREATE TABLE installation (
    id integer NOT NULL,
    secret_check {blob} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE idempotency (
    actor text NOT NULL,
    "key" text NOT NULL,
    request_hash {blob} NOT NULL,
    status integer,
    body text,
    location text,
    etag text,
    created_at {time} NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE TABLE job (
    id {uuid} NOT NULL,
    kind text NOT NULL,
    payload {json} NOT NULL,
    priority integer NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    run_at {time} NOT NULL,
    lease_token bigint NOT NULL,
    lease_until {time},
    last_error text,
    unique_key text,
    organisation_id {uuid},
    created_at {time} NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (unique_key)
);
CREATE INDEX ix_job_state_run_at_priority ON job (state, run_at, priority);
CREATE TABLE audit_head (
    organisation_id {uuid} NOT NULL,
    seq bigint NOT NULL,
    hash {blob} NOT NULL,
    PRIMARY KEY (organisation_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE TABLE audit_entry (
    organisation_id {uuid} NOT NULL,
    seq bigint NOT NULL,
    at {time} NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    prev_hash {blob} NOT NULL,
    hash {blob} NOT NULL,
    PRIMARY KEY (organisation_id, seq),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
-- APPEND ONLY audit_entry
