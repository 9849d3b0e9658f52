CREATE TABLE look (
    organisation_id {uuid} NOT NULL,
    colour text,
    logo {blob},
    logo_kind text,
    exit_url text,
    exit_title text,
    version integer NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (organisation_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
);
