CREATE TABLE report (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    state text NOT NULL,
    in_one_minute text NOT NULL,
    in_one_minute_easy_read text,
    steps_taken text NOT NULL,
    next_steps {json} NOT NULL,
    learned text NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    published_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    UNIQUE (organisation_id, opportunity_id)
);
CREATE TABLE report_release (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    report_id {uuid} NOT NULL,
    n integer NOT NULL,
    document {json} NOT NULL,
    digest {blob} NOT NULL,
    change_note text,
    published_by text NOT NULL,
    published_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, report_id) REFERENCES report (organisation_id, id),
    UNIQUE (organisation_id, report_id, n)
);
-- APPEND ONLY report_release
CREATE TABLE loop_rating (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    heard integer NOT NULL,
    ways integer NOT NULL,
    matters integer NOT NULL,
    change integer NOT NULL,
    worth_it integer NOT NULL,
    harm text,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    UNIQUE (organisation_id, opportunity_id, participant_id)
);
