//! Whether SPF or DKIM speaks for the domain that people see as the author's (RFC 9989 sections 4.4 and 5.3).

use serde::{Serialize, Serializer};

use super::{Spf, passing};
use crate::domain::Name;
use crate::facts::{Cause, Pending, View};
use crate::inspect::mailbox::addresses;
use crate::inspect::original::Original;
use crate::inspect::signature::{DkimResult, Judged};
use crate::mail::dmarc::{Alignment, Policy, Rule, Standing, organization, standing};
use crate::mail::spf::SpfResult;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DmarcResult {
    /// The author's domain has no record.
    None,
    /// One of them speaks for the author's domain.
    Pass,
    /// Neither does.
    Fail,
    /// The network would not say.
    TempError,
    /// The message does not have one author's domain.
    PermError,
}

/// What may speak for a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Identifier {
    /// The domain of the return path, by SPF.
    Spf,
    /// The domain of a signature, by DKIM.
    Dkim,
}

/// Whether the message is the author's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dmarc {
    /// The result; `temperror` also where only SPF could tell and the sending host is not known.
    pub result: DmarcResult,
    /// The author's domain.
    pub domain: Option<Name>,
    /// What the domain asks to be done with mail that fails.
    pub policy: Option<&'static str>,
    /// What passes and speaks for the domain.
    pub aligned: Vec<Identifier>,
    /// Why there is no better result.
    pub problem: Option<DmarcProblem>,
}

/// Why the message is not known to be its author's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DmarcProblem {
    /// No From field.
    #[error("the message has no From field")]
    NoFrom,
    /// More than one.
    #[error("the message has {0} From fields; one is allowed")]
    SeveralFields(usize),
    /// A From field without a domain.
    #[error("the From field holds no address with a domain")]
    NoDomain,
    /// A From field with several.
    #[error("the From field holds addresses of several domains")]
    SeveralDomains,
    /// Neither SPF nor DKIM passes.
    #[error("neither SPF nor DKIM passes")]
    NothingPasses,
    /// What passes is of other domains.
    #[error("what passes is for another domain: {0}")]
    Elsewhere(String),
    /// DKIM does not speak for the author, and SPF is not known.
    #[error(
        "no signature speaks for the author's domain, and which host sent the message is not known, so SPF cannot tell"
    )]
    NoClient,
    /// A question stayed open.
    #[error("the network would not say: {0}")]
    Silent(Cause),
    /// SPF or DKIM stayed open.
    #[error("SPF or DKIM could not be judged, since the network would not say")]
    Open,
}

impl Serialize for DmarcProblem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The author's domain, and what it asks for.
pub(super) struct Author {
    domain: Name,
    standing: Standing,
    organization: Result<Name, Cause>,
}

/// Looks the author's domain up.
pub(super) fn author(message: &Original, view: &mut View<'_>) -> Result<Result<Author, DmarcProblem>, Pending> {
    let domain = match author_domain(message) {
        Ok(domain) => domain,
        Err(problem) => return Ok(Err(problem)),
    };
    let (standing, organization) = (standing(&domain, view), organization(&domain, view));
    Ok(Ok(Author { standing: standing?, organization: organization?, domain }))
}

/// The one domain of the one From field (RFC 9989 section 5.3.1).
pub(in crate::inspect) fn author_domain(message: &Original) -> Result<Name, DmarcProblem> {
    let mut fields = message.named("From");
    let field = match fields.len() {
        0 => return Err(DmarcProblem::NoFrom),
        1 => fields.next().ok_or(DmarcProblem::NoFrom)?,
        several => return Err(DmarcProblem::SeveralFields(several)),
    };
    let mut domains = addresses(&field.text());
    domains.sort_unstable();
    domains.dedup();
    match domains.as_mut_slice() {
        [one] => one.take().ok_or(DmarcProblem::NoDomain),
        [] => Err(DmarcProblem::NoDomain),
        _ => Err(DmarcProblem::SeveralDomains),
    }
}

/// Compares what passes with the author's domain.
pub(super) fn judge(
    author: Result<Author, DmarcProblem>,
    spf: Option<&Spf>,
    dkim: &[Judged],
    view: &mut View<'_>,
) -> Result<Dmarc, Pending> {
    let author = match author {
        Ok(author) => author,
        Err(problem) => {
            let result = DmarcResult::PermError;
            return Ok(Dmarc { result, domain: None, policy: None, aligned: Vec::new(), problem: Some(problem) });
        }
    };
    let told = |result, policy: Option<Policy>, aligned, problem| Dmarc {
        result,
        domain: Some(author.domain.clone()),
        policy: policy.map(Policy::as_str),
        aligned,
        problem,
    };
    let rule = match author.standing {
        Standing::Applies(rule) => rule,
        Standing::None => return Ok(told(DmarcResult::None, None, Vec::new(), None)),
        Standing::Unknown(cause) => {
            return Ok(told(DmarcResult::TempError, None, Vec::new(), Some(DmarcProblem::Silent(cause))));
        }
    };
    let passes = passes(spf, dkim);
    let asked: Vec<_> = passes.iter().map(|(kind, domain)| aligns(&author, rule, *kind, domain, view)).collect();
    let aligns = asked.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut aligned: Vec<Identifier> = Vec::new();
    for ((kind, _), aligns) in passes.iter().zip(&aligns) {
        if *aligns == Ok(true) && !aligned.contains(kind) {
            aligned.push(*kind);
        }
    }
    let policy = Some(rule.policy);
    if !aligned.is_empty() {
        return Ok(told(DmarcResult::Pass, policy, aligned, None));
    }
    let open = spf.is_some_and(|spf| spf.result == SpfResult::TempError)
        || dkim.iter().any(|judged| judged.result == DkimResult::TempError);
    let (result, problem) = match aligns.iter().find_map(|aligns| aligns.err()) {
        Some(cause) => (DmarcResult::TempError, DmarcProblem::Silent(cause)),
        None if open => (DmarcResult::TempError, DmarcProblem::Open),
        None if spf.is_none() => (DmarcResult::TempError, DmarcProblem::NoClient),
        None if passes.is_empty() => (DmarcResult::Fail, DmarcProblem::NothingPasses),
        None => {
            let mut others: Vec<&str> = passes.iter().map(|(_, domain)| domain.as_str()).collect();
            others.dedup();
            (DmarcResult::Fail, DmarcProblem::Elsewhere(others.join(", ")))
        }
    };
    Ok(told(result, policy, aligned, Some(problem)))
}

/// What passes, and for which domain, each once.
fn passes(spf: Option<&Spf>, dkim: &[Judged]) -> Vec<(Identifier, Name)> {
    let spf = spf.filter(|spf| spf.result == SpfResult::Pass).and_then(|spf| spf.domain.clone());
    let dkim = dkim.iter().filter_map(passing);
    let all = spf.into_iter().map(|domain| (Identifier::Spf, domain)).chain(dkim.map(|d| (Identifier::Dkim, d)));
    let mut each: Vec<(Identifier, Name)> = Vec::new();
    for passes in all {
        if !each.contains(&passes) {
            each.push(passes);
        }
    }
    each
}

/// Whether a domain speaks for the author's: it is the same, or of the same organization where that is enough.
fn aligns(
    author: &Author,
    rule: Rule,
    kind: Identifier,
    domain: &Name,
    view: &mut View<'_>,
) -> Result<Result<bool, Cause>, Pending> {
    let alignment = match kind {
        Identifier::Spf => rule.spf,
        Identifier::Dkim => rule.dkim,
    };
    if *domain == author.domain || alignment == Alignment::Strict {
        return Ok(Ok(*domain == author.domain));
    }
    let other = organization(domain, view)?;
    Ok(other.and_then(|other| author.organization.clone().map(|own| own == other)))
}
