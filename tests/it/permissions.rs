//! What the bot may not do in a channel: staff hear of it on Discord, in words, with the exact permission.

use std::time::Duration;

use mailmedic::config::Config;
use mailmedic::surface::discord::replace_commands;
use serde_json::Value;

use crate::bot::{description, title};
use crate::discord::Settings;
use crate::discord::channels::permission;
use crate::discord::fixtures::{
    FORUM, GUILD, LOUNGE, NOTICES, OWNERS_DM, STAFF, STAFF_ROLE, SUPPORT, button, mention, said, slash,
};
use crate::discord::gateway::intents;
use crate::gateway;
use crate::nameserver::Zones;
use crate::talk::{Lab, NOTHING_ARRIVES, press};

async fn lab() -> Lab {
    Lab::start(Zones::default()).await
}

/// A bot that need not find entries, in a Discord that lets it read.
async fn simple(config: Config) -> gateway::Lab {
    let settings = Settings { granted_intents: intents::MESSAGE_CONTENT, ..Settings::default() };
    let lab = gateway::Lab::connected(settings, config).await;
    replace_commands(&lab.discord.http(), None).await.unwrap();
    lab
}

/// What `/settings` shows after a channel or forum was chosen, without the escapes of what is shown as text.
async fn chosen(lab: &gateway::Lab, part: &str, channel: &str) -> String {
    let choose = slash(part, &[("change", "add"), ("channel", channel)]).by(STAFF);
    description(&lab.discord.dispatch(choose).await.edited().await).replace('\\', "")
}

fn is_inert(body: &Value) -> bool {
    body["content"].is_null() && body["allowed_mentions"] == serde_json::json!({"parse": []})
}

#[tokio::test]
async fn what_the_bot_lacks_is_told_to_those_who_manage_the_guild_and_nobody_is_called() {
    for (denied, what) in [
        (permission::SEND_MESSAGES, "I cannot reply in this channel: I lack \"Send Messages\"."),
        (permission::VIEW_CHANNEL, "I cannot reply in this channel: I lack \"View Channel\"."),
    ] {
        let lab = simple(Config::default()).await;
        lab.discord.deny(LOUNGE, denied);
        lab.discord.say(mention("/help").in_channel(LOUNGE)).await;
        let told = lab.discord.wrote(NOTICES, 1).await.remove(0);
        assert_eq!(title(&told), "I lack a permission");
        let expected = format!("{what} Give my role that in the channel's settings (Permissions).");
        assert_eq!(description(&told).replace('\\', ""), expected);
        assert!(told.to_string().contains(&format!("https://discord.com/channels/{GUILD}/{LOUNGE}")), "{told}");
        assert!(is_inert(&told), "{told}");
        lab.finish().await;
    }
}

#[tokio::test]
async fn where_no_thread_can_be_opened_the_answer_is_a_reply_and_staff_hear_why_once_over_restarts() {
    let mut lab = lab().await;
    lab.discord.deny(SUPPORT, permission::CREATE_PUBLIC_THREADS);
    lab.discord.say(said(NOTHING_ARRIVES)).await.replied().await;
    let told = lab.discord.wrote(NOTICES, 1).await.remove(0);
    let sentence = "I cannot open a thread in this channel: I lack \"Create Public Threads\".";
    assert!(description(&told).replace('\\', "").starts_with(sentence), "{told}");
    lab.restart().await;
    lab.discord.say(said(NOTHING_ARRIVES).by(crate::discord::fixtures::NEIGHBOUR)).await.replied().await;
    let lines = || lab.discord.logs().iter().filter(|line| line.contains("it lacks")).count();
    while lines() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    lab.stays_quiet(&[]).await;
    assert_eq!(lab.discord.wrote(NOTICES, 1).await.len(), 1);
    lab.finish().await;
}

#[tokio::test]
async fn where_the_notices_cannot_be_written_the_owner_hears_it_alone() {
    let lab = simple(Config::default()).await;
    lab.discord.deny(LOUNGE, permission::SEND_MESSAGES);
    lab.discord.deny(NOTICES, permission::SEND_MESSAGES);
    lab.discord.say(mention("/help").in_channel(LOUNGE)).await;
    let told = lab.discord.wrote(OWNERS_DM, 1).await.remove(0);
    assert!(description(&told).replace('\\', "").contains("I lack \"Send Messages\""), "{told}");
    assert!(is_inert(&told), "{told}");
    lab.finish().await;
}

#[tokio::test]
async fn somebody_who_wants_a_person_where_the_bot_may_not_write_is_told_of_where_it_may() {
    let lab = lab().await;
    lab.discord.deny(LOUNGE, permission::SEND_MESSAGES);
    let asked = lab.discord.dispatch(slash("ask", &[("question", NOTHING_ARRIVES)]).in_channel(LOUNGE)).await;
    let person = press(&asked.edited().await, "Talk to a person");
    lab.discord.dispatch(button(&person).in_channel(LOUNGE)).await.edited().await;
    let told = lab.discord.wrote(NOTICES, 1).await.remove(0);
    assert_eq!(title(&told), "Somebody wants to talk to a person");
    assert_eq!(told["content"], format!("<@&{STAFF_ROLE}>"));
    assert!(told.to_string().contains(&format!("https://discord.com/channels/{GUILD}/{LOUNGE}")), "{told}");
    lab.finish().await;
}

#[tokio::test]
async fn a_mark_and_a_tag_that_may_not_be_are_told_and_the_person_is_thanked() {
    let lab = lab().await;
    lab.discord.deny(FORUM, permission::ADD_REACTIONS);
    let mut told = Vec::new();
    for _ in 0..2 {
        let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
        let answer = post.replied().await.body;
        let worked = lab.discord.dispatch(button(&press(&answer, "That worked")).in_channel(post.channel())).await;
        assert_eq!(title(&worked.edited().await), "Good to hear");
        told = lab.discord.wrote(NOTICES, 2).await;
    }
    lab.stays_quiet(&[]).await;
    let mut told: Vec<String> = told.iter().map(|body| description(body).replace('\\', "")).collect();
    told.sort();
    assert!(
        told[0].starts_with("I cannot mark a question as solved in this channel: I lack \"Add Reactions\"."),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("I cannot tag a post as solved in this channel: I lack \"Manage Threads\"."),
        "{told:?}"
    );
    assert_eq!(lab.discord.wrote(NOTICES, 2).await.len(), 2);
    lab.finish().await;
}

#[tokio::test]
async fn what_the_bot_lacks_in_a_channel_is_told_when_it_is_chosen() {
    let mut config = Config::default();
    config.discord.staff_roles = vec![STAFF_ROLE.parse().unwrap()];
    let lab = simple(config).await;
    lab.discord.deny(LOUNGE, permission::CREATE_PUBLIC_THREADS | permission::ADD_REACTIONS);
    let told = chosen(&lab, "settings channels", LOUNGE).await;
    let expected = format!("In `{LOUNGE}` I lack \"Add Reactions\" and \"Create Public Threads\". Give my role that");
    assert!(told.contains(&expected) && !told.contains("Message Content"), "{told}");
    lab.discord.deny(SUPPORT, permission::VIEW_CHANNEL);
    assert!(chosen(&lab, "settings channels", SUPPORT).await.contains("I lack \"View Channel\""));
    assert!(chosen(&lab, "settings forums", FORUM).await.contains("I lack \"Manage Threads\""));
    assert!(!chosen(&lab, "settings channels", NOTICES).await.contains("I lack"));
    lab.finish().await;
}
