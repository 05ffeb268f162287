//! Every finding code there is: the stable names that scripts, tests and `knowledge/` refer to.
//!
//! One row a code: its topic, its severity, its name, and the details its words may mention. The words
//! themselves live in `knowledge/findings/`; what produces a code lives in `mail/`, in the room of its topic, or in
//! `inspect/` where it is about a message, in `load` or `status` where it is about the host's servers.

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
        /// A CNAME at the domain itself, beside which no other record stands (RFC 1034 section 3.6.2).
        DnsAlias = Warn "dns-alias" ["alias"];
        /// The zone did not answer: SERVFAIL, a refusal or silence.
        DnsUnknown = Unknown "dns-unknown" ["cause"];
        /// SERVFAIL, also with checking disabled: the name servers give the resolver nothing that it can use.
        DnsServersFail = Unknown "dns-servers-fail" ["cause"];
        /// The records are there, but resolvers that check signatures withhold them.
        DnsBogus = Fail "dns-bogus" [];
    }
    Ns {
        /// Nothing is wrong with the name servers that were looked at.
        NsFound = Ok "ns-found" ["count"];
        /// A single name server (RFC 2182 section 5).
        NsOne = Info "ns-one" [];
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
        PropagationDone = Ok "propagation-done" ["count" "servers"];
        /// A resolver still has an old answer, until its time is up.
        PropagationPending = Warn "propagation-pending" ["what" "where" "old" "new" "left" "done_at" "servers"];
        /// The name servers themselves say different things.
        PropagationServersDiffer = Warn "propagation-servers-differ" ["what" "servers"];
        /// Somebody who should be compared would not say; `what`: of which records, where it is not all.
        PropagationUnknown = Unknown "propagation-unknown" ["cause" "what" "servers"];
    }
    Mx {
        /// The domain names mail servers and each has an address.
        MxFound = Ok "mx-found" ["count"];
        /// Neither an MX record nor an address: nowhere to deliver to (RFC 5321 section 5.1).
        MxMissing = Fail "mx-missing" [];
        /// No MX record, so senders fall back to the address of the domain (RFC 5321 section 5.1).
        MxImplicit = Warn "mx-implicit" [];
        /// No MX record at a name below a domain that has some: most likely no mail domain at all.
        MxBelow = Info "mx-below" ["parent"];
        /// No MX record at the domain, but some at a name that looks like a slip (RFC 1034 section 3.1).
        MxMisplaced = Warn "mx-misplaced" ["at"];
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
        /// A mail server's name has the domain's name added to a whole name (RFC 1034 section 3.1).
        MxTargetDoubled = Fail "mx-target-doubled" ["target" "meant"];
        /// A mail server's name holds characters that no host name has (RFC 1123 section 2.1).
        MxTargetMisspelt = Fail "mx-target-misspelt" ["target"];
        /// A mail server's address is private or reserved (RFC 6890).
        MxTargetPrivate = Fail "mx-target-private" ["target" "address"];
        /// The mail server's name is the hosted domain itself.
        MxTargetIsDomain = Warn "mx-target-is-domain" ["target"];
        /// The MX records do not name the host that the configuration expects.
        MxNotHost = Warn "mx-not-host" ["expected"];
        /// Some MX records name the host that the configuration expects, others do not.
        MxElsewhere = Warn "mx-elsewhere" ["expected" "others"];
        /// Two mail servers have the same addresses.
        MxSameAddress = Info "mx-same-address" ["target" "other"];
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
        /// A text that is meant as an SPF record and is none, since its beginning is not exactly `v=spf1` (RFC 7208
        /// section 4.5).
        SpfLookalike = Warn "spf-lookalike" ["column" "problem"];
        /// The SPF record stands at a name below the domain, where no receiver looks for it.
        SpfMisplaced = Warn "spf-misplaced" ["at"];
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
        /// A term other than `all` that every address matches, such as `ip4:0.0.0.0/0`.
        SpfEverybody = Fail "spf-everybody" ["term" "addresses"];
        /// A range of addresses that is wider than any mail service needs.
        SpfWideRange = Warn "spf-wide-range" ["term" "addresses"];
        /// Ranges of addresses from which no mail comes over the internet (RFC 6890).
        SpfPrivateRange = Info "spf-private-range" ["term"];
        /// `?all`: the record says nothing about other senders.
        SpfAllNeutral = Warn "spf-all-neutral" [];
        /// Neither `all` nor `redirect=` ends the record.
        SpfNoAll = Warn "spf-no-all" [];
        /// A domain that neither takes mail (RFC 7505) nor lets anybody send, without `-all` (RFC 7505 section 4.2).
        SpfParked = Warn "spf-parked" [];
        /// A domain that takes mail lets nobody send.
        SpfNobody = Warn "spf-nobody" [];
        /// Terms after `all` are never reached (RFC 7208 section 5.1).
        SpfAfterAll = Warn "spf-after-all" ["term"];
        /// Terms that stand in the record more than once.
        SpfDuplicate = Info "spf-duplicate" ["term"];
        /// A mechanism written with `=`, or the version again: a modifier that nobody knows, and so ignored (RFC 7208
        /// section 6).
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
        /// No key under the selectors that were tried, and a service sends whose selectors nobody can guess.
        DkimUnguessable = Info "dkim-unguessable" ["count" "service"];
        /// `_domainkey` does not exist, so no selector can (RFC 8020).
        DkimNone = Warn "dkim-none" [];
        /// A domain that neither takes nor sends mail needs no key.
        DkimParked = Info "dkim-parked" [];
        /// A selector that the person named has no key.
        DkimSelectorMissing = Fail "dkim-selector-missing" ["selector"];
        /// A selector that the host signs with has no key.
        DkimHostMissing = Fail "dkim-host-missing" ["selector"];
        /// A wildcard answers for every selector, with something that is no key or a revoked one.
        DkimWildcard = Info "dkim-wildcard" [];
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
        DkimBroken = Fail "dkim-broken" ["selector" "problem" "column"];
        /// A key of which the end is missing: its own length (X.690 section 8.1.3) says more than there is.
        DkimCutOff = Fail "dkim-cut-off" ["selector" "length" "missing"];
        /// The private half of a key pair, for all to read.
        DkimPrivateKey = Fail "dkim-private-key" ["selector"];
        /// One key in pieces, a record each, instead of one record of several strings (RFC 6376 section 3.6.2.2).
        DkimInPieces = Fail "dkim-in-pieces" ["selector" "count"];
        /// More than one record at a selector: which one counts is anyone's guess (RFC 6376 section 3.6.2.2).
        DkimTwoRecords = Fail "dkim-two-records" ["selector" "count"];
        /// A selector that is an alias to a name without a key.
        DkimDanglingAlias = Warn "dkim-dangling-alias" ["selector" "alias"];
        /// A named selector's key stands at a name in which the domain is doubled (RFC 1034 section 3.1).
        DkimDoubled = Fail "dkim-doubled" ["selector" "at"];
        /// A named selector's key stands at a name without `_domainkey` or without the selector.
        DkimMisplaced = Fail "dkim-misplaced" ["selector" "at"];
        /// A selector could not be looked up.
        DkimUnknown = Unknown "dkim-unknown" ["selector" "cause"];
        /// Which services send could not be looked up, so the selectors of some may not have been tried.
        DkimServicesUnknown = Unknown "dkim-services-unknown" ["count" "cause"];
    }
    Dmarc {
        /// A valid DMARC record with a policy that receivers act on.
        DmarcFound = Ok "dmarc-found" ["policy" "below" "nonexistent"];
        /// No DMARC record, here or above (RFC 9989 section 4.10).
        DmarcMissing = Warn "dmarc-missing" [];
        /// More than one DMARC record: none applies (RFC 9989 section 4.10).
        DmarcTwoRecords = Fail "dmarc-two-records" ["count"];
        /// A DMARC record that receivers cannot use.
        DmarcSyntax = Fail "dmarc-syntax" ["problem" "column"];
        /// A policy that is none of the three, for which receivers take `p=none` (RFC 9989 section 4.10.1).
        DmarcPolicyIgnored = Warn "dmarc-policy-ignored" ["problem" "column"];
        /// No `p`: RFC 9989 section 4.7 reads `p=none`, receivers that follow RFC 7489 find no record.
        DmarcPolicyMissing = Info "dmarc-policy-missing" [];
        /// `p=none`: receivers are asked to do nothing.
        DmarcPolicyNone = Info "dmarc-policy-none" ["below" "nonexistent"];
        /// Names below the domain are protected less than the domain itself.
        DmarcBelowWeaker = Info "dmarc-below-weaker" ["policy" "below" "nonexistent"];
        /// A domain that neither takes nor sends mail, where a policy other than `reject` leaves forgers free.
        DmarcParked = Warn "dmarc-parked" [];
        /// `t=y`: receivers are asked to apply one level less than the policy (RFC 9989 section 4.7).
        DmarcTesting = Info "dmarc-testing" ["policy" "applied"];
        /// The policy comes from a domain above (RFC 9989 section 4.10).
        DmarcInherited = Info "dmarc-inherited" ["from" "policy"];
        /// A tag that RFC 9989 removed.
        DmarcRemovedTag = Info "dmarc-removed-tag" ["tag"];
        /// A tag that DMARC does not have (RFC 9989 section 4.7).
        DmarcUnknownTag = Info "dmarc-unknown-tag" ["tag" "column"];
        /// A tag whose value receivers cannot read and ignore (RFC 9989 section 4.7).
        DmarcTagIgnored = Warn "dmarc-tag-ignored" ["tag" "problem" "column"];
        /// `psd=y`, though the domain is no public suffix (RFC 9989 section 4.7).
        DmarcPublicSuffix = Warn "dmarc-public-suffix" [];
        /// No address for aggregate reports (`rua`).
        DmarcNoReports = Info "dmarc-no-reports" [];
        /// Reports are to go to another organization, which does not say that it takes them (RFC 9990 section 4).
        DmarcReportsUnwanted = Warn "dmarc-reports-unwanted" ["target" "at"];
        /// Whether another organization takes the reports could not be looked up.
        DmarcReportsUnknown = Unknown "dmarc-reports-unknown" ["target" "cause"];
        /// A DMARC record at the domain itself, or at `dmarc`, instead of `_dmarc`.
        DmarcMisplaced = Warn "dmarc-misplaced" ["at"];
        /// A DMARC record at a name in which the domain is doubled (RFC 1034 section 3.1).
        DmarcDoubled = Warn "dmarc-doubled" ["at"];
        /// What stands at `_dmarc` is a wildcard's, and no DMARC record.
        DmarcWildcard = Info "dmarc-wildcard" [];
        /// The DMARC record could not be looked up.
        DmarcUnknown = Unknown "dmarc-unknown" ["cause"];
    }
    MtaSts {
        /// A valid MTA-STS record.
        MtaStsFound = Ok "mta-sts-found" ["id"];
        /// A policy that demands TLS, and that every mail server keeps to.
        MtaStsEnforced = Ok "mta-sts-enforced" ["max_age"];
        /// No MTA-STS record: senders may fall back to no TLS.
        MtaStsNone = Info "mta-sts-none" [];
        /// More than one MTA-STS record: none counts (RFC 8461 section 3.1).
        MtaStsTwoRecords = Warn "mta-sts-two-records" ["count"];
        /// A record that the grammar does not allow (RFC 8461 section 3.1), with the position.
        MtaStsSyntax = Warn "mta-sts-syntax" ["problem" "column"];
        /// A record, but no address for the host of the policy (RFC 8461 section 3.3).
        MtaStsHostMissing = Warn "mta-sts-host-missing" ["host"];
        /// The host of the policy turns everybody away.
        MtaStsHostUnreachable = Warn "mta-sts-host-unreachable" ["host" "problem"];
        /// The host of the policy does not prove who it is (RFC 8461 section 3.3).
        MtaStsHostUntrusted = Warn "mta-sts-host-untrusted" ["host" "problem"];
        /// Something else than a page with status 200 (RFC 8461 section 3.3).
        MtaStsPolicyMissing = Warn "mta-sts-policy-missing" ["host" "problem"];
        /// A redirect, which senders must not follow (RFC 8461 section 3.3).
        MtaStsPolicyRedirected = Warn "mta-sts-policy-redirected" ["location"];
        /// A policy of another media type than `text/plain` (RFC 8461 section 3.2).
        MtaStsPolicyType = Warn "mta-sts-policy-type" ["type"];
        /// A policy that the grammar does not allow (RFC 8461 section 3.2), with the line.
        MtaStsPolicySyntax = Warn "mta-sts-policy-syntax" ["problem" "line"];
        /// `mode: testing`: senders report, and deliver all the same (RFC 8461 section 5).
        MtaStsTesting = Info "mta-sts-testing" [];
        /// `mode: none`: there is no policy any more (RFC 8461 section 8.3).
        MtaStsModeNone = Info "mta-sts-mode-none" [];
        /// A policy that senders forget within a day (RFC 8461 section 3.2).
        MtaStsMaxAgeShort = Info "mta-sts-max-age-short" ["max_age"];
        /// The policy demands TLS, and names none of the mail servers (RFC 8461 section 4.1).
        MtaStsNoMxCovered = Fail "mta-sts-no-mx-covered" ["targets"];
        /// A mail server that the policy does not name (RFC 8461 section 4.1).
        MtaStsMxNotCovered = Warn "mta-sts-mx-not-covered" ["target"];
        /// The policy demands TLS with a valid certificate, which a mail server does not show (RFC 8461 section 4.2).
        MtaStsMxNotSecure = Fail "mta-sts-mx-not-secure" ["target" "problem"];
        /// The record or the policy could not be looked up.
        MtaStsUnknown = Unknown "mta-sts-unknown" ["cause"];
    }
    TlsRpt {
        /// A valid record: senders report failures of TLS (RFC 8460 section 3).
        TlsRptFound = Ok "tls-rpt-found" [];
        /// No record, though the domain wants TLS (RFC 8461); none is needed.
        TlsRptMissing = Info "tls-rpt-missing" [];
        /// More than one record: none counts (RFC 8460 section 3).
        TlsRptTwoRecords = Warn "tls-rpt-two-records" ["count"];
        /// A record that senders cannot use.
        TlsRptSyntax = Warn "tls-rpt-syntax" ["problem" "column"];
        /// One of several addresses is of no use.
        TlsRptAddressIgnored = Warn "tls-rpt-address-ignored" ["problem" "column"];
        /// A record at another name than `_smtp._tls`.
        TlsRptMisplaced = Warn "tls-rpt-misplaced" ["at"];
        /// The record could not be looked up.
        TlsRptUnknown = Unknown "tls-rpt-unknown" ["cause"];
    }
    Dane {
        /// A TLSA record that matches the certificate that the mail server shows (RFC 7672 section 3).
        DaneMatched = Ok "dane-matched" ["host"];
        /// TLSA records that senders can use; the certificate was not looked at.
        DanePublished = Ok "dane-published" ["host"];
        /// No TLSA record matches the certificate.
        DaneMismatch = Fail "dane-mismatch" ["host"];
        /// TLSA records, but no TLS (RFC 7672 section 2.2).
        DaneNoTls = Fail "dane-no-tls" ["host" "problem"];
        /// The issuer matches, but not the certificate's names or dates (RFC 7672 section 3.2.2).
        DaneCertificate = Fail "dane-certificate" ["host" "problem"];
        /// TLSA records that senders cannot use (RFC 7672 section 3.1.3).
        DaneUnusable = Warn "dane-unusable" ["host" "problem"];
        /// A TLSA record that does not match, beside one that does: maybe a change of certificates.
        DaneOther = Info "dane-other" ["host" "count"];
        /// TLSA records without DNSSEC, which senders ignore (RFC 7672 section 2.2).
        DaneNotSigned = Info "dane-not-signed" ["host"];
        /// The TLSA records could not be looked up, or not be compared.
        DaneUnknown = Unknown "dane-unknown" ["cause"];
    }
    Starttls {
        /// Services that talk TLS and prove who they are.
        StarttlsFound = Ok "starttls-found" ["count"];
        /// Port 25 does not offer STARTTLS (RFC 3207).
        StarttlsNotOffered = Warn "starttls-not-offered" ["host"];
        /// STARTTLS is offered, then refused.
        StarttlsRefused = Warn "starttls-refused" ["host" "ports" "reply"];
        /// Text behind the reply to STARTTLS, still in the clear (RFC 3207 section 6).
        StarttlsInjected = Warn "starttls-injected" ["host" "ports"];
        /// Nothing above TLS 1.1 (RFC 8996).
        StarttlsTooOld = Warn "starttls-too-old" ["host" "ports"];
        /// No TLS comes about at port 25.
        StarttlsHandshake = Warn "starttls-handshake" ["host" "problem"];
        /// A certificate at port 25 that the public does not trust.
        StarttlsUntrusted = Info "starttls-untrusted" ["host" "problem"];
        /// A certificate at port 25 that is for other names (RFC 9525).
        StarttlsNameMismatch = Info "starttls-name-mismatch" ["host" "names"];
        /// A certificate at port 25 that is over.
        StarttlsExpired = Warn "starttls-expired" ["host" "date"];
        /// A certificate that is over soon.
        StarttlsExpiresSoon = Warn "starttls-expires-soon" ["host" "ports" "date" "days"];
        /// A greeting that is no welcome (RFC 5321 section 3.1).
        StarttlsTurnedAway = Warn "starttls-turned-away" ["host" "ports" "reply"];
        /// A mail server that refuses connections at port 25, where another takes them.
        StarttlsClosed = Warn "starttls-closed" ["host"];
        /// Mail programs are offered no TLS (RFC 8314).
        StarttlsClientNotOffered = Fail "starttls-client-not-offered" ["host" "ports"];
        /// No TLS comes about with mail programs.
        StarttlsClientHandshake = Fail "starttls-client-handshake" ["host" "ports" "problem"];
        /// A certificate for mail programs that they do not trust.
        StarttlsClientUntrusted = Fail "starttls-client-untrusted" ["host" "ports" "problem"];
        /// A certificate for mail programs that is for other names (RFC 9525).
        StarttlsClientNameMismatch = Fail "starttls-client-name-mismatch" ["host" "ports" "names"];
        /// A certificate for mail programs that is over.
        StarttlsClientExpired = Fail "starttls-client-expired" ["host" "ports" "date"];
        /// A service that the domain names for mail programs, and that refuses connections.
        StarttlsClientClosed = Warn "starttls-client-closed" ["host" "ports"];
        /// No mail server could be reached at port 25, the way out to which is often blocked.
        StarttlsPort25Unknown = Unknown "starttls-port-25-unknown" ["cause"];
        /// A service, or where it is, could not be looked at.
        StarttlsUnknown = Unknown "starttls-unknown" ["cause"];
    }
    Ptr {
        /// The mail server's address has a name, and the name has that address (RFC 8601 section 2.7.3).
        PtrConfirmed = Ok "ptr-confirmed" ["address" "host"];
        /// Confirmed, but the name is made of the address, as providers name the addresses that they give away.
        PtrGeneric = Info "ptr-generic" ["address" "host"];
        /// The mail server's address has no name.
        PtrMissing = Warn "ptr-missing" ["address"];
        /// The name does not lead back to the address.
        PtrNotConfirmed = Warn "ptr-not-confirmed" ["address" "host"];
        /// The name of the address could not be looked up.
        PtrUnknown = Unknown "ptr-unknown" ["address" "cause"];
    }
    Dnsbl {
        /// No list that was asked names the domain or its mail servers.
        DnsblClear = Ok "dnsbl-clear" ["lists"];
        /// A list names the domain.
        DnsblDomainListed = Fail "dnsbl-domain-listed" ["list" "entry"];
        /// A list names the domain as an honest one that others abuse.
        DnsblDomainAbused = Fail "dnsbl-domain-abused" ["list" "entry"];
        /// A list names a mail server's address.
        DnsblAddressListed = Warn "dnsbl-address-listed" ["address" "list" "entry"];
        /// A list says that mail should not come straight from a mail server's address.
        DnsblPolicyListed = Warn "dnsbl-policy-listed" ["address" "list" "entry"];
        /// A list names an address that the host sends from.
        DnsblHostListed = Warn "dnsbl-host-listed" ["address" "list" "entry"];
        /// The network would not say what a list holds.
        DnsblUnknown = Unknown "dnsbl-unknown" ["list" "cause"];
        /// A list answered with an error, or fails its own test (RFC 5782 section 5): the matter of whoever asks, and nothing
        /// of the domain's.
        DnsblRefused = Info "dnsbl-refused" ["list" "cause"];
        /// A mail server's address could not be looked up, so no list was asked about it.
        DnsblTargetUnknown = Unknown "dnsbl-target-unknown" ["target" "cause"];
    }
    Senderscore {
        /// A score of 70 or above.
        SenderscoreGood = Ok "senderscore-good" ["address" "score"];
        /// A score below 70.
        SenderscoreLow = Warn "senderscore-low" ["address" "score"];
        /// No score: too little mail was seen from the address.
        SenderscoreNone = Info "senderscore-none" ["address"];
        /// The network would not say.
        SenderscoreUnknown = Unknown "senderscore-unknown" ["address" "cause"];
        /// The answer is an error, or no score at all: the matter of whoever asks.
        SenderscoreRefused = Info "senderscore-refused" ["address" "cause"];
    }
    Bimi {
        /// A valid record, and a DMARC policy that lets the logo be shown.
        BimiFound = Ok "bimi-found" ["logo"];
        /// Empty `l=` and `a=`: the domain declines to show a logo.
        BimiDeclined = Info "bimi-declined" [];
        /// More than one record: none counts.
        BimiTwoRecords = Warn "bimi-two-records" ["count"];
        /// A record that mailboxes cannot use.
        BimiSyntax = Warn "bimi-syntax" ["problem" "column"];
        /// No `a=`: without a certificate, large mailbox providers show no logo.
        BimiNoCertificate = Info "bimi-no-certificate" [];
        /// A DMARC policy under which no logo is shown.
        BimiPolicy = Warn "bimi-policy" ["policy"];
        /// A record at the domain itself instead of `default._bimi`.
        BimiMisplaced = Warn "bimi-misplaced" [];
        /// The record, or the DMARC policy that it needs, could not be looked up.
        BimiUnknown = Unknown "bimi-unknown" ["cause"];
    }
    Autoconfig {
        /// Mail programs can find their settings.
        AutoconfigFound = Ok "autoconfig-found" [];
        /// Nothing is published that mail programs look for.
        AutoconfigNone = Info "autoconfig-none" [];
        /// An SRV record says that a service is not offered (RFC 6186 section 3.4).
        AutoconfigNotOffered = Info "autoconfig-not-offered" ["services"];
        /// An SRV record names a host that does not exist or has no address.
        AutoconfigTargetMissing = Warn "autoconfig-target-missing" ["service" "target"];
        /// An SRV record names an alias (RFC 2782).
        AutoconfigTargetAlias = Warn "autoconfig-target-alias" ["service" "target" "alias"];
        /// An SRV record names a port that is not the service's own.
        AutoconfigPort = Info "autoconfig-port" ["service" "port" "expected"];
        /// An SRV record with port 0, where nobody listens.
        AutoconfigPortZero = Warn "autoconfig-port-zero" ["service"];
        /// A server for mail programs at an address that is not public.
        AutoconfigPrivate = Warn "autoconfig-private" ["at" "address"];
        /// A name that mail programs look for is an alias that leads nowhere.
        AutoconfigDanglingAlias = Warn "autoconfig-dangling-alias" ["at" "alias"];
        /// What mail programs look for could not be looked up.
        AutoconfigUnknown = Unknown "autoconfig-unknown" ["cause"];
    }
    Message {
        /// SPF or DKIM passes for the author's domain (RFC 9989 section 4.4).
        MessageDmarcPass = Ok "message-dmarc-pass" ["by"];
        /// Neither does, and the author's domain has a DMARC record.
        MessageDmarcFail = Fail "message-dmarc-fail" ["policy" "problem"];
        /// The author's domain has no DMARC record.
        MessageDmarcNone = Warn "message-dmarc-none" [];
        /// The network would not say enough for DMARC.
        MessageDmarcUnknown = Unknown "message-dmarc-unknown" ["cause"];
        /// There is not one author's domain (RFC 9989 section 5.3.1).
        MessageAuthor = Fail "message-author" ["problem"];
        /// Which host sent the message is not known, so SPF cannot be judged.
        MessageNoSender = Info "message-no-sender" [];
        /// The sending host may send for the return path.
        MessageSpfPass = Ok "message-spf-pass" ["address"];
        /// It may not, or the record does not say that it may.
        MessageSpfFail = Warn "message-spf-fail" ["result" "address"];
        /// SPF could not be evaluated.
        MessageSpfUnknown = Unknown "message-spf-unknown" ["cause"];
        /// There is no DKIM signature.
        MessageNotSigned = Warn "message-not-signed" [];
        /// A signature verifies.
        MessageDkimPass = Ok "message-dkim-pass" ["selector"];
        /// A signature verifies, but is of another organization than the author.
        MessageDkimOther = Info "message-dkim-other" ["author"];
        /// The body was changed after it was signed.
        MessageDkimBody = Warn "message-dkim-body" ["selector" "problem"];
        /// A header field was changed after it was signed.
        MessageDkimHeader = Warn "message-dkim-header" ["selector"];
        /// A signature that no receiver can verify or accept.
        MessageDkimBroken = Warn "message-dkim-broken" ["selector" "problem"];
        /// A signature's key could not be looked up.
        MessageDkimUnknown = Unknown "message-dkim-unknown" ["selector" "cause"];
        /// A part of the body is not signed (`l=`).
        MessageDkimPartial = Warn "message-dkim-partial" ["selector" "bytes"];
        /// A signature verifies with a key that is being tested (`t=y`).
        MessageDkimTesting = Warn "message-dkim-testing" ["selector"];
        /// More signatures than are judged.
        MessageDkimMany = Info "message-dkim-many" ["count" "more"];
        /// The chain of those who passed the message on holds (RFC 8617).
        MessageArcPass = Info "message-arc-pass" ["sealers"];
        /// The chain is broken.
        MessageArcFail = Warn "message-arc-fail" ["instance" "problem"];
        /// A key of the chain could not be looked up.
        MessageArcUnknown = Unknown "message-arc-unknown" ["cause"];
        /// The return path is of another domain than the author.
        MessageReturnPath = Info "message-return-path" ["path"];
        /// A server kept the message for long.
        MessageSlowHop = Warn "message-slow-hop" ["by" "delay"];
        /// A server's clock is wrong: the message arrived before it was sent.
        MessageClock = Info "message-clock" ["by" "delay"];
        /// There is no date (RFC 5322 section 3.6.1).
        MessageNoDate = Warn "message-no-date" [];
        /// There is no Message-ID (RFC 5322 section 3.6.4).
        MessageNoId = Warn "message-no-id" [];
        /// A mailing list passed it on (RFC 2919).
        MessageList = Info "message-list" ["list"];
        /// A filter takes it for spam.
        MessageSpam = Warn "message-spam" ["filter" "score" "threshold"];
        /// A filter does not take it for spam.
        MessageNotSpam = Ok "message-not-spam" ["filter" "score" "threshold"];
        /// The score leaves out what only the network can tell.
        MessageSpamOffline = Info "message-spam-offline" ["score"];
        /// The sending address has a name, and the name has that address (RFC 8601 section 2.7.3).
        MessagePtrConfirmed = Ok "message-ptr-confirmed" ["address" "host"];
        /// Confirmed, but the name is made of the address.
        MessagePtrGeneric = Warn "message-ptr-generic" ["address" "host"];
        /// The sending address has no name.
        MessagePtrMissing = Fail "message-ptr-missing" ["address"];
        /// The name does not lead back to the sending address.
        MessagePtrNotConfirmed = Fail "message-ptr-not-confirmed" ["address" "host"];
        /// The name of the sending address could not be looked up.
        MessagePtrUnknown = Unknown "message-ptr-unknown" ["address" "cause"];
        /// The message came from an address that is not of the internet.
        MessageClientPrivate = Info "message-client-private" ["address"];
        /// No list that was asked names the sending address.
        MessageClientClear = Ok "message-client-clear" ["address" "lists"];
        /// A list names the sending address.
        MessageClientListed = Fail "message-client-listed" ["address" "list" "entry"];
        /// A list says that mail should not come straight from the sending address.
        MessageClientPolicy = Fail "message-client-policy" ["address" "list" "entry"];
        /// The name of the greeting leads to the sending address.
        MessageHeloConfirmed = Ok "message-helo-confirmed" ["host"];
        /// It leads elsewhere.
        MessageHeloElsewhere = Info "message-helo-elsewhere" ["host" "address"];
        /// It leads nowhere.
        MessageHeloMissing = Warn "message-helo-missing" ["host"];
        /// It is no whole name (RFC 5321 section 4.1.1.1).
        MessageHeloMalformed = Warn "message-helo-malformed" ["helo"];
        /// It could not be looked up.
        MessageHeloUnknown = Unknown "message-helo-unknown" ["host" "cause"];
        /// The message came over TLS (RFC 3207).
        MessageTls = Ok "message-tls" ["version" "cipher"];
        /// It came in the clear, though TLS was offered.
        MessageNoTls = Warn "message-no-tls" [];
        /// A field that may be there once is there again (RFC 5322 section 3.6).
        MessageFieldTwice = Warn "message-field-twice" ["field" "count"];
        /// The Message-ID is none (RFC 5322 section 3.6.4).
        MessageBadId = Warn "message-bad-id" [];
        /// The Date cannot be read.
        MessageBadDate = Warn "message-bad-date" [];
        /// The Date is far from the time of arrival.
        MessageDateOff = Warn "message-date-off" ["off"];
        /// Mail to many without a way to unsubscribe (RFC 2369 section 3.2).
        MessageNoUnsubscribe = Warn "message-no-unsubscribe" ["sign"];
        /// Without a way to unsubscribe with one click (RFC 8058).
        MessageNoOneClick = Warn "message-no-one-click" [];
        /// With one that no signature covers (RFC 8058 section 4).
        MessageOneClickUnsigned = Warn "message-one-click-unsigned" [];
        /// With one.
        MessageOneClick = Ok "message-one-click" [];
        /// Nothing says that it is mail to many.
        MessagePersonal = Info "message-personal" [];
    }
    Report {
        /// Somebody says that a method passes.
        ReportPass = Ok "report-pass" ["service" "method" "result"];
        /// Somebody says that SPF does not pass.
        ReportSpf = Warn "report-spf" ["service" "method" "result"];
        /// Somebody says that DKIM does not pass.
        ReportDkim = Warn "report-dkim" ["service" "method" "result"];
        /// Somebody says that DMARC does not pass.
        ReportDmarc = Warn "report-dmarc" ["service" "method" "result"];
        /// Somebody says that a spam filter takes the message for spam.
        ReportSpam = Warn "report-spam" ["service" "method" "result"];
        /// Somebody says that the sending server's reverse name does not fit.
        ReportName = Warn "report-name" ["service" "method" "result"];
        /// Somebody could not judge a method.
        ReportUnknown = Unknown "report-unknown" ["service" "method" "result"];
        /// A link to a result, which nobody follows.
        ReportLink = Info "report-link" [];
    }
    Load {
        /// Above the CPUs now, and over a quarter of an hour.
        LoadOver = Fail "load-over" ["one" "five" "fifteen" "cpus"];
        /// Above the CPUs now, not over a quarter of an hour.
        LoadPeak = Warn "load-peak" ["one" "five" "fifteen" "cpus"];
        /// Above the CPUs before, not now.
        LoadEased = Warn "load-eased" ["one" "five" "fifteen" "cpus"];
        /// Within the CPUs, with little room left.
        LoadNear = Info "load-near" ["one" "five" "fifteen" "cpus"];
        /// Well within the CPUs.
        LoadFine = Ok "load-fine" ["one" "five" "fifteen" "cpus"];
        /// Busier now than before.
        LoadRising = Info "load-rising" ["one" "five" "fifteen" "cpus"];
        /// Quieter now than before.
        LoadFalling = Info "load-falling" ["one" "five" "fifteen" "cpus"];
        /// As busy now as before.
        LoadSteady = Info "load-steady" ["one" "five" "fifteen" "cpus"];
    }
    Status {
        /// The page tells of nothing that is wrong or planned.
        StatusFine = Ok "status-fine" ["page" "said"];
        /// An incident with a major or critical impact is open.
        StatusOutage = Fail "status-outage" ["event" "state" "since" "updated"];
        /// An incident with a smaller impact is open.
        StatusIncident = Warn "status-incident" ["event" "state" "since" "updated"];
        /// Maintenance is under way.
        StatusMaintenance = Warn "status-maintenance" ["event" "until"];
        /// Parts of the service do not work as they should.
        StatusComponents = Warn "status-components" ["components"];
        /// Maintenance is planned.
        StatusPlanned = Info "status-planned" ["event" "from" "until"];
        /// The page says that not all is well, and not why.
        StatusTroubled = Warn "status-troubled" ["page" "said"];
        /// The page cannot be had or read, so nothing is known.
        StatusUnknown = Unknown "status-unknown" ["page" "cause"];
    }
}
