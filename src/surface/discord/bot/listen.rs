//! Messages: those to the bot, and the questions in channels and forums that staff chose.
//!
//! What nobody asked for is given once in a thread, and only where nobody else has spoken; in doubt it is quiet.

use std::sync::Arc;
use std::time::Duration;

use serenity::model::channel::Message;
use serenity::model::id::{ChannelId, UserId};

use super::answer::{Showing, asked_of, spoken};
use super::{Bot, Place, subjects};
use crate::answer::Answer;
use crate::domain::Domain;
use crate::engine::{Circumstances, Work};
use crate::request::Request;
use crate::search::Decision;
use crate::store::{self, Arrival, Guild, NewTalk, Notes, Talk};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::desk::now;
use crate::surface::discord::permissions::Attempt;
use crate::surface::discord::plan::{self, Asked, Task};
use crate::surface::discord::talk::{self, Rules, Sight, Thread};
use crate::text::Text;

/// How long after somebody was answered in a channel their next message there is taken for more of the same.
const APART: Duration = Duration::from_mins(10);

/// Where a question was overheard.
enum Ground {
    /// In a text channel.
    Channel,
    /// In a thread in which nobody but its author has spoken; the domain that was spoken of before, and whether nothing else
    /// was said there.
    Thread { thread: Thread, spoken_of: Option<Domain>, begins: bool },
}

impl Bot {
    /// Takes a message, whoever it is for.
    pub(in crate::surface::discord) fn take_message(&self, message: Message, me: UserId) {
        match talk::sight(&message, me) {
            Sight::Nothing => {}
            Sight::Said => self.spawn(async move |bot| bot.take_mention(&message, me).await),
            Sight::Overheard => self.spawn(async move |bot| bot.listen(&message, me).await),
        }
    }

    /// Takes a message to the bot: answers it with a reply.
    async fn take_mention(self, message: &Message, me: UserId) {
        let asker = Asker::of_message(message);
        let mut place = reply_to(message, &asker);
        match plan::mention(&message.content, me.get()) {
            Ok(request) => {
                let what = self.asked(request, message, &asker).await;
                self.carry_out(Task::Answer(what), asker, place).await;
            }
            Err(refusal) => {
                let answer = Answer::sentence("That did not work", Text::plain(format!("{refusal}.")));
                self.show(&mut place, &answer.into()).await;
            }
        }
    }

    /// What a message to the bot asks, with the talk that it goes on with and the domain that was spoken of before.
    async fn asked(&self, request: Request, message: &Message, asker: &Asker) -> Asked {
        let thread = Talk(message.channel_id.get());
        let before = self.desk.store.talk(thread, asker.person).await.ok().flatten().filter(|kept| kept.own);
        let talk = if before.is_some() { thread } else { Talk(message.id.get()) };
        let mut what = Asked { message: Some(store::Message(message.id.get())), ..Asked::new(request, Some(talk)) };
        if let Request::Ask(question) = &what.request
            && message.guild_id.is_some()
            && self.current.engine().domain_of(question).is_none()
        {
            let known = before.and_then(|kept| kept.domain?.parse().ok());
            what.domain = match known {
                Some(domain) => Some(domain),
                None => self.spoken_of(message).await,
            };
        }
        what
    }

    /// The domain that the person spoke of before in the same thread.
    async fn spoken_of(&self, message: &Message) -> Option<Domain> {
        let thread = self.grounds.thread(message.channel_id).await.ok()??;
        let history = self.sender.history(message.channel_id).await.ok()?;
        talk::spoken_of(&self.current.engine(), message, &thread, &history)
    }

    /// What holds where somebody asks.
    pub(super) async fn rules(&self, asker: &Asker) -> Rules {
        let settings = match asker.guild {
            Some(guild) => self.grounds.settings(guild).await.unwrap_or_default(),
            None => Arc::default(),
        };
        Rules::of(self.config(), &settings)
    }

    /// Answers a message that was said to everybody, if it is a question for us.
    async fn listen(&self, message: &Message, me: UserId) {
        let asker = Asker::of_message(message);
        let Some(guild) = asker.guild else { return };
        let Ok(settings) = self.grounds.settings(guild).await else { return };
        let rules = Rules::of(self.config(), &settings);
        if rules.choose_nothing() || asker.is_staff(&self.config().discord, &settings) {
            return;
        }
        let ground = match self.ground(message, me, &rules, &asker).await {
            Ok(Some(ground)) => ground,
            Ok(None) => return,
            Err(error) => return tracing::warn!(id = %message.id, error, "a channel could not be looked at"),
        };
        if self.manages(&asker, guild).await {
            return;
        }
        let (thread, domain, begins) = match ground {
            Ground::Channel => (None, None, false),
            Ground::Thread { thread, spoken_of, begins } => (Some(thread), spoken_of, begins),
        };
        let circumstances = Circumstances { matching: rules.matching, domain };
        let Some((question, work)) = self.best(talk::questions(message, thread.as_ref()), circumstances).await else {
            return;
        };
        let notes = asked_of(&work, &question, asker.guild, asker.person);
        if is(&work, Decision::Quiet) {
            // What a thread begins with is a question in any case.
            if begins || talk::wants_an_answer(&question) {
                let gap = Some((asker.person, question));
                self.note(Notes { gap, ..notes }).await;
            }
            return;
        }
        if thread.is_none() && self.is_between_people(message).await {
            return;
        }
        if self.spend(subjects(&asker)).await.is_some() {
            return self.note(notes).await;
        }
        let (talk, apart) = match &thread {
            Some(_) => (Talk(message.channel_id.get()), Duration::ZERO),
            None => (Talk(message.id.get()), APART),
        };
        if !self.is_ours(talk, message, spoken(&work, &question), &asker, apart).await {
            return;
        }
        let mut place = if thread.is_some() {
            said_in(message.channel_id, message, &asker)
        } else {
            self.open(message, &talk::thread_name(&work, spoken(&work, &question)), &asker).await
        };
        let showing = Showing { talk: Some(talk), alone: false };
        self.give(work, notes, showing, &asker, &mut place).await;
    }

    /// Whether somebody who wrote a message manages the guild; not so where Discord does not say who does.
    async fn manages(&self, asker: &Asker, guild: Guild) -> bool {
        match self.grounds.management(guild).await {
            Ok(management) => asker.is_among(&management),
            Err(error) => {
                tracing::warn!(%error, "who manages a guild is not known");
                false
            }
        }
    }

    /// The reading of a question that says most: the first that has an answer, else the last that has choices.
    async fn best(&self, readings: Vec<String>, circumstances: Circumstances) -> Option<(String, Work)> {
        let mut best = None;
        for question in readings {
            let work = self.begin(question.clone(), circumstances.clone()).await;
            // What was pasted is read, and nothing else is looked for.
            let Some(found) = work.found() else { return Some((question, work)) };
            let decision = found.decision;
            let better = decision != Decision::Quiet
                || best.as_ref().is_none_or(|(_, work): &(_, Work)| is(work, Decision::Quiet));
            if better {
                best = Some((question, work));
            }
            if decision == Decision::Answer {
                break;
            }
        }
        best
    }

    /// Where a message stands, if it is where questions are answered and its author's to ask.
    async fn ground(
        &self,
        message: &Message,
        me: UserId,
        rules: &Rules,
        asker: &Asker,
    ) -> Result<Option<Ground>, String> {
        let channel = message.channel_id;
        if rules.choose(channel) {
            return Ok(Some(Ground::Channel));
        }
        let thread = self.grounds.thread(channel).await.map_err(|error| error.to_string())?;
        let Some(thread) = thread.filter(|thread| rules.choose_thread(thread)) else { return Ok(None) };
        let begun = self.desk.store.talk(Talk(channel.get()), asker.person).await.map_err(|error| error.to_string())?;
        if thread.owner != Some(message.author.id) || thread.closed || begun.is_some() {
            return Ok(None);
        }
        let history = self.sender.history(channel).await.map_err(|error| error.to_string())?;
        let spoken_of = talk::spoken_of(&self.current.engine(), message, &thread, &history);
        let begins = talk::is_first(message, &history);
        Ok(talk::is_alone(message, &history, me).then_some(Ground::Thread { thread, spoken_of, begins }))
    }

    /// Whether a message in a channel is talk between people; so it is where that cannot be looked at.
    async fn is_between_people(&self, message: &Message) -> bool {
        match self.sender.history(message.channel_id).await {
            Ok(history) => talk::is_between_people(message, &history),
            Err(error) => {
                tracing::warn!(id = %message.id, %error, "a channel could not be looked at");
                true
            }
        }
    }

    /// Takes a talk for us, over all replicas; not if it has begun.
    async fn is_ours(&self, talk: Talk, message: &Message, question: &str, asker: &Asker, apart: Duration) -> bool {
        let new = NewTalk {
            talk,
            guild: asker.guild,
            channel: asker.channel,
            message: Some(store::Message(message.id.get())),
            person: asker.person,
            question: question.to_owned(),
        };
        match self.desk.store.begin_talk(&new, apart, now()).await {
            Ok(arrival) => arrival == Arrival::First,
            Err(error) => {
                // Without the store nobody knows who else answers, or has answered before.
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(error, "a question was left alone, since the store failed");
                false
            }
        }
    }

    /// Opens a thread for an answer; where that may not be, the answer is a reply.
    async fn open(&self, message: &Message, name: &str, asker: &Asker) -> Place {
        match self.sender.open_thread(message.channel_id, message.id, name).await {
            Ok(thread) => said_in(thread, message, asker),
            Err(error) => {
                tracing::warn!(id = %message.id, %error, "no thread could be opened");
                self.tell_if_lacking(asker.guild, message.channel_id, Attempt::Thread, &error).await;
                reply_to(message, asker)
            }
        }
    }
}

fn is(work: &Work, decision: Decision) -> bool {
    work.found().is_some_and(|found| found.decision == decision)
}

fn reply_to(message: &Message, asker: &Asker) -> Place {
    let (guild, channel, about) = (asker.guild, message.channel_id, message.id.get());
    Place::Channel { guild, channel, to: Some(message.id), about, sent: None }
}

/// In a thread, the answer to a message that need not stand there.
fn said_in(channel: ChannelId, message: &Message, asker: &Asker) -> Place {
    Place::Channel { guild: asker.guild, channel, to: None, about: message.id.get(), sent: None }
}
