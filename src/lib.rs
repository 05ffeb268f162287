//! mailmedic.

pub mod answer;
pub mod config;
pub mod domain;
pub mod engine;
pub mod facts;
pub mod finding;
pub mod knowledge;
pub mod mail;
pub mod probe;
pub mod problem;
pub mod render;
pub mod request;
pub mod surface;
pub mod text;
pub mod written;
