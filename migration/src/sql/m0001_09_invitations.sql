CREATE TABLE invitation (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    run_id {uuid},
    state text NOT NULL,
    question_first boolean NOT NULL,
    why {json} NOT NULL,
    held_until {date},
    reminders integer NOT NULL,
    reminded_at {time},
    ask_again_on {date},
    replied_at {time},
    ended_at {time},
    version integer NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id),
    FOREIGN KEY (organisation_id, participant_id) REFERENCES participant (organisation_id, id),
    FOREIGN KEY (organisation_id, run_id) REFERENCES match_run (organisation_id, id),
    UNIQUE (organisation_id, opportunity_id, participant_id)
);
CREATE INDEX ix_invitation_organisation_id_participant_id ON invitation (organisation_id, participant_id);
CREATE TABLE invitation_link (
    organisation_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    invitation_id {uuid} NOT NULL,
    token_hash {blob} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, invitation_id) REFERENCES invitation (organisation_id, id)
);
CREATE INDEX ix_invitation_link_token_hash ON invitation_link (token_hash);
