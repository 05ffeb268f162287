//! What must hold of every fix that is offered, whichever test has the check run.

use super::{Lab, name};
use crate::facts::{Facts, View};
use crate::finding::{Code, Finding, Fix, RecordType, Severity, Topic};
use crate::mail::spf::lab::nobody_is_locked_out;
use crate::mail::{Case, Check};

/// The codes that ever offer a fix; each has its case below.
const MENDED: &[Code] = &[
    Code::MxMissing,
    Code::MxImplicit,
    Code::MxMisplaced,
    Code::MxTargetAlias,
    Code::MxTargetDoubled,
    Code::MxTargetMisspelt,
    Code::MxNotHost,
    Code::MxElsewhere,
    Code::MxTargetMissing,
    Code::MxTargetLiteral,
    Code::MxTargetPrivate,
    Code::SpfMissing,
    Code::SpfTwoRecords,
    Code::SpfSyntax,
    Code::SpfTooManyLookups,
    Code::SpfTooManyVoids,
    Code::SpfIncludeMissing,
    Code::SpfLoop,
    Code::SpfAllPass,
    Code::SpfEverybody,
    Code::SpfAllNeutral,
    Code::SpfNoAll,
    Code::SpfParked,
    Code::SpfAfterAll,
    Code::SpfDuplicate,
    Code::SpfIgnored,
    Code::SpfPtr,
    Code::SpfHostMissing,
    Code::DkimBroken,
    Code::DkimInPieces,
    Code::DkimTwoRecords,
    Code::DkimDoubled,
    Code::DkimMisplaced,
    Code::DmarcMissing,
    Code::DmarcTwoRecords,
    Code::DmarcSyntax,
    Code::DmarcPolicyIgnored,
    Code::DmarcPolicyMissing,
    Code::DmarcParked,
    Code::DmarcRemovedTag,
    Code::DmarcTagIgnored,
    Code::DmarcPublicSuffix,
    Code::DmarcMisplaced,
    Code::DmarcDoubled,
    Code::MtaStsTwoRecords,
    Code::MtaStsSyntax,
    Code::TlsRptTwoRecords,
    Code::TlsRptSyntax,
    Code::TlsRptAddressIgnored,
    Code::TlsRptMisplaced,
    Code::BimiSyntax,
    Code::BimiMisplaced,
];

/// Holds what a check offers to this: with it published, no fault is left of the records that it replaces; all that is offered
/// for one name and type is one; and no sender is locked out.
pub(super) fn hold(lab: &Lab, check: &Check, case: &Case<'_>, facts: &Facts, findings: &[Finding]) {
    let offers: Vec<(&Finding, &Fix)> =
        findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?))).collect();
    for (finding, fix) in &offers {
        assert!(fix.verified, "{finding:?} is not proven");
        assert!(MENDED.contains(&finding.code), "{} offers a fix: it needs a case in lab/offers.rs", finding.code);
        let (changed, _) = facts.changed_by(&name(&fix.name), fix);
        let left = (check.run)(case, &mut View::with(facts, &changed)).unwrap();
        let is_mended = |left: &Finding| (left.code, &left.subject) != (finding.code, &finding.subject);
        assert!(left.iter().all(is_mended), "{finding:?} stays: {left:#?}");
        for left in left.iter().filter(|left| left.severity() == Severity::Fail) {
            // Another selector, or the record of somebody else.
            let elsewhere = fix.kind == RecordType::Txt && left.subject != finding.subject && left.subject != fix.name;
            assert!(elsewhere, "{fix:?} leaves {left:?}");
        }
        for (_, other) in offers.iter().filter(|(_, other)| (&other.name, other.kind) == (&fix.name, fix.kind)) {
            assert_eq!(other, fix, "two records for one name");
        }
        if check.topic == Topic::Spf {
            nobody_is_locked_out(lab, &name(&fix.name), &fix.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Host;

    const HOST: &str = "mx1.host.example A 192.0.2.31
        mx2.host.example A 192.0.2.32
        spf.host.example TXT v=spf1 ip4:192.0.2.31 -all";
    const KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDtB8PtuN/WK8DZyxiAmzLq1aEpMeiIDURIUFzW2KtcFf98SpaqY3O1dIu34OGfzg1cXI7NlC7sKtRisVKEUiTJEcsf4JuHjf5k4UCzPzy3uCYVNMuaYED0w8W1om6GjFPmVT2aKns2zsCVXos6fxe0DFVuI+lOlm4D38sHd9Y4VwIDAQAB";

    /// Each code that offers a fix, with the lines of a network where it does. The host of the operator is there.
    const CASES: &[(Code, &str)] = &[
        (Code::MxMissing, "example.com TXT hello"),
        (Code::MxImplicit, "example.com A 192.0.2.80"),
        (Code::MxMisplaced, "example.com A 192.0.2.80\nexample.com.example.com MX 10 mx1.host.example"),
        (Code::MxTargetAlias, "example.com MX 10 mx.example.com\nmx.example.com CNAME mx1.host.example"),
        (Code::MxTargetDoubled, "example.com MX 10 mx1.host.example.example.com"),
        (Code::MxTargetMisspelt, "example.com MX 10 \"mx1.host.example\""),
        (Code::MxNotHost, "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.9"),
        (
            Code::MxElsewhere,
            "example.com MX 10 mx.example.com\nexample.com MX 20 mx1.host.example\nmx.example.com A 192.0.2.9",
        ),
        (Code::MxTargetMissing, "example.com MX 10 gone.example.com"),
        (Code::MxTargetLiteral, "example.com MX 10 192.0.2.9"),
        (Code::MxTargetPrivate, "example.com MX 10 mx.example.com\nmx.example.com A 10.0.0.1"),
        (Code::SpfMissing, "example.com A 192.0.2.80"),
        (Code::SpfTwoRecords, "example.com TXT v=spf1 ip4:192.0.2.1 -all\nexample.com TXT v=spf1 ip4:192.0.2.2 -all"),
        (Code::SpfSyntax, "example.com TXT v=spf1 ipv4:192.0.2.1 -all"),
        (
            Code::SpfTooManyLookups,
            "example.com A 192.0.2.1\nexample.com TXT v=spf1 a a a a a a a a a a a include:spf.host.example -all",
        ),
        (Code::SpfTooManyVoids, "example.com TXT v=spf1 a mx exists:x.example include:spf.host.example -all"),
        (Code::SpfIncludeMissing, "example.com TXT v=spf1 include:none.example include:spf.host.example -all"),
        (Code::SpfLoop, "example.com TXT v=spf1 include:example.com include:spf.host.example -all"),
        (Code::SpfAllPass, "example.com TXT v=spf1 include:spf.host.example +all"),
        (Code::SpfEverybody, "example.com TXT v=spf1 include:spf.host.example ip4:0.0.0.0/0 -all"),
        (Code::SpfAllNeutral, "example.com TXT v=spf1 include:spf.host.example ?all"),
        (Code::SpfNoAll, "example.com TXT v=spf1 include:spf.host.example"),
        (Code::SpfParked, "example.com MX 0 .\nexample.com TXT v=spf1 ~all"),
        (Code::SpfAfterAll, "example.com TXT v=spf1 include:spf.host.example -all ip4:192.0.2.1"),
        (Code::SpfDuplicate, "example.com TXT v=spf1 include:spf.host.example ip4:192.0.2.1 ip4:192.0.2.1 -all"),
        (Code::SpfIgnored, "example.com TXT v=spf1 include=spf.host.example -all"),
        (Code::SpfPtr, "example.com TXT v=spf1 include:spf.host.example ptr -all"),
        (Code::SpfHostMissing, "example.com TXT v=spf1 ip4:192.0.2.1 -all"),
        (Code::DkimBroken, "default._domainkey.example.com TXT \"KEY\""),
        (Code::DkimInPieces, "PIECES"),
        (Code::DkimTwoRecords, "default._domainkey.example.com TXT KEY\ndefault._domainkey.example.com TXT hello"),
        (Code::DkimDoubled, "default._domainkey.example.com.example.com TXT KEY\nx._domainkey.example.com TXT hello"),
        (Code::DkimMisplaced, "default.example.com TXT KEY\nx._domainkey.example.com TXT hello"),
        (Code::DmarcMissing, "example.com TXT hello"),
        (Code::DmarcTwoRecords, "_dmarc.example.com TXT v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1;p=none"),
        (Code::DmarcSyntax, "_dmarc.example.com TXT v=DMARC1, p=none"),
        (Code::DmarcPolicyIgnored, "_dmarc.example.com TXT v=DMARC1; p=\"reject\"; rua=mailto:a@example.com"),
        (Code::DmarcPolicyMissing, "_dmarc.example.com TXT v=DMARC1; rua=mailto:a@example.com"),
        (Code::DmarcParked, "example.com MX 0 .\nexample.com TXT v=spf1 -all"),
        (Code::DmarcRemovedTag, "_dmarc.example.com TXT v=DMARC1; p=none; pct=100"),
        (Code::DmarcTagIgnored, "_dmarc.example.com TXT v=DMARC1; p=none; rua=a@example.com"),
        (Code::DmarcPublicSuffix, "_dmarc.example.com TXT v=DMARC1; p=none; psd=y"),
        (Code::DmarcMisplaced, "example.com TXT v=DMARC1; p=none"),
        (Code::DmarcDoubled, "_dmarc.example.com.example.com TXT v=DMARC1; p=none"),
        (
            Code::MtaStsTwoRecords,
            "_mta-sts.example.com TXT v=STSv1; id=1\n_mta-sts.example.com TXT v=STSv1; id=2\nmta-sts.example.com A 192.0.2.1",
        ),
        (Code::MtaStsSyntax, "_mta-sts.example.com TXT v=STSv1 id=1\nmta-sts.example.com A 192.0.2.1"),
        (
            Code::TlsRptTwoRecords,
            "_smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:a@example.com
             _smtp._tls.example.com TXT v=TLSRPTv1;rua=mailto:a@example.com",
        ),
        (Code::TlsRptSyntax, "_smtp._tls.example.com TXT v=TLSRPTv1 rua=mailto:a@example.com"),
        (Code::TlsRptAddressIgnored, "_smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:a@example.com,b@example.com"),
        (Code::TlsRptMisplaced, "example.com TXT v=TLSRPTv1; rua=mailto:a@example.com"),
        (Code::BimiSyntax, "default._bimi.example.com TXT \"v=BIMI1; l=https://example.com/l.svg\""),
        (Code::BimiMisplaced, "example.com TXT v=BIMI1; l=https://example.com/l.svg"),
    ];

    /// The lines of a case, with the key that they speak of.
    fn network(lines: &str) -> Lab {
        let (start, end) = KEY.split_at(120);
        let pieces = format!("default._domainkey.example.com TXT {start}\ndefault._domainkey.example.com TXT {end}");
        let lines = lines.replace("PIECES", &pieces).replace("KEY", KEY);
        let host = Host {
            mx: vec![name("mx1.host.example"), name("mx2.host.example")],
            spf_include: Some(name("spf.host.example")),
            ..Host::default()
        };
        Lab::new("example.com", &format!("{lines}\n{HOST}")).host(host).selectors(&["default"])
    }

    #[test]
    fn every_code_that_offers_a_fix_has_its_case() {
        for (code, lines) in CASES {
            assert!(MENDED.contains(code), "{code} is not listed");
            assert!(network(lines).run(code.topic()).fix(*code).is_some(), "{code} offers nothing: {lines}");
        }
        for code in MENDED {
            assert!(CASES.iter().any(|(other, _)| other == code), "no case shows {code}");
        }
    }
}
