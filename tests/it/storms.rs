//! Discord's REST interface in trouble: what passes is tried again, within bounds, and what does not is told.

use std::time::Duration;

use mailmedic::config::Config;

use crate::discord::channels::permission;
use crate::discord::faults::Fault;
use crate::discord::fixtures::{LOUNGE, SUPPORT, mention, slash};
use crate::discord::interactions::What;
use crate::discord::routes::Operation;
use crate::discord::{Settings, StandIn};
use crate::gateway::Lab;

async fn lab() -> Lab {
    Lab::connected(Settings::default(), Config::default()).await
}

/// How often something was asked of the stand-in, by a part of its journal's lines.
fn count(discord: &StandIn, part: &str) -> usize {
    discord.journal().iter().filter(|line| line.contains(part)).count()
}

#[tokio::test]
async fn a_storm_of_server_errors_delays_answers_and_loses_none() {
    let lab = lab().await;
    for (operation, status) in
        [(Operation::Acknowledge, 500), (Operation::EditOriginal, 503), (Operation::CreateMessage, 502)]
    {
        lab.discord.trouble(operation, Fault::Status(status), 3);
    }
    let asked = lab.discord.dispatch(slash("help", &[])).await;
    let said = lab.discord.say(mention("/help")).await;
    asked.edited().await;
    said.replied().await;
    assert_eq!(asked.order(), [What::Acknowledged, What::Edited]);
    lab.finish().await;
}

#[tokio::test]
async fn what_was_done_although_discord_said_otherwise_is_not_done_twice() {
    let lab = lab().await;
    lab.discord.trouble(Operation::Acknowledge, Fault::DoneBut(502), 1);
    lab.discord.trouble(Operation::CreateMessage, Fault::DoneBut(504), 2);
    let asked = lab.discord.dispatch(slash("help", &[])).await;
    let said = lab.discord.say(mention("/help")).await;
    asked.edited().await;
    said.replied().await;
    let discord = lab.stopped().await;
    assert_eq!(asked.order(), [What::Acknowledged, What::Edited]);
    assert_eq!(said.replies(1).await.len(), 1);
    assert_eq!(count(&discord, "messages -> 504"), 2);
    discord.finish().await;
}

#[tokio::test]
async fn a_rate_limit_on_one_answer_holds_up_no_other() {
    let lab = lab().await;
    let limit = Duration::from_secs(6);
    lab.discord.trouble(Operation::EditOriginal, Fault::RateLimited(limit), 1);
    let limited = lab.discord.dispatch(slash("help", &[])).await;
    lab.discord.happened("@original -> 429").await;
    let other = lab.discord.dispatch(slash("help", &[])).await;
    other.edited().await;
    // While the limit stands; one that waited for it would come at its end.
    assert!(other.happenings().iter().all(|one| one.after < limit / 2), "{:?}", other.happenings());
    assert_eq!(limited.order(), [What::Acknowledged]);
    limited.edited().await;
    lab.finish().await;
}

#[tokio::test]
async fn behind_a_proxy_a_rate_limit_is_waited_out_as_well() {
    let discord = StandIn::start().await;
    let (gateway, rest) = (discord.proxied_http(), discord.proxied_http());
    let lab = Lab::start_with(discord, gateway, rest, Config::default()).await;
    lab.discord.gateway().connected().await;
    lab.discord.trouble(Operation::EditOriginal, Fault::RateLimited(Duration::from_millis(300)), 2);
    lab.discord.dispatch(slash("help", &[])).await.edited().await;
    lab.finish().await;
}

#[tokio::test]
async fn an_acknowledgement_is_given_up_when_it_is_void() {
    let lab = lab().await;
    lab.discord.trouble(Operation::Acknowledge, Fault::Status(500), 1000);
    let asked = lab.discord.dispatch(slash("help", &[])).await;
    asked.excuse();
    lab.discord.logged("an interaction could not be acknowledged").await;
    let tries = count(&lab.discord, "callback -> 500");
    assert!((2..=6).contains(&tries), "{tries}");
    assert_eq!(asked.order(), []);
    lab.finish().await;
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_made_again() {
    let lab = lab().await;
    lab.discord.trouble(Operation::EditOriginal, Fault::Silence, 1);
    lab.discord.dispatch(slash("help", &[])).await.edited().await;
    lab.finish().await;
}

#[tokio::test]
async fn what_the_bot_may_not_do_in_a_channel_is_told_once_with_the_exact_permission() {
    for (denied, name) in [
        (permission::SEND_MESSAGES, "Send Messages"),
        (permission::EMBED_LINKS, "Embed Links"),
        (permission::READ_MESSAGE_HISTORY, "Read Message History"),
        (permission::VIEW_CHANNEL, "View Channel"),
    ] {
        let lab = lab().await;
        lab.discord.deny(SUPPORT, denied);
        lab.discord.say(mention("/help").in_channel(SUPPORT)).await;
        let sentence = format!("mailmedic cannot reply in <#{SUPPORT}>: it lacks \"{name}\".");
        lab.discord.logged(&sentence).await;
        lab.discord.say(mention("/help").in_channel(SUPPORT)).await;
        lab.discord.say(mention("/help").in_channel(LOUNGE)).await.replied().await;
        let discord = lab.stopped().await;
        let told = discord.logs().iter().filter(|line| line.contains("it lacks")).count();
        assert_eq!(told, 1, "{name}");
        discord.finish().await;
    }
}

#[tokio::test]
async fn in_a_forum_post_it_is_the_permission_for_threads() {
    let lab = lab().await;
    lab.discord.deny(crate::discord::fixtures::FORUM, permission::SEND_MESSAGES_IN_THREADS);
    let post = lab.discord.open_forum_post("No mail", mention("/help")).await;
    lab.discord.logged("it lacks \"Send Messages in Threads\".").await;
    post.stays_unanswered(Duration::from_millis(1)).await;
    lab.finish().await;
}
