//! Talk in channels: which messages concern us, what is said of a talk on its buttons, and what staff read of it. Pure.

use serenity::all::{ActionRowComponent, ButtonKind};
use serenity::model::channel::{Message, MessageType};
use serenity::model::id::{ChannelId, MessageId, UserId};

use crate::config::{self, Matching};
use crate::domain::Domain;
use crate::engine::{Engine, Work, is_about_mail};
use crate::finding::{Finding, Severity};
use crate::probe::Report;
use crate::render::discord::{Extra, Press};
use crate::render::visible;
use crate::request::LONGEST_QUESTION;
use crate::store::{Channel, KeptTalk, Settings, Talk};

/// The longest name of a thread, in characters; Discord takes 100.
const LONGEST_NAME: usize = 80;
/// How far apart two messages of one conversation are, in seconds.
const CONVERSATION: u64 = 3 * 60;
/// What is shown of one finding's evidence to staff, in characters.
const EVIDENCE: usize = 200;

/// What a message is to us, as far as it tells by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing of ours: of a program, of Discord's own, or between people.
    Nothing,
    /// It is said to us.
    Said,
    /// It is said to everybody, and may be a question.
    Overheard,
}

/// What a message is to us.
pub(super) fn sight(message: &Message, me: UserId) -> Sight {
    let of_a_person = !message.author.bot && message.webhook_id.is_none();
    if !of_a_person || !matches!(message.kind, MessageType::Regular | MessageType::InlineReply) {
        return Sight::Nothing;
    }
    // A reply to the bot mentions it too, but is not yet a question.
    if message.guild_id.is_none() || names(&message.content, me) {
        return Sight::Said;
    }
    let to_somebody = message.kind == MessageType::InlineReply
        || message.message_reference.is_some()
        || !message.mentions.is_empty()
        || message.mention_everyone
        || message.content.contains("<@");
    if to_somebody || message.content.trim().is_empty() { Sight::Nothing } else { Sight::Overheard }
}

fn names(content: &str, me: UserId) -> bool {
    [format!("<@{me}>"), format!("<@!{me}>")].iter().any(|name| content.contains(name))
}

/// What holds in a guild: what its staff set, and the configuration where they set nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rules {
    channels: Vec<u64>,
    forums: Vec<u64>,
    /// When a match is good enough.
    pub(super) matching: Matching,
}

impl Rules {
    pub(super) fn of(config: &config::Config, settings: &Settings) -> Self {
        let all = |configured: &[u64], set: &[Channel]| {
            configured.iter().copied().chain(set.iter().map(|channel| channel.0)).collect()
        };
        let Matching { answer_at, margin, offer_at } = config.matching;
        Self {
            channels: all(&config.discord.channels, &settings.channels),
            forums: all(&config.discord.forums, &settings.forums),
            matching: Matching {
                answer_at: settings.answer_at.unwrap_or(answer_at),
                margin: settings.margin.unwrap_or(margin),
                offer_at: settings.offer_at.unwrap_or(offer_at),
            },
        }
    }

    /// Whether questions are answered nowhere without being asked to.
    pub(super) fn choose_nothing(&self) -> bool {
        self.channels.is_empty() && self.forums.is_empty()
    }

    /// Whether staff chose this text channel.
    pub(super) fn choose(&self, channel: ChannelId) -> bool {
        self.channels.contains(&channel.get())
    }

    /// Whether staff chose the channel or forum that a thread is in.
    pub(super) fn choose_thread(&self, thread: &Thread) -> bool {
        self.channels.contains(&thread.parent.get()) || self.forums.contains(&thread.parent.get())
    }
}

/// What a thread is, be it a forum's post or below a text channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) parent: ChannelId,
    pub(super) owner: Option<UserId>,
    pub(super) name: String,
    /// Whether nobody, or only staff, may write there any more.
    pub(super) closed: bool,
}

/// Whether a thread is still its author's alone: neither another person nor the bot has spoken there.
pub(super) fn is_alone(message: &Message, history: &[Message], me: UserId) -> bool {
    let bot = history.iter().any(|other| other.author.id == me && has_spoken(other));
    !bot && by_people(message, history).all(|other| other.author.id == message.author.id)
}

/// Whether its author has not spoken before a message.
pub(super) fn is_first(message: &Message, history: &[Message]) -> bool {
    by_people(message, history).all(|other| other.author.id != message.author.id || other.id > message.id)
}

/// What people said, but for one message.
fn by_people<'m>(message: &Message, history: &'m [Message]) -> impl Iterator<Item = &'m Message> {
    let id = message.id;
    let person = |other: &Message| !other.author.bot && other.webhook_id.is_none();
    history.iter().filter(move |other| other.id != id && person(other) && has_spoken(other))
}

/// Whether a message is somebody's words, and not Discord's own.
const fn has_spoken(message: &Message) -> bool {
    matches!(message.kind, MessageType::Regular | MessageType::InlineReply)
}

/// Whether a message in a channel reads as a part of a conversation: a little before, its author spoke after somebody else
/// did, or somebody else speaks to its author.
pub(super) fn is_between_people(message: &Message, history: &[Message]) -> bool {
    let author = message.author.id;
    let at = message.timestamp.unix_timestamp();
    let near = |other: &&Message| at.abs_diff(other.timestamp.unix_timestamp()) <= CONVERSATION;
    let near: Vec<&Message> = by_people(message, history).filter(near).collect();
    let others = || near.iter().filter(|other| other.author.id != author);
    let to_them = |other: &Message| {
        let replied = other.referenced_message.as_deref().is_some_and(|to| to.author.id == author);
        replied || other.mentions.iter().any(|person| person.id == author)
    };
    let back_and_forth =
        |first: MessageId| near.iter().any(|own| own.author.id == author && first < own.id && own.id < message.id);
    others().any(|other| to_them(other)) || others().map(|other| other.id).min().is_some_and(back_and_forth)
}

/// The domain that somebody spoke of before a message in a thread, the latest: in their messages there, in the one that
/// it was opened from, or in the title that they gave it.
pub(super) fn spoken_of(engine: &Engine, message: &Message, thread: &Thread, history: &[Message]) -> Option<Domain> {
    let author = message.author.id;
    let earlier = history.iter().filter(|other| other.id < message.id);
    let mut own: Vec<(MessageId, &str)> = earlier
        .filter_map(|other| {
            // Of the message that a thread was opened from, only a pointer stands in it.
            let opener = other.kind == MessageType::ThreadStarterMessage;
            let said = if opener { other.referenced_message.as_deref()? } else { other };
            (said.author.id == author).then_some((other.id, said.content.as_str()))
        })
        .collect();
    own.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    let title = (thread.owner == Some(author)).then_some(thread.name.as_str());
    own.into_iter().map(|(_, text)| text).chain(title).find_map(|text| engine.domain_of(text))
}

/// The question that a message asks. Of a forum's post there are two readings, without its title ("Help!") and with it.
pub(super) fn questions(message: &Message, thread: Option<&Thread>) -> Vec<String> {
    let begins = thread.filter(|_| message.id.get() == message.channel_id.get());
    let titled = begins.map(|thread| format!("{}\n{}", thread.name, message.content));
    let readings = std::iter::once(message.content.clone()).chain(titled);
    readings.map(|text| text.chars().take(LONGEST_QUESTION).collect()).collect()
}

/// Whether talk in a channel that got no answer wanted one: it is about mail, and asks.
pub(super) fn wants_an_answer(text: &str) -> bool {
    text.contains('?') && is_about_mail(text)
}

/// The name of the thread for an answer: what it is about, or how the question begins.
pub(super) fn thread_name(work: &Work, question: &str) -> String {
    let about = work.entry().map_or_else(|| question.to_owned(), |entry| entry.title.clone());
    let plain = visible(&about).replace(['@', '<', '>', '`'], " ");
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut name: String = words.chars().take(LONGEST_NAME).collect();
    if name.len() < words.len() {
        name.push('…');
    }
    if name.is_empty() { "Question".to_owned() } else { name }
}

/// What the person may do with an answer: say how it went, call a person, name the domain, show it to all.
pub(super) fn buttons(work: &Work, talk: Option<Talk>, alone: bool) -> Vec<Extra> {
    let mut extra = Vec::new();
    if let (Some(Talk(talk)), Some(entry)) = (talk, work.entry()) {
        let id = entry.id.to_string();
        if !entry.checks.is_empty() && !work.asks_the_network() {
            extra.push(labelled("Check my domain", Press::Domain(talk, id.clone())));
        }
        extra.push(labelled("That worked", Press::Worked(talk, id.clone())));
        extra.push(labelled("Did not help", Press::Failed(talk, id)));
    }
    extra.extend(talk.map(|talk| a_person(talk, alone)));
    if alone {
        extra.push(labelled("Share", Press::Share));
    }
    extra
}

/// The button that calls a person; where others do not see the answer, it says that they will.
pub(super) fn a_person(talk: Talk, alone: bool) -> Extra {
    labelled(if alone { "Talk to a person (public)" } else { "Talk to a person" }, Press::Person(talk.0))
}

fn labelled(label: &str, press: Press) -> Extra {
    Extra { label: label.to_owned(), press }
}

/// The talk that a message of ours belongs to, as its own buttons say.
pub(super) fn talk_of(message: &Message) -> Option<Talk> {
    let components = message.components.iter().flat_map(|row| &row.components);
    components
        .filter_map(|component| match component {
            ActionRowComponent::Button(button) => Some(&button.data),
            _ => None,
        })
        .find_map(|data| match data {
            ButtonKind::NonLink { custom_id, .. } => match Press::read(custom_id)? {
                Press::Person(talk) => Some(Talk(talk)),
                _ => None,
            },
            _ => None,
        })
}

/// What was found at a domain, for staff: a line each, the worst first; or that nothing was.
pub(super) fn found(engine: &Engine, report: &Report) -> String {
    let mut faults: Vec<&Finding> = report.findings().filter(|finding| finding.severity() >= Severity::Warn).collect();
    faults.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    let line = |finding: &&Finding| {
        let title = engine.knowledge().words(finding).title;
        let evidence: String = finding.evidence.join(" | ").chars().take(EVIDENCE).collect();
        if evidence.is_empty() { format!("• {title}") } else { format!("• {title}: {evidence}") }
    };
    if faults.is_empty() {
        let topics: Vec<&str> = report.topics().map(|(topic, _)| topic.as_str()).collect();
        return format!("• No fault seen in {}", topics.join(", "));
    }
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What staff should know of a talk, so that nobody asks again.
pub(super) fn summary(engine: &Engine, kept: &KeptTalk) -> String {
    let mut lines = vec![format!("Question: {}", kept.question.split_whitespace().collect::<Vec<_>>().join(" "))];
    let titles: Vec<String> = kept
        .tried
        .iter()
        .filter_map(|id| engine.knowledge().entry(id))
        .map(|entry| format!("“{}”", entry.title))
        .collect();
    lines.push(if titles.is_empty() {
        "Tried: nothing yet".to_owned()
    } else {
        format!("Tried: {}", titles.join(", then "))
    });
    if let Some(domain) = &kept.domain {
        lines.push(format!("Looked at: {domain}"));
        lines.extend(kept.found.lines().map(str::to_owned));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ME: UserId = UserId::new(9);

    /// Message `id` of a person, with some of it changed.
    fn message(id: u64, author: u64, changes: &Value) -> Message {
        serde_json::from_value(object(id, author, changes)).unwrap()
    }

    fn object(id: u64, author: u64, changes: &Value) -> Value {
        let mut message = json!({
            "id": id.to_string(), "channel_id": "5", "guild_id": "3", "type": 0, "content": "no mail comes in",
            "author": {"id": author.to_string(), "username": "ada", "discriminator": "0"}, "mentions": [],
            "mention_roles": [], "mention_everyone": false, "attachments": [], "embeds": [], "components": [],
            "timestamp": "2026-11-23T12:00:00+00:00", "edited_timestamp": null, "pinned": false, "tts": false
        });
        for (key, value) in changes.as_object().unwrap() {
            message[key] = value.clone();
        }
        message
    }

    fn engine() -> Engine {
        struct Nobody;

        impl crate::probe::Network for Nobody {
            fn name(&self) -> String {
                "nobody".to_owned()
            }

            fn query<'a>(
                &'a self,
                query: &'a crate::facts::Query,
            ) -> futures_util::future::BoxFuture<'a, crate::facts::Response> {
                panic!("{query} was asked")
            }
        }

        let config = config::Config::default();
        let knowledge = crate::knowledge::Knowledge::load(&crate::knowledge::Source::Shipped, &config.brand).unwrap();
        Engine::new(config, knowledge, std::sync::Arc::new(Nobody))
    }

    #[test]
    fn what_is_said_to_nobody_may_be_a_question() {
        let ben = json!([{"id": "8", "username": "ben", "discriminator": "0"}]);
        for (changes, expected) in [
            (json!({}), Sight::Overheard),
            (json!({"content": " "}), Sight::Nothing),
            (json!({"content": "<@9> no mail comes in"}), Sight::Said),
            (json!({"content": "<@!9>"}), Sight::Said),
            (json!({"guild_id": null}), Sight::Said),
            (json!({"content": "<@8> no mail comes in", "mentions": ben}), Sight::Nothing),
            (json!({"content": "<@&8> no mail comes in"}), Sight::Nothing),
            (json!({"content": "@everyone no mail comes in", "mention_everyone": true}), Sight::Nothing),
            (json!({"type": 19, "mentions": ben}), Sight::Nothing),
            (json!({"type": 19, "content": "<@9> and this?"}), Sight::Said),
            (json!({"type": 7}), Sight::Nothing),
            (json!({"webhook_id": "6"}), Sight::Nothing),
        ] {
            assert_eq!(sight(&message(1, 7, &changes), ME), expected, "{changes}");
        }
        let program = json!({"id": "7", "username": "bot", "discriminator": "0", "bot": true});
        assert_eq!(sight(&message(1, 7, &json!({"author": program, "content": "<@9>"})), ME), Sight::Nothing);
    }

    #[test]
    fn a_thread_begins_where_nobody_has_spoken_before() {
        let said = |id, author| message(id, author, &json!({}));
        let by = |program: u64, id| {
            let author = json!({"id": program.to_string(), "username": "bot", "discriminator": "0", "bot": true});
            message(id, program, &json!({"author": author}))
        };
        for (history, expected) in [
            (vec![], (true, true)),
            (vec![said(20, 7)], (true, true)),
            (vec![said(20, 7), said(21, 7)], (true, true)),
            (vec![said(19, 7), said(20, 7)], (true, false)),
            (vec![said(20, 7), said(21, 8)], (false, true)),
            (vec![said(19, 8), said(20, 7)], (false, true)),
            (vec![by(6, 19), said(20, 7)], (true, true)),
            (vec![said(18, 7), by(9, 19), said(20, 7)], (false, false)),
            (vec![message(19, 8, &json!({"type": 21})), said(20, 7)], (true, true)),
        ] {
            let ids: Vec<_> = history.iter().map(|other| (other.id, other.author.id)).collect();
            let found = (is_alone(&said(20, 7), &history, ME), is_first(&said(20, 7), &history));
            assert_eq!(found, expected, "{ids:?}");
        }
    }

    #[test]
    fn who_speaks_with_somebody_is_in_a_conversation() {
        let at = |minute: u64, id, author, changes: &Value| {
            let mut changes = changes.clone();
            changes["timestamp"] = json!(format!("2026-11-23T12:{minute:02}:00+00:00"));
            message(id, author, &changes)
        };
        let said = |minute, id, author| at(minute, id, author, &json!({}));
        let ada = json!([{"id": "7", "username": "ada", "discriminator": "0"}]);
        let reply = json!({"type": 19, "referenced_message": object(18, 7, &json!({}))});
        let program = json!({"author": {"id": "6", "username": "bot", "discriminator": "0", "bot": true}});
        for (history, expected) in [
            (vec![], false),
            (vec![said(29, 18, 7), said(30, 19, 7)], false),
            // Somebody else spoke, to whomever.
            (vec![said(29, 19, 8)], false),
            (vec![said(28, 18, 7), said(29, 19, 8)], false),
            // And the author answered.
            (vec![said(28, 18, 8), said(29, 19, 7)], true),
            (vec![said(20, 18, 8), said(29, 19, 7)], false),
            (vec![said(28, 18, 8), said(20, 17, 7)], false),
            // To the author, before or just now.
            (vec![at(29, 19, 8, &json!({"mentions": ada}))], true),
            (vec![at(31, 21, 8, &reply)], true),
            (vec![at(20, 19, 8, &json!({"mentions": ada}))], false),
            // Neither a program nor Discord itself is somebody.
            (vec![at(28, 18, 6, &program), said(29, 19, 7)], false),
            (vec![at(28, 18, 8, &json!({"type": 7})), said(29, 19, 7)], false),
        ] {
            let told: Vec<_> = history.iter().map(|other| (other.id, other.author.id, other.timestamp)).collect();
            assert_eq!(is_between_people(&said(30, 20, 7), &history), expected, "{told:?}");
        }
    }

    #[test]
    fn the_domain_spoken_of_is_the_latest_before_the_title_that_its_author_gave() {
        let engine = engine();
        let thread = |owner: u64, name: &str| {
            let (parent, owner, name) = (ChannelId::new(4), Some(UserId::new(owner)), name.to_owned());
            Thread { parent, owner, name, closed: false }
        };
        let said = |id, author, text: &str| message(id, author, &json!({"content": text}));
        let opener = |author, text: &str| {
            let of = object(9, author, &json!({"content": text}));
            message(9, 9, &json!({"type": 21, "content": "", "referenced_message": of}))
        };
        for (name, owner, history, expected) in [
            ("mail of shop.example", 7, vec![], Some("shop.example")),
            ("mail of shop.example", 9, vec![], None),
            ("mail", 7, vec![opener(7, "we are shop.example")], Some("shop.example")),
            ("mail", 7, vec![opener(8, "we are shop.example")], None),
            (
                "shop.example",
                7,
                vec![said(19, 7, "it is club.example"), said(18, 7, "a.example")],
                Some("club.example"),
            ),
            ("mail", 7, vec![said(19, 8, "it is club.example"), said(21, 7, "a.example")], None),
        ] {
            let found = spoken_of(&engine, &said(20, 7, "no mail"), &thread(owner, name), &history);
            assert_eq!(found.map(|domain| domain.to_string()).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_posts_title_is_the_second_reading_and_only_of_its_first_message() {
        let (parent, name) = (ChannelId::new(4), "Help!".to_owned());
        let thread = Thread { parent, owner: None, name, closed: false };
        let first = message(5, 7, &json!({}));
        assert_eq!(questions(&first, Some(&thread)), ["no mail comes in", "Help!\nno mail comes in"]);
        assert_eq!(questions(&message(6, 7, &json!({})), Some(&thread)), ["no mail comes in"]);
        assert_eq!(questions(&first, None), ["no mail comes in"]);
        let long = message(6, 7, &json!({"content": "x".repeat(2 * LONGEST_QUESTION)}));
        assert_eq!(questions(&long, None)[0].len(), LONGEST_QUESTION);
    }
}
