//! The test mailbox: an address that is good for one mail, and the mail server that takes it.
//!
//! | module     | what it is for                                                                      |
//! |------------|-------------------------------------------------------------------------------------|
//! | `registry` | the addresses that are open, and who waits for their mail                             |
//! | `session`  | one SMTP session as a pure function: bytes in, replies out (RFC 5321)                 |
//! | `content`  | where a message ends, and nowhere else                                                |
//! | `serve`    | the sockets: limits of number and time, and TLS                                       |
//! | `tls`      | the certificate                                                                       |
//!
//! For whoever shows the verb to people:
//!
//! 1. [`start`] listens where `[mailbox] listen` says, and gives the [`Running`] mailbox; it ends when that is dropped.
//! 2. [`Registry::open`] gives a [`Mailbox`]; its [`address`](Mailbox::address) is shown to the one who asked, and nobody
//!    else: whoever knows it may use it up.
//! 3. [`Mailbox::mail`] waits for the mail; `None` says that its time passed.
//! 4. [`Engine::receive`](crate::engine::Engine::receive) judges it, as work like any other.
//!
//! It never relays, never bounces and never sends: an address that is not open is refused at RCPT, so nothing is ever
//! taken that would have to go elsewhere. All of it is in memory, and gone with the process; what was taken is given to
//! the one who waits, and dropped.

mod content;
mod registry;
mod serve;
mod session;
mod tls;

pub use registry::{LIFETIME, Mailbox, Registry, TooMany};
pub use serve::{Limits, Running, StartError, serve, start};
pub use session::{Await, LONGEST, Post, Session, Step, Then};
pub use tls::{BadCertificate, acceptor};
