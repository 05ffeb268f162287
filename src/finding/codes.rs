//! Every finding code there is: the stable names that scripts, tests and `knowledge/` refer to.
//!
//! One row a code: its topic, its severity, its name, and the details its words may mention. The words
//! themselves live in `knowledge/findings/`; what produces a code lives in `mail/`, in the room of its topic.

use super::{Severity, Topic};

macro_rules! codes {
    ($($topic:ident {
        $( $(#[doc = $doc:literal])+ $variant:ident = $severity:ident $name:literal [$($detail:literal)*] ; )*
    })+) => {
        /// What a finding says, as a stable name in kebab case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($( $(#[doc = $doc])+ $variant, )*)+ }

        impl Code {
            /// All codes, grouped by topic.
            pub const ALL: &[Self] = &[$($( Self::$variant, )*)+];

            /// The stable name, for example `spf-two-records`.
            pub const fn as_str(self) -> &'static str {
                match self { $($( Self::$variant => $name, )*)+ }
            }

            /// The topic whose check may produce this code.
            pub const fn topic(self) -> Topic {
                match self { $($( Self::$variant => Topic::$topic, )*)+ }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $($( Self::$variant => Severity::$severity, )*)+ }
            }

            /// The details that a finding with this code carries, which its words may name as `{detail}`.
            pub const fn details(self) -> &'static [&'static str] {
                match self { $($( Self::$variant => &[$($detail),*], )*)+ }
            }
        }
    };
}

codes! {
    Dns {
        /// The name exists in the DNS and its zone answers.
        DnsFound = Ok "dns-found" [];
        /// NXDOMAIN for the domain itself (RFC 8020).
        DnsNoSuchName = Fail "dns-no-such-name" [];
        /// The zone did not answer: SERVFAIL, a refusal or silence.
        DnsUnknown = Unknown "dns-unknown" ["cause"];
        /// SERVFAIL, also with checking disabled: the name servers give the resolver nothing that it can use.
        DnsServersFail = Unknown "dns-servers-fail" ["cause"];
        /// The records are there, but resolvers that check signatures withhold them.
        DnsBogus = Fail "dns-bogus" [];
    }
    Ns {
        /// Two name servers or more, and nothing wrong with those that were looked at.
        NsFound = Ok "ns-found" ["count"];
        /// A single name server (RFC 2182 section 5).
        NsOne = Warn "ns-one" [];
        /// Several name servers at one address (RFC 2182 section 3.1).
        NsOneAddress = Info "ns-one-address" ["address"];
        /// A name server's name is an alias (RFC 2181 section 10.3).
        NsAlias = Warn "ns-alias" ["target" "alias"];
        /// A name server's name does not exist or has no address.
        NsTargetMissing = Warn "ns-target-missing" ["target"];
        /// A name server's address is private or reserved (RFC 6890).
        NsTargetPrivate = Warn "ns-target-private" ["target" "address"];
        /// A name server does not answer with authority for the zone (RFC 1912 section 2.8, "lame").
        NsLame = Warn "ns-lame" ["target" "problem"];
        /// The name servers have different versions of the zone (RFC 1034 section 4.3.5).
        NsSerialsDiffer = Info "ns-serials-differ" [];
        /// The zone above refers to other name servers than the zone lists (RFC 1034 section 4.2.2).
        NsParentDiffers = Warn "ns-parent-differs" ["parent" "child"];
        /// The zone above says that there is no such domain, while resolvers still remember it.
        NsNotDelegated = Fail "ns-not-delegated" [];
        /// The name servers could not be looked up.
        NsUnknown = Unknown "ns-unknown" ["cause"];
        /// A name server's address could not be looked up.
        NsTargetUnknown = Unknown "ns-target-unknown" ["target" "cause"];
        /// A name server did not answer.
        NsSilent = Unknown "ns-silent" ["target" "cause"];
        /// No answer comes with authority, though all have the records: somebody answers in the name servers' place.
        NsIntercepted = Unknown "ns-intercepted" [];
        /// The zone above would not say whom it refers to.
        NsParentUnknown = Unknown "ns-parent-unknown" ["cause"];
    }
    Dnssec {
        /// Signed, and the signatures hold (RFC 4035 section 3.2.3).
        DnssecValid = Ok "dnssec-valid" [];
        /// Not signed.
        DnssecUnsigned = Info "dnssec-unsigned" [];
        /// The resolver does not check signatures.
        DnssecCannotTell = Info "dnssec-cannot-tell" [];
        /// Signed, and the signatures do not hold.
        DnssecBogus = Fail "dnssec-bogus" [];
        /// The zone did not answer.
        DnssecUnknown = Unknown "dnssec-unknown" ["cause"];
    }
    Propagation {
        /// The name servers and the resolvers say the same.
        PropagationDone = Ok "propagation-done" ["count"];
        /// A resolver still has an old answer, until its time is up.
        PropagationPending = Warn "propagation-pending" ["what" "where" "old" "new" "left" "done_at"];
        /// The name servers themselves say different things.
        PropagationServersDiffer = Warn "propagation-servers-differ" ["what"];
        /// Somebody who should be compared would not say.
        PropagationUnknown = Unknown "propagation-unknown" ["cause"];
    }
    Mx {
        /// The domain names mail servers and each has an address.
        MxFound = Ok "mx-found" ["count"];
        /// Neither an MX record nor an address: nowhere to deliver to (RFC 5321 section 5.1).
        MxMissing = Fail "mx-missing" [];
        /// No MX record, so senders fall back to the address of the domain (RFC 5321 section 5.1).
        MxImplicit = Warn "mx-implicit" [];
        /// A null MX: the domain says that it takes no mail (RFC 7505).
        MxNull = Warn "mx-null" [];
        /// A null MX beside other MX records (RFC 7505 section 3).
        MxNullWithOthers = Fail "mx-null-with-others" [];
        /// A mail server's name does not exist or has no address.
        MxTargetMissing = Fail "mx-target-missing" ["target"];
        /// A mail server's name is an alias (RFC 2181 section 10.3).
        MxTargetAlias = Warn "mx-target-alias" ["target" "alias"];
        /// An MX record holds an address instead of a name (RFC 5321 section 5.1).
        MxTargetLiteral = Fail "mx-target-literal" ["target"];
        /// A mail server's address is private or reserved (RFC 6890).
        MxTargetPrivate = Fail "mx-target-private" ["target" "address"];
        /// The mail server's name is the hosted domain itself.
        MxTargetIsDomain = Warn "mx-target-is-domain" ["target"];
        /// The MX records do not name the host that the configuration expects.
        MxNotHost = Warn "mx-not-host" ["expected"];
        /// The same mail server is named more than once.
        MxDuplicate = Info "mx-duplicate" ["target"];
        /// The MX records could not be looked up.
        MxUnknown = Unknown "mx-unknown" ["cause"];
        /// A mail server's address could not be looked up.
        MxTargetUnknown = Unknown "mx-target-unknown" ["target" "cause"];
    }
    Spf {
        /// One valid SPF record, within every limit.
        SpfFound = Ok "spf-found" ["lookups"];
        /// No SPF record.
        SpfMissing = Fail "spf-missing" [];
        /// More than one SPF record (RFC 7208 section 4.5).
        SpfTwoRecords = Fail "spf-two-records" ["count"];
        /// A term that the grammar does not allow (RFC 7208 section 12), with its position in the record.
        SpfSyntax = Fail "spf-syntax" ["term" "column" "problem"];
        /// More than ten terms that cause look-ups (RFC 7208 section 4.6.4).
        SpfTooManyLookups = Fail "spf-too-many-lookups" ["lookups" "term" "costs"];
        /// More than two look-ups without an answer (RFC 7208 section 4.6.4).
        SpfTooManyVoids = Fail "spf-too-many-voids" ["voids" "term"];
        /// An include or redirect whose target has no single valid record (RFC 7208 sections 5.2, 6.1).
        SpfIncludeMissing = Fail "spf-include-missing" ["target"];
        /// A record that includes itself, directly or through others (RFC 7208 section 4.6.4).
        SpfLoop = Fail "spf-loop" ["target"];
        /// An `mx` whose target has more than ten mail servers (RFC 7208 section 4.6.4).
        SpfTooManyMx = Fail "spf-too-many-mx" ["target" "count"];
        /// `+all`: everybody may send (RFC 7208 section 5.1).
        SpfAllPass = Fail "spf-all-pass" [];
        /// `?all`: the record says nothing about other senders.
        SpfAllNeutral = Warn "spf-all-neutral" [];
        /// Neither `all` nor `redirect=` ends the record.
        SpfNoAll = Warn "spf-no-all" [];
        /// Terms after `all` are never reached (RFC 7208 section 5.1).
        SpfAfterAll = Warn "spf-after-all" ["term"];
        /// A mechanism written with `=`: a modifier that nobody knows, and so ignored (RFC 7208 section 6).
        SpfIgnored = Warn "spf-ignored" ["term"];
        /// The `ptr` mechanism should not be used (RFC 7208 section 5.5).
        SpfPtr = Warn "spf-ptr" [];
        /// A look-up of the record finds nothing, though the limit is kept.
        SpfVoid = Info "spf-void" ["target"];
        /// The host's own include is not in the record.
        SpfHostMissing = Fail "spf-host-missing" ["expected"];
        /// The record, or one it includes, could not be looked up.
        SpfUnknown = Unknown "spf-unknown" ["target" "cause"];
    }
    Dkim {
        /// A valid key (RFC 6376 section 3.6.1).
        DkimFound = Ok "dkim-found" ["selector" "key"];
        /// No key under the selectors that were tried; others may exist.
        DkimNotFound = Warn "dkim-not-found" ["count"];
        /// `_domainkey` does not exist, so no selector can (RFC 8020).
        DkimNone = Warn "dkim-none" [];
        /// A selector that was named, by the person or by the host, has no key.
        DkimSelectorMissing = Fail "dkim-selector-missing" ["selector"];
        /// An empty `p=`: the key is revoked (RFC 6376 section 3.6.1).
        DkimRevoked = Warn "dkim-revoked" ["selector"];
        /// `t=y`: receivers may ignore the signature (RFC 6376 section 3.6.1).
        DkimTesting = Warn "dkim-testing" ["selector"];
        /// An RSA key below 1024 bits (RFC 8301 section 3.2).
        DkimKeyTooShort = Fail "dkim-key-too-short" ["selector" "bits"];
        /// An RSA key below the advised 2048 bits (RFC 8301 section 3.2).
        DkimKeyShort = Info "dkim-key-short" ["selector" "bits"];
        /// An RSA key above 4096 bits, which receivers need not verify (RFC 8301 section 3.2).
        DkimKeyLong = Warn "dkim-key-long" ["selector" "bits"];
        /// A key record that cannot be read.
        DkimBroken = Fail "dkim-broken" ["selector" "problem"];
        /// A selector that is an alias to a name without a key.
        DkimDanglingAlias = Warn "dkim-dangling-alias" ["selector" "alias"];
        /// A named selector's key stands at a name in which the domain is doubled (RFC 1034 section 3.1).
        DkimDoubled = Fail "dkim-doubled" ["selector" "at"];
        /// A selector could not be looked up.
        DkimUnknown = Unknown "dkim-unknown" ["selector" "cause"];
    }
    Dmarc {
        /// A valid DMARC record with a policy that receivers act on.
        DmarcFound = Ok "dmarc-found" ["policy"];
        /// No DMARC record, here or above (RFC 9989 section 4.10).
        DmarcMissing = Warn "dmarc-missing" [];
        /// More than one DMARC record: none applies (RFC 9989 section 4.10).
        DmarcTwoRecords = Fail "dmarc-two-records" ["count"];
        /// A DMARC record that receivers cannot use.
        DmarcSyntax = Fail "dmarc-syntax" ["problem"];
        /// `p=none`: receivers are asked to do nothing.
        DmarcPolicyNone = Info "dmarc-policy-none" [];
        /// `t=y`: receivers are asked to apply one level less than the policy (RFC 9989 section 4.7).
        DmarcTesting = Info "dmarc-testing" ["policy" "applied"];
        /// The policy comes from a domain above (RFC 9989 section 4.10).
        DmarcInherited = Info "dmarc-inherited" ["from" "policy"];
        /// A tag that RFC 9989 removed.
        DmarcRemovedTag = Info "dmarc-removed-tag" ["tag"];
        /// A tag whose value receivers cannot read and ignore (RFC 9989 section 4.7).
        DmarcTagIgnored = Warn "dmarc-tag-ignored" ["tag" "problem"];
        /// No address for aggregate reports (`rua`).
        DmarcNoReports = Info "dmarc-no-reports" [];
        /// A DMARC record at the domain itself instead of `_dmarc`.
        DmarcMisplaced = Warn "dmarc-misplaced" [];
        /// A DMARC record at a name in which the domain is doubled (RFC 1034 section 3.1).
        DmarcDoubled = Warn "dmarc-doubled" ["at"];
        /// The DMARC record could not be looked up.
        DmarcUnknown = Unknown "dmarc-unknown" ["cause"];
    }
    MtaSts {
    }
    TlsRpt {
    }
    Dane {
    }
    Starttls {
    }
    Ptr {
        /// The mail server's address has a name, and the name has that address (RFC 8601 section 2.7.3).
        PtrConfirmed = Ok "ptr-confirmed" ["address" "host"];
        /// The mail server's address has no name.
        PtrMissing = Warn "ptr-missing" ["address"];
        /// The name does not lead back to the address.
        PtrNotConfirmed = Warn "ptr-not-confirmed" ["address" "host"];
        /// The name of the address could not be looked up.
        PtrUnknown = Unknown "ptr-unknown" ["address" "cause"];
    }
    Dnsbl {
    }
    Senderscore {
    }
    Bimi {
    }
    Autoconfig {
    }
}
