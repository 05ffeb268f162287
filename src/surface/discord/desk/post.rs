//! Taking notifications to people on Discord, and the words of each.

use futures_util::future::BoxFuture;
use serenity::model::id::ChannelId;

use super::feedback::to_support;
use super::watches::{records, the_same};
use super::{Desk, now};
use crate::answer::{Action, Answer, Block};
use crate::config::Brand;
use crate::rounds::Courier;
use crate::store::{Address, Channel, Delivery, Guild, News, Notification, Person};
use crate::surface::discord::send::{Call, Reply};
use crate::text::Text;
use crate::watch::Until;

/// Takes notifications to the channel where they were asked for; where that is gone or closed to the bot, to the person
/// directly. What is for staff goes to those who manage the guild then; where they cannot be reached either, the person hears
/// that nobody could be called.
pub(crate) struct Postman(pub(crate) Desk);

impl Courier for Postman {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery> {
        Box::pin(async {
            let (to, reply, sender) = (&notification.to, reply(&notification.news), &self.0.sender);
            let whom = self.whom(notification).await;
            let delivery = sender.notify(ChannelId::new(to.channel.0.max(1)), notification, &reply, whom).await;
            match (delivery, &notification.news, *to) {
                (Delivery::Gone(_), News::Handover { .. }, Address { guild: Some(guild), channel, person }) => {
                    let mut reply = reply;
                    reply.answer.next.push(leading_to(guild, channel));
                    match self.hand_up(notification, guild, &reply, whom).await {
                        Delivery::Gone(why) => self.say_so(person, notification, why).await,
                        delivery => delivery,
                    }
                }
                (Delivery::Gone(_), _, Address { person: Some(person), .. }) => {
                    self.direct(person, notification, &reply).await
                }
                (delivery, ..) => delivery,
            }
        })
    }
}

impl Postman {
    async fn direct(&self, person: Person, notification: &Notification, reply: &Reply) -> Delivery {
        match self.0.sender.direct(person).await {
            Ok(channel) => self.0.sender.notify(channel, notification, reply, Call::Nobody).await,
            Err(delivery) => delivery,
        }
    }

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

    /// Tells whoever wanted a person that nobody was called, if they can be told; called or not, nobody was.
    async fn say_so(&self, person: Option<Person>, notification: &Notification, why: String) -> Delivery {
        let Some(person) = person else { return Delivery::Gone(why) };
        let word = in_vain(&self.0.current.engine().config().brand);
        match self.direct(person, notification, &word).await {
            later @ Delivery::Delayed(_) => later,
            _ => Delivery::Gone(why),
        }
    }

    /// Who is called: the person whom it is for; staff for somebody who wants a person. In quiet hours it is not due.
    async fn whom(&self, notification: &Notification) -> Call {
        match (&notification.news, notification.to) {
            (News::Handover { .. }, Address { guild: None, .. }) | (News::Lacking { .. }, _) => Call::Nobody,
            (News::Handover { .. }, Address { guild: Some(guild), .. }) => {
                let settings = self.0.store.settings(guild).await.unwrap_or_default();
                self.0.mention_role(&settings).map_or(Call::Nobody, Call::Role)
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

fn leading_to(guild: Guild, channel: Channel) -> Action {
    Action::Open { label: "The channel".to_owned(), url: format!("https://discord.com/channels/{guild}/{channel}") }
}
