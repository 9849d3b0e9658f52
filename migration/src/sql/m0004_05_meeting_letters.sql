-- What a meeting was before each change, so that letters can say what has changed since somebody was told.
ALTER TABLE meeting ADD COLUMN sequence integer NOT NULL DEFAULT 0;
CREATE TABLE meeting_revision (
    organisation_id {uuid} NOT NULL,
    meeting_id {uuid} NOT NULL,
    sequence integer NOT NULL,
    title text NOT NULL,
    starts_at {time} NOT NULL,
    ends_at {time} NOT NULL,
    location text,
    cancelled boolean NOT NULL,
    made_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, meeting_id, sequence),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, meeting_id) REFERENCES meeting (organisation_id, id)
);
INSERT INTO meeting_revision (organisation_id, meeting_id, sequence, title, starts_at, ends_at, location, cancelled, made_at)
SELECT organisation_id, id, 0, title, starts_at, ends_at, location, cancelled_at IS NOT NULL, created_at FROM meeting;
