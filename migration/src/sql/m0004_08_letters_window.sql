-- When letters leave that can wait, by the clock of whoever gets them; empty for as soon as they are made.
ALTER TABLE organisation ADD COLUMN letters_window {json};
