//! Taking notifications to people on Discord, and the words of each.

use futures_util::future::BoxFuture;
use serenity::model::id::ChannelId;

use super::watches::records;
use super::{Desk, now};
use crate::answer::{Answer, Block};
use crate::rounds::Courier;
use crate::store::{Address, Delivery, News, Notification, Role};
use crate::surface::discord::send::{Call, Reply, Sender};
use crate::text::Text;
use crate::watch::Until;

/// Takes notifications to the channel where they were asked for; where that is gone, to the person directly, but for
/// what is for staff.
pub(crate) struct Postman {
    pub(crate) desk: Desk,
    pub(crate) sender: Sender,
}

impl Courier for Postman {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery> {
        Box::pin(async {
            let (to, reply) = (&notification.to, reply(&notification.news));
            let whom = self.whom(notification).await;
            let delivery = self.sender.notify(ChannelId::new(to.channel.0.max(1)), notification, &reply, whom).await;
            let person = to.person.filter(|_| !matches!(notification.news, News::Handover { .. }));
            match (delivery, person) {
                (Delivery::Gone(_), Some(person)) => match self.sender.direct(person).await {
                    Ok(channel) => self.sender.notify(channel, notification, &reply, Call::Nobody).await,
                    Err(delivery) => delivery,
                },
                (delivery, _) => delivery,
            }
        })
    }
}

impl Postman {
    /// Who is called: the person whom it is for; staff for somebody who wants a person, unless it is quiet.
    async fn whom(&self, notification: &Notification) -> Call {
        match (&notification.news, notification.to) {
            (News::Handover { .. }, Address { guild: None, .. }) => Call::Nobody,
            (News::Handover { .. }, Address { guild: Some(guild), .. }) => {
                let settings = self.desk.store.settings(guild).await.unwrap_or_default();
                let configured = self.desk.current.engine().config().discord.mention_role.map(Role);
                let quiet = settings.quiet.is_some_and(|hours| hours.hold_at(now()));
                settings.mention_role.or(configured).filter(|_| !quiet).map_or(Call::Nobody, Call::Role)
            }
            (_, Address { person: Some(person), .. }) => Call::Person(person),
            _ => Call::Nobody,
        }
    }
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
