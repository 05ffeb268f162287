//! Words on answers: worked, did not, a person. Each from whoever asked, or from staff.

use super::{Desk, Done, Solved, now};
use crate::answer::{Action, Answer};
use crate::engine::Engine;
use crate::store::{
    Address, Arrival, Feedback, KeptTalk, Message, News, QuietHours, Settings, StoreError, Talk, Verdict,
};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::send::Reply;
use crate::surface::discord::talk::{a_person, summary};
use crate::text::Text;

/// How many other entries are offered when one did not help.
const OTHERS: usize = 2;
/// From which confidence on.
const LIKELY: f64 = 0.05;

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
        let Some(guild) = asker.guild else { return Ok(self.nobody_here()) };
        let to = Address { guild: Some(guild), channel: asker.channel, person: Some(asker.person) };
        let news = News::Handover { summary: summary(&self.current.engine(), &kept) };
        if self.store.hand_over(word.talk, &to, &news, now()).await? == Arrival::Again {
            return Ok(sentence("They know", "Staff were told already, and will answer here. You need not ask again."));
        }
        self.rounds.wake();
        self.judge(&word, kept.tried.last().map_or("", String::as_str), Verdict::Person, asker).await?;
        let settings = self.store.settings(guild).await?;
        Ok(called(settings.quiet))
    }

    /// The talk, if it is the person's own or they are staff; or why not.
    async fn theirs(&self, word: &Word, asker: &Asker) -> Result<Result<KeptTalk, Reply>, StoreError> {
        let Some(kept) = self.store.talk(word.talk, asker.person).await? else {
            return Ok(Err(sentence(
                "That was too long ago",
                "I no longer know what this was about. Please ask again.",
            )));
        };
        let own = kept.own || self.is_staff(asker).await?;
        let known = word.entry.is_empty() || self.current.engine().knowledge().entry(&word.entry).is_some();
        Ok(match (own, known) {
            (true, true) => Ok(kept),
            (true, false) => Err(sentence("That entry is gone", "The knowledge has changed since. Please ask again.")),
            (false, _) => Err(sentence("This is somebody else's question", "Ask your own, and I answer you.")),
        })
    }

    /// Whether they may do what staff does.
    pub(crate) async fn is_staff(&self, asker: &Asker) -> Result<bool, StoreError> {
        let settings = match asker.guild {
            Some(guild) => self.store.settings(guild).await?,
            None => Settings::default(),
        };
        Ok(asker.is_staff(&self.current.engine().config().discord, &settings))
    }

    async fn judge(&self, word: &Word, entry: &str, verdict: Verdict, asker: &Asker) -> Result<(), StoreError> {
        let feedback = Feedback { answer: word.answer, entry, guild: asker.guild, person: asker.person, verdict };
        self.store.judge(feedback, now()).await.map(drop)
    }

    /// In a direct message nobody reads along.
    fn nobody_here(&self) -> Reply {
        let engine = self.current.engine();
        let brand = &engine.config().brand;
        let next =
            brand.support_url.iter().map(|url| Action::Open { label: "Ask a person".to_owned(), url: url.clone() });
        let lead = format!("Nobody but me reads this. Ask the people of {} support.", brand.name);
        Answer { next: next.collect(), ..Answer::sentence("Talk to a person", Text::plain(lead)) }.into()
    }
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

/// What whoever called a person reads.
fn called(quiet: Option<QuietHours>) -> Reply {
    let told = "They see your question and what I found, so you need not say it again.";
    match quiet.filter(|hours| hours.hold_at(now())) {
        None => sentence("A person will answer here", told),
        Some(hours) => {
            let wait = hours.end_in(now()).as_secs() / 60;
            let wait = match wait {
                0..60 => format!("in {wait} minutes"),
                60..120 => "in about an hour".to_owned(),
                _ => format!("in about {} hours", wait / 60),
            };
            let lead = format!("Staff are away now and will be back {wait}. {told}");
            Answer::sentence("A person will answer here", Text::plain(lead)).into()
        }
    }
}

fn sentence(title: &str, lead: &str) -> Reply {
    Answer::sentence(title, Text::plain(lead)).into()
}
