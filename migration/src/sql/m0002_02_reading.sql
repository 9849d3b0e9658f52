CREATE TABLE reading (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    actor text NOT NULL,
    what text NOT NULL,
    subject_id {uuid} NOT NULL,
    hour {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    UNIQUE (organisation_id, subject_id, what, actor, hour)
);
-- APPEND ONLY reading
