//! The bot on the stand-in for Discord: registered, asked over both transports, interrupted, and stopped.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, join_all};
use mailmedic::config::{Config, PublicKey};
use mailmedic::facts::{Query, Response};
use mailmedic::probe::{Network, Resolver};
use mailmedic::request::{EXPLAIN_THIS, FIND_THE_REMEDY, OptionKind, VERBS};
use mailmedic::store::{Address, NewWatch, News, Store, Subject, Watched};
use mailmedic::surface::discord::{Bot, Serving, replace_commands};
use mailmedic::surface::mailbox::{self, LIFETIME, Limits, Registry};
use mailmedic::watch::{Seen, Until};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::discord::asked::Asked;
use crate::discord::endpoint::Forgery;
use crate::discord::faults::Fault as Trouble;
use crate::discord::fixtures::{
    CUSTOMER, LOUNGE, NEIGHBOUR, SUPPORT, button, mention, message_command, modal, said, slash,
};
use crate::discord::routes::Operation;
use crate::discord::{Settings, StandIn};
use crate::lab;
use crate::nameserver::{Fault, NameServer, Zones};
use crate::rounds::{network, zone};
use crate::store::{Place, SEED};

/// A bot at work, its name server and its Discord.
pub(crate) struct Lab {
    pub(crate) discord: StandIn,
    names: NameServer,
    pub(crate) store: Place,
    pub(crate) address: String,
    registry: Arc<Registry>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// Which transports the bot serves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Gateway,
    Http,
}

impl Lab {
    pub(crate) async fn start(by: By, zones: Zones) -> Self {
        // A resolver with the patience of the default configuration: some tests are about slow answers.
        let patience = Config::default().resolver.timeout;
        Self::start_on(by, zones, |names| Arc::new(Resolver::new(&[names.address()], patience))).await
    }

    /// One that is configured, and asks no name server.
    pub(crate) async fn configured(by: By, config: Config) -> Self {
        Self::start_with(by, Zones::default(), config, |_| Arc::new(lab::Nobody)).await
    }

    async fn start_on(by: By, zones: Zones, network: impl FnOnce(&NameServer) -> Arc<dyn Network>) -> Self {
        Self::start_with(by, zones, Config::default(), network).await
    }

    pub(crate) async fn start_with(
        by: By,
        zones: Zones,
        config: Config,
        network: impl FnOnce(&NameServer) -> Arc<dyn Network>,
    ) -> Self {
        let discord = StandIn::start_with(Settings { heartbeat: Duration::from_secs(1), ..Settings::default() }).await;
        let names = NameServer::start(zones).await;
        let store = Place::file();
        let opened = Store::open(&store.at, config.limits, SEED).await.unwrap();
        let engine = lab::engine_on(network(&names), config);
        let bot = Bot::new(engine, Arc::new(discord.http()), opened, discord.client());
        replace_commands(&discord.http(), None).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let gateway = (by == By::Gateway).then(|| discord.http());
        let public_key = (by == By::Http).then(|| PublicKey::from_hex(&StandIn::public_key()).unwrap());
        let (stop, stopped) = oneshot::channel();
        let registry = Registry::new("test.host.example".parse().unwrap(), LIFETIME);
        let mailbox = Some(Arc::clone(&registry));
        let serving = tokio::spawn(async move {
            let shutdown = async move { stopped.await.unwrap_or_default() };
            bot.serve(Serving { gateway, shared: None, public_key, listener, mailbox }, shutdown).await.unwrap();
        });
        if by == By::Gateway {
            discord.gateway().connected().await;
        }
        Self { discord, names, address, store, registry, stop: Some(stop), serving }
    }

    /// Stops the bot as SIGTERM does, waits for its last answers, and lets the stand-in judge.
    pub(crate) async fn finish(mut self) {
        self.stop();
        (&mut self.serving).await.unwrap();
        self.discord.finish().await;
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

pub(crate) fn title(body: &Value) -> &str {
    body["embeds"][0]["title"].as_str().unwrap_or_default()
}

pub(crate) fn description(body: &Value) -> &str {
    body["embeds"][0]["description"].as_str().unwrap_or_default()
}

/// Zones in which the healthy domain's TXT records take their time.
fn slow(delay: Duration) -> Zones {
    let mut zones = Zones::load(&["healthy"]);
    let _rule = zones.fault("*", Fault::Delay(delay)).only("TXT");
    zones
}

#[tokio::test]
async fn a_slash_command_is_acknowledged_and_then_answered() {
    let lab = Lab::start(By::Gateway, Zones::load(&["spf"])).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "two-spf.example")])).await;
    assert_eq!(asked.acknowledged().await.kind, 5);
    let answer = asked.edited().await;
    assert_eq!(title(&answer), "two-spf.example");
    assert!(description(&answer).contains("More than one SPF record"), "{answer}");
    assert!(description(&answer).contains("v=spf1"), "{answer}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_of_the_table_answers() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    for verb in VERBS {
        let written = verb.options.iter().filter(|option| option.kind != OptionKind::File);
        let options: Vec<_> = written.map(|option| (option.name, option.example)).collect();
        let asked = lab.discord.dispatch(slash(verb.name, &options)).await;
        assert_eq!(asked.acknowledged().await.kind, 5);
        assert!(!title(&asked.edited().await).is_empty(), "{}", verb.name);
    }
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_message_command_answers_somebody_elses_message() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let asked =
        lab.discord.dispatch(message_command(FIND_THE_REMEDY, "nothing arrives in my inbox since friday")).await;
    assert!(!description(&asked.edited().await).is_empty());
    lab.finish().await;
}

#[tokio::test]
async fn what_is_no_domain_is_refused_at_once_to_this_person_alone() {
    let lab = Lab::start(By::Gateway, Zones::default()).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "@everyone <#1>")])).await;
    let acknowledged = asked.acknowledged().await;
    assert_eq!((acknowledged.kind, &acknowledged.body["data"]["flags"]), (4, &Value::from(64)));
    assert!(!acknowledged.body.to_string().contains("@everyone"));
    assert_eq!(lab.names.questions().len(), 0);
    lab.finish().await;
}

#[tokio::test]
async fn a_press_on_check_again_replaces_the_answer_in_its_place() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    asked.edited().await;
    let again = asked.component("Check again: healthy.example").unwrap();
    let pressed = lab.discord.dispatch(button(&again)).await;
    assert_eq!(pressed.acknowledged().await.kind, 6);
    assert_eq!(title(&pressed.edited().await), "healthy.example");
    let forged = lab.discord.dispatch(button("check:127.0.0.1")).await;
    assert_eq!(forged.acknowledged().await.kind, 4);
    let unknown = lab.discord.dispatch(button("entry:no-such-entry")).await;
    assert!(title(&unknown.follow_ups(1).await[0]).contains("gone"));
    lab.finish().await;
}

#[tokio::test]
async fn the_details_are_shown_on_demand_and_in_the_same_place() {
    let lab = Lab::start(By::Gateway, Zones::load(&["spf"])).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "two-spf.example"), ("selector", "default")])).await;
    let brief = asked.edited().await;
    assert!(description(&brief).contains("The mend, tested"), "{brief}");
    assert!(!description(&brief).contains("In order"), "{brief}");
    let details = asked.component("Details").unwrap();
    let pressed = lab.discord.dispatch(button(&details)).await;
    assert_eq!(pressed.acknowledged().await.kind, 6);
    let whole = pressed.edited().await;
    assert!(description(&whole).contains("In order") && pressed.component("Details").is_none(), "{whole}");
    lab.finish().await;
}

#[tokio::test]
async fn somebody_elses_press_leaves_an_answer_as_it_is_and_is_answered_beside_it() {
    let lab = Lab::start(By::Gateway, Zones::load(&["spf"])).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "two-spf.example")])).await;
    asked.edited().await;
    let (before, details) = (asked.message().unwrap(), asked.component("Details").unwrap());
    let pressed = lab.discord.dispatch(button(&details).by(NEIGHBOUR)).await;
    let beside = pressed.follow_ups(1).await.remove(0);
    assert_eq!((title(&beside), &beside["flags"]), ("two-spf.example", &Value::from(64)));
    assert_eq!(asked.message().unwrap(), before);
    // Nor is it known who asked where it is a reply.
    let reply = lab.discord.say(mention("/check two-spf.example")).await.replied().await;
    let pressed = lab.discord.dispatch(button(&details).by(NEIGHBOUR)).await;
    assert_eq!(pressed.follow_ups(1).await[0]["flags"], 64);
    assert!(reply.body.to_string().contains(&details));
    lab.finish().await;
}

#[tokio::test]
async fn while_others_have_every_turn_what_is_known_without_the_network_is_shown() {
    let mut zones = Zones::default();
    let _rule = zones.fault("*", Fault::Silent);
    let lab = Lab::start(By::Gateway, zones).await;
    let ask = async |number: usize| {
        let check = slash("check", &[("domain", &format!("customer-{number}.example"))]);
        let asked = lab.discord.dispatch(check).await;
        asked.excuse();
        asked
    };
    // Matching gets ready before anybody waits.
    lab.discord.dispatch(slash("ask", &[("question", "I cannot send mail")])).await.edited().await;
    let first = join_all((0..8).map(ask)).await;
    for asked in &first {
        asked.edited().await;
    }
    let given = [("question", "my mails land in spam at customer-9.example")];
    let last = lab.discord.dispatch(slash("ask", &given)).await;
    let answer = last.edited().await;
    assert!(title(&answer).starts_with("Sent email lands"), "{answer}");
    let names = lab.names.questions();
    assert!(!names.iter().any(|asked| format!("{asked:?}").contains("customer-9")), "it was its turn");
    // Nobody waits for all these looks to end in silence.
    lab.serving.abort();
    assert_eq!(lab.discord.finish_with_violations().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_sender_is_judged_and_the_records_are_shown_with_their_costs() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let given = [("ip", "192.0.2.13"), ("sender", "anna@healthy.example")];
    let answer = lab.discord.dispatch(slash("spf", &given)).await.edited().await;
    assert!(description(&answer).starts_with("Yes: "), "{answer}");
    assert!(description(&answer).contains("include:_spf.healthy.example  2 look-ups  <- decides"), "{answer}");
    lab.finish().await;
}

#[tokio::test]
async fn a_mention_is_answered_with_a_reply_and_other_talk_is_not() {
    let lab = Lab::start(By::Gateway, Zones::load(&["mx"])).await;
    let asked = lab.discord.say(mention("/check mx-missing-target.example")).await;
    let reply = asked.replied().await;
    assert_eq!(reply.body["message_reference"]["message_id"], asked.id());
    assert!(description(&reply.body).contains("leads nowhere"), "{}", reply.body);
    let talk = lab.discord.say(said("/check mx-missing-target.example")).await;
    talk.stays_unanswered(Duration::from_millis(50)).await;
    lab.finish().await;
}

#[tokio::test]
async fn no_mention_in_a_question_survives_into_the_answer() {
    let lab = Lab::start(By::Gateway, Zones::default()).await;
    let asked = lab.discord.say(mention("/check @everyone")).await;
    let reply = asked.replied().await.body.to_string();
    assert!(!reply.contains("@everyone"), "{reply}");
    lab.finish().await;
}

#[tokio::test]
async fn with_every_name_server_silent_the_acknowledgement_still_comes_at_once() {
    let mut zones = Zones::default();
    let _rule = zones.fault("*", Fault::Silent);
    let lab = Lab::start(By::Gateway, zones).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    assert_eq!(asked.acknowledged().await.kind, 5);
    let edits = asked.edits(2).await;
    assert!(description(&edits[1]).contains("no question was answered"), "{}", edits[1]);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_are_all_acknowledged_before_any_upstream_replies() {
    for by in [By::Gateway, By::Http] {
        let mut zones = Zones::default();
        let _rule = zones.fault("*", Fault::Silent);
        let lab = Lab::start(by, zones).await;
        let endpoint = lab.discord.endpoint(&format!("{}/interactions", lab.address));
        let ask = async |number: usize| {
            let check = slash("check", &[("domain", &format!("customer-{number}.example"))]);
            let asked = if by == By::Http { endpoint.post(check).await.1 } else { lab.discord.dispatch(check).await };
            asked.excuse();
            asked.acknowledged().await.kind
        };
        let kinds = join_all((0..200).map(ask)).await;
        assert_eq!(kinds, [5; 200]);
        // Nobody waits for all these looks to end in silence.
        lab.serving.abort();
        // An answer may overtake the response that acknowledges; the bot tries it again, and is judged for that elsewhere.
        let mut violations = lab.discord.finish_with_violations().await;
        violations.retain(|violation| !violation.contains("was not acknowledged yet"));
        assert_eq!(violations, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_check_that_takes_over_a_second_shows_what_it_has_so_far() {
    let lab = Lab::start(By::Gateway, slow(Duration::from_millis(1200))).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    let edits = asked.edits(2).await;
    let note = |body: &Value| body["embeds"][0]["footer"]["text"].as_str().unwrap_or_default().to_owned();
    assert!(note(&edits[0]).starts_with("Still looking: spf"), "{}", edits[0]);
    assert!(note(&edits[1]).contains("DNS questions"), "{}", edits[1]);
    lab.finish().await;
}

#[tokio::test]
async fn after_a_lost_connection_the_session_resumes_and_what_was_missed_is_answered() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    lab.discord.gateway().shut();
    lab.discord.gateway().drop_connection();
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    lab.discord.gateway().open();
    lab.discord.gateway().resumed(1).await;
    assert_eq!(title(&asked.edited().await), "healthy.example");
    assert_eq!(lab.discord.gateway().identifies(), 1);
    lab.finish().await;
}

#[tokio::test]
async fn a_rate_limit_is_obeyed_and_the_answer_comes_after_it() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    lab.discord.trouble(Operation::Acknowledge, Trouble::RateLimited(Duration::from_millis(300)), 1);
    lab.discord.trouble(Operation::EditOriginal, Trouble::RateLimited(Duration::from_millis(300)), 1);
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    assert_eq!(title(&asked.edited().await), "healthy.example");
    lab.finish().await;
}

#[tokio::test]
async fn an_answer_under_way_is_finished_when_the_bot_is_stopped() {
    let mut lab = Lab::start(By::Gateway, slow(Duration::from_millis(200))).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    asked.acknowledged().await;
    lab.stop();
    assert_eq!(title(&asked.edited().await), "healthy.example");
    (&mut lab.serving).await.unwrap();
    lab.discord.finish().await;
}

#[tokio::test]
async fn signed_requests_are_answered_inline_and_edited_after() {
    let lab = Lab::start(By::Http, Zones::load(&["healthy"])).await;
    let endpoint = lab.discord.endpoint(&format!("{}/interactions", lab.address));
    assert_eq!(endpoint.ping().await.json(), Some(serde_json::json!({ "type": 1 })));
    let (reply, asked) = endpoint.post(slash("check", &[("domain", "healthy.example")])).await;
    assert_eq!((reply.status, &reply.json().unwrap()["type"]), (200, &Value::from(5)));
    assert_eq!(title(&asked.edited().await), "healthy.example");
    lab.finish().await;
}

#[tokio::test]
async fn what_is_forged_old_or_replayed_is_refused() {
    let lab = Lab::start(By::Http, Zones::load(&["healthy"])).await;
    let endpoint = lab.discord.endpoint(&format!("{}/interactions", lab.address));
    let help = || slash("help", &[]);
    for forgery in [
        Forgery::BadSignature,
        Forgery::NoSignatureAtAll,
        Forgery::Unsigned,
        Forgery::OtherKey,
        Forgery::OtherTimestamp,
        Forgery::OtherBody,
        Forgery::Truncated,
        Forgery::Old(Duration::from_secs(301)),
        Forgery::Ahead(Duration::from_secs(301)),
    ] {
        let name = format!("{forgery:?}");
        assert_eq!(endpoint.forge(help(), forgery).await.status, 401, "{name}");
    }
    let (_, asked, delivery) = endpoint.post_keeping(help()).await;
    asked.edited().await;
    assert_eq!(endpoint.replay(&delivery).await.status, 401);
    lab.finish().await;
}

#[tokio::test]
async fn a_bug_ends_with_a_sentence_and_a_number_instead_of_silence() {
    struct Bug;
    impl Network for Bug {
        fn name(&self) -> String {
            "a bug".to_owned()
        }
        fn query<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Response> {
            panic!("this network is a bug")
        }
    }
    let mut lab = Lab::start_on(By::Gateway, Zones::default(), |_| Arc::new(Bug)).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    let answer = asked.edited().await;
    assert!(description(&answer).contains(asked.id()), "{answer}");
    assert!(!answer.to_string().contains("panic"), "{answer}");
    lab.stop();
    (&mut lab.serving).await.unwrap();
    lab.discord.finish().await;
}

#[tokio::test]
async fn what_a_name_server_says_stays_text() {
    let mut zones = Zones::load(&["healthy"]);
    zones.add("healthy.example", "TXT", "v=spf1 ``` @everyone <@1> [x](https://evil.example) ~all");
    let lab = Lab::start(By::Gateway, zones).await;
    let asked = lab.discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    let answer = asked.edited().await;
    let shown = description(&answer);
    assert!(shown.contains("@everyone"), "{shown}");
    // Outside of the fences, nothing of it is left; and no fence is closed by it.
    for (at, part) in shown.split("```").enumerate() {
        assert!(at % 2 == 1 || !part.contains("@everyone") && !part.contains("](https:"), "{part}");
    }
    lab.finish().await;
}

#[tokio::test]
async fn health_is_told_to_whoever_asks() {
    let lab = Lab::start(By::Gateway, Zones::default()).await;
    for (path, status) in [("/livez", 200), ("/readyz", 200), ("/interactions", 404), ("/", 404)] {
        let answered = reqwest::get(format!("{}{path}", lab.address)).await.unwrap();
        assert_eq!(answered.status().as_u16(), status, "{path}");
    }
    lab.finish().await;
}

#[tokio::test]
async fn a_watch_is_begun_listed_and_ended_by_its_person_alone() {
    let (_servers, network) = network(zone("10 mx.zone.example"), zone("10 mx.zone.example")).await;
    let lab = Lab::start_on(By::Gateway, Zones::default(), |_| network).await;
    let begun = lab.discord.dispatch(slash("watch", &[("domain", "zone.example"), ("until", "mx")])).await;
    assert_eq!(begun.acknowledged().await.body["data"]["flags"], 64);
    let told = begun.edited().await;
    for part in [
        "the MX records of `zone.example`",
        "MX 10 mx.zone.example",
        "I asked 1 name server of the domain, our resolver.",
        "If that is your change, it has arrived",
    ] {
        assert!(description(&told).contains(part), "{part}: {told}");
    }
    let end = begun.component("End: zone.example").unwrap();
    let other = lab.discord.dispatch(button(&end).by(NEIGHBOUR)).await;
    assert!(description(&other.edited().await).contains("waiting for nothing"));
    let listed = lab.discord.dispatch(slash("watches", &[])).await;
    assert!(description(&listed.edited().await).contains("the MX records: no change seen yet"));
    let ended = lab.discord.dispatch(button(&listed.component("End: zone.example").unwrap())).await;
    assert!(description(&ended.edited().await).contains("ended by you"));
    assert_eq!(ended.component("End: zone.example"), None);
    lab.finish().await;
}

#[tokio::test]
async fn a_watch_says_at_once_that_some_still_see_the_old_records() {
    let (_servers, network) = network(zone("10 old.example.net"), zone("10 mx.zone.example")).await;
    let lab = Lab::start_on(By::Gateway, Zones::default(), |_| network).await;
    let told = lab.discord.dispatch(slash("watch", &[("domain", "zone.example")])).await.edited().await;
    assert_eq!(title(&told), "A change is under way");
    assert!(description(&told).contains("DKIM keys are not among them"), "{told}");
    let listed = lab.discord.dispatch(slash("watches", &[])).await.edited().await;
    assert!(description(&listed).contains("some still see the old records"), "{listed}");
    lab.finish().await;
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_with_what_is_missing() {
    let (_servers, network) = network(zone("10 mx.zone.example"), zone("10 mx.zone.example")).await;
    let lab = Lab::start_on(By::Gateway, Zones::default(), |_| network).await;
    let keys = [("domain", "zone.example"), ("until", "dkim")];
    let told = lab.discord.dispatch(slash("watch", &keys)).await.edited().await;
    assert!(description(&told).contains("Give me the `selector`"), "{told}");
    let [domain, until] = keys;
    let told = lab.discord.dispatch(slash("watch", &[domain, until, ("selector", "s1")])).await.edited().await;
    assert!(description(&told).contains("DKIM v=DKIM1"), "{told}");
    lab.finish().await;

    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let told = lab.discord.dispatch(slash("watch", &[("domain", "zone.example")])).await.edited().await;
    assert!(description(&told).contains("I may not ask the name servers of domains here"), "{told}");
    let listed = lab.discord.dispatch(slash("watches", &[])).await.edited().await;
    assert!(description(&listed).contains("waiting for nothing"), "{listed}");
    lab.finish().await;
}

#[tokio::test]
async fn a_watch_counts_as_a_look_at_its_domain() {
    let (servers, network) = network(zone("10 mx.zone.example"), zone("10 mx.zone.example")).await;
    let lab = Lab::start_on(By::Gateway, Zones::default(), |_| network).await;
    let store = lab.store.open().await;
    // The window may end meanwhile; twice as many as one may in it are too many in any case.
    for _ in 0..21 {
        let on = vec![Subject::Domain("zone.example".parse().unwrap())];
        let _ = store.spend(on, None, SystemTime::now().into()).await.unwrap();
    }
    let told = lab.discord.dispatch(slash("watch", &[("domain", "www.zone.example")])).await.edited().await;
    assert!(description(&told).contains("was looked at many times just now"), "{told}");
    assert!(servers.iter().all(|server| server.questions().is_empty()));
    lab.finish().await;
}

#[tokio::test]
async fn an_open_watch_is_shown_and_ended_however_many_have_ended_since() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let store = lab.store.open().await;
    let wish = |domain: &str| NewWatch {
        guild: None,
        channel: SUPPORT.parse().unwrap(),
        person: CUSTOMER.id.parse().unwrap(),
        domain: domain.parse().unwrap(),
        until: Until::Mx,
        selector: None,
        seen: Seen::Underway,
    };
    let now = SystemTime::now().into();
    let _open = store.watch(&wish("open.example"), now).await.unwrap();
    for n in 0..11 {
        let begun = store.watch(&wish(&format!("d{n}.example")), now).await.unwrap();
        let Watched::Begun(number) = begun else { panic!("{begun:?}") };
        let _ours = store.cancel_watch(CUSTOMER.id.parse().unwrap(), number, now).await.unwrap();
    }
    let listed = lab.discord.dispatch(slash("watches", &[])).await;
    listed.edited().await;
    let ended = lab.discord.dispatch(button(&listed.component("End: open.example").unwrap())).await.edited().await;
    assert!(description(&ended).starts_with("`open.example`, the MX records: ended by you"), "{ended}");
    lab.finish().await;
}

#[tokio::test]
async fn a_notification_calls_its_person_once_and_nobody_else() {
    let (_servers, network) = network(zone("10 mx.zone.example"), zone("10 mx.zone.example")).await;
    let lab = Lab::start_on(By::Gateway, Zones::default(), |_| network).await;
    let news = News::Everywhere {
        domain: "healthy.example".to_owned(),
        until: "mx".to_owned(),
        now: "MX 10 mx1.host.example @everyone".to_owned(),
        who: "2 name servers of the domain, our resolver, 9.9.9.9".to_owned(),
    };
    let to = Address { guild: None, channel: SUPPORT.parse().unwrap(), person: Some(CUSTOMER.id.parse().unwrap()) };
    let before = lab.discord.say(said("I moved my domain")).await;
    lab.store.open().await.post(&to, &news, SystemTime::now().into()).await.unwrap();
    // Whatever begins wakes those who deliver.
    lab.discord.dispatch(slash("watch", &[("domain", "zone.example")])).await.edited().await;
    let told = before.replied().await.body;
    assert_eq!(told["content"], format!("<@{}>", CUSTOMER.id));
    assert_eq!((title(&told), &told["enforce_nonce"]), ("Your change has arrived", &Value::from(true)));
    for part in ["MX 10 mx1.host.example", "I asked 2 name servers of the domain, our resolver, 9.9.9.9."] {
        assert!(description(&told).contains(part), "{told}");
    }
    lab.finish().await;
}

#[tokio::test]
async fn who_asks_too_fast_is_told_when_to_go_on_and_others_are_not_held_up() {
    let lab = Lab::start(By::Gateway, Zones::default()).await;
    // The window may end while they ask; twice as many as one may in a minute are too many in any case.
    let mut answers = Vec::new();
    for _ in 0..21 {
        answers.push(lab.discord.dispatch(slash("help", &[])).await.edited().await);
    }
    assert_eq!(title(&answers[9]), "What I can do");
    let refused = answers.iter().find(|answer| title(answer) == "One moment, please").expect("one was too many");
    assert!(description(refused).contains("Go on in"), "{refused}");
    let other = lab.discord.dispatch(slash("help", &[]).by(NEIGHBOUR)).await.edited().await;
    assert_eq!(title(&other), "What I can do");
    lab.finish().await;
}

#[tokio::test]
async fn what_is_asked_too_often_in_a_guild_or_a_channel_waits_there_and_nowhere_else() {
    let elsewhere = [slash("help", &[]).in_dm(), slash("help", &[]).in_channel(LOUNGE)];
    for ((guild, channel), elsewhere) in [(2, 100), (100, 2)].into_iter().zip(elsewhere) {
        let mut config = Config::default();
        (config.limits.guild, config.limits.channel) = (guild, channel);
        let lab = Lab::configured(By::Gateway, config).await;
        // The window may end while they ask; more than twice as many as may be asked in it are too many in any case.
        let mut answers = Vec::new();
        for who in [CUSTOMER, NEIGHBOUR, CUSTOMER, NEIGHBOUR, CUSTOMER] {
            answers.push(lab.discord.dispatch(slash("help", &[]).by(who)).await.edited().await);
        }
        assert_eq!(title(&answers[0]), "What I can do");
        let refused = answers.iter().find(|answer| title(answer) == "One moment, please").expect("one was too many");
        assert!(description(refused).starts_with("Many people ask here right now. Ask again in"), "{refused}");
        assert_eq!(title(&lab.discord.dispatch(elsewhere).await.edited().await), "What I can do");
        lab.finish().await;
    }
}

#[tokio::test]
async fn a_domain_whose_senders_are_judged_too_often_is_left_alone_for_a_while() {
    let mut config = Config::default();
    config.limits.domain = 1;
    let patience = config.resolver.timeout;
    let network = |names: &NameServer| -> Arc<dyn Network> { Arc::new(Resolver::new(&[names.address()], patience)) };
    let lab = Lab::start_with(By::Gateway, Zones::load(&["healthy"]), config, network).await;
    let given = [("ip", "192.0.2.13"), ("sender", "anna@healthy.example")];
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(lab.discord.dispatch(slash("spf", &given)).await.edited().await);
    }
    assert!(description(&answers[0]).starts_with("Yes: "), "{}", answers[0]);
    let refused = answers.iter().find(|answer| title(answer) == "One moment, please").expect("one was too many");
    assert!(description(refused).starts_with("`healthy.example` was looked at many times just now."), "{refused}");
    lab.finish().await;
}

#[tokio::test]
async fn a_notification_for_a_channel_that_is_gone_comes_as_a_direct_message() {
    let (_servers, network) = network(zone("10 mx.zone.example"), zone("10 mx.zone.example")).await;
    let lab = Lab::start_on(By::Gateway, Zones::default(), |_| network).await;
    let before = lab.discord.say(said("/help").in_dm()).await;
    before.replied().await;
    lab.discord.trouble(Operation::CreateMessage, Trouble::Status(404), 1);
    let (domain, until) = ("zone.example".to_owned(), "mx".to_owned());
    let to = Address { guild: None, channel: SUPPORT.parse().unwrap(), person: Some(CUSTOMER.id.parse().unwrap()) };
    let news = News::GaveUp { domain, until, now: None };
    lab.store.open().await.post(&to, &news, SystemTime::now().into()).await.unwrap();
    // A watch that begins wakes those who deliver.
    lab.discord.dispatch(slash("watch", &[("domain", "zone.example")])).await.edited().await;
    let told = before.replies(2).await.remove(1).body;
    assert_eq!((title(&told), &told["content"]), ("Your change has not arrived", &Value::Null));
    lab.finish().await;
}

#[tokio::test]
async fn of_many_watches_those_that_wait_are_listed_first_and_can_be_ended() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let (store, now) = (lab.store.open().await, SystemTime::now().into());
    let person = CUSTOMER.id.parse().unwrap();
    let begin = async |domain: String| {
        let (channel, domain) = (SUPPORT.parse().unwrap(), domain.parse().unwrap());
        let new =
            NewWatch { guild: None, channel, person, domain, until: Until::Mx, selector: None, seen: Seen::Unknown };
        let Watched::Begun(id) = store.watch(&new, now).await.unwrap() else { panic!("{new:?}") };
        id
    };
    begin("waits.example".to_owned()).await;
    for n in 0..12 {
        let id = begin(format!("ended-{n}.example")).await;
        let _ = store.cancel_watch(person, id, now).await.unwrap();
    }
    let listed = lab.discord.dispatch(slash("watches", &[])).await;
    let shown = listed.edited().await.to_string();
    assert_eq!(shown.matches(": ended by you").count(), 9, "{shown}");
    assert!(shown.contains("ended-11.example") && !shown.contains("ended-2.example"), "{shown}");
    let ended = lab.discord.dispatch(button(&listed.component("End: waits.example").unwrap())).await;
    ended.edited().await;
    assert_eq!(ended.component("End: waits.example"), None);
    lab.finish().await;
}

/// A bounce with people in it.
const BOUNCE: &str = "From: Mail Delivery System <MAILER-DAEMON@host.example>\nTo: anna.private@healthy.example\nSubject: Undelivered Mail Returned to Sender\n\nThis is the mail system at host mail.host.example.\n\n<bob.secret@elsewhere.example>: host mx.elsewhere.example[192.0.2.7] said: 550 5.1.1\n    <bob.secret@elsewhere.example>: Recipient address rejected: User unknown (in reply to RCPT TO command)\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uploaded_mail_is_read_and_in_public_nobody_in_it_is_named() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let file = || lab.discord.upload("bounce.eml", "message/rfc822", BOUNCE.as_bytes());
    let public = lab.discord.dispatch(slash("inspect", &[]).with_file("file", file())).await.edited().await;
    assert!(public.to_string().contains("elsewhere.example"), "{public}");
    assert!(!public.to_string().contains("bob.secret") && !public.to_string().contains("anna.private"), "{public}");
    let alone = slash("inspect", &[("private", "true")]).with_file("file", file());
    let alone = lab.discord.dispatch(alone).await;
    assert_eq!(alone.acknowledged().await.body["data"]["flags"], 64);
    let alone_answer = alone.edited().await;
    assert!(alone_answer.to_string().contains("bob.secret"), "{alone_answer}");
    // What is for one person alone, since people are named in it, cannot be shared as it is.
    assert_eq!(alone.component("Share"), None);
    let outlook = lab.discord.upload("mail.msg", "application/vnd.ms-outlook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    let refused = lab.discord.dispatch(slash("inspect", &[]).with_file("file", outlook)).await.edited().await;
    assert!(description(&refused).contains(".eml"), "{refused}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_text_or_file_a_form_takes_what_is_pasted_and_the_answer_is_for_one() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let form = lab.discord.dispatch(slash("inspect", &[])).await.acknowledged().await;
    assert_eq!(form.kind, 9);
    let custom_id = form.body["data"]["custom_id"].as_str().unwrap().to_owned();
    let sent = lab.discord.dispatch(modal(&custom_id, &[("line", BOUNCE)])).await;
    assert_eq!(sent.acknowledged().await.body["data"]["flags"], 64);
    assert!(sent.edited().await.to_string().contains("bob.secret"));
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_with_a_pasted_bounce_is_explained_to_whoever_asks() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let asked = lab.discord.dispatch(message_command(EXPLAIN_THIS, BOUNCE)).await;
    assert_eq!(asked.acknowledged().await.body["data"]["flags"], 64);
    assert!(asked.edited().await.to_string().contains("elsewhere.example"));
    // Whoever mentions the bot with one gets it read as well, without the people in it.
    let said = lab.discord.say(mention(BOUNCE)).await;
    let reply = said.replied().await.body.to_string();
    assert!(reply.contains("elsewhere.example") && !reply.contains("bob.secret"), "{reply}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_message_with_a_picture_the_mail_or_else_the_text_is_explained() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let picture = lab.discord.upload("screen.png", "image/png", b"\x89PNG");
    let mail = lab.discord.upload("Bounce.EML", "message/rfc822", BOUNCE.as_bytes());
    let explain = |text: &str| message_command(EXPLAIN_THIS, text).on_attachment(&picture);
    for asked in [explain("look at this").on_attachment(&mail), explain(BOUNCE)] {
        let answer = lab.discord.dispatch(asked).await.edited().await.to_string();
        assert!(answer.contains("elsewhere.example"), "{answer}");
    }
    lab.discord.dispatch(explain("")).await.edited().await;
    assert!(lab.discord.journal().iter().filter(|line| line.contains("GET file")).count() == 2);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_mail_is_judged_for_the_one_who_asked_for_the_address() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let asked = lab.discord.dispatch(slash("testmail", &[])).await;
    assert_eq!(asked.acknowledged().await.body["data"]["flags"], 64);
    let invitation = asked.edited().await;
    let second = lab.discord.dispatch(slash("testmail", &[])).await.edited().await;
    assert!(description(&second).contains("still open"), "{second}");
    let report = send_there(&lab, &asked, &invitation).await;
    assert!(report.to_string().contains("healthy.example"), "{report}");
    assert_ne!(title(&report), "Test mail", "{report}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_mail_counts_as_a_look_at_its_authors_domain() {
    let lab = Lab::start(By::Gateway, Zones::load(&["healthy"])).await;
    let store = lab.store.open().await;
    // The window may end meanwhile; twice as many as one may in it are too many in any case.
    for _ in 0..21 {
        let on = vec![Subject::Domain("healthy.example".parse().unwrap())];
        let _ = store.spend(on, None, SystemTime::now().into()).await.unwrap();
    }
    let asked = lab.discord.dispatch(slash("testmail", &[])).await;
    let invitation = asked.edited().await;
    let told = send_there(&lab, &asked, &invitation).await;
    assert!(description(&told).starts_with("`healthy.example` was looked at many times just now."), "{told}");
    assert_eq!(lab.names.questions().len(), 0);
    lab.finish().await;
}

/// Sends a mail to the test address of an invitation; what is told of it.
async fn send_there(lab: &Lab, asked: &Asked, invitation: &Value) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let registry = Arc::clone(&lab.registry);
    let serving = tokio::spawn(mailbox::serve(listener, registry, None, Limits::default(), stop.clone()));
    let address = description(invitation).split('`').find(|part| part.ends_with("@test.host.example")).unwrap();
    let message = "From: Anna <anna@healthy.example>\r\nTo: x@test.host.example\r\nSubject: test\r\n\r\nHello\r\n";
    assert_eq!(crate::mailbox::send(server, address, message).await, "250");
    let report = asked.edits(2).await.pop().unwrap();
    stop.cancel();
    serving.await.unwrap();
    report
}
