//! Watches: `/watch`, `/watches`, and the buttons that begin and end one.

use super::{Desk, now};
use crate::answer::{Answer, Block};
use crate::domain::{Domain, Name};
use crate::render::discord::{Extra, Press};
use crate::request::{BadRequest, selector};
use crate::store::{Kept, NewWatch, StoreError, Watched};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::send::Reply;
use crate::text::Text;
use crate::watch::{State, Until};

/// How many watches a list shows: all that one may have, and the latest of those that have ended.
const SHOWN: usize = 10;

/// The commands.
pub(super) fn commands() -> [Command; 2] {
    let until = Until::ALL.iter().map(|(word, _)| *word).collect();
    let may = |name, summary, kind| Opt { name, summary, kind, need: Need::May };
    let domain =
        Opt { name: "domain", summary: "The domain whose records you changed", kind: Kind::Text, need: Need::Must };
    [
        Command {
            name: "watch",
            summary: "Tell me when a change of my domain's DNS records has arrived everywhere",
            audience: Audience::Everybody,
            options: vec![
                domain,
                may("until", "The records that you changed; all, if you leave it out", Kind::OneOf(until)),
                may("selector", "The DKIM selector, if the change is about its key", Kind::Text),
            ],
        },
        Command {
            name: "watches",
            summary: "Show what you are waiting for, and end it",
            audience: Audience::Everybody,
            options: vec![],
        },
    ]
}

/// What somebody wants to be told of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) domain: Domain,
    pub(crate) until: Until,
    pub(crate) selector: Option<Name>,
}

impl Wish {
    /// Reads the options of `/watch`.
    pub(super) fn of(given: &[(&str, &str)]) -> Result<Self, BadRequest> {
        let value = |wanted: &str| given.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let until = Until::ALL.iter().find(|(word, _)| Some(*word) == value("until")).map(|(_, until)| *until);
        let selector = value("selector").filter(|text| !text.trim().is_empty()).map(selector).transpose()?;
        Ok(Self {
            domain: value("domain").unwrap_or_default().parse()?,
            // Whoever names a selector means its key.
            until: until.unwrap_or(if selector.is_some() { Until::Dkim } else { Until::All }),
            selector,
        })
    }
}

impl Desk {
    pub(super) async fn watch(&self, wish: Wish, asker: &Asker) -> Result<Reply, StoreError> {
        let Wish { domain, until, selector } = wish;
        let new = NewWatch {
            guild: asker.guild,
            channel: asker.channel,
            person: asker.person,
            domain: domain.clone(),
            until,
            selector,
        };
        let sentence = match self.store.watch(&new, now()).await? {
            Watched::Begun(number) => {
                self.rounds.wake();
                let lead = Text::plain(format!("I look at {} of ", records(until)))
                    .code(domain.unicode())
                    .and(" now and again, and tell you here, once, when everybody sees the change. It may take up to 48 hours. What everybody says already is no change: begin before or while you change it.");
                let answer = Answer { title: Text::plain("You will be told"), lead, ..Answer::default() };
                return Ok(Reply { extra: vec![end(number, &domain)], ..answer.into() });
            }
            Watched::Already(_) => "You are waiting for this already; `/watches` shows what you wait for.",
            Watched::TooManyOfPerson => {
                "You are waiting for as many changes as one person may. `/watches` shows them; end one that you need no more."
            }
            Watched::TooManyOfGuild => {
                "This server waits for as many changes as one may. Try again when some have arrived."
            }
        };
        Ok(Answer::sentence("Nothing new", Text::plain(sentence)).into())
    }

    pub(super) async fn watches(&self, asker: &Asker) -> Result<Reply, StoreError> {
        let kept = self.store.watches_of(asker.person).await?;
        if kept.is_empty() {
            let lead = Text::plain("You are waiting for nothing. ")
                .code("/watch")
                .and(" tells you when a change of your domain's DNS records has arrived everywhere.");
            return Ok(Answer::sentence("Your watches", lead).into());
        }
        let shown = &kept[..kept.len().min(SHOWN)];
        let open = shown.iter().filter(|kept| !kept.watch.state.is_end());
        let extra = open.map(|kept| end(kept.id, &kept.domain)).collect();
        let blocks = shown.iter().map(|kept| Block::Paragraph(line(kept))).collect();
        let answer = Answer { title: Text::plain("Your watches"), blocks, ..Answer::default() };
        Ok(Reply { extra, ..answer.into() })
    }

    pub(super) async fn unwatch(&self, number: i64, asker: &Asker) -> Result<Reply, StoreError> {
        // Lost is as good: it has ended, or is somebody else's; the list shows how it stands.
        let _ours_or_lost = self.store.cancel_watch(asker.person, number, now()).await?;
        self.watches(asker).await
    }
}

fn end(number: i64, domain: &Domain) -> Extra {
    Extra { label: format!("End: {}", domain.unicode()), press: Press::Unwatch(number) }
}

fn line(kept: &Kept) -> Text {
    let state = match kept.watch.state {
        State::Pending if kept.watch.underway => "under way; some still see the old records",
        State::Pending => "no change seen yet",
        State::Changed => "arrived everywhere; you are being told",
        State::Notified => "arrived everywhere; you were told",
        State::Expired => "ended: it took too long",
        State::Cancelled => "ended by you",
    };
    Text::default().code(kept.domain.unicode()).and(format!(", {}: {state}.", records(kept.until)))
}

/// What is waited for, in a sentence.
pub(super) fn records(until: Until) -> &'static str {
    match until {
        Until::All => "all mail records",
        Until::Mx => "the MX records",
        Until::Spf => "the SPF record",
        Until::Dkim => "the DKIM keys",
        Until::Dmarc => "the DMARC record",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_a_selector_waits_for_its_key() {
        let wish = Wish::of(&[("domain", "example.com"), ("selector", "s1")]).unwrap();
        assert_eq!((wish.until, wish.selector), (Until::Dkim, Some("s1".parse().unwrap())));
        assert_eq!(Wish::of(&[("domain", "example.com"), ("until", "mx")]).unwrap().until, Until::Mx);
        assert_eq!(Wish::of(&[("domain", "example.com")]).unwrap().until, Until::All);
        assert!(Wish::of(&[("domain", "no domain")]).is_err());
    }
}
