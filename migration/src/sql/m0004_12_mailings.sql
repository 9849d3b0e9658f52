-- Mailings about something, and the runs of an opportunity, are looked for again and again while letters leave.
CREATE INDEX ix_mail_batch_organisation_id_subject_id ON mail_batch (organisation_id, subject_id, kind);
