-- What coordinators say in letters in their own words: every version whole, and never changed.
CREATE TABLE letter_words (
    organisation_id {uuid} NOT NULL,
    opportunity_id {uuid} NOT NULL,
    n integer NOT NULL,
    words {json} NOT NULL,
    written_by text NOT NULL,
    written_at {time} NOT NULL,
    PRIMARY KEY (organisation_id, opportunity_id, n),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id),
    FOREIGN KEY (organisation_id, opportunity_id) REFERENCES opportunity (organisation_id, id)
);
