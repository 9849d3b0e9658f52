CREATE TABLE webhook (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    events {json} NOT NULL,
    state text NOT NULL,
    off_reason text,
    secret_n integer NOT NULL,
    old_secret_until {time},
    failing_since {time},
    lease_token bigint NOT NULL,
    lease_until {time},
    created_by text NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
CREATE INDEX ix_webhook_state ON webhook (state);
CREATE TABLE webhook_event (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    kind text NOT NULL,
    about {json} NOT NULL,
    once text NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (organisation_id, once)
);
CREATE INDEX ix_webhook_event_created_at ON webhook_event (created_at);
CREATE TABLE webhook_delivery (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    webhook_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    next_at {time} NOT NULL,
    last_at {time},
    last_status integer,
    last_problem text,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhook (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, event_id) REFERENCES webhook_event (organisation_id, id) ON DELETE CASCADE,
    UNIQUE (organisation_id, webhook_id, event_id)
);
CREATE INDEX ix_webhook_delivery_state_next_at ON webhook_delivery (state, next_at);
CREATE INDEX ix_webhook_delivery_event_id ON webhook_delivery (organisation_id, event_id);
