-- A talk: what was asked and what was given for an answer; by the thread, message or interaction that it began with.
-- The question is masked.
CREATE TABLE talk (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  guild BIGINT,
  channel BIGINT NOT NULL,
  message BIGINT,
  who TEXT NOT NULL,
  question TEXT NOT NULL,
  tried TEXT NOT NULL,
  domain TEXT,
  found TEXT NOT NULL,
  called_at BIGINT
);
CREATE INDEX talk_at ON talk (at);
CREATE INDEX talk_who ON talk (who, channel, at);
