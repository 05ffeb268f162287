//! `/privacy`: all that is kept of a person, for themselves alone, and its end.

use super::Desk;
use super::given::Given;
use crate::answer::Answer;
use crate::render::discord::{Extra, Press};
use crate::store::StoreError;
use crate::surface::discord::asker::Asker;
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::send::{File, Reply};
use crate::text::Text;

/// The press that deletes.
pub(super) const DELETE: &str = "forget";

/// What somebody wants of what is kept of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// To have it.
    Export,
    /// To be asked whether it shall be deleted.
    Delete,
    /// To have it deleted.
    Deleted,
}

/// The command.
pub(super) fn command() -> Command {
    let part = |name, summary| Opt { name, summary, kind: Kind::Part(Vec::new()), need: Need::May };
    Command {
        name: "privacy",
        summary: "Get or delete what is kept of you",
        audience: Audience::Everybody,
        options: vec![
            part("export", "Get all that is kept of you, as a file for you alone"),
            part("delete", "Delete what is kept of you; you are asked once more"),
        ],
    }
}

impl Privacy {
    pub(super) fn of(given: Given<'_>) -> Self {
        match given.part() {
            Some(("delete", _)) => Self::Delete,
            _ => Self::Export,
        }
    }
}

impl Desk {
    pub(super) async fn privacy(&self, wish: Privacy, asker: &Asker) -> Result<Reply, StoreError> {
        match wish {
            Privacy::Export => self.export(asker).await,
            Privacy::Delete => Ok(ask()),
            Privacy::Deleted => {
                let gone = self.store.forget(asker.person).await?;
                let lead = match gone {
                    0 => "There was nothing to delete.".to_owned(),
                    _ => "What was kept of you is deleted: what you waited for, what you said of answers, and what you asked. Proposals of yours stay without your name, and so does what you did as staff, for a year.".to_owned(),
                };
                Ok(Answer::sentence("Forgotten", Text::plain(lead)).into())
            }
        }
    }

    async fn export(&self, asker: &Asker) -> Result<Reply, StoreError> {
        let kept = self.store.export(asker.person).await?;
        let bytes = serde_json::to_vec_pretty(&kept).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let lead = Text::plain(
            "All that is kept of you is in the file. It has no mail and no uploads: those are never kept. ",
        )
        .code("/privacy delete")
        .and(" deletes it.");
        let file = File { name: "mailmedic-about-you.json".to_owned(), bytes };
        Ok(Reply { files: vec![file], ..Answer::sentence("What is kept of you", lead).into() })
    }
}

fn ask() -> Reply {
    let lead =
        "What you wait for ends, and what you said of answers and what you asked is deleted. It cannot be taken back.";
    let extra = vec![Extra { label: "Delete it".to_owned(), press: Press::Desk(DELETE.to_owned()) }];
    Reply { extra, ..Answer::sentence("Delete what is kept of you?", Text::plain(lead)).into() }
}
