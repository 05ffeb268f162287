//! The operations: what they answer, and what they refuse.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::faults::Fault;
use super::super::fixtures::{APPLICATION, CUSTOMER, GUILD, SUPPORT, TOKEN, button, said, slash};
use super::super::interactions;
use super::super::routes::Operation;
use super::super::{Settings, StandIn};
use super::ask;
use super::gateway::Raw;

fn text(content: &str) -> Value {
    json!({"content": content, "allowed_mentions": {"parse": []}})
}

fn deferred() -> Value {
    json!({"type": 5})
}

/// A stand-in with a connected bot that does nothing of itself, and an interaction that waits.
async fn waiting(settings: Settings) -> (StandIn, Raw, super::super::asked::Asked) {
    let discord = StandIn::start_with(settings).await;
    let bot = Raw::identified(&discord, 1).await;
    let asked = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
    (discord, bot, asked)
}

fn callback(asked: &super::super::asked::Asked) -> String {
    format!("/interactions/{}/{}/callback", asked.id(), asked.token())
}

fn webhook(asked: &super::super::asked::Asked, rest: &str) -> String {
    format!("/webhooks/{APPLICATION}/{}{rest}", asked.token())
}

#[tokio::test]
async fn every_operation_answers_in_discords_shape() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    let (_, dm) = ask(&discord, "POST", "/users/@me/channels", Some(json!({"recipient_id": CUSTOMER.id}))).await;
    assert_eq!(dm["type"], 1);
    let commands = json!([{"name": "check", "description": "Looks", "type": 1}]);
    let greeted = discord.say(said("hello")).await;
    let (in_channel, hello) =
        (format!("/channels/{SUPPORT}"), format!("/channels/{SUPPORT}/messages/{}", greeted.id()));
    let reads = ["/gateway", "/gateway/bot", "/users/@me", "/applications/@me", "/oauth2/applications/@me"];
    for path in reads.into_iter().chain(["/users/@me/guilds", &in_channel, &hello]) {
        assert_eq!(ask(&discord, "GET", path, None).await.0, 200, "{path}");
    }
    for path in [format!("/guilds/{GUILD}"), format!("/guilds/{GUILD}/channels"), format!("/guilds/{GUILD}/roles")] {
        assert_eq!(ask(&discord, "GET", &path, None).await.0, 200, "{path}");
    }
    let member = format!("/guilds/{GUILD}/members/{}", CUSTOMER.id);
    assert_eq!(ask(&discord, "GET", &member, None).await.0, 200);
    for path in [
        format!("/applications/{APPLICATION}/commands"),
        format!("/applications/{APPLICATION}/guilds/{GUILD}/commands"),
    ] {
        assert_eq!(ask(&discord, "PUT", &path, Some(commands.clone())).await.0, 200, "{path}");
        assert_eq!(ask(&discord, "GET", &path, None).await.1[0]["name"], "check", "{path}");
    }
    assert_eq!(ask(&discord, "POST", &callback(&asked), Some(deferred())).await.0, 204);
    assert_eq!(ask(&discord, "GET", &webhook(&asked, "/messages/@original"), None).await.1["flags"], 128);
    let (_, edited) = ask(&discord, "PATCH", &webhook(&asked, "/messages/@original"), Some(text("there"))).await;
    assert_eq!((&edited["content"], &edited["flags"]), (&json!("there"), &json!(0)));
    let (_, further) = ask(&discord, "POST", &webhook(&asked, ""), Some(text("and more"))).await;
    let further = webhook(&asked, &format!("/messages/{}", further["id"].as_str().unwrap()));
    assert_eq!(ask(&discord, "PATCH", &further, Some(text("else"))).await.0, 200);
    assert_eq!(ask(&discord, "DELETE", &further, None).await.0, 204);
    assert_eq!(asked.follow_ups(1).await[0]["content"], "and more");
    assert_eq!(asked.edits(1).await[0]["content"], "there");
    assert_eq!(ask(&discord, "DELETE", &webhook(&asked, "/messages/@original"), None).await.0, 204);

    let messages = format!("{in_channel}/messages");
    ask(&discord, "POST", &messages, Some(text("hi"))).await;
    let wrote = greeted.replied().await;
    assert!(wrote.body["content"] == "hi" && greeted.channel() == SUPPORT && wrote.after < Duration::from_secs(5));
    let own = format!("{messages}/{}", wrote.id);
    assert_eq!(ask(&discord, "PATCH", &own, Some(text("hi there"))).await.1["content"], "hi there");
    assert_eq!(greeted.edits(&wrote, 1).await[0]["content"], "hi there");
    assert_eq!(ask(&discord, "GET", &messages, None).await.1[0]["content"], "hi there");
    assert_eq!(ask(&discord, "PUT", &format!("{hello}/reactions/%E2%9C%85/@me"), None).await.0, 204);
    assert_eq!(greeted.reacted().await, "%E2%9C%85");
    let (status, thread) = ask(&discord, "POST", &format!("{hello}/threads"), Some(json!({"name": "hello"}))).await;
    assert_eq!(status, 201);
    let thread = format!("/channels/{}", thread["id"].as_str().unwrap());
    assert_eq!(ask(&discord, "POST", &format!("{thread}/messages"), Some(text("in here"))).await.0, 200);
    let (_, closed) = ask(&discord, "PATCH", &thread, Some(json!({"archived": true}))).await;
    assert_eq!(closed["thread_metadata"]["archived"], true);
    assert_eq!(ask(&discord, "DELETE", &own, None).await.0, 204);
    discord.finish().await;
}

#[tokio::test]
async fn a_callback_can_be_answered_with_the_message() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    let answer = json!({"type": 4, "data": text("at once")});
    let (status, told) = ask(&discord, "POST", &format!("{}?with_response=true", callback(&asked)), Some(answer)).await;
    assert_eq!((status, &told["resource"]["message"]["content"]), (200, &json!("at once")));
    discord.finish().await;
}

#[tokio::test]
async fn an_unknown_operation_is_a_violation() {
    let discord = StandIn::start().await;
    assert_eq!(ask(&discord, "GET", "/stickers/1", None).await.0, 404);
    assert_eq!(ask(&discord, "DELETE", "/gateway", None).await.0, 404);
    assert!(discord.journal().iter().any(|line| line.ends_with("DELETE /api/v10/gateway -> 404")));
    assert_eq!(discord.finish_with_violations().await.len(), 2);
}

#[tokio::test]
#[should_panic(expected = "the stand-in knows no such operation")]
async fn a_violation_fails_the_test_that_finishes() {
    let discord = StandIn::start().await;
    ask(&discord, "GET", "/stickers/1", None).await;
    discord.finish().await;
}

#[tokio::test]
#[should_panic(expected = "the stand-in knows no such operation")]
async fn a_violation_fails_the_test_that_forgets_to_finish() {
    let discord = StandIn::start().await;
    ask(&discord, "GET", "/stickers/1", None).await;
}

#[tokio::test]
async fn a_late_acknowledgement_is_refused() {
    let short = Settings { acknowledge_within: Duration::ZERO, patience: Duration::ZERO, ..Settings::default() };
    let discord = StandIn::start_with(short).await;
    let asked = discord.endpoint("http://unused.invalid").open(&slash("check", &[]));
    let (status, error) = ask(&discord, "POST", &callback(&asked), Some(deferred())).await;
    assert_eq!((status, &error["code"]), (404, &json!(10062)));
    let violations = discord.finish_with_violations().await;
    assert!(violations[0].contains("too late"), "{violations:?}");
}

#[tokio::test]
async fn a_second_acknowledgement_is_refused() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    ask(&discord, "POST", &callback(&asked), Some(json!({"type": 4, "data": text("a")}))).await;
    let (status, error) = ask(&discord, "POST", &callback(&asked), Some(deferred())).await;
    assert_eq!((status, &error["code"]), (400, &json!(40060)));
    assert_eq!(discord.finish_with_violations().await.len(), 1);
}

#[tokio::test]
async fn nothing_is_edited_before_it_is_acknowledged() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    let path = webhook(&asked, "/messages/@original");
    assert_eq!(ask(&discord, "PATCH", &path, Some(text("a"))).await.0, 404);
    asked.excuse();
    let violations = discord.finish_with_violations().await;
    assert!(violations.len() == 1 && violations[0].contains("not acknowledged yet"), "{violations:?}");
}

#[tokio::test]
async fn a_token_is_good_for_its_interaction_only_and_not_for_ever() {
    let settings = Settings { token_lives: Duration::ZERO, ..Settings::default() };
    let (discord, _bot, asked) = waiting(settings).await;
    ask(&discord, "POST", &callback(&asked), Some(json!({"type": 4, "data": text("a")}))).await;
    let expired = ask(&discord, "PATCH", &webhook(&asked, "/messages/@original"), Some(text("a"))).await;
    assert_eq!((expired.0, &expired.1["code"]), (401, &json!(50027)));
    let other = format!("/interactions/{}/{}/callback", asked.id(), "another-token");
    assert_eq!(ask(&discord, "POST", &other, Some(deferred())).await.1["code"], 10062);
    let other = format!("/webhooks/{APPLICATION}/another-token/messages/@original");
    assert_eq!(ask(&discord, "PATCH", &other, Some(text("a"))).await.1["code"], 10015);
    assert_eq!(discord.finish_with_violations().await.len(), 3);
}

#[tokio::test]
async fn each_kind_of_interaction_takes_its_kinds_of_answer() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    let change = json!({"type": 7, "data": text("a")});
    assert_eq!(ask(&discord, "POST", &callback(&asked), Some(change.clone())).await.0, 400);
    let pressed = discord.dispatch(button("refresh")).await;
    assert_eq!(ask(&discord, "POST", &callback(&pressed), Some(json!({"type": 6}))).await.0, 204);
    assert_eq!(ask(&discord, "PATCH", &webhook(&pressed, "/messages/@original"), Some(text("b"))).await.0, 200);
    asked.excuse();
    assert_eq!(discord.finish_with_violations().await.len(), 1);
}

#[tokio::test]
async fn what_stays_open_is_told_at_the_end() {
    let settings = Settings { patience: Duration::from_millis(20), ..Settings::default() };
    let discord = StandIn::start_with(settings).await;
    let endpoint = discord.endpoint("http://unused.invalid");
    let (_never, thinking) = (endpoint.open(&slash("check", &[])), endpoint.open(&slash("ask", &[])));
    ask(&discord, "POST", &callback(&thinking), Some(deferred())).await;
    let mut told = discord.finish_with_violations().await;
    told.sort();
    assert!(told[0].contains("/ask") && told[0].ends_with("was deferred and never answered"), "{told:?}");
    assert!(told[1].contains("/check") && told[1].ends_with("was never acknowledged"), "{told:?}");
}

#[tokio::test]
async fn whoever_has_no_token_is_refused() {
    let discord = StandIn::start().await;
    let url = |path: &str| format!("https://discord.com/api/v10{path}");
    let agent = "DiscordBot (https://mail.example, 1)";
    let bare = discord.client().get(url("/users/@me")).header("user-agent", agent).send().await.unwrap();
    let wrong = discord.client().get(url("/gateway")).header("user-agent", agent).header("authorization", "Bot no");
    let nobody = discord.client().get(url("/gateway")).header("authorization", format!("Bot {TOKEN}"));
    let statuses = [bare.status(), wrong.send().await.unwrap().status(), nobody.send().await.unwrap().status()];
    assert_eq!(statuses.map(|status| status.as_u16()), [401, 401, 403]);
    assert_eq!(discord.finish_with_violations().await.len(), 3);
}

#[tokio::test]
async fn a_bad_body_is_refused_with_its_reasons() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    let loud = json!({"type": 4, "data": {"content": "@everyone", "allowed_mentions": {"parse": ["everyone"]}}});
    let (status, error) = ask(&discord, "POST", &callback(&asked), Some(loud)).await;
    assert_eq!((status, &error["code"]), (400, &json!(50035)));
    asked.excuse();
    let violations = discord.finish_with_violations().await;
    assert!(violations.len() == 1 && violations[0].contains("allowed_mentions"), "{violations:?}");
}

#[tokio::test]
async fn trouble_comes_as_ordered() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    discord.trouble(Operation::GetMe, Fault::Status(503), 1);
    discord.trouble(Operation::GetMe, Fault::RateLimited(Duration::from_secs(1)), 1);
    assert_eq!(ask(&discord, "GET", "/users/@me", None).await.0, 503);
    let (status, limited) = ask(&discord, "GET", "/users/@me", None).await;
    assert_eq!((status, &limited["retry_after"]), (429, &json!(1.0)));
    assert_eq!(ask(&discord, "GET", "/users/@me", None).await.0, 200);
    assert!(discord.violations()[0].what.contains("before retry-after was over"));

    discord.trouble(Operation::GetGateway, Fault::Silence, 1);
    discord.trouble(Operation::GetGatewayBot, Fault::Slow(Duration::from_millis(30)), 1);
    let silence = tokio::time::timeout(Duration::from_millis(30), ask(&discord, "GET", "/gateway", None)).await;
    assert!(silence.is_err());
    let begun = std::time::Instant::now();
    assert_eq!(ask(&discord, "GET", "/gateway/bot", None).await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(30));

    // The reply was lost, so a second try is no fault of the bot.
    discord.trouble(Operation::Acknowledge, Fault::DoneBut(502), 1);
    let answer = json!({"type": 4, "data": text("a")});
    assert_eq!(ask(&discord, "POST", &callback(&asked), Some(answer.clone())).await.0, 502);
    assert_eq!(ask(&discord, "POST", &callback(&asked), Some(answer)).await.1["code"], 40060);
    assert_eq!(discord.finish_with_violations().await.len(), 1);
}

#[tokio::test]
async fn an_uploaded_file_is_on_discords_file_servers() {
    let discord = StandIn::start().await;
    let attachment = discord.upload("bounce.eml", "message/rfc822", b"Subject: failure\r\n");
    for url in ["url", "proxy_url"] {
        let response = discord.client().get(attachment[url].as_str().unwrap()).send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "Subject: failure\r\n");
    }
    let lost = discord.client().get("https://cdn.discordapp.com/attachments/1/2/x").send().await.unwrap();
    assert_eq!(lost.status().as_u16(), 404);
    discord.finish().await;
}

#[tokio::test]
async fn files_of_an_edit_are_attachments_of_the_message() {
    let (discord, _bot, asked) = waiting(Settings::default()).await;
    ask(&discord, "POST", &callback(&asked), Some(deferred())).await;
    let http = discord.http();
    let report = serenity::all::CreateAttachment::bytes(&b"a\r\n--\r\nb"[..], "report.txt");
    let edit = json!({"allowed_mentions": {"parse": []}, "attachments": [{"id": 0, "filename": "report.txt"}]});
    let message = http.edit_original_interaction_response(&asked.token(), &edit, vec![report]).await.unwrap();
    assert_eq!((message.attachments[0].size, message.attachments[0].filename.as_str()), (8, "report.txt"));
    let read = discord.client().get(&message.attachments[0].url).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(read, "a\r\n--\r\nb");
    assert_eq!(asked.order(), [interactions::What::Acknowledged, interactions::What::Edited]);
    discord.finish().await;
}
