-- The mailbox that mail which comes back is fetched from: who reads it now, when it is read next, and how that went. One row.
CREATE TABLE mail_fetch (
    id integer NOT NULL,
    settings {blob} NOT NULL,
    lease_token bigint NOT NULL,
    lease_until {time},
    next_at {time} NOT NULL,
    failures integer NOT NULL,
    outcome text,
    stage text,
    ended_at {time},
    worked_at {time},
    taken bigint NOT NULL,
    marked {json} NOT NULL,
    PRIMARY KEY (id)
);
-- Since when no letter gets through to a mail server or a domain, over all the pauses in which nothing is tried.
ALTER TABLE mail_route ADD COLUMN shut_since {time};
