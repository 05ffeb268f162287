//! The driver, and the only IO towards the world.
//!
//! [`Network`] is the one seam: [`dns::Resolver`] asks real servers; tests answer from tables of facts. The driver
//! ([`Inquiry`], and [`Examination`] for all checks of a domain) asks what the pure checks in `mail` want to know:
//! each question once, all that is wanted at once, within one [`Budget`](crate::config::Budget).

mod dns;
mod examination;
mod inquiry;

use futures_util::future::BoxFuture;

pub use dns::{NoResolver, Resolver};
pub use examination::{Examination, Report};
pub use inquiry::{Cost, Inquiry};

use crate::facts::{Question, Reply};

/// Who answers questions.
pub trait Network: Send + Sync {
    /// Who is asked, for people: the resolver's address.
    fn name(&self) -> String;

    /// Asks one question; never fails: that nobody answers is a reply too.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Reply>;
}
