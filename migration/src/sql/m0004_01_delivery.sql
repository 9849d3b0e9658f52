-- Which letters may be taken now, and in which order: those of one domain one after the other, so that many letters to one
-- domain stand in nobody else's way.
ALTER TABLE mail_message ADD COLUMN turn integer NOT NULL DEFAULT 0;
ALTER TABLE mail_message ADD COLUMN due boolean NOT NULL DEFAULT FALSE;
ALTER TABLE mail_message ADD COLUMN turned_away integer NOT NULL DEFAULT 0;
DROP INDEX ix_mail_message_due;
CREATE INDEX ix_mail_message_due ON mail_message (priority, turn, id) WHERE state IN ('queued', 'deferred', 'leased') AND due;
CREATE INDEX ix_mail_message_waits ON mail_message (next_at) WHERE state IN ('queued', 'deferred', 'leased') AND NOT due;
CREATE INDEX ix_mail_message_dot ON mail_message (lease_until) WHERE state = 'dot';
-- What is known of mail servers and of the domains that are written to.
CREATE TABLE mail_route (
    kind text NOT NULL,
    name text NOT NULL,
    letters double precision,
    filled_at {time},
    faults integer NOT NULL,
    opened integer NOT NULL,
    closed_until {time},
    last_stage text,
    last_code integer,
    last_enhanced text,
    last_text text,
    started_on {date},
    counted_on {date},
    counted integer NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX ix_mail_route_changed_at ON mail_route (changed_at);
