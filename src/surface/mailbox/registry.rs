//! The addresses that are open, and who waits for their mail.
//!
//! Each is good for one mail and for half an hour, and is known to the one who asked alone: it is made of 100 random bits,
//! so nobody finds one by trying. Nothing is written anywhere; a restart closes them all.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::session::Post;
use crate::domain::Name;
use crate::inspect::connection::Received;

/// For how long an address is open: long enough for a mail that greylisting delays, and a second try.
pub const LIFETIME: Duration = Duration::from_mins(30);

/// How many addresses may be open at once: what all of a large community's people would ask for within half an hour.
const MOST: usize = 1_000;

/// The characters of a local part: five bits each, and none that is taken for another (RFC 4648 section 6).
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How many characters a local part has: 100 bits.
const LENGTH: usize = 20;

/// The addresses that are open.
pub struct Registry {
    domain: Name,
    lifetime: Duration,
    random: SystemRandom,
    open: Mutex<HashMap<String, Waiting>>,
}

/// Who waits for a mail, and until when.
struct Waiting {
    closes: Instant,
    mail: oneshot::Sender<Received>,
}

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    /// There are too many already.
    #[error("{MOST} test addresses are open already; try again in a few minutes")]
    Open,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl Waiting {
    fn is_open(&self) -> bool {
        Instant::now() < self.closes
    }
}

impl Registry {
    /// For addresses at a domain, each open for so long.
    pub fn new(domain: Name, lifetime: Duration) -> Arc<Self> {
        Arc::new(Self { domain, lifetime, random: SystemRandom::new(), open: Mutex::default() })
    }

    /// The domain of all addresses.
    pub const fn domain(&self) -> &Name {
        &self.domain
    }

    /// Opens an address for one mail.
    pub fn open(self: &Arc<Self>) -> Result<Mailbox, TooMany> {
        let mut random = [0_u8; LENGTH];
        self.random.fill(&mut random).map_err(|_| TooMany::Random)?;
        let characters = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
        let local: String = characters.map(|byte| char::from(*byte)).collect();
        let (sender, mail) = oneshot::channel();
        let closes = Instant::now() + self.lifetime;
        let mut open = self.addresses();
        if open.len() >= MOST {
            return Err(TooMany::Open);
        }
        open.insert(local.clone(), Waiting { closes, mail: sender });
        drop(open);
        Ok(Mailbox { registry: Arc::clone(self), local, closes, mail })
    }

    /// How many addresses are open.
    pub fn count(&self) -> usize {
        self.addresses().len()
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The local part of an address at the domain, in small letters.
    fn local(&self, address: &str) -> Option<String> {
        let (local, domain) = address.rsplit_once('@')?;
        domain.eq_ignore_ascii_case(self.domain.as_str()).then(|| local.to_ascii_lowercase())
    }
}

impl Post for Registry {
    fn knows(&self, address: &str) -> bool {
        let is_open = |local: String| self.addresses().get(&local).is_some_and(Waiting::is_open);
        self.local(address).is_some_and(is_open)
    }

    /// Gives a mail to whoever waits for it: the first that is whole, however many sessions are at it.
    fn deliver(&self, address: &str, mail: Received) -> bool {
        let waiting = self.local(address).and_then(|local| self.addresses().remove(&local));
        waiting.is_some_and(|waiting| waiting.is_open() && waiting.mail.send(mail).is_ok())
    }
}

/// An open address; it is closed when this is dropped.
pub struct Mailbox {
    registry: Arc<Registry>,
    local: String,
    closes: Instant,
    mail: oneshot::Receiver<Received>,
}

impl Mailbox {
    /// The address.
    pub fn address(&self) -> String {
        format!("{}@{}", self.local, self.registry.domain)
    }

    /// Waits for the mail; none if it does not come in time, or was given out. May be dropped while it waits and called
    /// again.
    pub async fn mail(&mut self) -> Option<Received> {
        if self.mail.is_terminated() {
            return None;
        }
        if let Ok(came) = timeout_at(self.closes, &mut self.mail).await {
            return came.ok();
        }
        self.close();
        // What came at the last moment is not lost.
        self.mail.try_recv().ok()
    }

    fn close(&self) {
        self.registry.addresses().remove(&self.local);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Mailbox {
    /// The address is for the one who asked alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::connection::{Connection, Tls};

    fn mail(text: &str) -> Received {
        let connection = Connection {
            address: [192, 0, 2, 1].into(),
            helo: "client.example".to_owned(),
            mail_from: String::new(),
            tls: Tls::NotOffered,
            by: "test.example".parse().unwrap(),
        };
        Received { connection, message: text.as_bytes().to_vec() }
    }

    fn registry() -> Arc<Registry> {
        Registry::new("test.example".parse().unwrap(), LIFETIME)
    }

    #[test]
    fn an_address_cannot_be_guessed() {
        let registry = registry();
        let boxes: Vec<Mailbox> = (0..100).map(|_| registry.open().unwrap()).collect();
        let mut addresses: Vec<String> = boxes.iter().map(Mailbox::address).collect();
        for address in &addresses {
            let (local, domain) = address.split_once('@').unwrap();
            assert_eq!((local.len() * 5, domain), (100, "test.example"));
            assert!(local.bytes().all(|byte| ALPHABET.contains(&byte)), "{local}");
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 100);
        // Each of the characters comes up: 32 of 2000 random ones are not missed by chance.
        let used: std::collections::HashSet<char> = addresses.concat().chars().filter(|c| *c != '@').collect();
        assert!(ALPHABET.iter().all(|byte| used.contains(&char::from(*byte))));
    }

    #[tokio::test]
    async fn an_address_takes_one_mail_in_whatever_case_and_no_second() {
        let registry = registry();
        let mut mailbox = registry.open().unwrap();
        let address = mailbox.address().to_uppercase();
        assert!(registry.knows(&address));
        assert!(registry.deliver(&address, mail("first")));
        assert!(!registry.knows(&address) && !registry.deliver(&address, mail("second")));
        assert_eq!(mailbox.mail().await, Some(mail("first")));
        assert_eq!(mailbox.mail().await, None);
        assert_eq!(registry.count(), 0);
        for other in ["", "@test.example", "x@test.example", "test.example"] {
            assert!(!registry.knows(other), "{other}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_closes_when_its_time_is_over_or_nobody_waits_any_more() {
        let registry = registry();
        let mut late = registry.open().unwrap();
        let opened = Instant::now();
        assert_eq!(late.mail().await, None);
        assert_eq!((opened.elapsed(), registry.knows(&late.address())), (LIFETIME, false));
        let given_up = registry.open().unwrap();
        let address = given_up.address();
        drop(given_up);
        assert!(!registry.knows(&address) && !registry.deliver(&address, mail("x")));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_nobody_asks_for_any_more_is_closed_all_the_same() {
        let registry = registry();
        let mailbox = registry.open().unwrap();
        let address = mailbox.address();
        tokio::time::advance(LIFETIME).await;
        assert!(!registry.knows(&address) && !registry.deliver(&address, mail("x")));
    }

    #[test]
    fn so_many_are_open_at_once_and_no_more() {
        let registry = registry();
        let boxes: Vec<Mailbox> = (0..MOST).map(|_| registry.open().unwrap()).collect();
        assert_eq!(registry.open().err(), Some(TooMany::Open));
        drop(boxes);
        assert!(registry.open().is_ok());
    }
}
