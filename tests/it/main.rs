//! The integration tests: one module for each verb, each surface, each outside suite, and each stand-in they share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what a test cannot set up or read ends the test, in shared functions as well; a skipped suite says so"
)]

mod architecture;
mod ask;
mod authority;
mod batch;
mod bombs;
mod bot;
mod check;
mod cli;
mod desk;
mod discord;
mod figures;
mod gateway;
mod headline;
mod hosts;
mod inspect;
mod lab;
mod mailbox;
mod nameserver;
mod permissions;
mod postgres;
mod replicas;
mod resolver;
mod rounds;
mod spamd;
mod spf_suite;
mod store;
mod storms;
mod talk;
mod testmail;
mod transcripts;
