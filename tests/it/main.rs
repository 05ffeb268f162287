//! The integration tests: one module for each verb, each surface, each outside suite, and each stand-in they share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a test cannot set up or read ends the test, in shared functions as well"
)]

mod architecture;
mod check;
mod figures;
mod lab;
mod nameserver;
mod spf_suite;
