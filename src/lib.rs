//! mailmedic answers people's questions about their mail, and looks at their domain while it answers.
//!
//! It never invents an answer: every sentence of advice comes from `knowledge/`, every claim about a domain from a
//! check, and with nothing that fits it stays quiet or calls a person.
//!
//! # The way of the data
//!
//! ```text
//! surface --Request--> engine --+--> search --> entries ----------+
//!                               +--> checks <--> facts <-- probe  +--> Answer --> render --> surface
//! ```
//!
//! # The rooms
//!
//! | module | what it is for | it knows |
//! |---|---|---|
//! | [`domain`] | names: what the DNS calls things, and the domains that people type | nobody |
//! | [`address`] | which addresses are public | nobody |
//! | [`finding`] | what a check found: codes, severities, fixes | nobody |
//! | [`facts`] | questions to name servers, mail services and web servers, the replies, and the view through which checks read them | domain, finding |
//! | [`text`] | text without markup, and the templates that the knowledge is written in | nobody |
//! | [`mask`] | texts without whom they are about | nobody |
//! | [`problem`] | what is wrong with a file that a person wrote | nobody |
//! | [`written`] | a TOML file, read key by key | problem |
//! | [`config`] | the configuration | domain, problem, written |
//! | [`load`] | a server's load averages against its plan's CPUs; pure | finding |
//! | [`status`] | what the host's status page says; pure, and wary of it | domain, facts, finding |
//! | [`request`] | what people ask for, and the one table of verbs | domain, finding, load, problem |
//! | [`mail`] | what the standards say: a room each, with its record, its walk and its check; pure | address, config, domain, facts, finding |
//! | [`inspect`] | what people paste: a mail's structure, bounces, log lines, its signatures and its way; pure, bounded, and alone in naming `mail-parser` | address, config, domain, facts, finding, mail, text |
//! | [`knowledge`] | the entries, and the words for findings and bounces | config, finding, inspect, problem, text, written |
//! | [`search`] | from a question to entries, with a confidence and a decision; the only place that names tantivy | config, domain, knowledge |
//! | [`transcript`] | a look at a domain in a file: its circumstances, and every reply | config, domain, facts, finding |
//! | [`probe`] | the driver, and the only IO towards the world | address, config, domain, facts, finding, inspect's spam verdict, mail, status, transcript |
//! | [`answer`] | the neutral document | domain, finding, mask, text |
//! | [`engine`] | ask, check, spf, inspect, test mail, load, status: from request to answer; swapped as a whole when the knowledge has changed | all of the above |
//! | [`moment`] | points in time that are written down | nobody |
//! | [`watch`] | waiting for a change in the DNS: what each look means, and when to tell; pure | moment |
//! | [`store`] | what must survive: SQLite by default, PostgreSQL for several replicas; the only place that names sqlx | config, domain, mask, moment, watch, written |
//! | [`rounds`] | what is done without being asked: looks for those who watch a domain, and notifications | domain, engine, facts, finding, moment, probe's report, request, store, transcript, watch |
//! | [`render`] | from answer to Discord, terminal, JSON, pages, and counts to a chart; pure, limits are constants here | answer, domain, finding, inspect, load, probe's cost, status, text |
//! | [`surface`] | where people meet it: the command line, Discord; and where their test mail arrives | engine, render, rounds, store and the values they exchange |
//!
//! `main.rs` wires. `tests/it/architecture.rs` holds the modules to this table, and outside crates to their rooms.
//!
//! # What must stay true
//!
//! * A check is a pure function of what is known: `fn check(&Case, &mut View) -> Result<Vec<Finding>, Pending>`. To ask
//!   is to notice what is not known yet ([`facts::View::get`]); the driver asks, and runs the check again.
//! * A saved look gives the same report without a network: nothing but the transcript goes into it.
//! * No question is asked twice, and each chain of questions moves on as soon as its own replies are in.
//! * No answer is no fault: SERVFAIL, a refusal and silence are `unknown`; only NXDOMAIN and NODATA mean absent.
//! * A fix is offered only after the same check passes with the fix applied to the facts, and there is one for all faults of a
//!   record ([`mail::Check::examine`]).
//! * Advice lives in `knowledge/`, not here; every finding code has its words there.
//! * Text from outside is inert on every surface: no mention, no link, no markup; and nobody is pinged but by a
//!   notification: the person whom it is for, or the role that staff chose; and by an answer, for whom somebody chose it.
//! * Where nobody asked the bot it answers once, or not at all: a talk is begun in the store before anything is said.
//! * Nobody but [`probe::egress`] connects to a host that a domain names: to the address that it judged, public or allowed
//!   by the operator, at one of six ports.
//! * The test mailbox takes one mail for an address that is open, and never relays, bounces or sends
//!   ([`surface::mailbox`]).
//! * What was committed survives: a notification is written in the transaction of what it tells of, and is gone only after
//!   it was delivered or given up ([`store`]).
//! * Every interaction is acknowledged before any work is done, but what needs no network and is said whole at once:
//!   suggestions, and `/answer`; work per request is bounded by one budget.
//!
//! # Recipes
//!
//! To add a check: its topic in [`finding`], its codes in `finding/codes.rs`, its room in `mail/` with the tests beside it, a row in
//! [`mail::CHECKS`], its words in `knowledge/findings/TOPIC.toml`.
//!
//! To hold a bug: `mailmedic check DOMAIN --save tests/transcripts/NAME.jsonl`, and its row in `tests/it/transcripts.rs`.
//!
//! To teach a refusal: its phrase in `index/refusals.txt`. To hold a bounce: a mail in `tests/mail` and its row in
//! `expected.txt` there. What is said of a reason stands in `knowledge/bounces/`.
//!
//! To add an entry: a file in `knowledge/entries/`; `mailmedic knowledge lint` says what is missing, and
//! `mailmedic knowledge test` how well it is found.
//!
//! To add a verb: a constant in [`request`], its arm in `Request::of`, its work in [`engine`]. Help, the chat and
//! Discord's registration follow from the table.
//!
//! To add a command of Discord's alone: its shape in its room under `surface/discord/desk/`, its words in five languages in
//! `knowledge/locales/`; a test says what is missing there.
//!
//! To know a forum's tag for what is solved by another name: that name, in `knowledge/tags.toml`.
//!
//! To change what is kept: a step at the end of `store/migration.rs` with its SQL in `store/schema/` (both engines read it),
//! the method in its room of [`store`], its end in `store/expiry.rs`, and what it tells of a person in `store/privacy.rs`.
//!
//! To add a surface: a renderer in [`render`], a room in [`surface`].

pub mod address;
pub mod answer;
pub mod config;
pub mod domain;
pub mod engine;
pub mod facts;
pub mod finding;
pub mod inspect;
pub mod knowledge;
pub mod load;
pub mod mail;
pub mod mask;
pub mod moment;
pub mod probe;
pub mod problem;
pub mod render;
pub mod request;
pub mod rounds;
pub mod search;
pub mod status;
pub mod store;
pub mod surface;
pub mod text;
pub mod transcript;
pub mod watch;
pub mod written;
