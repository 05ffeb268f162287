//! What the product says of web servers, sound and hostile; and that it asks nothing of those that it cannot trust.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use mailmedic::facts::{Distrust, Fetch, Fetched, NoPage, Unreached};
use mailmedic::probe::https::Https;

use super::*;

const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\nmax_age: 86400\r\n";
const PATH: &str = "/.well-known/mta-sts.txt";

async fn start(identity: Identity, response: Response) -> Stand {
    Stand::start((Ipv4Addr::new(127, 0, 4, 43), 0).into(), Web { identity, response }).await
}

fn policy(host: &str, address: IpAddr) -> Fetch {
    Fetch { host: host.parse().unwrap(), address, path: PATH }
}

async fn fetch_within(time: Duration, stand: &Stand) -> Fetched {
    let https = Https::new(guard(Port::Https, stand.port()), trusting()).within(time);
    https.fetch(&policy("mta-sts.example.com", stand.ip())).await
}

fn too_large() -> Fetched {
    Err(NoPage::Malformed("more than a policy has".to_owned()))
}

async fn fetch(response: Response) -> Fetched {
    fetch_within(Duration::from_secs(5), &start(Identity::Sound("mta-sts.example.com"), response).await).await
}

#[tokio::test]
async fn a_policy_is_fetched_by_one_plain_request() {
    let response = Response::page("200 OK", &["Content-Type: text/plain"], POLICY);
    let stand = start(Identity::Sound("mta-sts.example.com"), response).await;
    let page = fetch_within(Duration::from_secs(5), &stand).await.unwrap();
    assert_eq!((page.status, page.content_type.as_deref()), (200, Some("text/plain")));
    assert_eq!((page.body.as_str(), page.location), (POLICY, None));
    let agent = concat!("user-agent: mailmedic/", env!("CARGO_PKG_VERSION"));
    let said = ["GET /.well-known/mta-sts.txt HTTP/1.1", "host: mta-sts.example.com", agent, ""];
    assert_eq!(stand.reached(), Reached { connections: 1, said: said.map(str::to_owned).into() });
}

#[tokio::test]
async fn a_host_whose_certificate_is_not_good_is_asked_nothing() {
    for (identity, expected) in [
        (Identity::Expired("mta-sts.example.com"), Distrust::Expired.to_string()),
        (Identity::SelfSigned("mta-sts.example.com"), Distrust::SelfSigned.to_string()),
        (Identity::Stranger("mta-sts.example.com"), Distrust::UnknownIssuer.to_string()),
        (Identity::Sound("www.example.com"), "the certificate is for www.example.com".to_owned()),
    ] {
        let stand = start(identity, Response::page("200 OK", &[], POLICY)).await;
        let fetched = fetch_within(Duration::from_secs(5), &stand).await;
        assert_eq!(fetched, Err(NoPage::Untrusted(expected)), "{identity:?}");
        assert_eq!(stand.reached(), Reached { connections: 1, said: Vec::new() }, "{identity:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_shown_and_nobody_follows_it() {
    let other = start(Identity::Sound("mta-sts.example.com"), Response::page("200 OK", &[], POLICY)).await;
    let target = format!("Location: https://127.0.4.43:{}/x", other.port());
    let page = fetch(Response::page("301 Moved Permanently", &[&target], "moved")).await.unwrap();
    assert_eq!((page.status, page.body.as_str()), (301, ""));
    assert!(page.location.unwrap().ends_with("/x"));
    assert_eq!(other.reached().connections, 0);
}

#[tokio::test]
async fn other_pages_are_shown_by_their_status_and_type() {
    let page = fetch(Response::page("200 OK", &["Content-Type: text/html; charset=utf-8"], "<html>")).await.unwrap();
    assert_eq!(page.content_type.as_deref(), Some("text/html; charset=utf-8"));
    let page = fetch(Response::page("404 Not Found", &[], &"x".repeat(100_000))).await.unwrap();
    assert_eq!((page.status, page.body.as_str()), (404, ""));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec();
    assert_eq!(fetch(Response::Bytes(chunked)).await.unwrap().body, "abcde");
    let unmeasured = b"HTTP/1.1 200 OK\r\n\r\nuntil the end".to_vec();
    assert_eq!(fetch(Response::Bytes(unmeasured)).await.unwrap().body, "until the end");
}

#[tokio::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    let just = "x".repeat(64 * 1024);
    assert_eq!(fetch(Response::page("200 OK", &[], &just)).await.unwrap().body.len(), just.len());
    assert_eq!(fetch(Response::page("200 OK", &[], &format!("{just}x"))).await, too_large());
    assert_eq!(fetch(Response::Endless).await, too_large());
    assert_eq!(fetch(Response::EndlessHead).await, too_large());
    let claims = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx".to_vec();
    assert_eq!(fetch(Response::Bytes(claims)).await, too_large());
}

#[tokio::test]
async fn what_is_not_http_or_breaks_off_is_told_apart() {
    let mail = fetch(Response::Bytes(b"220 mx.example ESMTP\r\n".to_vec())).await;
    assert!(matches!(&mail, Err(NoPage::Malformed(why)) if why.starts_with("not HTTP: ")), "{mail:?}");
    assert_eq!(fetch(Response::Bytes(Vec::new())).await, Err(NoPage::Unreached(Unreached::Broken)));
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_vec();
    assert_eq!(fetch(Response::Bytes(cut)).await, Err(NoPage::Unreached(Unreached::Broken)));
}

#[tokio::test]
async fn one_limit_for_the_whole_fetch_ends_silence_and_dripping() {
    const SHORT: Duration = Duration::from_millis(80);
    for response in [Response::Silent, Response::Drip] {
        let stand = start(Identity::Sound("mta-sts.example.com"), response.clone()).await;
        let start = Instant::now();
        assert_eq!(fetch_within(SHORT, &stand).await, Err(NoPage::Unreached(Unreached::Silent)), "{response:?}");
        // Far below the time that a fetch has unless it is told otherwise, and far above this one's on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(5), "{response:?}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_mail_server_in_place_of_a_web_server_is_no_tls() {
    let mail = Mail { protocol: Protocol::Smtp, ..Mail::that(Manner::Sound) };
    let stand = Stand::start((Ipv4Addr::new(127, 0, 4, 43), 0).into(), mail).await;
    let no_tls = Err(NoPage::NoTls("what the server sent is not TLS".to_owned()));
    assert_eq!(fetch_within(Duration::from_secs(5), &stand).await, no_tls);
}

#[tokio::test]
async fn literal_and_private_hosts_are_never_connected_to() {
    let stand = start(Identity::Sound("mta-sts.example.com"), Response::Silent).await;
    let https = Https::new(guard(Port::Https, stand.port()), trusting());
    for (host, address, why) in [
        ("127.0.4.43", stand.ip(), Unreached::NotAsked),
        ("mta-sts.example.com", [10, 0, 0, 5].into(), Unreached::Denied),
    ] {
        assert_eq!(https.fetch(&policy(host, address)).await, Err(NoPage::Unreached(why)), "{host} {address}");
    }
    assert_eq!(stand.reached().connections, 0);
}
