CREATE TABLE mail_hold (
    id {uuid} NOT NULL,
    organisation_id {uuid},
    why text NOT NULL,
    since {time} NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
ALTER TABLE match_result ADD COLUMN number {uuid};
