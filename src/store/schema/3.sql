-- The talk that a notification calls a person into.
ALTER TABLE outbox ADD COLUMN talk BIGINT;
CREATE INDEX outbox_talk ON outbox (talk) WHERE talk IS NOT NULL;
