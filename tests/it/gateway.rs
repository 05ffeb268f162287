//! The bot on a gateway that troubles it in every way that Discord's does: what comes next is answered, and so is what was
//! missed, once.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use mailmedic::config::Config;
use mailmedic::surface::discord::{Bot, Refused, ServeError, Serving};
use serenity::http::{Http, HttpBuilder};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::discord::faults::Fault;
use crate::discord::fixtures::{APPLICATION, TOKEN, mention, said, slash};
use crate::discord::gateway::{Resumable, intents};
use crate::discord::interactions::What;
use crate::discord::routes::Operation;
use crate::discord::{Settings, StandIn};
use crate::lab;
use crate::store::Place;

/// A bot on the gateway, and its Discord.
pub(crate) struct Lab {
    pub(crate) discord: StandIn,
    address: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
    /// Where the bot keeps things; gone with it.
    _store: Place,
}

impl Lab {
    /// A bot that is connected.
    pub(crate) async fn connected(settings: Settings, config: Config) -> Self {
        let discord = StandIn::start_with(settings).await;
        let http = discord.http();
        let lab = Self::start(discord, http, config).await;
        lab.discord.gateway().connected().await;
        lab
    }

    /// A bot that is about to connect with this client.
    async fn start(discord: StandIn, gateway: Http, config: Config) -> Self {
        let rest = discord.http();
        Self::start_with(discord, gateway, rest, config).await
    }

    /// The same with a REST client for the answers.
    pub(crate) async fn start_with(discord: StandIn, gateway: Http, rest: Http, config: Config) -> Self {
        let engine = lab::engine_on(std::sync::Arc::new(lab::Nobody), config);
        let store = Place::file();
        let bot = Bot::new(engine, std::sync::Arc::new(rest), store.open().await, reqwest::Client::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let serving = Serving { gateway: Some(gateway), shared: None, public_key: None, listener, mailbox: None };
        let serving =
            tokio::spawn(async move { bot.serve(serving, async { stopped.await.unwrap_or_default() }).await });
        Self { discord, address, stop, serving, _store: store }
    }

    /// Waits until `/readyz` says so.
    async fn ready(&self, status: u16) -> String {
        loop {
            let told = reqwest::get(format!("{}/readyz", self.address)).await.unwrap();
            if told.status().as_u16() == status {
                return told.text().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks, and waits for the answer.
    async fn asks(&self) {
        self.discord.dispatch(slash("help", &[])).await.edited().await;
    }

    /// Stops the bot, and waits for its last answers.
    pub(crate) async fn stopped(self) -> StandIn {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap().unwrap();
        self.discord
    }

    pub(crate) async fn finish(self) {
        self.stopped().await.finish().await;
    }
}

/// How a connection ends.
type Trouble = fn(&StandIn);

/// A heart that beats fast enough for a dead connection to be told while an interaction waits.
fn lively() -> Settings {
    Settings { heartbeat: Duration::from_millis(500), ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_each_trouble_the_session_goes_on_and_what_was_missed_is_answered_once() {
    let troubles: [(&str, Trouble); 8] = [
        ("the connection breaks", |discord| discord.gateway().drop_connection()),
        ("closed with 1000", |discord| discord.gateway().close(1000)),
        ("closed with 1001", |discord| discord.gateway().close(1001)),
        ("closed with 4000", |discord| discord.gateway().close(4000)),
        ("closed with 4008", |discord| discord.gateway().close(4008)),
        ("asked to connect anew (op 7)", |discord| discord.gateway().ask_to_reconnect()),
        ("interrupted (op 9)", |discord| discord.gateway().invalidate(Resumable::Yes)),
        ("dead, but open", |discord| discord.gateway().fall_silent()),
    ];
    for (name, trouble) in troubles {
        let lab = Lab::connected(lively(), Config::default()).await;
        trouble(&lab.discord);
        let asked = lab.discord.dispatch(slash("help", &[])).await;
        let said = lab.discord.say(mention("/help")).await;
        lab.discord.gateway().resumed(1).await;
        asked.edited().await;
        said.replied().await;
        lab.asks().await;
        assert_eq!(asked.order(), [What::Acknowledged, What::Edited], "{name}");
        assert_eq!(said.replies(1).await.len(), 1, "{name}");
        assert_eq!(lab.discord.gateway().identifies(), 1, "{name}");
        assert!(lab.discord.gateway().resumed_in_place(), "{name}");
        lab.finish().await;
    }
}

#[tokio::test]
async fn where_the_session_is_over_a_new_one_begins_and_the_next_question_is_answered() {
    let troubles: [Trouble; 4] = [
        |discord| discord.gateway().close(4003),
        |discord| discord.gateway().close(4007),
        |discord| discord.gateway().close(4009),
        |discord| discord.gateway().invalidate(Resumable::No),
    ];
    let each = troubles.map(async |trouble| {
        let lab = Lab::connected(Settings::default(), Config::default()).await;
        trouble(&lab.discord);
        lab.discord.gateway().identified(2).await;
        lab.asks().await;
        lab.finish().await;
    });
    join_all(each).await;
}

#[tokio::test]
async fn a_session_that_is_over_when_it_is_resumed_is_begun_anew() {
    let lab = Lab::connected(Settings::default(), Config::default()).await;
    lab.discord.gateway().end_sessions();
    lab.discord.gateway().drop_connection();
    lab.discord.gateway().identified(2).await;
    lab.asks().await;
    lab.finish().await;
}

#[tokio::test]
async fn while_the_gateway_is_down_the_bot_is_not_ready_and_then_it_is_again() {
    let lab = Lab::connected(Settings::default(), Config::default()).await;
    assert_eq!(lab.ready(200).await, "ready\n");
    lab.discord.gateway().shut();
    lab.discord.gateway().drop_connection();
    assert_eq!(lab.ready(503).await, "not connected to the gateway\n");
    let said = lab.discord.say(mention("/help")).await;
    lab.discord.gateway().refused(4).await;
    lab.discord.gateway().open();
    said.replied().await;
    lab.ready(200).await;
    lab.asks().await;
    lab.finish().await;
}

#[tokio::test]
async fn what_discord_closes_for_good_ends_the_bot_with_a_sentence() {
    let cases = [(4004, Refused::Token), (4010, Refused::Shards), (4013, Refused::Intents), (4014, Refused::Intents)];
    for (code, refused) in cases {
        let lab = Lab::connected(Settings::default(), Config::default()).await;
        lab.discord.gateway().close(code);
        let ended = lab.serving.await.unwrap().unwrap_err();
        assert!(matches!(ended, ServeError::Gateway(why) if why == refused), "{code}: {ended}");
        assert_eq!(lab.discord.gateway().identifies(), 1);
        lab.discord.finish().await;
    }
}

#[tokio::test]
async fn a_wrong_token_ends_the_bot_before_it_is_connected() {
    let discord = StandIn::start().await;
    let wrong = HttpBuilder::new("wrong").client(discord.client()).build();
    let lab = Lab::start(discord, wrong, Config::default()).await;
    let ended = lab.serving.await.unwrap().unwrap_err();
    assert!(ended.to_string().contains("does not take the bot's token"), "{ended}");
    assert_eq!(lab.discord.finish_with_violations().await, ["GET /api/v10/gateway: not the bot's Authorization"]);
}

#[tokio::test]
async fn the_program_ends_with_the_code_for_a_wrong_configuration_and_says_what_to_do() {
    let discord = StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mailmedic.toml");
    let text = format!(
        "[resolver]\nservers = [\"127.0.0.1:9\"]\n[discord]\napplication_id = \"{APPLICATION}\"\nproxy_url = \"{}\"\n\
         [http]\nlisten = \"127.0.0.1:0\"\n",
        discord.proxy_url()
    );
    std::fs::write(&config, text).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_mailmedic"));
    program.arg("--config").arg(&config).arg("serve").env("DISCORD_TOKEN", TOKEN).kill_on_drop(true);
    let program = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    discord.gateway().connected().await;
    discord.gateway().close(4004);
    let ended = program.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    discord.judge_output(&said);
    assert_eq!(ended.status.code(), Some(3), "{said}");
    let sentence =
        "error: Discord does not take the bot's token: copy it again from the developer portal (Bot, Reset Token)\n";
    assert!(said.ends_with(sentence), "{said}");
    discord.finish().await;
}

#[tokio::test]
async fn without_the_intent_to_read_messages_the_bot_says_so_once_and_does_the_rest() {
    let lab = Lab::connected(Settings::default(), Config::default()).await;
    assert_eq!(lab.discord.gateway().intents() & intents::MESSAGE_CONTENT, 0);
    lab.discord.say(said("secret")).await;
    lab.discord.say(mention("/help")).await.replied().await;
    lab.asks().await;
    lab.discord.gateway().close(4009);
    lab.discord.gateway().identified(2).await;
    lab.asks().await;
    let told: Vec<_> = lab.discord.logs().into_iter().filter(|line| line.contains("Message Content Intent")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    // Each that Discord refuses would keep the bot away for seconds.
    assert!(!lab.discord.journal().iter().any(|line| line.contains("intents that were not granted")));
    lab.finish().await;
}

#[tokio::test]
async fn where_the_portal_does_not_say_what_is_granted_the_gateway_does() {
    let discord = StandIn::start().await;
    discord.trouble(Operation::GetOauthApplication, Fault::Status(500), 1);
    let http = discord.http();
    let lab = Lab::start(discord, http, Config::default()).await;
    lab.discord.gateway().connected().await;
    assert_eq!(lab.discord.gateway().intents() & intents::MESSAGE_CONTENT, 0);
    lab.discord.happened("intents that were not granted").await;
    lab.asks().await;
    lab.discord.logged("Message Content Intent").await;
    lab.finish().await;
}

#[tokio::test]
async fn where_it_is_granted_the_content_of_messages_is_asked_for_since_staff_may_choose_a_channel() {
    let granted = Settings { granted_intents: intents::MESSAGE_CONTENT, ..Settings::default() };
    let lab = Lab::connected(granted, Config::default()).await;
    assert_ne!(lab.discord.gateway().intents() & intents::MESSAGE_CONTENT, 0);
    lab.finish().await;
}

#[tokio::test]
async fn what_cannot_be_read_costs_nothing_else() {
    let lab = Lab::connected(Settings::default(), Config::default()).await;
    lab.discord.gateway().dispatch("INTERACTION_CREATE", &serde_json::json!({"type": 2}));
    lab.discord.gateway().send("no JSON at all");
    lab.discord.gateway().ask_for_heartbeat();
    lab.asks().await;
    lab.stop.send(()).unwrap();
    lab.serving.await.unwrap().unwrap();
    assert_eq!(lab.discord.gateway().identifies(), 1);
    let violations = lab.discord.finish_with_violations().await;
    assert_eq!(violations.len(), 2, "{violations:?}");
}

#[tokio::test]
async fn a_bot_that_is_stopped_takes_its_leave() {
    let lab = Lab::connected(Settings::default(), Config::default()).await;
    lab.stop.send(()).unwrap();
    lab.serving.await.unwrap().unwrap();
    assert_eq!(lab.discord.gateway().left().await, Some(1000));
    lab.discord.finish().await;
}
