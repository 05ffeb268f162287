//! Taking notifications to people on Discord, and the words of each.

use futures_util::future::BoxFuture;
use serenity::model::id::ChannelId;

use super::watches::{records, the_same};
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
        News::Everywhere { domain, until, now, who } => {
            the_same("Your change has arrived", domain, meant(until), now, who)
        }
        News::Already { domain, until, now, who } => {
            let mut answer = the_same("Everybody says the same", domain, meant(until), now, who);
            let follows = Text::plain("If that is your change, it has arrived: ")
                .code("/watches")
                .and(" ends this. If your change is still to come, I wait for it and tell you here, once.");
            answer.blocks.push(Block::Paragraph(follows));
            answer
        }
        News::GaveUp { domain, until, now } => gave_up(domain, meant(until), now.as_deref()),
        News::Broken { domain, until, number } => Answer::sentence(
            "I stopped watching",
            Text::plain(format!("Looking at {} of ", records(meant(until)))).code(domain).and(format!(
                " broke again and again on my side, so I do not look any more. If you report it, give this number: {number}."
            )),
        ),
        News::Handover { summary } => Answer {
            title: Text::plain("Somebody wants to talk to a person"),
            blocks: summary.lines().map(|line| Block::Paragraph(Text::plain(line))).collect(),
            ..Answer::default()
        },
    }
    .into()
}

fn gave_up(domain: &str, until: Until, now: Option<&str>) -> Answer {
    let waited = |why: &str| {
        Text::plain(format!("I have waited for two weeks for a change of {} of ", records(until))).code(domain).and(why)
    };
    let Some(now) = now else {
        let why =
            ", and it is not everywhere: not everybody says the same, or would say anything. See who does not with ";
        let lead = waited(why).code(format!("/check {domain}")).and(".");
        return Answer::sentence("Your change has not arrived", lead);
    };
    let if_not = Text::plain("If that is what you want, all is well. If not, look whether your change was made where the domain's name servers are, and begin again with ")
        .code(format!("/watch {domain}"))
        .and(".");
    Answer {
        title: Text::plain("Nothing has changed"),
        lead: waited(", and saw none. All answers are still:"),
        blocks: vec![Block::Listing(now.lines().map(str::to_owned).collect()), Block::Paragraph(if_not)],
        ..Answer::default()
    }
}

fn meant(until: &str) -> Until {
    Until::ALL.iter().find(|(word, _)| *word == until).map_or(Until::All, |(_, until)| *until)
}
