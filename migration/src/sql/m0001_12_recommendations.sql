CREATE TABLE theme (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    minority boolean NOT NULL,
    position integer NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
CREATE INDEX ix_theme_organisation_id_opportunity_id ON theme (organisation_id, opportunity_id);
CREATE TABLE theme_source (
    organisation_id {uuid} NOT NULL,
    theme_id {uuid} NOT NULL,
    source_id {uuid} NOT NULL,
    response_id {uuid},
    contribution_id {uuid},
    participant_id {uuid},
    PRIMARY KEY (organisation_id, theme_id, source_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, theme_id) REFERENCES theme (organisation_id, id),
    FOREIGN KEY (organisation_id, response_id) REFERENCES response (organisation_id, id),
    FOREIGN KEY (organisation_id, contribution_id) REFERENCES contribution (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE TABLE recommendation (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    theme_id {uuid},
    decision_id {uuid},
    text text NOT NULL,
    outcome text NOT NULL,
    reason text,
    owner text,
    due {date},
    position integer NOT NULL,
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, theme_id) REFERENCES theme (organisation_id, id),
    FOREIGN KEY (organisation_id, decision_id) REFERENCES decision (organisation_id, id)
);
CREATE INDEX ix_recommendation_organisation_id_opportunity_id ON recommendation (organisation_id, opportunity_id);
CREATE TABLE influence (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    decision_id {uuid} NOT NULL,
    theme_id {uuid},
    contribution_id {uuid},
    level text NOT NULL,
    note text NOT NULL,
    standing text NOT NULL,
    claimed_by text NOT NULL,
    claimed_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, decision_id) REFERENCES decision (organisation_id, id),
    FOREIGN KEY (organisation_id, theme_id) REFERENCES theme (organisation_id, id),
    FOREIGN KEY (organisation_id, contribution_id) REFERENCES contribution (organisation_id, id)
);
CREATE INDEX ix_influence_organisation_id_decision_id ON influence (organisation_id, decision_id);
CREATE TABLE influence_answer (
    organisation_id {uuid} NOT NULL,
    influence_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    standing text NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (organisation_id, influence_id, participant_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, influence_id) REFERENCES influence (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id)
);
CREATE INDEX ix_theme_source_organisation_id_participant_id ON theme_source (organisation_id, participant_id);
CREATE INDEX ix_recommendation_organisation_id_theme_id ON recommendation (organisation_id, theme_id);
CREATE INDEX ix_influence_organisation_id_theme_id ON influence (organisation_id, theme_id);
CREATE INDEX ix_influence_organisation_id_contribution_id ON influence (organisation_id, contribution_id);
