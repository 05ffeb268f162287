//! The figures of `benches/README.md`: what a question costs, how soon the bot is ready, how much memory it holds.
//!
//! Run it with `cargo bench`. Everything stays on this machine's loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that cannot be made ends the run; its figures are what it prints"
)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer as _, SigningKey};
use mailmedic::config::{Brand, Matching};
use mailmedic::knowledge::{File, Knowledge, Source};
use mailmedic::search::Search;

/// How often each question is asked.
const ROUNDS: usize = 50;
/// How often the bot is started.
const STARTS: usize = 10;
/// How many signed requests the bot answers before its memory is read again.
const REQUESTS: usize = 500;

fn main() {
    ask();
    read_mail();
    growth();
    serve();
}

/// How many mails of `tests/mail` are read in a second: bounces of every make among them.
fn read_mail() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mails: Vec<Vec<u8>> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let (mut read, mut bounces) = (0_u32, 0_usize);
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        for mail in &mails {
            bounces += mailmedic::inspect::read(mail).unwrap().bounces.len();
            read += 1;
        }
    }
    let rate = f64::from(read) / begun.elapsed().as_secs_f64();
    println!("inspect: {rate:.0} mails a second, one after another ({bounces} refusals in {read} mails)");
}

/// How much more knowledge costs: made-up entries of twenty symptoms each, of real words and some of each entry's own.
fn growth() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/findings");
    let findings = std::fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        File { text: std::fs::read_to_string(&path).unwrap(), path: path.display().to_string() }
    });
    let findings: Vec<File> = findings.collect();
    let shipped = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
    let symptoms = shipped.entries().flat_map(|entry| &entry.symptoms);
    let words: Vec<&str> =
        symptoms.flat_map(|symptom| symptom.text.split(|c: char| !c.is_ascii_alphabetic())).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    for entries in [17, 100, 500, 2_000] {
        let mut dice = Dice(42);
        let mut questions = Vec::new();
        let entry = |number: usize| {
            let own: Vec<String> = (0..8).map(|_| dice.word()).collect();
            let mut say = || {
                let length = 6 + dice.below(20);
                let word = |_| {
                    if dice.below(4) == 0 {
                        own[dice.below(8)].clone()
                    } else {
                        words[dice.below(words.len())].to_owned()
                    }
                };
                (0..length).map(word).collect::<Vec<_>>().join(" ")
            };
            let symptoms = (0..20).map(|_| format!("\"{}\"", say())).collect::<Vec<_>>().join(",");
            questions.push((number, say()));
            File {
                path: format!("entries/made-up-{number}.toml"),
                text: format!(
                    "id = \"made-up-{number}\"\ntitle = \"{}\"\nsymptoms = [{symptoms}]\n[[remedy]]\ntext = \"Wait.\"\n",
                    own.join(" ")
                ),
            }
        };
        let mut files: Vec<File> = (0..entries).map(entry).collect();
        files.extend(findings.iter().cloned());
        let begun = Instant::now();
        let knowledge = Knowledge::read(&files, &Brand::default()).unwrap();
        let read = begun.elapsed();
        let search = Search::build(&knowledge, &Matching::default()).unwrap();
        let ready = begun.elapsed();
        let mut right = 0;
        let mut times = Vec::new();
        for (number, question) in &questions {
            let begun = Instant::now();
            let found = search.find(question);
            times.push(begun.elapsed());
            right += usize::from(
                found.matches.first().is_some_and(|first| first.entry.as_str() == format!("made-up-{number}")),
            );
        }
        times.sort_unstable();
        println!(
            "{entries} entries, {} symptoms: read {:.0} ms, ready {:.0} ms; ask p50 {:.2} ms, p99 {:.2} ms; right entry first {right} of {entries}; resident {:.0} MB",
            entries * 20,
            millis(read),
            millis(ready),
            millis(times[times.len() / 2]),
            millis(times[times.len() * 99 / 100]),
            resident_of("self"),
        );
    }
}

/// Numbers that look random and are the same every time (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    /// A word that nobody has said before.
    fn word(&mut self) -> String {
        (0..4)
            .map(|_| ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wu", "zi", "pa"][self.below(12)])
            .collect()
    }
}

fn ask() {
    let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
    let begun = Instant::now();
    let search = Search::build(&knowledge, &Matching::default()).unwrap();
    println!("{} entries ready, trained and indexed, in {:.1} ms", knowledge.entries().len(), millis(begun.elapsed()));
    println!("resident with the knowledge and the engine: {:.1} MB", resident_of("self"));

    let questions: Vec<&str> = knowledge.entries().flat_map(|entry| &entry.questions).map(String::as_str).collect();
    time("ask, the entries' questions", &search, &questions);
    let stories = knowledge.entries().flat_map(|entry| &entry.symptoms).map(|symptom| symptom.text.as_str());
    let stories: Vec<String> =
        stories.filter(|text| text.split(' ').count() > 60).map(|text| format!("{text} {text}")).collect();
    let stories: Vec<String> =
        stories.iter().map(|text| text.split(' ').take(120).collect::<Vec<_>>().join(" ")).collect();
    time("ask, stories of 120 words", &search, &stories.iter().map(String::as_str).collect::<Vec<_>>());
}

fn time(what: &str, search: &Search, questions: &[&str]) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .flat_map(|_| questions)
        .map(|question| {
            let begun = Instant::now();
            std::hint::black_box(search.find(question));
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (times.len() as f64 * share) as usize;
        millis(times[index.min(times.len() - 1)])
    };
    println!("{what}: {} calls, p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms", times.len(), at(0.5), at(0.99), at(1.0));
}

fn serve() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut starts = Vec::new();
    for run in 0..STARTS {
        let (bot, address, ready) = start(&key);
        starts.push(ready);
        if run + 1 == STARTS {
            println!("start to ready: fastest {:.1} ms", millis(*starts.iter().min().unwrap()));
            println!("resident when ready: {:.1} MB", resident(&bot.0));
            for request in 0..REQUESTS {
                ping(address, &key, request);
            }
            println!("resident after {REQUESTS} signed requests: {:.1} MB", resident(&bot.0));
        }
    }
}

/// A bot that ends with the run.
struct Bot(Child);

impl Drop for Bot {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts the real binary for signed requests, and waits until it is ready.
fn start(key: &SigningKey) -> (Bot, SocketAddr, Duration) {
    let folder = std::env::temp_dir().join(format!("mailmedic-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("mailmedic.toml");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let public = hex(&key.verifying_key().to_bytes());
    std::fs::write(
        &config,
        format!(
            "[resolver]\nservers = [\"127.0.0.1:9\"]\n[discord]\napplication_id = \"1\"\npublic_key = \"{public}\"\n\
             transport = \"http\"\nproxy_url = \"http://127.0.0.1:9\"\n[http]\nlisten = \"{address}\"\n"
        ),
    )
    .unwrap();
    let begun = Instant::now();
    let bot = Command::new(env!("CARGO_BIN_EXE_mailmedic"))
        .arg("--config")
        .arg(&config)
        .arg("serve")
        .env("DISCORD_TOKEN", "none")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let bot = Bot(bot);
    while TcpStream::connect(address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the bot does not start");
        std::thread::sleep(Duration::from_millis(1));
    }
    (bot, address, begun.elapsed())
}

/// One signed PING, each with a timestamp of its own so that none is a replay.
fn ping(address: SocketAddr, key: &SigningKey, number: usize) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let body = format!(r#"{{"type":1,"id":"{}","application_id":"1","token":"t","version":1}}"#, number + 1);
    let signature = key.sign(format!("{now}{body}").as_bytes());
    let hex = hex(&signature.to_bytes());
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /interactions HTTP/1.1\r\nhost: bot\r\nconnection: close\r\nx-signature-ed25519: {hex}\r\n\
         x-signature-timestamp: {now}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The resident memory of a process, in megabytes of a million bytes.
fn resident(child: &Child) -> f64 {
    resident_of(&child.id().to_string())
}

/// The resident memory of a process by its id, or of this one as `self`.
fn resident_of(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes * 1024.0 / 1e6
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
