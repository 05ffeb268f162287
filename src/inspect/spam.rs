//! What spam filters said of a message: the score, the limit and the rules, from the fields of SpamAssassin, rspamd and
//! Exchange, or from whom the operator has asked about it (`probe/spamd`, `probe/postmark`).
//!
//! Fields are claims: whoever sends can write them, so the topmost of each kind is read, which the last server wrote. What
//! the rules mean in plain words, and what to do, is in `knowledge/rules/`.

mod exchange;
mod postmark;
mod rspamd;
mod spamassassin;

use serde::Serialize;

pub use postmark::postmark;
pub use spamassassin::report;

use super::original::Original;

/// How many rules are read; a message that many hit is spam by any of them.
const MOST: usize = 300;

/// How many bytes of one field are read.
const LONGEST: usize = 64 * 1024;

/// The filters whose words are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// SpamAssassin, and what builds on it.
    SpamAssassin,
    /// rspamd.
    Rspamd,
    /// Exchange and Microsoft 365.
    Exchange,
    /// SpamAssassin as Postmark runs it.
    Postmark,
}

/// The verdict of one filter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whose it is.
    pub filter: Filter,
    /// The points that the message got.
    pub score: f64,
    /// The points from which it is spam, where that is told.
    pub threshold: Option<f64>,
    /// The rules that hit, those that cost most first.
    pub rules: Vec<Rule>,
    /// What no filter that works without the network can tell: whether that is left out of the score.
    pub offline: bool,
}

/// A rule that hit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it adds to the score, where that is told.
    pub points: Option<f64>,
    /// What it means, in the filter's own words.
    pub meaning: Option<String>,
}

/// The verdicts in a message's fields, one a filter.
pub fn verdicts(message: &Original) -> Vec<Verdict> {
    let field = |name: &str| {
        let field = message.named(name).next()?;
        let value = field.value.get(..LONGEST.min(field.value.len())).unwrap_or_default();
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let read = [spamassassin::verdict(&field), rspamd::verdict(&field), exchange::verdict(&field)];
    read.into_iter().flatten().map(in_order).collect()
}

/// The rules that cost most first; those of one price as they came.
fn in_order(mut verdict: Verdict) -> Verdict {
    verdict.rules.sort_by(|a, b| b.points.unwrap_or(0.0).total_cmp(&a.points.unwrap_or(0.0)));
    verdict.rules.truncate(MOST);
    verdict
}

/// A number of points.
fn points(text: &str) -> Option<f64> {
    let plain =
        text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    text.parse().ok().filter(|points: &f64| plain && points.is_finite())
}

/// Whether a text is the name of a rule.
fn is_rule(text: &str) -> bool {
    let named = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    named && text.len() <= 100 && text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Vec<Verdict> {
        verdicts(&Original::read(format!("{head}\nFrom: a@example.com\n\n").as_bytes()).unwrap())
    }

    fn shown(verdict: &Verdict) -> String {
        let rule = |rule: &Rule| {
            let points = rule.points.map(|points| format!("={points}")).unwrap_or_default();
            let meaning = rule.meaning.as_ref().map(|meaning| format!(" ({meaning})")).unwrap_or_default();
            format!("{}{points}{meaning}", rule.name)
        };
        let rules: Vec<String> = verdict.rules.iter().map(rule).collect();
        let threshold = verdict.threshold.map(|threshold| format!("/{threshold}")).unwrap_or_default();
        format!("{:?} {}{threshold}: {}", verdict.filter, verdict.score, rules.join(", "))
    }

    #[test]
    fn verdicts_are_read_from_the_fields_of_each_filter() {
        for (head, expected) in [
            (
                "X-Spam-Status: Yes, score=7.1 required=5.0 tests=DEAR_FRIEND,\n\tMISSING_DATE autolearn=no version=4.0.1",
                "SpamAssassin 7.1/5: DEAR_FRIEND, MISSING_DATE",
            ),
            (
                "X-Spam-Status: No, score=-1.9 required=6.31 tests=[BAYES_00=-1.9,\n DKIM_SIGNED=0.1, DKIM_VALID=-0.1]\n autolearn=ham",
                "SpamAssassin -1.9/6.31: DKIM_SIGNED=0.1, DKIM_VALID=-0.1, BAYES_00=-1.9",
            ),
            ("X-Spam-Status: No, hits=0.5 required=5.0 tests=none", "SpamAssassin 0.5/5: "),
            ("X-Spam-Score: 3.4", "SpamAssassin 3.4: "),
            (
                "X-Spam-Status: Yes, score=3.7 required=3.0 tests=MISSING_DATE,MISSING_MID\nX-Spam-Report: \n\t*  2.7 MISSING_DATE Missing Date: header\n\t*  1.0 MISSING_MID Missing Message-Id:\n\t*      header",
                "SpamAssassin 3.7/3: MISSING_DATE=2.7 (Missing Date: header), MISSING_MID=1 (Missing Message-Id: header)",
            ),
            (
                "X-Spamd-Result: default: False [5.90 / 15.00];\n\tDMARC_POLICY_REJECT(2.00)[example.com : x,reject];\n\tR_SPF_FAIL(1.00)[-all:c];\n\tARC_NA(0.00)[];\n\tBAYES_HAM(-3.00)[99.99%]\nX-Spamd-Bar: +++++",
                "Rspamd 5.9/15: DMARC_POLICY_REJECT=2, R_SPF_FAIL=1, ARC_NA=0, BAYES_HAM=-3",
            ),
            ("X-Spamd-Bar: +++++", "Rspamd 5: "),
            ("X-Spamd-Bar: --", "Rspamd -2: "),
            ("X-Spamd-Bar: /", "Rspamd 0: "),
            (
                "X-MS-Exchange-Organization-SCL: 5\nX-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:US;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;H:x;PTR:x;CAT:SPM;SFS:(1);DIR:INB;",
                "Exchange 5/5: SFV:SPM, CAT:SPM",
            ),
            ("X-MS-Exchange-Organization-SCL: -1", "Exchange -1/5: "),
        ] {
            assert_eq!(read(head).iter().map(shown).collect::<Vec<_>>(), [expected], "{head}");
        }
        for head in
            ["X-Spam-Status: maybe", "X-Spam-Score: lots", "X-Spamd-Result: x", "X-MS-Exchange-Organization-SCL: y"]
        {
            assert_eq!(read(head), [], "{head}");
        }
        assert_eq!(
            read("X-Spam-Score: 1\nX-Spam-Score: 9\nX-Spamd-Bar: +").iter().map(|v| v.score).collect::<Vec<_>>(),
            [1.0, 1.0]
        );
    }

    #[test]
    fn a_report_of_spamd_is_read_with_all_its_rules() {
        let table = "Content preview:  Content analysis details:   (9.9 points, 5.0 required)\n 9.9 FORGED by the mail\n\n\
            Content analysis details:   (1008.7 points, 5.0 required)\n\n pts rule name              description\n\
            ---- ---------------------- ----------------------------------\n 0.6 MISSING_MID            Missing Message-Id: header\n\
            -0.0 NO_RELAYS              Informational: message was not relayed via SMTP\n1000 GTUBE                  BODY: Generic Test\n \
            0.2 NORMAL_HTTP_TO_IP      URI: URI host has a public dotted-decimal IPv4\n                            address\n \
            1.0 ADVANCE_FEE_2_NEW_MONEY Advance Fee fraud\n\n\n";
        let verdict = report("True ; 1008.7 / 5.0", table, true).unwrap();
        assert_eq!(
            shown(&verdict),
            "SpamAssassin 1008.7/5: GTUBE=1000 (BODY: Generic Test), ADVANCE_FEE_2_NEW_MONEY=1 (Advance Fee fraud), \
             MISSING_MID=0.6 (Missing Message-Id: header), NORMAL_HTTP_TO_IP=0.2 (URI: URI host has a public dotted-decimal IPv4 address), \
             NO_RELAYS=-0 (Informational: message was not relayed via SMTP)"
        );
        for said in ["", "True", "True ; x / 5.0", "True ; 1.0"] {
            assert_eq!(report(said, table, true), None, "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_fields_make_it_panic(value in "\\PC{0,80}|[-+0-9.A-Z_=,\\[\\]()/;: *\\n\\t]{0,80}") {
            let value = value.replace('\n', "\n ");
            for name in ["X-Spam-Status", "X-Spam-Report", "X-Spam-Score", "X-Spamd-Result", "X-Spamd-Bar", "X-Forefront-Antispam-Report"] {
                let _ = read(&format!("{name}: {value}"));
            }
            let _ = report(&value, &value, false);
        }
    }
}
