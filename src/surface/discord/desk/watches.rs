//! Watches: `/watch`, `/watches`, and the buttons that begin and end one.

use std::fmt::Display;

use super::{Desk, now};
use crate::answer::{Answer, Block};
use crate::domain::{Domain, Name};
use crate::render::discord::{Extra, Press};
use crate::request::{BadRequest, selector};
use crate::rounds::Blind;
use crate::store::{Kept, NewWatch, StoreError, Watched};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::send::Reply;
use crate::text::Text;
use crate::watch::{Seen, State, Until};

/// How many watches a list shows; more than one person may have open.
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
        if let Err(blind) = self.rounds.sees(until, selector.as_ref()) {
            return Ok(Answer::sentence("I cannot watch that", why(blind)).into());
        }
        let seen = self.rounds.look(&domain, until, selector.as_ref()).await;
        if seen == Seen::Broken {
            tracing::error!("the first look of a watch ended in a bug");
        }
        let mut answer = first_sight(&seen, &domain, until);
        let without_keys = until == Until::All && self.rounds.sees(Until::Dkim, selector.as_ref()).is_err();
        let new = NewWatch {
            guild: asker.guild,
            channel: asker.channel,
            person: asker.person,
            domain: domain.clone(),
            until,
            selector,
            seen,
        };
        let (follows, extra) = match self.store.watch(&new, now()).await? {
            Watched::Begun(number) => {
                self.rounds.wake();
                (Text::plain(what_follows(&new.seen)), vec![end(number, &domain)])
            }
            Watched::Already(number) => {
                let already = Text::plain("You are waiting for this already; ").code("/watches");
                (already.and(" shows what you wait for."), vec![end(number, &domain)])
            }
            Watched::TooManyOfPerson => {
                let many = "I do not look again: you are waiting for as many changes as one person may. ";
                (Text::plain(many).code("/watches").and(" shows them; end one that you need no more."), vec![])
            }
            Watched::TooManyOfGuild => {
                let many = "I do not look again: this server waits for as many changes as one may. Try again when some have arrived.";
                (Text::plain(many), vec![])
            }
        };
        answer.blocks.push(Block::Paragraph(follows));
        if without_keys {
            let tip = Text::plain("DKIM keys are not among them: name your selector, and its key is.");
            answer.blocks.push(Block::Tip(tip));
        }
        Ok(Reply { extra, ..answer.into() })
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

/// Why a change cannot be waited for, in words.
fn why(blind: Blind) -> Text {
    match blind {
        Blind::ResolversAlone => Text::plain(
            "I may not ask the name servers of domains here, and without them nobody knows when a change has arrived everywhere.",
        ),
        Blind::NoSelector => Text::plain("A DKIM key stands at a selector, and I know none of yours. Give me the ")
            .code("selector")
            .and(" as well: it is what stands before ")
            .code("._domainkey")
            .and(" in the name of the record."),
    }
}

/// What the first look showed.
fn first_sight(seen: &Seen, domain: &Domain, until: Until) -> Answer {
    match seen {
        Seen::Everywhere(said) => the_same("Everybody says the same", domain.unicode(), until, &said.what, &said.who),
        Seen::Underway => Answer {
            title: Text::plain("A change is under way"),
            lead: Text::plain(format!("Not everybody says the same about {} of ", records(until)))
                .code(domain.unicode())
                .and(" yet."),
            ..Answer::default()
        },
        Seen::Unknown | Seen::Broken => Answer {
            title: Text::plain("I cannot see it yet"),
            lead: Text::plain(format!("I could not learn just now what everybody says about {} of ", records(until)))
                .code(domain.unicode())
                .and("."),
            ..Answer::default()
        },
    }
}

/// What the person is told when, after that.
fn what_follows(seen: &Seen) -> &'static str {
    match seen {
        Seen::Everywhere(_) => {
            "If that is your change, it has arrived: end this with the button. If your change is still to come, I wait for it: I look now and again, and tell you here, once, when everybody sees it. It may take up to 48 hours."
        }
        Seen::Underway => {
            "I look now and again, and tell you here, once, when everybody says the same. It may take up to 48 hours."
        }
        Seen::Unknown | Seen::Broken => {
            "I look now and again, and tell you here what everybody says when I see it, and when that has changed."
        }
    }
}

/// What everybody says, and who that is.
pub(super) fn the_same(title: &str, domain: impl Display, until: Until, what: &str, who: &str) -> Answer {
    Answer {
        title: Text::plain(title),
        lead: Text::plain(format!("All answers about {} of ", records(until))).code(domain).and(" are the same:"),
        blocks: vec![
            Block::Listing(what.lines().map(str::to_owned).collect()),
            Block::Paragraph(Text::plain(format!("I asked {who}."))),
        ],
        ..Answer::default()
    }
}

fn end(number: i64, domain: &Domain) -> Extra {
    Extra { label: format!("End: {}", domain.unicode()), press: Press::Unwatch(number) }
}

fn line(kept: &Kept) -> Text {
    let state = match kept.watch.state {
        State::Pending if kept.watch.underway => "under way; some still see the old records",
        State::Pending if kept.watch.known.is_none() => "nothing seen yet; not everybody answered",
        State::Pending => "no change seen yet",
        State::Changed => "arrived everywhere; you are being told",
        State::Notified => "arrived everywhere; you were told",
        State::Expired => "ended: it took too long",
        State::Undelivered => "arrived everywhere, and I could not tell you: no message of mine came through",
        State::Broken => "ended: looking broke again and again on my side",
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
    use crate::watch::Watch;

    #[test]
    fn a_watch_whose_news_found_nobody_says_so_and_not_that_it_took_too_long() {
        let watch = Watch { state: State::Undelivered, ..Watch::begin(&Seen::Underway, now()) };
        let kept = Kept { id: 1, domain: "example.com".parse().unwrap(), until: Until::Mx, watch };
        assert!(line(&kept).to_string().contains("arrived everywhere, and I could not tell you"));
    }

    #[test]
    fn whoever_names_a_selector_waits_for_its_key() {
        let wish = Wish::of(&[("domain", "example.com"), ("selector", "s1")]).unwrap();
        assert_eq!((wish.until, wish.selector), (Until::Dkim, Some("s1".parse().unwrap())));
        assert_eq!(Wish::of(&[("domain", "example.com"), ("until", "mx")]).unwrap().until, Until::Mx);
        assert_eq!(Wish::of(&[("domain", "example.com")]).unwrap().until, Until::All);
        assert!(Wish::of(&[("domain", "no domain")]).is_err());
    }
}
