//! The bot: the real binary, in a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::discord::Discord;
use crate::wire::Wire;

/// A bot that ends with its measurement.
pub(crate) struct Bot {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    /// How long it took until `/readyz` said so.
    pub(crate) ready: Duration,
}

/// Which binary is measured.
pub(crate) fn binary() -> String {
    std::env::var("MAILMEDIC_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_mailmedic").to_owned())
}

impl Bot {
    /// Starts it with this transport, and waits until it is ready.
    pub(crate) async fn start(discord: &Discord, resolver: SocketAddr, transport: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), discord, resolver, transport).await
    }

    /// The same with the store that lies in this folder, if one does.
    pub(crate) async fn start_in(
        folder: tempfile::TempDir,
        discord: &Discord,
        resolver: SocketAddr,
        transport: &str,
    ) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = folder.path().join("mailmedic.toml");
        let public = crate::hex(&crate::key().verifying_key().to_bytes());
        std::fs::write(
            &config,
            format!(
                "[resolver]\nservers = [\"{resolver}\"]\n[discord]\napplication_id = \"1\"\npublic_key = \"{public}\"\n\
                 transport = \"{transport}\"\nproxy_url = \"http://{}\"\n[http]\nlisten = \"{address}\"\n\
                 [probe]\nconnect = false\n\
                 [limits]\nperson = 100000\nguild = 100000\nchannel = 100000\ndomain = 100000\n",
                discord.address
            ),
        )
        .unwrap();
        let begun = Instant::now();
        let child = Command::new(binary())
            .arg("--config")
            .arg(&config)
            .arg("serve")
            .env("DISCORD_TOKEN", "none")
            .env_remove("RUST_LOG")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut bot = Self { child, folder, address, ready: Duration::ZERO };
        while !bot.is_ready().await {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "the bot in {} is not ready",
                bot.folder.path().display()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bot.ready = begun.elapsed();
        bot
    }

    async fn is_ready(&self) -> bool {
        let Ok(stream) = TcpStream::connect(self.address).await else { return false };
        let mut wire = Wire::new(stream);
        wire.send(b"GET /readyz HTTP/1.1\r\nhost: bot\r\n\r\n").await;
        wire.receive().await.is_some_and(|(head, _)| head.starts_with("HTTP/1.1 200"))
    }

    /// Ends it as SIGKILL does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A line of `/proc/PID/status`, in megabytes of a million bytes.
    pub(crate) fn resident(&self, line: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let found = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
        let kibibytes: f64 = found.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes * 1024.0 / 1e6
    }

    /// The processor time that it has used, in seconds: the fields 14 and 15 of `/proc/PID/stat`, in hundredths.
    pub(crate) fn processor(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(") ").unwrap().1;
        let fields = after_name.split(' ').skip(11).take(2);
        fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
