//! Several replicas on one store: one alone is on the gateway, and another takes over when it ends, however it ends.

mod killed;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mailmedic::config::{Config, PublicKey};
use mailmedic::moment::Moment;
use mailmedic::store::Store;
use mailmedic::surface::discord::{Bot, Serving};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::discord::fixtures::slash;
use crate::discord::interactions::What;
use crate::discord::{Settings, StandIn};
use crate::lab;
use crate::store::Place;

/// A replica on a runtime of its own, which can end without a word as a process does.
struct Replica {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
}

impl Replica {
    async fn start(discord: &StandIn, place: &Place) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (at, gateway, http) = (place.at.clone(), discord.http(), discord.http());
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = oneshot::channel();
        runtime.spawn(async move {
            let store = Store::open(&at, Config::default().limits, [7; 32]).await.unwrap();
            let engine = lab::engine_on(Arc::new(lab::Nobody), Config::default());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let serving = Serving {
                gateway: Some(gateway),
                shared: Some(store.clone()),
                public_key: Some(PublicKey::from_hex(&StandIn::public_key()).unwrap()),
                listener,
                mailbox: None,
            };
            let stopped = async { stopped.await.unwrap_or_default() };
            Bot::new(engine, Arc::new(http), store, reqwest::Client::new()).serve(serving, stopped).await.unwrap();
        });
        Self { address: told.await.unwrap(), stop: Some(stop), runtime: Some(runtime) }
    }

    async fn says(&self, what: &str) {
        says(self.address, what).await;
    }

    /// Stops it as SIGTERM does.
    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Ends it as SIGKILL does: nothing more is sent, and the sockets are gone.
    fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits until the `/readyz` of a bot, which may not be there yet, says this.
async fn says(address: SocketAddr, what: &str) {
    let told = async || reqwest::get(format!("http://{address}/readyz")).await?.text().await;
    while !told().await.is_ok_and(|told| told.trim() == what) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const READY: &str = "ready";
const STANDBY: &str = "ready; another replica holds the gateway";

async fn discord() -> StandIn {
    StandIn::start_with(Settings { patience: Duration::from_mins(2), ..Settings::default() }).await
}

async fn asks(discord: &StandIn) {
    discord.dispatch(slash("help", &[])).await.edited().await;
}

#[tokio::test]
async fn one_alone_is_on_the_gateway_and_hands_over_when_it_is_stopped() {
    for place in [Place::file(), Place::server().await] {
        let discord = discord().await;
        let mut first = Replica::start(&discord, &place).await;
        first.says(READY).await;
        let mut second = Replica::start(&discord, &place).await;
        second.says(STANDBY).await;
        asks(&discord).await;
        assert_eq!(discord.gateway().identifies(), 1, "{}", place.engine());
        first.stop();
        second.says(READY).await;
        asks(&discord).await;
        assert_eq!(discord.gateway().most_at_once(), 1, "{}", place.engine());
        second.stop();
        assert_eq!(discord.gateway().left().await, Some(1000));
        discord.finish().await;
    }
}

#[tokio::test]
async fn a_signed_request_that_comes_again_at_another_is_not_carried_out_twice() {
    for place in [Place::file(), Place::server().await] {
        let discord = discord().await;
        let replicas = [Replica::start(&discord, &place).await, Replica::start(&discord, &place).await];
        let [first, second] =
            replicas.each_ref().map(|one| discord.endpoint(&format!("http://{}/interactions", one.address)));
        let (_, asked, delivery) = first.post_keeping(slash("help", &[])).await;
        asked.edited().await;
        assert_eq!(second.replay(&delivery).await.status, 200);
        let refused = async {
            while !discord.logs().iter().any(|line| line.contains("an interaction came again")) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), refused).await.expect("the second one refuses it");
        assert_eq!(asked.order(), [What::AcknowledgedInline, What::Edited], "{}", place.engine());
        let counted = "SELECT CAST(count AS TEXT) FROM spent WHERE scope = 'person'";
        assert_eq!(place.shown(counted).await, "1", "{}", place.engine());
        drop(replicas);
        discord.finish().await;
    }
}

#[tokio::test]
async fn one_that_is_killed_is_followed_by_another() {
    let (discord, place) = (discord().await, Place::server().await);
    let mut first = Replica::start(&discord, &place).await;
    first.says(READY).await;
    let second = Replica::start(&discord, &place).await;
    second.says(STANDBY).await;
    first.kill();
    discord.gateway().identified(2).await;
    asks(&discord).await;
    assert_eq!(discord.gateway().most_at_once(), 1);
    drop(second);
    discord.finish().await;
}

#[tokio::test]
async fn one_that_loses_its_lease_leaves_the_gateway_before_another_connects() {
    let (discord, place) = (discord().await, Place::server().await);
    let replicas = [Replica::start(&discord, &place).await, Replica::start(&discord, &place).await];
    discord.gateway().identified(1).await;
    place.run("UPDATE lease SET token = token + 1").await;
    assert_eq!(discord.gateway().left().await, Some(1000));
    discord.gateway().identified(2).await;
    asks(&discord).await;
    assert_eq!(discord.gateway().most_at_once(), 1);
    drop(replicas);
    discord.finish().await;
}

#[tokio::test]
async fn one_that_cannot_reach_the_store_leaves_the_gateway_before_its_lease_ends() {
    let (discord, place) = (discord().await, Place::server().await);
    let replica = Replica::start(&discord, &place).await;
    replica.says(READY).await;
    // Whoever reads or writes the lease waits for as long as this lasts.
    let closed = "DO $$ BEGIN LOCK TABLE lease IN ACCESS EXCLUSIVE MODE;
        CREATE TABLE seen AS SELECT name, until FROM lease; PERFORM pg_sleep(16); END $$";
    let left = async {
        assert_eq!(discord.gateway().left().await, Some(1000));
        Moment::from(SystemTime::now())
    };
    let ((), left) = tokio::join!(place.run(closed), left);
    let end: i64 = place.shown("SELECT until::text FROM seen WHERE name = 'gateway'").await.parse().unwrap();
    assert!(left < Moment(end), "left the gateway {:?} after the lease", left.since(Moment(end)));
    discord.gateway().identified(2).await;
    asks(&discord).await;
    drop(replica);
    discord.finish().await;
}
