//! `/testmail`: an address for one mail, shown to one person, and what is wrong with the mail that comes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serenity::model::id::ChannelId;

use super::{Bot, Place};
use crate::answer::{Answer, Block};
use crate::store::{Person, Subject};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::send::Reply;
use crate::surface::mailbox::{LIFETIME, Mailbox, TooMany};
use crate::text::Text;

/// Who waits for a mail: each for one at a time.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<HashSet<Person>>>);

/// Somebody's turn; over when this is dropped.
struct Turn {
    waiting: Waiting,
    person: Person,
}

impl Waiting {
    fn turn(&self, person: Person) -> Option<Turn> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(person);
        new.then(|| Turn { waiting: self.clone(), person })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.person);
    }
}

impl Bot {
    /// Opens an address, waits for its mail, and tells what came of it.
    pub(super) async fn testmail(&self, asker: &Asker, place: &mut Place) {
        let Some(_turn) = self.waiting.turn(asker.person) else {
            return self
                .show(
                    place,
                    &sentence("Your last test address is still open. Send the mail there, or wait until it closes."),
                )
                .await;
        };
        let mut mailbox = match self.open_mailbox() {
            Ok(mailbox) => mailbox,
            Err(refusal) => return self.show(place, &sentence(&refusal)).await,
        };
        self.show(place, &invitation(&mailbox.address())).await;
        let mail = tokio::select! {
            mail = mailbox.mail() => mail,
            () = self.stop.cancelled() => {
                return self.show(place, &sentence("I am being restarted, and the address is closed. Ask for a new one in a minute.")).await;
            }
        };
        let reply = match mail {
            None => sentence(
                "No mail came in 30 minutes, and the address is closed. If you did send one, your mail server still has it, or refused it: look for an error message, and show it to me with `/inspect`.",
            ),
            Some(mail) => {
                let mut work = self.current.engine().receive(&mail);
                let domain = work.domain().map(|domain| Subject::Domain(domain.registrable()));
                if let Some(refusal) = self.spend(domain.into_iter().collect()).await {
                    refusal.into()
                } else {
                    work.finish().await;
                    work.answer().into()
                }
            }
        };
        if !place.is_over() {
            return self.show(place, &reply).await;
        }
        if let Ok(channel) = self.sender.direct(asker.person).await {
            self.show(&mut direct(channel, place.id()), &reply).await;
        } else {
            tracing::warn!("somebody takes no direct messages, and what came of their test mail is lost");
        }
    }

    fn open_mailbox(&self) -> Result<Mailbox, String> {
        let none = "There is no test mailbox here; the people who run me can open one.";
        let registry = self.mailbox.as_ref().ok_or_else(|| none.to_owned())?;
        registry.open().map_err(|why| match why {
            TooMany::Open => "Many people test their mail right now. Try again in a few minutes.".to_owned(),
            TooMany::Random => "I cannot make an address right now. Try again in a few minutes.".to_owned(),
        })
    }
}

const fn direct(channel: ChannelId, about: u64) -> Place {
    Place::Channel { guild: None, channel, to: None, about, sent: None }
}

fn sentence(words: &str) -> Reply {
    Answer::sentence("Test mail", Text::plain(words)).into()
}

fn invitation(address: &str) -> Reply {
    let minutes = LIFETIME.as_secs() / 60;
    let lead = Text::plain("Send one mail from the account in question to ").code(address).and(format!(
        ". Write a subject and a sentence, as in your other mails: what stands in it counts. I take that one mail, within {minutes} minutes, and tell you here what receivers see."
    ));
    let keep = Text::plain(
        "Show the address to nobody: whoever knows it may use it up. The mail is judged and let go, nothing of it is kept.",
    );
    Answer { title: Text::plain("Your test address"), lead, blocks: vec![Block::Tip(keep)], ..Answer::default() }.into()
}
