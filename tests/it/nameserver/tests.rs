//! The name server's own tests: it answers as a resolver does, and goes wrong as told.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::Transport::{Tcp, Udp};
use super::{Asked, Fault, NameServer, Transport, Zones};

/// Long enough that a reply on loopback has come, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(10);

/// Short, since no reply is what is expected.
const SILENCE: Duration = Duration::from_millis(50);

const ZONE: &str = r#"
[records]
"zone.example" = { SOA = "ns.zone.example. root.zone.example. 7 1 2 3 4", MX = ["10 mail.zone.example.", "20 out.other.example."] }
"mail.zone.example" = { A = ["192.0.2.1", "192.0.2.2"], AAAA = "2001:db8::1" }
"alias.zone.example" = { CNAME = "second.zone.example." }
"second.zone.example" = { CNAME = "mail.zone.example." }
"dangling.zone.example" = { CNAME = "gone.zone.example." }
"elsewhere.zone.example" = { CNAME = "host.other.example." }
"round.zone.example" = { CNAME = "about.zone.example." }
"about.zone.example" = { CNAME = "round.zone.example." }
"deep.below.zone.example" = { A = "192.0.2.3" }
"*.any.zone.example" = { TXT = ["wild"] }
"host.other.example" = { A = "192.0.2.4" }
"192.0.2.1" = { PTR = "mail.zone.example." }
"2001:db8::1" = { PTR = "mail.zone.example." }
"empty.zone.example" = { TXT = [] }
"#;

fn query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn with_edns(mut message: Message) -> Message {
    message.set_edns(Edns::new());
    message
}

async fn send(address: SocketAddr, transport: Transport, request: &[u8]) -> Vec<u8> {
    match transport {
        Udp => {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            socket.send_to(request, address).await.unwrap();
            let mut reply = vec![0; 65535];
            let length = socket.recv(&mut reply).await.unwrap();
            reply.truncate(length);
            reply
        }
        Tcp => {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_u16(request.len().try_into().unwrap()).await.unwrap();
            stream.write_all(request).await.unwrap();
            let mut reply = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut reply).await.unwrap();
            reply
        }
    }
}

async fn reply(server: &NameServer, transport: Transport, request: &Message) -> Message {
    let bytes =
        timeout(PATIENCE, send(server.address(), transport, &request.to_vec().unwrap())).await.expect("a reply");
    let reply = Message::from_vec(&bytes).expect("a message");
    assert_eq!(reply.metadata.id, request.metadata.id);
    assert_eq!(reply.metadata.message_type, MessageType::Response);
    reply
}

async fn ask(server: &NameServer, name: &str, kind: RecordType) -> Message {
    let reply = reply(server, Udp, &with_edns(query(name, kind))).await;
    assert!(reply.metadata.authoritative && reply.metadata.recursion_available && reply.metadata.recursion_desired);
    reply
}

async fn is_silent(server: &NameServer, transport: Transport, name: &str, kind: RecordType) -> bool {
    let request = query(name, kind).to_vec().unwrap();
    timeout(SILENCE, send(server.address(), transport, &request)).await.is_err()
}

fn data(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| format!("{} {} {}", record.name, record.record_type(), record.data)).collect()
}

fn strings(reply: &Message) -> Vec<Vec<Vec<u8>>> {
    let texts =
        reply.answers.iter().filter_map(|record| if let RData::TXT(txt) = &record.data { Some(txt) } else { None });
    texts.map(|txt| txt.txt_data.iter().map(|string| string.to_vec()).collect()).collect()
}

#[tokio::test]
async fn records_are_answered_over_both_transports() {
    let server = NameServer::start(Zones::written(ZONE)).await;
    let expected = ["Zone.Example. MX 10 mail.zone.example.", "Zone.Example. MX 20 out.other.example."];
    for transport in [Udp, Tcp] {
        let reply = reply(&server, transport, &query("Zone.Example.", RecordType::MX)).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
        assert_eq!(data(&reply.answers), expected);
        assert!(reply.queries[0].name.eq_case(&Name::from_ascii("Zone.Example.").unwrap()), "0x20 comes back");
        assert!(reply.edns.is_none(), "nobody asked for EDNS");
    }
    for (name, kind, expected) in [
        ("mail.zone.example.", RecordType::AAAA, "mail.zone.example. AAAA 2001:db8::1"),
        ("1.2.0.192.in-addr.arpa.", RecordType::PTR, "1.2.0.192.in-addr.arpa. PTR mail.zone.example."),
        ("zone.example.", RecordType::SOA, "zone.example. SOA ns.zone.example. root.zone.example. 7 1 2 3 4"),
    ] {
        assert_eq!(data(&ask(&server, name, kind).await.answers), [expected]);
    }
}

#[tokio::test]
async fn a_missing_type_is_no_data_and_a_missing_name_is_nxdomain_each_with_the_soa() {
    let server = NameServer::start(Zones::written(ZONE)).await;
    for (name, code, apex) in [
        ("mail.zone.example.", ResponseCode::NoError, "zone.example."),
        ("below.zone.example.", ResponseCode::NoError, "zone.example."),
        ("ip6.arpa.", ResponseCode::NoError, "."),
        ("gone.zone.example.", ResponseCode::NXDomain, "zone.example."),
        ("empty.zone.example.", ResponseCode::NXDomain, "zone.example."),
        ("x.deep.below.zone.example.", ResponseCode::NXDomain, "zone.example."),
        ("nowhere.example.", ResponseCode::NXDomain, "."),
    ] {
        let reply = ask(&server, name, RecordType::TXT).await;
        assert_eq!((reply.metadata.response_code, data(&reply.answers)), (code, vec![]), "{name}");
        let [soa] = reply.authorities.as_slice() else { panic!("{name}: one SOA record") };
        assert_eq!((soa.record_type(), soa.name.to_string().as_str()), (RecordType::SOA, apex), "{name}");
    }
}

#[tokio::test]
async fn aliases_are_followed_to_the_end() {
    let server = NameServer::start(Zones::written(ZONE)).await;
    for (name, kind, code, expected) in [
        (
            "alias.zone.example.",
            RecordType::A,
            ResponseCode::NoError,
            vec![
                "alias.zone.example. CNAME second.zone.example.",
                "second.zone.example. CNAME mail.zone.example.",
                "mail.zone.example. A 192.0.2.1",
                "mail.zone.example. A 192.0.2.2",
            ],
        ),
        (
            "second.zone.example.",
            RecordType::CNAME,
            ResponseCode::NoError,
            vec!["second.zone.example. CNAME mail.zone.example."],
        ),
        (
            "second.zone.example.",
            RecordType::TXT,
            ResponseCode::NoError,
            vec!["second.zone.example. CNAME mail.zone.example."],
        ),
        (
            "elsewhere.zone.example.",
            RecordType::A,
            ResponseCode::NoError,
            vec!["elsewhere.zone.example. CNAME host.other.example.", "host.other.example. A 192.0.2.4"],
        ),
        (
            "dangling.zone.example.",
            RecordType::A,
            ResponseCode::NXDomain,
            vec!["dangling.zone.example. CNAME gone.zone.example."],
        ),
        (
            "round.zone.example.",
            RecordType::A,
            ResponseCode::NoError,
            vec!["round.zone.example. CNAME about.zone.example.", "about.zone.example. CNAME round.zone.example."],
        ),
    ] {
        let reply = ask(&server, name, kind).await;
        assert_eq!(
            (reply.metadata.response_code, data(&reply.answers)),
            (code, expected.iter().map(ToString::to_string).collect()),
            "{name}"
        );
    }
    assert_eq!(server.questions().len(), 6);
}

#[tokio::test]
async fn a_wildcard_answers_for_names_that_do_not_exist() {
    let server = NameServer::start(Zones::written(ZONE)).await;
    let reply = ask(&server, "a.b.any.zone.example.", RecordType::TXT).await;
    assert_eq!(data(&reply.answers), ["a.b.any.zone.example. TXT wild"]);
    let reply = ask(&server, "a.any.zone.example.", RecordType::A).await;
    assert_eq!((reply.metadata.response_code, reply.answers), (ResponseCode::NoError, vec![]));
}

#[tokio::test]
async fn texts_come_as_the_strings_they_were_given_as() {
    let long = "x".repeat(300);
    let mut zones = Zones::written(&format!(
        "[records]\n'long.example' = {{ TXT = ['{long}'] }}\n'parts.example' = {{ TXT = [['a b', 'c'], 'd'] }}"
    ));
    zones.add_text("bytes.example", &[b"v=spf1 \x80 \0", b"\"\\"]);
    let server = NameServer::start(zones).await;
    let texts = async |name| strings(&ask(&server, name, RecordType::TXT).await);
    assert_eq!(texts("long.example.").await, [vec![long.as_bytes()[..255].to_vec(), long.as_bytes()[255..].to_vec()]]);
    assert_eq!(texts("parts.example.").await, [vec![b"a b".to_vec(), b"c".to_vec()], vec![b"d".to_vec()]]);
    assert_eq!(texts("bytes.example.").await, [vec![b"v=spf1 \x80 \0".to_vec(), b"\"\\".to_vec()]]);
}

#[tokio::test]
async fn a_text_can_have_no_strings_at_all() {
    let mut zones = Zones::default();
    zones.add_text("null.example", &[]).add_text("null.example", &[b"v=spf1 -all"]);
    let server = NameServer::start(zones).await;
    let mut bytes = send(server.address(), Udp, &query("null.example.", RecordType::TXT).to_vec().unwrap()).await;
    assert!(Message::from_vec(&bytes).is_err(), "hickory takes no empty record, except in an update");
    bytes[2] |= u8::from(OpCode::Update) << 3;
    let reply = Message::from_vec(&bytes).unwrap();
    assert_eq!(reply.answers.len(), 2);
    assert_eq!(strings(&reply), [vec![b"v=spf1 -all".to_vec()]]);
}

#[tokio::test]
async fn odd_names_can_be_added() {
    let mut zones = Zones::default();
    zones.add("a  b%c.example", "A", "192.0.2.1").add("no.example.", "MX", "0 ").add(
        "no.example",
        "MX",
        "1 x:/y.example",
    );
    let server = NameServer::start(zones).await;
    let mut request = Message::query();
    request.add_query(Query::query(Name::from_labels([&b"a  b%c"[..], b"example"]).unwrap(), RecordType::A));
    assert_eq!(reply(&server, Udp, &request).await.answers.len(), 1);
    let reply = ask(&server, "no.example.", RecordType::MX).await;
    assert_eq!(data(&reply.answers)[0], "no.example. MX 0 .");
    assert_eq!(reply.answers.len(), 2);
    assert_eq!(server.count("a\\032\\032b%c.example", "A"), 1);
}

#[tokio::test]
async fn what_does_not_fit_a_datagram_comes_whole_over_tcp() {
    let server = NameServer::start(Zones::load(&["dns"])).await;
    let request = query("truncated.example.", RecordType::TXT);
    for request in [request.clone(), with_edns(request)] {
        let short = reply(&server, Udp, &request).await;
        assert!(short.metadata.truncation && short.answers.is_empty());
        let whole = reply(&server, Tcp, &request).await;
        assert!(!whole.metadata.truncation);
        assert_eq!(whole.answers.len(), 25);
    }
    // 600 bytes fit with EDNS only.
    let mut zones = Zones::default();
    zones.add("medium.example", "TXT", &"x".repeat(600));
    let server = NameServer::start(zones).await;
    let request = query("medium.example.", RecordType::TXT);
    assert!(reply(&server, Udp, &request).await.metadata.truncation);
    let mut edns = Edns::new();
    edns.set_max_payload(1232);
    let mut request = request;
    request.set_edns(edns);
    assert!(!reply(&server, Udp, &request).await.metadata.truncation);
}

#[tokio::test]
async fn what_is_no_plain_question_is_turned_down() {
    let server = NameServer::start(Zones::written(ZONE)).await;
    let mut notify = query("zone.example.", RecordType::MX);
    notify.metadata.op_code = OpCode::Notify;
    let mut two = query("zone.example.", RecordType::MX);
    two.add_query(two.queries[0].clone());
    let mut future = with_edns(query("zone.example.", RecordType::MX));
    future.edns.as_mut().unwrap().set_version(1);
    for (request, code) in [(notify, 4), (two, 1), (future, 16)] {
        let reply = reply(&server, Udp, &request).await;
        assert_eq!((u16::from(reply.metadata.response_code), reply.answers), (code, vec![]));
    }
    let junk = send(server.address(), Udp, &[7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63]).await;
    let reply = Message::from_vec(&junk).unwrap();
    assert_eq!((reply.metadata.id, reply.metadata.response_code), (0x0709, ResponseCode::FormErr));
    assert_eq!(server.questions(), []);
}

#[tokio::test]
async fn each_response_code_can_be_had_for_a_name_and_type() {
    let faults = [
        (Fault::SERVFAIL, ResponseCode::ServFail),
        (Fault::REFUSED, ResponseCode::Refused),
        (Fault::FORMERR, ResponseCode::FormErr),
        (Fault::NOTIMP, ResponseCode::NotImp),
        (Fault::Rcode(9), ResponseCode::NotAuth),
        (Fault::Rcode(23), ResponseCode::BADCOOKIE),
    ];
    for (fault, code) in faults {
        let mut zones = Zones::written(ZONE);
        zones.fault("mail.zone.example", fault).only("A");
        let server = NameServer::start(zones).await;
        for transport in [Udp, Tcp] {
            let request = with_edns(query("mail.zone.example.", RecordType::A));
            let bad = reply(&server, transport, &request).await;
            assert_eq!((bad.metadata.response_code, bad.answers, bad.authorities), (code, vec![], vec![]));
        }
        let good = ask(&server, "mail.zone.example.", RecordType::AAAA).await;
        assert_eq!((good.metadata.response_code, good.answers.len()), (ResponseCode::NoError, 1));
        let alias = ask(&server, "alias.zone.example.", RecordType::A).await;
        assert_eq!(
            (alias.metadata.response_code, alias.answers),
            (code, vec![]),
            "who asks for an alias is struck, too"
        );
    }
}

#[tokio::test]
async fn faults_strike_one_name_or_those_below_it_or_all() {
    let struck = async |names: &str| {
        let mut zones = Zones::written(ZONE);
        zones.fault(names, Fault::REFUSED);
        let server = NameServer::start(zones).await;
        let mut struck = Vec::new();
        for name in
            ["zone.example.", "mail.ZONE.example.", "deep.below.zone.example.", "myzone.example.", "other.example."]
        {
            if ask(&server, name, RecordType::A).await.metadata.response_code == ResponseCode::Refused {
                struck.push(name);
            }
        }
        struck
    };
    assert_eq!(struck("zone.example").await, ["zone.example."]);
    assert_eq!(struck("*.zone.example").await, ["mail.ZONE.example.", "deep.below.zone.example."]);
    assert_eq!(struck("*").await.len(), 5);
}

#[tokio::test]
async fn silence_strikes_what_it_should() {
    let mut zones = Zones::written(ZONE);
    zones.fault("zone.example", Fault::Silent);
    zones.fault("deep.below.zone.example", Fault::Silent).over(Udp);
    zones.fault("mail.zone.example", Fault::Silent).unlisted();
    zones.fault("host.other.example", Fault::Silent).times(1);
    let server = NameServer::start(zones).await;
    for transport in [Udp, Tcp] {
        assert!(is_silent(&server, transport, "zone.example.", RecordType::MX).await);
        assert!(is_silent(&server, transport, "mail.zone.example.", RecordType::TXT).await);
    }
    assert_eq!(ask(&server, "mail.zone.example.", RecordType::A).await.answers.len(), 2);
    assert!(is_silent(&server, Udp, "deep.below.zone.example.", RecordType::A).await);
    let request = query("deep.below.zone.example.", RecordType::A);
    assert_eq!(reply(&server, Tcp, &request).await.answers.len(), 1);
    for _ in 0..2 {
        assert!(is_silent(&server, Udp, "host.other.example.", RecordType::A).await, "the first time");
        assert_eq!(ask(&server, "host.other.example.", RecordType::A).await.answers.len(), 1, "not the second");
        server.reset_log();
    }
}

#[tokio::test]
async fn truncated_wrong_id_and_garbage_do_what_they_say() {
    let mut zones = Zones::written(ZONE);
    zones.fault("deep.below.zone.example", Fault::Truncated);
    zones.fault("zone.example", Fault::WrongId);
    zones.fault("mail.zone.example", Fault::Garbage);
    let server = NameServer::start(zones).await;

    let request = query("deep.below.zone.example.", RecordType::A);
    let short = reply(&server, Udp, &request).await;
    assert!(short.metadata.truncation && short.answers.is_empty());
    let whole = reply(&server, Tcp, &request).await;
    assert!(!whole.metadata.truncation);
    assert_eq!(whole.answers.len(), 1);

    for transport in [Udp, Tcp] {
        let request = query("zone.example.", RecordType::MX);
        let bytes = send(server.address(), transport, &request.to_vec().unwrap()).await;
        let other = Message::from_vec(&bytes).unwrap();
        assert_eq!((other.metadata.id, other.answers.len()), (request.metadata.id.wrapping_add(1), 2));

        let request = query("mail.zone.example.", RecordType::A);
        let bytes = send(server.address(), transport, &request.to_vec().unwrap()).await;
        assert_eq!(bytes[..2], request.metadata.id.to_be_bytes());
        assert!(Message::from_vec(&bytes).is_err());
    }
}

#[tokio::test]
async fn what_is_never_whole_and_what_is_spelt_otherwise_is_so_over_both_transports() {
    let mut zones = Zones::written(ZONE);
    zones.fault("zone.example", Fault::NeverWhole);
    zones.fault("mail.zone.example", Fault::OtherCapitals);
    let server = NameServer::start(zones).await;
    for transport in [Udp, Tcp] {
        let cut = reply(&server, transport, &query("zone.example.", RecordType::MX)).await;
        assert!(cut.metadata.truncation && cut.answers.is_empty());
        let spelt = reply(&server, transport, &query("MAIL.zone.example.", RecordType::A)).await;
        assert!(spelt.queries[0].name.eq_case(&Name::from_ascii("mail.zone.example.").unwrap()));
        assert_eq!(spelt.answers.len(), 2);
    }
}

#[tokio::test]
async fn the_name_server_of_a_zone_answers_refers_and_refuses() {
    let mut zones = Zones::written(ZONE);
    zones.authority_of(&["example"]).add("zone.example", "NS", "ns1.zone.example.");
    let parent = NameServer::start(zones).await;
    let mut zones = Zones::written(ZONE);
    zones.authority_of(&["zone.example"]).set_ttl(60).add("deep.below.zone.example", "NS", "ns.other.example.");
    let child = NameServer::start(zones).await;
    let said = async |server: &NameServer, name: &str| {
        let reply = reply(server, Udp, &query(name, RecordType::A)).await;
        assert!(!reply.metadata.recursion_available);
        (
            reply.metadata.response_code,
            reply.metadata.authoritative,
            reply.answers.len(),
            data(&reply.authorities).join(", "),
        )
    };
    let ok = ResponseCode::NoError;
    for (name, expected) in [
        ("mail.zone.example.", (ok, false, 0, "zone.example. NS ns1.zone.example.".to_owned())),
        ("host.other.example.", (ok, true, 1, String::new())),
        ("elsewhere.test.", (ResponseCode::Refused, false, 0, String::new())),
    ] {
        assert_eq!(said(&parent, name).await, expected, "{name}");
    }
    for (name, expected) in [
        ("mail.zone.example.", (ok, true, 2, String::new())),
        ("x.deep.below.zone.example.", (ok, false, 0, "deep.below.zone.example. NS ns.other.example.".to_owned())),
        ("host.other.example.", (ResponseCode::Refused, false, 0, String::new())),
    ] {
        assert_eq!(said(&child, name).await, expected, "{name}");
    }
    let answer = reply(&child, Udp, &query("mail.zone.example.", RecordType::A)).await;
    assert_eq!(answer.answers[0].ttl, 60);
}

#[tokio::test]
async fn signatures_hold_or_do_not_for_those_who_ask() {
    let zones =
        "signed = ['zone.example']\nbogus = ['bogus.example']\n[records]\n'bogus.example' = { A = '192.0.2.9' }";
    let mut zones = Zones::written(zones);
    zones.add("zone.example", "A", "192.0.2.1").add("www.zone.example", "CNAME", "bogus.example.");
    zones.add("mail.zone.example", "CNAME", "plain.example.").add("plain.example", "A", "192.0.2.2");
    let server = NameServer::start(zones).await;
    let said = async |name: &str, ad: bool, cd: bool| {
        let mut request = query(name, RecordType::A);
        (request.metadata.authentic_data, request.metadata.checking_disabled) = (ad, cd);
        let reply = reply(&server, Udp, &request).await;
        (reply.metadata.response_code, reply.metadata.authentic_data)
    };
    let (ok, failed) = (ResponseCode::NoError, ResponseCode::ServFail);
    for (name, ad, cd, expected) in [
        ("zone.example.", true, false, (ok, true)),
        ("zone.example.", false, false, (ok, false)),
        ("zone.example.", true, true, (ok, false)),
        ("mail.zone.example.", true, false, (ok, false)),
        ("www.zone.example.", true, false, (failed, false)),
        ("www.zone.example.", false, true, (ok, false)),
        ("bogus.example.", true, false, (failed, false)),
        ("bogus.example.", false, true, (ok, false)),
        (".", true, false, (ok, true)),
    ] {
        assert_eq!(said(name, ad, cd).await, expected, "{name} AD {ad} CD {cd}");
    }
}

#[tokio::test]
async fn several_stand_at_one_port_of_their_own_addresses() {
    let zones = |text| {
        let mut zones = Zones::default();
        zones.add("zone.example", "TXT", text);
        zones
    };
    let addresses = [Ipv4Addr::new(127, 9, 0, 1), Ipv4Addr::new(127, 9, 0, 2)];
    let servers = NameServer::start_together([(addresses[0], zones("one")), (addresses[1], zones("two"))]).await;
    assert_eq!(servers[0].address().port(), servers[1].address().port());
    for (server, (address, text)) in servers.iter().zip(addresses.into_iter().zip(["one", "two"])) {
        assert_eq!(server.address().ip(), address);
        let reply = reply(server, Udp, &query("zone.example.", RecordType::TXT)).await;
        assert_eq!(strings(&reply), [vec![text.as_bytes().to_vec()]]);
        assert_eq!(server.questions().len(), 1);
    }
}

#[tokio::test]
async fn delays_add_up_and_go_together_with_another_fault() {
    let mut zones = Zones::written(ZONE);
    zones.fault("*", Fault::Delay(Duration::from_millis(20)));
    zones.fault("zone.example", Fault::SERVFAIL);
    zones.fault("zone.example", Fault::Delay(Duration::from_millis(20)));
    let server = NameServer::start(zones).await;
    for transport in [Udp, Tcp] {
        let began = Instant::now();
        let reply = reply(&server, transport, &query("zone.example.", RecordType::MX)).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::ServFail);
        assert!(began.elapsed() >= Duration::from_millis(40));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_costs_nothing_where_time_is_paused() {
    let mut zones = Zones::written(ZONE);
    zones.fault("zone.example", Fault::Delay(Duration::from_hours(1)));
    let server = NameServer::start(zones).await;
    let began = Instant::now();
    let request = query("zone.example.", RecordType::MX).to_vec().unwrap();
    send(server.address(), Udp, &request).await;
    assert!(began.elapsed() < Duration::from_mins(1));
}

#[tokio::test]
async fn one_connection_carries_several_questions_and_answers_each_when_due() {
    let mut zones = Zones::written(ZONE);
    zones.fault("zone.example", Fault::Delay(Duration::from_millis(50)));
    let server = NameServer::start(zones).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    for name in ["zone.example.", "mail.zone.example."] {
        let request = query(name, RecordType::A).to_vec().unwrap();
        stream.write_u16(request.len().try_into().unwrap()).await.unwrap();
        stream.write_all(&request).await.unwrap();
    }
    let mut names = Vec::new();
    for _ in 0..2 {
        let mut reply = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut reply).await.unwrap();
        names.push(Message::from_vec(&reply).unwrap().queries[0].name.to_string());
    }
    assert_eq!(names, ["mail.zone.example.", "zone.example."]);
}

#[tokio::test]
async fn the_log_holds_every_question_in_order() {
    let server = NameServer::start(Zones::written(ZONE)).await;
    ask(&server, "Mail.Zone.Example.", RecordType::A).await;
    reply(&server, Tcp, &query("mail.zone.example.", RecordType::A)).await;
    ask(&server, "gone.example.", RecordType::TXT).await;
    let asked = |name: &str, kind: &str, transport| Asked { name: name.into(), kind: kind.into(), transport };
    let first = asked("mail.zone.example", "A", Udp);
    assert_eq!(
        server.questions(),
        [first.clone(), asked("mail.zone.example", "A", Tcp), asked("gone.example", "TXT", Udp)]
    );
    assert_eq!(server.count("mail.zone.example", "A"), 2);
    assert_eq!(server.repeated(), []);
    ask(&server, "mail.zone.example.", RecordType::A).await;
    assert_eq!(server.repeated(), [first]);
    server.reset_log();
    assert_eq!(server.questions(), []);
}

#[test]
fn it_runs_apart_and_stops_when_dropped() {
    let server = NameServer::start_apart(Zones::written(ZONE));
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send_to(&query("zone.example.", RecordType::MX).to_vec().unwrap(), server.address()).unwrap();
    let mut reply = [0; 512];
    let length = socket.recv(&mut reply).unwrap();
    assert_eq!(Message::from_vec(&reply[..length]).unwrap().answers.len(), 2);
    assert_eq!(server.count("zone.example", "MX"), 1);

    let address = server.address();
    drop(server);
    let began = Instant::now();
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < PATIENCE, "still there");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn the_resolver_library_understands_it() {
    let server = NameServer::start(Zones::load(&["dns"])).await;
    let mut config = NameServerConfig::udp_and_tcp(server.address().ip());
    config.connections.iter_mut().for_each(|connection| connection.port = server.address().port());
    let config = ResolverConfig::from_name_servers(vec![config]);
    let resolver = Resolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
    let reply = resolver.lookup("truncated.example.", RecordType::TXT).await.unwrap();
    assert_eq!(reply.answers().len(), 25);
    let over: Vec<_> = server.questions().into_iter().map(|asked| asked.transport).collect();
    assert_eq!(over, [Udp, Tcp]);
    let error = resolver.lookup("no-such-name.example.", RecordType::MX).await.unwrap_err();
    assert!(error.is_nx_domain(), "{error}");
}
