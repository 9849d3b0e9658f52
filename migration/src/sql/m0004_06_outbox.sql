-- Each letter changes its state three times, and nobody looks for those that were sent by that: only the few that were not are
-- looked for.
DROP INDEX ix_mail_message_state_next_at_priority;
CREATE INDEX ix_mail_message_ended ON mail_message (state, organisation_id, created_at) WHERE state IN ('failed', 'uncertain', 'expired', 'suppressed', 'cancelled');
-- Why a letter was refused, by the name of the reason, so that reasons can be counted.
ALTER TABLE mail_message ADD COLUMN reason text;
