ALTER TABLE participant ADD COLUMN review_after {date};
UPDATE participant SET review_after = (
    SELECT CAST(p.document ->> 'review_after' AS {date}) FROM preference p
    WHERE p.organisation_id = participant.organisation_id AND p.id = participant.preference_id
);
CREATE INDEX ix_participant_review_after ON participant (review_after);
