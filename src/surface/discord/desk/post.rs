//! Taking notifications to people on Discord, and the words of each.

use futures_util::future::BoxFuture;
use serenity::model::id::ChannelId;

use super::watches::records;
use super::{Desk, now};
use crate::answer::{Action, Answer, Block};
use crate::rounds::Courier;
use crate::store::{Address, Channel, Delivery, Guild, News, Notification, Role};
use crate::surface::discord::send::{Call, Reply};
use crate::text::Text;
use crate::watch::Until;

/// Takes notifications to the channel where they were asked for; where that is gone or closed to the bot, to the person
/// directly, and what is for staff to those who manage the guild.
pub(crate) struct Postman(pub(crate) Desk);

impl Courier for Postman {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery> {
        Box::pin(async {
            let (to, reply, sender) = (&notification.to, reply(&notification.news), &self.0.sender);
            let whom = self.whom(notification).await;
            let delivery = sender.notify(ChannelId::new(to.channel.0.max(1)), notification, &reply, whom).await;
            match (delivery, &notification.news, *to) {
                (Delivery::Gone(_), News::Handover { .. }, Address { guild: Some(guild), channel, .. }) => {
                    let mut reply = reply;
                    reply.answer.next.push(leading_to(guild, channel));
                    self.hand_up(notification, guild, &reply, whom).await
                }
                (Delivery::Gone(_), _, Address { person: Some(person), .. }) => match sender.direct(person).await {
                    Ok(channel) => sender.notify(channel, notification, &reply, Call::Nobody).await,
                    Err(delivery) => delivery,
                },
                (delivery, ..) => delivery,
            }
        })
    }
}

impl Postman {
    /// Takes to those who manage a guild what cannot be written where staff would read it.
    async fn hand_up(&self, notification: &Notification, guild: Guild, reply: &Reply, whom: Call) -> Delivery {
        match self.0.desk_of_staff(guild).await {
            Ok(Address { guild, channel, .. }) => {
                let whom = if guild.is_some() { whom } else { Call::Nobody };
                self.0.sender.notify(ChannelId::new(channel.0.max(1)), notification, reply, whom).await
            }
            Err(error) => Delivery::Gone(error),
        }
    }

    /// Who is called: the person whom it is for; staff for somebody who wants a person, unless it is quiet.
    async fn whom(&self, notification: &Notification) -> Call {
        match (&notification.news, notification.to) {
            (News::Handover { .. }, Address { guild: None, .. }) | (News::Lacking { .. }, _) => Call::Nobody,
            (News::Handover { .. }, Address { guild: Some(guild), .. }) => {
                let settings = self.0.store.settings(guild).await.unwrap_or_default();
                let configured = self.0.current.engine().config().discord.mention_role.map(Role);
                let quiet = settings.quiet.is_some_and(|hours| hours.hold_at(now()));
                settings.mention_role.or(configured).filter(|_| !quiet).map_or(Call::Nobody, Call::Role)
            }
            (_, Address { person: Some(person), .. }) => Call::Person(person),
            _ => Call::Nobody,
        }
    }
}

impl Desk {
    /// Tells those who manage a guild what the bot lacks in a channel, once over restarts and replicas: where they get
    /// Discord's own notices, or else its owner.
    pub(crate) async fn tell_staff(&self, guild: Guild, channel: ChannelId, what: String) {
        let news = News::Lacking { guild, channel: Channel(channel.get()), what };
        let posted = match self.desk_of_staff(guild).await {
            Ok(to) => self.store.post_once(&to, &news, now()).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        match posted {
            Ok(_first_or_again) => self.rounds.wake(),
            Err(error) => tracing::warn!(error, "staff could not be told on Discord what the bot lacks"),
        }
    }

    /// Where those who manage a guild are told something.
    async fn desk_of_staff(&self, guild: Guild) -> Result<Address, String> {
        let management = self.grounds.management(guild).await.map_err(|error| error.to_string())?;
        let person = Some(management.owner);
        if let Some(channel) = management.notices {
            return Ok(Address { guild: Some(guild), channel, person });
        }
        let direct = self.sender.direct(management.owner).await.map_err(|delivery| format!("{delivery:?}"))?;
        Ok(Address { guild: None, channel: Channel(direct.get()), person })
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
        News::Lacking { guild, channel, what } => {
            let next = vec![leading_to(*guild, *channel)];
            Answer { next, ..Answer::sentence("I lack a permission", Text::plain(what)) }
        }
        News::Handover { summary } => Answer {
            title: Text::plain("Somebody wants to talk to a person"),
            blocks: summary.lines().map(|line| Block::Paragraph(Text::plain(line))).collect(),
            ..Answer::default()
        },
    }
    .into()
}

fn leading_to(guild: Guild, channel: Channel) -> Action {
    Action::Open { label: "The channel".to_owned(), url: format!("https://discord.com/channels/{guild}/{channel}") }
}

fn of(until: &str) -> &'static str {
    records(Until::ALL.iter().find(|(word, _)| *word == until).map_or(Until::All, |(_, until)| *until))
}
