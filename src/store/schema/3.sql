-- How many looks in a row were taken and came to nothing.
ALTER TABLE watch ADD COLUMN strikes BIGINT NOT NULL DEFAULT 0;
-- The talk that a notification calls a person into.
ALTER TABLE outbox ADD COLUMN talk BIGINT;
CREATE INDEX outbox_talk ON outbox (talk) WHERE talk IS NOT NULL;
