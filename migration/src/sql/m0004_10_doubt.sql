-- Whether letters of which nobody knows whether they arrived are left until a person decides, and not sent once more.
ALTER TABLE mail_batch ADD COLUMN ask_in_doubt boolean NOT NULL DEFAULT FALSE;
