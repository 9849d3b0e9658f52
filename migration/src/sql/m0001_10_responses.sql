CREATE TABLE response_draft (
    organisation_id {uuid} NOT NULL,
    invitation_id {uuid} NOT NULL,
    questionnaire_id {uuid} NOT NULL,
    answers {json} NOT NULL,
    version integer NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, invitation_id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, invitation_id) REFERENCES invitation (organisation_id, id),
    FOREIGN KEY (organisation_id, questionnaire_id) REFERENCES questionnaire (organisation_id, id)
);
CREATE TABLE response (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    invitation_id {uuid} NOT NULL,
    questionnaire_id {uuid} NOT NULL,
    answers {json},
    state text NOT NULL,
    submitted_at {time} NOT NULL,
    changed_at {time} NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (organisation_id, id),
    -- The invitation's own keys hold organisation, opportunity and person; checking them again would cost each answer three look-ups.
    FOREIGN KEY (organisation_id, invitation_id) REFERENCES invitation (organisation_id, id),
    FOREIGN KEY (organisation_id, opportunity_id, participant_id) REFERENCES invitation (organisation_id, opportunity_id, participant_id),
    FOREIGN KEY (organisation_id, questionnaire_id) REFERENCES questionnaire (organisation_id, id),
    UNIQUE (organisation_id, opportunity_id, participant_id)
);
CREATE TABLE place (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    state text NOT NULL,
    position integer NOT NULL,
    created_at {time} NOT NULL,
    released_at {time},
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    UNIQUE (organisation_id, opportunity_id, participant_id)
);
CREATE INDEX ix_response_organisation_id_participant_id ON response (organisation_id, participant_id);
CREATE INDEX ix_place_organisation_id_participant_id ON place (organisation_id, participant_id);
