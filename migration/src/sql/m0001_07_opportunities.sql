CREATE TABLE opportunity (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    project_id {uuid} NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    rung text NOT NULL,
    stage text NOT NULL,
    open_to_influence text NOT NULL,
    not_open text NOT NULL,
    who_decides text NOT NULL,
    how_chosen text NOT NULL,
    minutes integer NOT NULL,
    preparation_minutes integer NOT NULL,
    formats {json} NOT NULL,
    support text NOT NULL,
    support_contact {json},
    content_note text,
    payment {json} NOT NULL,
    places integer,
    reply_within_days integer,
    opens_on {date},
    closes_on {date},
    starts_at {time},
    feedback_due {date},
    feedback_moved_reason text,
    feedback_late_since {date},
    state text NOT NULL,
    opened_at {time},
    closed_at {time},
    closed_early_reason text,
    notice_id {uuid},
    questionnaire_id {uuid},
    promised {json},
    created_by text NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, project_id) REFERENCES project (organisation_id, id),
    FOREIGN KEY (organisation_id, notice_id) REFERENCES notice (organisation_id, id)
);
CREATE INDEX ix_opportunity_organisation_id_project_id ON opportunity (organisation_id, project_id);
CREATE INDEX ix_opportunity_organisation_id_state ON opportunity (organisation_id, state);
CREATE TABLE opportunity_topic (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    topic_id {uuid} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id, topic_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, topic_id) REFERENCES topic (organisation_id, id)
);
CREATE TABLE opportunity_decision (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    decision_id {uuid} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id, decision_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, decision_id) REFERENCES decision (organisation_id, id)
);
CREATE TABLE questionnaire (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    n integer NOT NULL,
    definition text NOT NULL,
    digest {blob} NOT NULL,
    published_by text NOT NULL,
    published_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    UNIQUE (organisation_id, opportunity_id, n)
);
-- APPEND ONLY questionnaire
