//! Taking notifications to people on Discord, and the words of each.

use futures_util::future::BoxFuture;
use serenity::model::id::ChannelId;

use super::Desk;
use super::feedback::to_support;
use super::watches::records;
use crate::answer::{Answer, Block};
use crate::config::Brand;
use crate::rounds::Courier;
use crate::store::{Address, Delivery, News, Notification, Person};
use crate::surface::discord::send::{Call, Reply};
use crate::text::Text;
use crate::watch::Until;

/// Takes notifications to the channel where they were asked for; where that is gone, to the person directly, who hears
/// instead that nobody could be called where it was for staff.
pub(crate) struct Postman {
    pub(crate) desk: Desk,
}

impl Courier for Postman {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery> {
        Box::pin(async {
            let (to, reply) = (&notification.to, reply(&notification.news));
            let whom = self.whom(notification).await;
            let delivery =
                self.desk.sender.notify(ChannelId::new(to.channel.0.max(1)), notification, &reply, whom).await;
            match (delivery, to.person, &notification.news) {
                (Delivery::Gone(why), Some(person), News::Handover { .. }) => {
                    let word = in_vain(&self.desk.current.engine().config().brand);
                    match self.direct(person, notification, &word).await {
                        later @ Delivery::Delayed(_) => later,
                        // Nobody was called, whether the person could be told so or not.
                        _ => Delivery::Gone(why),
                    }
                }
                (Delivery::Gone(_), Some(person), _) => self.direct(person, notification, &reply).await,
                (delivery, ..) => delivery,
            }
        })
    }
}

impl Postman {
    async fn direct(&self, person: Person, notification: &Notification, reply: &Reply) -> Delivery {
        match self.desk.sender.direct(person).await {
            Ok(channel) => self.desk.sender.notify(channel, notification, reply, Call::Nobody).await,
            Err(delivery) => delivery,
        }
    }

    /// Who is called: the person whom it is for; staff for somebody who wants a person. In quiet hours it is not due.
    async fn whom(&self, notification: &Notification) -> Call {
        match (&notification.news, notification.to) {
            (News::Handover { .. }, Address { guild: None, .. }) => Call::Nobody,
            (News::Handover { .. }, Address { guild: Some(guild), .. }) => {
                let settings = self.desk.store.settings(guild).await.unwrap_or_default();
                self.desk.mention_role(&settings).map_or(Call::Nobody, Call::Role)
            }
            (_, Address { person: Some(person), .. }) => Call::Person(person),
            _ => Call::Nobody,
        }
    }
}

/// What somebody hears who wanted a person, where the call could not be written.
fn in_vain(brand: &Brand) -> Reply {
    to_support("I could not call a person", "I may no longer write where you wanted to talk to a person.", brand)
}

fn reply(news: &News) -> Reply {
    match news {
        News::Everywhere { domain, until, now } => Answer {
            title: Text::plain("Your change has arrived"),
            lead: Text::plain(format!("Everybody whom I ask says the same about {} of ", of(until)))
                .code(domain)
                .and(" now:"),
            blocks: vec![Block::Listing(now.lines().map(str::to_owned).collect())],
            ..Answer::default()
        },
        News::GaveUp { domain, until } => Answer::sentence(
            "Your change has not arrived",
            Text::plain(format!("I have waited for two weeks for a change of {} of ", of(until)))
                .code(domain)
                .and(", and see none. Look whether it was made where the domain's name servers are, and begin again with ")
                .code(format!("/watch {domain}"))
                .and("."),
        ),
        News::Handover { summary } => Answer {
            title: Text::plain("Somebody wants to talk to a person"),
            blocks: summary.lines().map(|line| Block::Paragraph(Text::plain(line))).collect(),
            ..Answer::default()
        },
    }
    .into()
}

fn of(until: &str) -> &'static str {
    records(Until::ALL.iter().find(|(word, _)| *word == until).map_or(Until::All, |(_, until)| *until))
}
