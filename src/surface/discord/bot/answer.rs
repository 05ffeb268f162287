//! Giving answers: what is known after a moment, then the whole; and a note of what was given.

use std::pin::pin;
use std::time::Duration;

use serenity::model::application::CommandInteraction;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Bot, Place, subjects};
use crate::answer::Answer;
use crate::engine::{Circumstances, Engine, Work};
use crate::inspect;
use crate::request::{InspectRequest, Looks, Request};
use crate::search::Decision;
use crate::store::{Given, Guild, NewTalk, Notes, Occasion, Person, Subject, Talk};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::desk::{self, now};
use crate::surface::discord::link::linked;
use crate::surface::discord::plan::Asked;
use crate::surface::discord::send::{Callback, Reply};
use crate::surface::discord::talk;

/// How long a person sees "thinking" before what is known so far is shown.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// How long the store may take before an entry that was chosen by hand is shown: Discord waits three seconds.
const BY_HAND: Duration = Duration::from_secs(1);

/// The longest question that is matched and read where it arrives, in bytes: that takes well under a millisecond.
const SHORT: usize = 2_000;

/// What an answer is shown for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Showing {
    /// The talk it belongs to.
    pub(super) talk: Option<Talk>,
    /// Whether one person alone sees it.
    pub(super) alone: bool,
}

impl Bot {
    /// Does what a request asks for, and shows it.
    pub(super) async fn answer(&self, what: Asked, asker: &Asker, place: &mut Place) {
        let Asked { request, person, talk, message, alone, beside, domain } = what;
        let Request::Ask(question) = request else {
            let talk = self.go_on(talk, beside, asker, place).await;
            let engine = self.current.engine();
            let work = self.off_the_threads(move || engine.begin(request)).await;
            let showing = Showing { talk, alone: alone || matches!(place, Place::Aside { .. }) };
            let notes = Notes { guild: asker.guild, ..Notes::default() };
            return self.give(work, notes, showing, asker, place).await;
        };
        let circumstances = Circumstances { matching: self.rules(asker).await.matching, domain };
        let work = self.begin(question.clone(), circumstances).await;
        let person = person.unwrap_or(asker.person);
        let new = talk.map(|talk| NewTalk {
            talk,
            guild: asker.guild,
            channel: asker.channel,
            message,
            person,
            question: spoken(&work, &question).to_owned(),
        });
        let notes = Notes { asked: new, ..asked_of(&work, &question, asker.guild, person) };
        self.give(work, notes, Showing { talk, alone }, asker, place).await;
    }

    /// Answers with an entry that somebody chose by hand.
    pub(super) async fn by_hand(&self, command: &CommandInteraction, asker: Asker) -> Callback {
        let pick = desk::Pick::of(desk::Given::of(&command.data.options));
        let (shown, notes) = match desk::show(&self.current.engine(), &pick, Talk(command.id.get()), &asker) {
            Ok((reply, notes)) => (Callback::message(&reply), notes),
            Err(why) => (Callback::message_alone(&(*why).into()), None),
        };
        let bot = self.clone();
        // In a task, since it is not to be broken off: what others note is written with it.
        let kept = self.tasks.spawn(async move {
            let refusal = bot.spend(subjects(&asker)).await;
            if let (None, Some(notes)) = (&refusal, notes) {
                bot.note(notes).await;
            }
            refusal
        });
        match timeout(BY_HAND, kept).await {
            Ok(Ok(Some(refusal))) => Callback::message_alone(&refusal.into()),
            _ => shown,
        }
    }

    /// The talk that a press goes on with. Where it is somebody else's, or there is none and somebody else asked for what
    /// others see, the answer is `beside` it, for this person alone.
    async fn go_on(&self, talk: Option<Talk>, beside: bool, asker: &Asker, place: &mut Place) -> Option<Talk> {
        let kept = match talk {
            Some(talk) => self.desk.store.talk(talk, asker.person).await.ok().flatten(),
            None => None,
        };
        match kept {
            Some(kept) if self.desk.may_go_on(&kept, asker).await.unwrap_or(false) => return talk,
            None if !beside => return None,
            _ => {}
        }
        if let Place::Response { id, token } = place {
            *place = Place::Aside { id: *id, token: token.clone(), sent: None };
        }
        None
    }

    /// Begins with a question, or with what was pasted in place of one: a short one right here, once matching is ready. To
    /// get it ready, or to read a long one, would hold up others.
    pub(super) async fn begin(&self, question: String, circumstances: Circumstances) -> Work {
        let engine = self.current.engine();
        let at_once = question.len() <= SHORT && engine.is_ready();
        let begin = move || {
            if inspect::is_clearly_pasted(&question) {
                let text = question.into_bytes();
                return engine.begin(Request::Inspect(InspectRequest { text, looks: Looks::AtDomain }));
            }
            engine.ask(&question, &circumstances)
        };
        if at_once { begin() } else { self.off_the_threads(begin).await }
    }

    /// Does work of the processor where it holds up nobody, a few at once.
    async fn off_the_threads(&self, work: impl FnOnce() -> Work + Send + 'static) -> Work {
        let reader = self.readers.acquire().await.ok();
        let done = tokio::task::spawn_blocking(work).await;
        drop(reader);
        done.unwrap_or_else(|bug| std::panic::resume_unwind(bug.into_panic()))
    }

    /// Finishes the work and shows it: what is known after a moment if it takes longer, then the whole. What is to be noted
    /// is written before anybody can press a button under it.
    pub(super) async fn give(
        &self,
        mut work: Work,
        mut notes: Notes,
        Showing { talk, alone }: Showing,
        asker: &Asker,
        place: &mut Place,
    ) {
        let mut instead = None;
        if let Some(domain) = work.domain()
            && let Some(refusal) = self.spend(vec![Subject::Domain(domain.registrable())]).await
        {
            if work.entry().is_none() {
                self.note(notes).await;
                return self.show(place, &refusal.into()).await;
            }
            // The steps are worth reading all the same.
            work = work.without_a_look();
            instead = Some(refusal.lead);
        }
        let shown = |work: &Work| {
            let answer = linked(
                answer_for(work, alone || asker.guild.is_none()),
                work.entry().map(|entry| &entry.id),
                &self.config().http,
            );
            let answer = Answer { note: instead.clone().or(answer.note), ..answer };
            Reply {
                extra: talk::buttons(work, talk, alone && asker.guild.is_some() && work.inspection().is_none()),
                ..answer.into()
            }
        };
        // Only what asks the network waits for its turn; its clock runs from the first question.
        let asks = work.asks_the_network();
        let mut wait = pin!(async { if asks { self.turns.acquire().await.ok() } else { None } });
        let soon = Instant::now() + FIRST_LOOK;
        let mut turn = timeout_at(soon, wait.as_mut()).await.ok();
        if turn.is_none() || timeout_at(soon, work.finish()).await.is_err() {
            let first = shown(&work);
            let before = std::mem::replace(&mut notes, Notes { guild: asker.guild, ..Notes::default() });
            let before = self.with_given(before, talk, &work);
            let until = place.until();
            let shown_first = async {
                self.note(before).await;
                self.show(place, &first).await;
            };
            let rest = async {
                if turn.is_none() {
                    turn = Some(wait.await);
                }
                // Nobody would see what comes of it later.
                if until.is_none_or(|until| Instant::now() < until) {
                    work.finish().await;
                }
            };
            tokio::join!(shown_first, rest);
        }
        drop(turn);
        self.note(self.with_given(notes, talk, &work)).await;
        self.show(place, &shown(&work)).await;
    }

    /// The notes, and what is given in the talk so far.
    fn with_given(&self, notes: Notes, talk: Option<Talk>, work: &Work) -> Notes {
        Notes { given: talk.map(|talk| (talk, given(&self.current.engine(), work))), ..notes }
    }

    /// Notes what is to be noted. What could not be written down is told in the log: an answer does not depend on it.
    pub(super) async fn note(&self, notes: Notes) {
        if let Err(error) = self.desk.store.note(notes, now()).await {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(error, "the store could not note what was asked or given");
        }
    }
}

/// What is noted of a question before it has its answer: it is counted to the entry that it seems to be about.
pub(super) fn asked_of(work: &Work, question: &str, guild: Option<Guild>, person: Person) -> Notes {
    let Some(found) = work.found() else { return Notes { guild, ..Notes::default() } };
    let quiet = found.decision == Decision::Quiet;
    let about = found.matches.first().filter(|_| !quiet).map(|about| about.entry.to_string());
    let counted = vec![(about.unwrap_or_default(), Occasion::Asked)];
    let gap = (quiet && !work.asks_the_network()).then(|| (person, question.to_owned()));
    Notes { guild, counted, gap, ..Notes::default() }
}

/// What is kept of a question: nothing of a mail, a bounce or a log that was pasted.
pub(super) fn spoken<'q>(work: &Work, question: &'q str) -> &'q str {
    if work.inspection().is_some() { "A text that was pasted" } else { question }
}

/// The answer for one person, or for a place where others read along.
fn answer_for(work: &Work, alone: bool) -> Answer {
    if alone { work.answer() } else { work.public_answer() }
}

/// What is noted of an answer.
fn given(engine: &Engine, work: &Work) -> Given {
    let report = work.report();
    let found = report.as_ref().map(|report| talk::found(engine, report)).unwrap_or_default();
    let domain = report.map(|report| report.domain.to_string());
    Given { entry: work.entry().map(|entry| entry.id.to_string()), domain, found }
}
