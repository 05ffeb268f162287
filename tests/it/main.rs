//! The one integration binary: a module per verb, surface and outside suite.

mod spf_suite;
