//! Why a mail came back, in the field's terms.
//!
//! The words are those that the bounce reader Sisimai has made common; what they mean to a person, and who can mend it,
//! stands in `knowledge/bounces/`.

use std::fmt;

macro_rules! reasons {
    ($($variant:ident $word:literal $meaning:literal;)+) => {
        /// Why a mail came back.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)+
        }

        impl Reason {
            /// All of them, by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

reasons! {
    AuthFailure "authfailure" "SPF, DKIM or DMARC did not pass.";
    BadReputation "badreputation" "The sending address or domain has a bad reputation.";
    Blocked "blocked" "The sending server is blocked: by its address, its name, or a blocklist.";
    ContentError "contenterror" "The mail's form is broken.";
    Delivered "delivered" "It was delivered.";
    ExceedLimit "exceedlimit" "The mail is larger than this recipient takes.";
    Expired "expired" "It was tried for too long.";
    FailedStartTls "failedstarttls" "The connection could not be encrypted.";
    Feedback "feedback" "The recipient complained.";
    Filtered "filtered" "The recipient, or a rule of theirs, refused it after its content was sent.";
    HasMoved "hasmoved" "The recipient has another address now.";
    HostUnknown "hostunknown" "The recipient's domain does not exist.";
    MailboxFull "mailboxfull" "The mailbox is full.";
    MailerError "mailererror" "A program that should deliver it failed.";
    MesgTooBig "mesgtoobig" "The mail is larger than the server takes.";
    NetworkError "networkerror" "The server could not be reached, or mail goes in circles.";
    NoRelaying "norelaying" "The server does not take mail for that domain from this sender.";
    NotAccept "notaccept" "The host takes no mail at all.";
    NotCompliantRfc "notcompliantrfc" "The mail breaks a rule of the standard.";
    OnHold "onhold" "The report says too little to tell.";
    PolicyViolation "policyviolation" "It breaks a rule of the recipient's organisation.";
    Rejected "rejected" "The sender's address was refused.";
    RequirePtr "requireptr" "The sending address has no name, or one that does not lead back.";
    SecurityError "securityerror" "It was refused for want of authentication, or for another reason of security.";
    SpamDetected "spamdetected" "It was taken for spam.";
    Speeding "speeding" "Too many mails in too short a time.";
    Suspend "suspend" "The recipient's account is suspended.";
    SyntaxError "syntaxerror" "The server did not understand a command.";
    SystemError "systemerror" "The server has a fault.";
    SystemFull "systemfull" "The server has no room left.";
    TooManyConn "toomanyconn" "Too many connections or recipients at a time.";
    Undefined "undefined" "Nothing tells why.";
    UserUnknown "userunknown" "There is no such mailbox.";
    Vacation "vacation" "The recipient is away; the mail arrived.";
    VirusDetected "virusdetected" "It was taken for malware.";
}

impl Reason {
    /// Whether the address will not work however often it is tried; a refusal with `5xx` settles it where the reason
    /// leaves it open.
    pub fn is_hard(self, permanent: bool) -> bool {
        match self {
            Self::UserUnknown | Self::HostUnknown | Self::HasMoved => true,
            Self::NotAccept => permanent,
            _ => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
