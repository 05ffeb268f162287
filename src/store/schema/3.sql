-- How many looks in a row were taken and came to nothing.
ALTER TABLE watch ADD COLUMN strikes BIGINT NOT NULL DEFAULT 0;
