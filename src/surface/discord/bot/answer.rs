//! Giving answers: what is known after a moment, then the whole; and a note of what was given.

use std::time::Duration;

use tokio::time::timeout;

use super::{Bot, Place};
use crate::answer::Answer;
use crate::engine::{Circumstances, Engine, Work};
use crate::inspect;
use crate::request::{InspectRequest, Looks, Request};
use crate::search::Decision;
use crate::store::{Given, NewTalk, Notes, Occasion, Subject, Talk};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::desk::now;
use crate::surface::discord::link::linked;
use crate::surface::discord::plan::Asked;
use crate::surface::discord::send::Reply;
use crate::surface::discord::talk;

/// How long a person sees "thinking" before what is known so far is shown.
const FIRST_LOOK: Duration = Duration::from_secs(1);

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
        let Asked { request, talk, message, alone, domain } = what;
        let Request::Ask(question) = request else {
            let talk = self.go_on(talk, asker, place).await;
            let engine = self.current.engine();
            let work = self.off_the_threads(move || engine.begin(request)).await;
            let showing = Showing { talk, alone: alone || matches!(place, Place::Aside { .. }) };
            let notes = Notes { guild: asker.guild, ..Notes::default() };
            return self.give(work, notes, showing, asker, place).await;
        };
        let circumstances = Circumstances { matching: self.rules(asker).await.matching, domain };
        let work = self.begin(question.clone(), circumstances).await;
        let new = talk.map(|talk| NewTalk {
            talk,
            guild: asker.guild,
            channel: asker.channel,
            message,
            person: asker.person,
            question: spoken(&work, &question).to_owned(),
        });
        let notes = Notes { asked: new, ..asked_of(&work, &question, asker) };
        self.give(work, notes, Showing { talk, alone }, asker, place).await;
    }

    /// The talk that a press goes on with. Where it is somebody else's, the answer is for this person alone, beside it.
    async fn go_on(&self, talk: Option<Talk>, asker: &Asker, place: &mut Place) -> Option<Talk> {
        let kept = self.desk.store.talk(talk?, asker.person).await.ok()??;
        if kept.own || self.desk.is_staff(asker).await.unwrap_or(false) {
            return talk;
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
        if let Some(report) = work.report()
            && let Some(refusal) = self.spend(vec![Subject::Domain(report.domain.registrable())]).await
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
        let turn = if work.asks_the_network() { self.turns.acquire().await.ok() } else { None };
        if timeout(FIRST_LOOK, work.finish()).await.is_err() {
            let first = shown(&work);
            let before = std::mem::replace(&mut notes, Notes { guild: asker.guild, ..Notes::default() });
            let before = self.with_given(before, talk, &work);
            let shown_first = async {
                self.note(before).await;
                self.show(place, &first).await;
            };
            tokio::join!(shown_first, work.finish());
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
pub(super) fn asked_of(work: &Work, question: &str, asker: &Asker) -> Notes {
    let Some(found) = work.found() else { return Notes { guild: asker.guild, ..Notes::default() } };
    let quiet = found.decision == Decision::Quiet;
    let about = found.matches.first().filter(|_| !quiet).map(|about| about.entry.to_string());
    let counted = vec![(about.unwrap_or_default(), Occasion::Asked)];
    let gap = (quiet && !work.asks_the_network()).then(|| (asker.person, question.to_owned()));
    Notes { guild: asker.guild, counted, gap, ..Notes::default() }
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
