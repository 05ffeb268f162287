-- What must survive, in the words that both engines know. {id} is a number that the engine gives out.
-- Times are milliseconds since 1970; ids of Discord are 64 bits wide; `who` is a pseudonym, `person` an id.

CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- What staff set for a guild, as JSON.
CREATE TABLE setting (
  guild BIGINT PRIMARY KEY,
  written TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);

-- One judgement of a person on one answer.
CREATE TABLE feedback (
  answer BIGINT NOT NULL,
  who TEXT NOT NULL,
  at BIGINT NOT NULL,
  guild BIGINT,
  entry TEXT NOT NULL,
  verdict TEXT NOT NULL,
  PRIMARY KEY (answer, who)
);
CREATE INDEX feedback_at ON feedback (at);
CREATE INDEX feedback_who ON feedback (who);

-- Questions without an answer; the text is masked.
CREATE TABLE gap (
  id {id},
  at BIGINT NOT NULL,
  guild BIGINT,
  who TEXT NOT NULL,
  question TEXT NOT NULL
);
CREATE INDEX gap_guild ON gap (guild, at);
CREATE INDEX gap_at ON gap (at);
CREATE INDEX gap_who ON gap (who);

-- Questions that may become symptoms of an entry; the text is masked.
CREATE TABLE candidate (
  id {id},
  at BIGINT NOT NULL,
  guild BIGINT NOT NULL,
  question TEXT NOT NULL,
  entry TEXT NOT NULL,
  person BIGINT NOT NULL,
  state TEXT NOT NULL,
  decided_by BIGINT,
  decided_at BIGINT
);
CREATE INDEX candidate_guild ON candidate (guild, state, at);
CREATE INDEX candidate_at ON candidate (at);

CREATE TABLE watch (
  id {id},
  at BIGINT NOT NULL,
  guild BIGINT,
  channel BIGINT NOT NULL,
  person BIGINT NOT NULL,
  domain TEXT NOT NULL,
  until TEXT NOT NULL,
  selector TEXT,
  state TEXT NOT NULL,
  looks BIGINT NOT NULL,
  step BIGINT NOT NULL,
  known TEXT,
  underway BIGINT NOT NULL,
  next_look BIGINT,
  expires BIGINT NOT NULL,
  token BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX watch_due ON watch (next_look) WHERE next_look IS NOT NULL;
CREATE INDEX watch_person ON watch (person);
CREATE INDEX watch_guild ON watch (guild) WHERE next_look IS NOT NULL;
CREATE INDEX watch_ended ON watch (ended_at) WHERE ended_at IS NOT NULL;

-- Notifications: written with what they tell of, gone only after they were delivered or given up.
CREATE TABLE outbox (
  id {id},
  at BIGINT NOT NULL,
  watch BIGINT,
  step BIGINT,
  guild BIGINT,
  channel BIGINT NOT NULL,
  person BIGINT,
  news TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  token BIGINT NOT NULL,
  strikes BIGINT NOT NULL,
  delays BIGINT NOT NULL,
  trouble TEXT,
  ended_at BIGINT,
  UNIQUE (watch, step)
);
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'waiting';
CREATE INDEX outbox_person ON outbox (person);
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE interaction (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL
);
CREATE INDEX interaction_at ON interaction (at);

-- How often something was done in a window of time.
CREATE TABLE spent (
  scope TEXT NOT NULL,
  subject TEXT NOT NULL,
  span BIGINT NOT NULL,
  count BIGINT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (scope, subject, span)
);
CREATE INDEX spent_until ON spent (until);

CREATE TABLE audit (
  id {id},
  at BIGINT NOT NULL,
  guild BIGINT NOT NULL,
  person BIGINT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX audit_guild ON audit (guild, at);
CREATE INDEX audit_at ON audit (at);

-- How often an entry was asked for, answered, worked, handed over, a day.
CREATE TABLE tally (
  day BIGINT NOT NULL,
  guild BIGINT NOT NULL,
  entry TEXT NOT NULL,
  what TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (day, guild, entry, what)
);

-- Who alone may do something, and until when. Every new holder gets a higher token.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  token BIGINT NOT NULL,
  until BIGINT NOT NULL
);
-- Held while watches are counted and added, so that no two count the same.
INSERT INTO lease (name, holder, token, until) VALUES ('adding watches', '', 0, 0);
