//! Whether a domain is parked: it says that it takes no mail (a null MX, RFC 7505) and sends none (`v=spf1 -all`).
//!
//! For checks that ask less of such a domain (`dkim`, `tls_rpt`), or more (`dmarc`). Judges neither record: that is the
//! business of `mx` and `spf`.

use crate::facts::{Record, Response};

/// Whether the replies for the domain's MX and TXT records say so. Where the network would not say, it is not parked.
pub(super) fn is_parked(mx: &Response, apex: &Response) -> bool {
    takes_none(mx) && sends_none(apex)
}

/// Whether the one MX record is a null MX.
fn takes_none(mx: &Response) -> bool {
    matches!(mx.records(), Ok([Record::Mx { exchange, .. }]) if exchange.is_root())
}

/// Whether the one SPF record lets nobody send.
fn sends_none(apex: &Response) -> bool {
    let texts = apex.texts().unwrap_or_default().into_iter().map(|text| text.to_string().to_ascii_lowercase());
    let mut records = texts.filter(|text| text.split(' ').next() == Some("v=spf1"));
    let only = records.next().filter(|_| records.next().is_none());
    only.is_some_and(|record| record.split_ascii_whitespace().skip(1).eq(["-all"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Cause, Outcome, Text};
    use crate::mail::lab::name;

    #[test]
    fn only_a_null_mx_with_an_spf_record_that_lets_nobody_send_is_parked() {
        let mx = |targets: &[&str]| {
            let records = targets.iter().map(|target| Record::Mx { preference: 0, exchange: name(target) });
            Response::new(Outcome::Records(records.collect()))
        };
        let txt = |texts: &[&str]| {
            Response::new(Outcome::Records(texts.iter().map(|text| Record::Txt(Text::split(text))).collect()))
        };
        for (mx, apex, parked) in [
            (mx(&["."]), txt(&["v=spf1 -all"]), true),
            (mx(&["."]), txt(&["hello", "V=SPF1  -ALL "]), true),
            (mx(&["."]), txt(&["v=spf1 ~all"]), false),
            (mx(&["."]), txt(&["v=spf1 a -all"]), false),
            (mx(&["."]), txt(&["v=spf1 -all", "v=spf1 -all"]), false),
            (mx(&["."]), txt(&["hello"]), false),
            (mx(&[".", "mx.example.com"]), txt(&["v=spf1 -all"]), false),
            (mx(&["mx.example.com"]), txt(&["v=spf1 -all"]), false),
            (Response::new(Outcome::NoData), txt(&["v=spf1 -all"]), false),
            (mx(&["."]), Response::new(Outcome::Unknown(Cause::Silent)), false),
            (Response::new(Outcome::Unknown(Cause::Silent)), txt(&["v=spf1 -all"]), false),
        ] {
            assert_eq!(is_parked(&mx, &apex), parked, "{mx:?} {apex:?}");
        }
    }
}
