//! Serenity and the stand-in together.

use std::time::Duration;

use serde_json::json;
use serenity::all::{ChannelId, CreateAllowedMentions, CreateMessage, MessageReference};

use super::super::faults::Fault;
use super::super::fixtures::{
    CUSTOMER, LOUNGE, NEIGHBOUR, SUPPORT, autocomplete, button, mention, message_command, said, slash,
};
use super::super::gateway::{Resumable, intents};
use super::super::interactions::What;
use super::super::routes::Operation;
use super::super::{Settings, StandIn};
use super::bot;
use super::gateway::Raw;

#[tokio::test]
async fn a_command_is_deferred_then_answered() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    let asked = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
    let acknowledged = asked.acknowledged().await;
    assert_eq!((acknowledged.kind, &acknowledged.body["data"]["flags"]), (5, &json!(64)));
    assert!(acknowledged.after < Duration::from_secs(1));
    assert_eq!(asked.edited().await["embeds"][0]["title"], "Looked at it");
    assert_eq!(asked.replied().await["embeds"][0]["title"], "Looked at it");
    assert_eq!(asked.order(), [What::Acknowledged, What::Edited]);
    assert_eq!(discord.gateway().intents(), bot::INTENTS.bits());
    let message = asked.message().unwrap();
    assert_eq!((&message["flags"], &message["attachments"][0]["filename"]), (&json!(64), &json!("report.txt")));
    discord.finish().await;
}

#[tokio::test]
async fn the_same_works_behind_a_rest_proxy() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.proxied_http()).await;
    let asked = discord.dispatch(slash("check", &[("domain", "example.com")]).in_dm()).await;
    asked.edited().await;
    discord.finish().await;
}

#[tokio::test]
async fn a_button_of_an_answer_changes_that_answer() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    let asked = discord.dispatch(message_command("Find the remedy", "no mail comes in").by(CUSTOMER)).await;
    assert_eq!(asked.replied().await["embeds"][0]["description"], "no mail comes in");
    let pressed = discord.dispatch(button(&asked.component("Refresh").unwrap()).by(NEIGHBOUR)).await;
    assert_eq!(pressed.acknowledged().await.kind, 7);
    assert_eq!(pressed.replied().await["content"], "Looked again");
    assert_eq!(asked.message().unwrap()["content"], "Looked again");
    discord.finish().await;
}

#[tokio::test]
async fn what_is_typed_gets_choices() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    let typing = discord.dispatch(autocomplete("check", &[("domain", "exam")])).await;
    assert_eq!(typing.replied().await["choices"][0]["value"], "example.com");
    discord.finish().await;
}

#[tokio::test]
async fn a_mention_is_answered_everywhere_and_nothing_else_is() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    let ignored = discord.say(said("good morning").in_channel(LOUNGE)).await;
    let asked = discord.say(mention("no mail comes in")).await;
    let replied = asked.replied().await;
    assert_eq!(replied.body["message_reference"]["message_id"], asked.id());
    let order: Vec<Operation> = asked.deeds().into_iter().map(|deed| deed.what).collect();
    assert_eq!(order, [Operation::ShowTyping, Operation::CreateMessage]);
    discord.say(said("and in private?").in_dm()).await.replied().await;
    let post = discord.open_forum_post("No mail", mention("no mail comes in")).await;
    post.replied().await;
    ignored.stays_unanswered(Duration::from_millis(1)).await;
    discord.finish().await;
}

#[tokio::test]
async fn a_message_that_was_taken_back_cannot_be_replied_to() {
    let discord = StandIn::start().await;
    let bot = Raw::identified(&discord, intents::GUILD_MESSAGES).await;
    let gone = discord.say(said("wrong channel")).await;
    gone.change("sorry, wrong channel");
    assert_eq!(gone.object()["content"], "sorry, wrong channel");
    gone.take_back();
    let message = CreateMessage::new().content("a").allowed_mentions(CreateAllowedMentions::new());
    let reference =
        MessageReference::from((ChannelId::new(SUPPORT.parse().unwrap()), gone.id().parse::<u64>().unwrap().into()));
    let refused = ChannelId::new(SUPPORT.parse().unwrap())
        .send_message(&discord.http(), message.reference_message(reference))
        .await;
    assert!(refused.is_err());
    drop(bot);
    assert_eq!(discord.finish_with_violations().await.len(), 1);
}

#[tokio::test]
async fn a_message_without_the_intent_to_read_it_comes_empty() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    let seen = discord.say(said("secret").in_channel(SUPPORT)).await;
    discord.dispatch(slash("check", &[("domain", "example.com")])).await.edited().await;
    assert!(!discord.logs().iter().any(|line| line.contains("secret")), "{:?}", discord.logs());
    assert_eq!(seen.object()["content"], "secret");
    discord.finish().await;
}

#[tokio::test]
async fn missed_events_come_after_a_resume() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    let break_off: [fn(&StandIn); 4] = [
        |discord| discord.gateway().drop_connection(),
        |discord| discord.gateway().close(4000),
        |discord| discord.gateway().ask_to_reconnect(),
        |discord| discord.gateway().invalidate(Resumable::Yes),
    ];
    for (times, break_off) in break_off.into_iter().enumerate() {
        break_off(&discord);
        let asked = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
        discord.gateway().resumed(times + 1).await;
        asked.edited().await;
    }
    assert_eq!(discord.gateway().identifies(), 1);
    discord.finish().await;
}

#[tokio::test]
async fn the_rate_limiter_waits_as_long_as_it_is_told() {
    let discord = StandIn::start().await;
    let bot = bot::start(&discord, discord.http()).await;
    let wait = Duration::from_millis(60);
    discord.trouble(Operation::Acknowledge, Fault::RateLimited(wait), 2);
    let asked = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
    assert!(asked.acknowledged().await.after >= 2 * wait);
    asked.edited().await;
    assert_eq!(*bot.waits.lock().unwrap(), [wait, wait]);
    discord.finish().await;
}

#[tokio::test]
async fn without_the_rate_limiter_a_429_is_an_error() {
    let discord = StandIn::start().await;
    let bot = bot::start(&discord, discord.proxied_http()).await;
    discord.trouble(Operation::Acknowledge, Fault::RateLimited(Duration::from_millis(60)), 1);
    let asked = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
    asked.excuse();
    discord.dispatch(slash("check", &[("domain", "example.com")])).await.edited().await;
    assert_eq!(bot.errors.lock().unwrap().len(), 1);
    discord.finish().await;
}

#[tokio::test]
async fn serenity_leaves_with_1000_and_the_session_is_over() {
    let discord = StandIn::start().await;
    let bot = bot::start(&discord, discord.http()).await;
    bot.shards.shutdown_all().await;
    assert_eq!(discord.gateway().left().await, Some(1000));
    discord.finish().await;
}

#[tokio::test]
#[ignore = "takes 7 s: serenity waits 5 s for its own runner before it connects anew"]
async fn a_silent_connection_loses_what_came_meanwhile() {
    let settings =
        Settings { heartbeat: Duration::from_millis(500), patience: Duration::from_secs(15), ..Settings::default() };
    let discord = StandIn::start_with(settings).await;
    bot::start(&discord, discord.http()).await;
    discord.gateway().fall_silent();
    let lost = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
    lost.excuse();
    discord.gateway().identified(2).await;
    discord.dispatch(slash("check", &[("domain", "example.com")])).await.edited().await;
    assert!(lost.happenings().is_empty(), "serenity resumes after a zombie now: tell the facts file");
    discord.finish().await;
}
