-- Mail that comes back: kept from the moment it is taken until it is understood, or until somebody has looked at it.
CREATE TABLE mail_inbound (
    id {uuid} NOT NULL,
    organisation_id {uuid},
    message_id {uuid},
    kind text,
    state text NOT NULL,
    why text,
    sent_to {json} NOT NULL,
    raw {blob},
    raw_hash {blob} NOT NULL,
    received_at {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (message_id) REFERENCES mail_message (id),
    UNIQUE (raw_hash)
);
CREATE INDEX ix_mail_inbound_received_at ON mail_inbound (received_at);
CREATE INDEX ix_mail_inbound_message_id ON mail_inbound (message_id);
