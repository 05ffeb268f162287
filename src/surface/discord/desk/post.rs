//! Taking notifications to people on Discord, and the words of each.

use futures_util::future::BoxFuture;
use serenity::model::id::ChannelId;

use super::Desk;
use super::feedback::to_support;
use super::watches::{records, the_same};
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
