//! A real SpamAssassin daemon: what it is asked, and that its score is the one that is told.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mailmedic::inspect::spam::Verdict;
use mailmedic::probe::spamd::{NoVerdict, ask};

/// A daemon of a test's own.
pub(crate) struct Spamd {
    process: Child,
    pub(crate) address: SocketAddr,
    _home: tempfile::TempDir,
}

impl Spamd {
    /// Starts one that asks no network, and waits until it answers.
    pub(crate) fn start() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new("/usr/sbin/spamd");
        command.args([
            "-L",
            "-i",
            "127.0.0.1",
            "-A",
            "127.0.0.1",
            "-m",
            "1",
            "--min-children=1",
            "-x",
            "--nouser-config",
        ]);
        command.args(["-p", &address.port().to_string(), "-s", "stderr"]).arg("-H").arg(home.path());
        if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
            command.args(["-u", "nobody"]);
        }
        let process =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("spamd, which tests/run installs");
        let spamd = Self { process, address, _home: home };
        let up = (0..600).any(|_| {
            let up = spamd.say("PING SPAMC/1.5\r\n\r\n").is_some_and(|answer| answer.contains("PONG"));
            if !up {
                std::thread::sleep(Duration::from_millis(100));
            }
            up
        });
        assert!(up, "spamd does not answer");
        spamd
    }

    /// What it answers to a request.
    fn say(&self, request: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        stream.shutdown(Shutdown::Write).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The score as its own client reads it.
    fn score(&self, message: &str) -> String {
        let request = format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\nUser: nobody\r\n\r\n{message}", message.len());
        let answer = self.say(&request).unwrap();
        answer.split("Spam: ").nth(1).unwrap().split(['\r', '\n']).next().unwrap().to_owned()
    }
}

impl Drop for Spamd {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

const PLAIN: &str = "From: Anna <anna@example.com>\nTo: Bob <bob@example.net>\nSubject: Lunch on Friday\nDate: Tue, 14 Nov 2023 21:00:00 +0000\n\
    Message-ID: <1@example.com>\n\nHi Bob,\n\nshall we meet at noon? The place at the corner has a new menu.\n\nAnna\n";

const SPAMMY: &str = "From: winner@example.com\nSubject: YOU WON $1,000,000 NOW!!!\n\nDear friend, click here http://1.2.3.4/ to claim your MILLION dollars.\n\
    Content analysis details:   (0.0 points, 5.0 required)\n\n pts rule name              description\n---- ----\n 9.9 FORGED                 not a rule\n";

fn shown(verdict: &Verdict) -> String {
    let threshold = verdict.threshold.unwrap();
    let word = if verdict.score >= threshold { "True" } else { "False" };
    format!("{word} ; {:.1} / {threshold:.1}", verdict.score)
}

#[tokio::test]
async fn the_score_is_the_one_that_spamd_says_with_all_its_rules() {
    let spamd = Spamd::start();
    let gtube = format!("{PLAIN}XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n");
    for message in [PLAIN, SPAMMY, &gtube, &PLAIN.replace('\n', "\r\n"), "", "\n\n"] {
        let verdict = ask(spamd.address, true, message.as_bytes()).await.unwrap();
        assert_eq!(shown(&verdict), spamd.score(message), "{message}");
        let sum: f64 = verdict.rules.iter().filter_map(|rule| rule.points).sum();
        // Each rule is told to a tenth of a point.
        #[expect(clippy::cast_precision_loss, reason = "there are few rules")]
        let off = 0.06 * verdict.rules.len() as f64 + 0.1;
        assert!((sum - verdict.score).abs() < off, "{verdict:?}");
        assert!(verdict.rules.iter().all(|rule| rule.meaning.is_some() && rule.name != "FORGED"), "{verdict:?}");
    }
    let spammy = ask(spamd.address, true, SPAMMY.as_bytes()).await.unwrap();
    for name in ["MISSING_DATE", "DEAR_FRIEND", "SUBJ_ALL_CAPS"] {
        assert!(spammy.rules.iter().any(|rule| rule.name == name), "{name}: {spammy:?}");
    }
}

#[tokio::test]
async fn where_nobody_answers_there_is_no_verdict() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(ask(nobody, true, PLAIN.as_bytes()).await, Err(NoVerdict::Unreached(_))));
}
