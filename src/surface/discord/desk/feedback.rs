//! Words on answers: worked, did not, a person. Each from whoever asked, or from staff.

use super::{Desk, Done, Solved, now};
use crate::answer::{Action, Answer};
use crate::config::Brand;
use crate::engine::Engine;
use crate::store::{
    Address, Arrival, Feedback, KeptTalk, Message, News, QuietHours, Role, Settings, StoreError, Talk, Verdict,
};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::send::Reply;
use crate::surface::discord::talk::{a_person, summary};
use crate::text::Text;

/// How many other entries are offered when one did not help.
const OTHERS: usize = 2;
/// From which confidence on.
const LIKELY: f64 = 0.05;
/// What comforts whoever called a person.
const TOLD: &str = "They see your question and what I found, so you need not say it again.";

/// A press under an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) talk: Talk,
    /// The entry that was given; empty where the word is not on one.
    pub(crate) entry: String,
    /// The message that holds the answer.
    pub(crate) answer: Message,
    /// Whether one person alone sees it.
    pub(crate) alone: bool,
}

impl Desk {
    pub(super) async fn worked(&self, word: Word, asker: &Asker) -> Result<Done, StoreError> {
        let kept = match self.theirs(&word, asker).await? {
            Ok(kept) => kept,
            Err(refusal) => return Ok(refusal.into()),
        };
        self.judge(&word, &word.entry, Verdict::Worked, asker).await?;
        let reply = sentence("Good to hear", "Thank you for saying so.");
        // Where no message asks, the answer bears the mark, unless others cannot see it.
        let answer = (!word.alone).then_some((word.answer, asker.channel));
        let marked = kept.message.map(|message| (message, kept.channel)).or(answer);
        let solved = marked.map(|(message, channel)| Solved { talk: word.talk, message, channel });
        Ok(Done { reply, solved })
    }

    pub(super) async fn failed(&self, word: Word, asker: &Asker) -> Result<Reply, StoreError> {
        let kept = match self.theirs(&word, asker).await? {
            Ok(kept) => kept,
            Err(refusal) => return Ok(refusal),
        };
        self.judge(&word, &word.entry, Verdict::DidNot, asker).await?;
        let next = others(&self.current.engine(), &kept);
        let lead = if next.is_empty() {
            "I have nothing else that fits. A person can help; they see what you asked and what I found."
        } else {
            "Is it one of these? Or talk to a person, who sees what you asked and what I found."
        };
        let answer = Answer { next, ..Answer::sentence("Sorry that it did not help", Text::plain(lead)) };
        Ok(Reply { extra: vec![a_person(word.talk, word.alone)], ..answer.into() })
    }

    pub(super) async fn person(&self, word: Word, asker: &Asker) -> Result<Reply, StoreError> {
        let kept = match self.theirs(&word, asker).await? {
            Ok(kept) => kept,
            Err(refusal) => return Ok(refusal),
        };
        let engine = self.current.engine();
        let brand = &engine.config().brand;
        let Some(guild) = asker.guild else {
            return Ok(to_support("Talk to a person", "Nobody but me reads this.", brand));
        };
        let settings = self.store.settings(guild).await?;
        let role = self.mention_role(&settings);
        let (now, quiet) = (now(), settings.quiet.filter(|hours| role.is_some() && hours.hold_at(now())));
        let due = quiet.map_or(now, |hours| now + hours.end_in(now));
        let to = Address { guild: Some(guild), channel: asker.channel, person: Some(asker.person) };
        let news = News::Handover { summary: summary(&engine, &kept) };
        let arrival = self.store.hand_over(word.talk, &to, &news, due, now).await?;
        if arrival == Arrival::First {
            self.rounds.wake();
            self.judge(&word, kept.tried.last().map_or("", String::as_str), Verdict::Person, asker).await?;
        }
        Ok(match (role, arrival, quiet) {
            (None, ..) => to_support(
                "I can call nobody here",
                "What you asked and what I found stands here for whoever reads along, but nobody is named whom I could call.",
                brand,
            ),
            (.., Some(hours)) => away(hours),
            (_, Arrival::First, None) if kept.in_vain => {
                to_support("I call once more", "My last call reached nobody, and this one may not either.", brand)
            }
            (_, Arrival::Again, None) => {
                sentence("They know", "Staff were told already, and will answer here. You need not ask again.")
            }
            (_, Arrival::First, None) => sentence("A person will answer here", TOLD),
        })
    }

    /// Who is called when somebody wants a person.
    pub(super) fn mention_role(&self, settings: &Settings) -> Option<Role> {
        settings.mention_role.or(self.current.engine().config().discord.mention_role.map(Role))
    }

    /// The talk, if it is the person's own or they are staff; or why not.
    async fn theirs(&self, word: &Word, asker: &Asker) -> Result<Result<KeptTalk, Reply>, StoreError> {
        let Some(kept) = self.store.talk(word.talk, asker.person).await? else {
            return Ok(Err(sentence(
                "That was too long ago",
                "I no longer know what this was about. Please ask again.",
            )));
        };
        let theirs = self.may_go_on(&kept, asker).await?;
        let known = word.entry.is_empty() || self.current.engine().knowledge().entry(&word.entry).is_some();
        Ok(match (theirs, known) {
            (true, true) => Ok(kept),
            (true, false) => Err(sentence("That entry is gone", "The knowledge has changed since. Please ask again.")),
            (false, _) => Err(sentence("This is somebody else's question", "Ask your own, and I answer you.")),
        })
    }

    /// Whether somebody may go on with a talk: it is their own, or they are staff of the guild that it is in. Anybody can
    /// forge a press on a talk of another guild.
    pub(crate) async fn may_go_on(&self, kept: &KeptTalk, asker: &Asker) -> Result<bool, StoreError> {
        match asker.guild {
            _ if kept.own => Ok(true),
            Some(guild) if kept.guild == Some(guild) => {
                let settings = self.store.settings(guild).await?;
                Ok(asker.is_staff(&self.current.engine().config().discord, &settings))
            }
            _ => Ok(false),
        }
    }

    async fn judge(&self, word: &Word, entry: &str, verdict: Verdict, asker: &Asker) -> Result<(), StoreError> {
        let feedback = Feedback { answer: word.answer, entry, guild: asker.guild, person: asker.person, verdict };
        self.store.judge(feedback, now()).await.map(drop)
    }
}

/// Sends somebody to the support where I can call nobody, with the way there if one is configured.
pub(super) fn to_support(title: &str, why: &str, brand: &Brand) -> Reply {
    let next = brand.support_url.iter().map(|url| Action::Open { label: "Ask a person".to_owned(), url: url.clone() });
    let lead = format!("{why} Ask the people of {} support.", brand.name);
    Answer { next: next.collect(), ..Answer::sentence(title, Text::plain(lead)) }.into()
}

/// The next likely entries that were not given yet.
fn others(engine: &Engine, kept: &KeptTalk) -> Vec<Action> {
    let domain = kept.domain.as_deref().and_then(|domain| domain.parse().ok());
    let found = engine.find(&kept.question).matches.into_iter();
    let new =
        found.filter(|found| found.confidence >= LIKELY && kept.tried.iter().all(|id| id != found.entry.as_str()));
    new.filter_map(|found| engine.knowledge().entry(found.entry.as_str()))
        .take(OTHERS)
        .map(|entry| Action::Entry { id: entry.id.to_string(), title: entry.title.clone(), domain: domain.clone() })
        .collect()
}

/// What whoever calls a person while staff are away reads.
fn away(hours: QuietHours) -> Reply {
    let wait = hours.end_in(now()).as_secs() / 60;
    let wait = match wait {
        0..60 => format!("in {wait} minutes"),
        60..120 => "in about an hour".to_owned(),
        _ => format!("in about {} hours", wait / 60),
    };
    let lead = format!("Staff are away now and will be back {wait}; I call them then. {TOLD}");
    sentence("A person will answer here", &lead)
}

fn sentence(title: &str, lead: &str) -> Reply {
    Answer::sentence(title, Text::plain(lead)).into()
}
