//! What the server knows: records by name and type, and where it goes wrong.
//!
//! All zones are one tree of names here. It answers as a resolver would after a walk from the root, or as the name server
//! of the zones that it is told to hold; for data as written see `written`, for replies on the wire `respond`.

use std::collections::{HashMap, HashSet};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{CNAME, MX, NS, PTR, SOA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::fault::{Fault, Rule};

/// The time to live of all records, in seconds, unless a test says otherwise.
const TTL: u32 = 300;

/// Records and faults.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    pub(super) records: HashMap<(Name, RecordType), Vec<RData>>,
    /// The names that exist: those with records, and all above them.
    names: HashSet<Name>,
    pub(super) rules: Vec<Rule>,
    /// The zones that it is the name server of; none: it is a resolver.
    held: Vec<Name>,
    /// The zones whose signatures hold, and those whose signatures do not.
    signed: Vec<Name>,
    bogus: Vec<Name>,
    ttl: Option<u32>,
}

/// What the data says to one question.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) code: ResponseCode,
    /// The name asked for, and those that it is an alias for.
    pub(super) path: Vec<Name>,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) authoritative: bool,
}

impl Zones {
    /// Adds one record: its data in presentation format (`10 mx1.host.example.`), a TXT record's as plain text.
    pub(crate) fn add(&mut self, owner: &str, kind: &str, data: &str) -> &mut Self {
        let kind: RecordType = kind.parse().unwrap_or_else(|_| panic!("`{kind}` is no record type"));
        let data = match kind {
            RecordType::TXT => return self.add_text(owner, &data.as_bytes().chunks(255).collect::<Vec<_>>()),
            RecordType::CNAME => RData::CNAME(CNAME(name(data))),
            RecordType::NS => RData::NS(NS(name(data))),
            RecordType::PTR => RData::PTR(PTR(name(data))),
            RecordType::MX => {
                let (preference, exchange) = data.split_once(' ').expect("a preference and a name");
                RData::MX(MX::new(preference.parse().expect("a preference"), name(exchange)))
            }
            _ => RData::try_from_str(kind, data).unwrap_or_else(|error| panic!("`{data}` is no {kind}: {error}")),
        };
        self.insert(name(owner), data);
        self
    }

    /// Adds one TXT record of these strings, none if need be, of any bytes.
    pub(crate) fn add_text(&mut self, owner: &str, strings: &[&[u8]]) -> &mut Self {
        self.insert(name(owner), RData::TXT(TXT::from_bytes(strings.to_vec())));
        self
    }

    /// Publishes a text in place of those at the name that begin with `old`.
    pub(crate) fn replace_text(&mut self, owner: &str, old: &str, new: &str) -> &mut Self {
        if let Some(records) = self.records.get_mut(&(name(owner), RecordType::TXT)) {
            records.retain(|data| !data.to_string().trim_start_matches('"').starts_with(old));
        }
        self.add(owner, "TXT", new)
    }

    /// Publishes records of a type in place of all of that type at the name.
    pub(crate) fn replace<'d>(&mut self, owner: &str, kind: &str, data: impl Iterator<Item = &'d str>) -> &mut Self {
        self.records.remove(&(name(owner), kind.parse().expect("a record type")));
        data.fold(self, |zones, data| zones.add(owner, kind, data))
    }

    /// Lets questions go wrong: those for a name, for the names below one (`*.slow.example`), or all (`*`). Of several
    /// faults that strike a question, delays add up, and the first other one counts.
    pub(crate) fn fault(&mut self, names: &str, fault: Fault) -> &mut Rule {
        self.rules.push(Rule::new(names, fault));
        self.rules.last_mut().expect("the rule just added")
    }

    /// Makes it the name server of these zones and of nothing else; NS records below one of them delegate.
    pub(crate) fn authority_of(&mut self, zones: &[&str]) -> &mut Self {
        self.held.extend(zones.iter().map(|zone| name(zone)));
        self
    }

    /// Says of all names in a zone that signatures prove them; as a resolver would that checks signatures.
    pub(crate) fn signed(&mut self, zone: &str) -> &mut Self {
        self.signed.push(name(zone));
        self
    }

    /// Fails for all names in a zone unless told to leave signatures unchecked.
    pub(crate) fn bogus(&mut self, zone: &str) -> &mut Self {
        self.bogus.push(name(zone));
        self
    }

    /// Gives all records this time to live, in seconds.
    pub(crate) fn set_ttl(&mut self, seconds: u32) -> &mut Self {
        self.ttl = Some(seconds);
        self
    }

    fn ttl(&self) -> u32 {
        self.ttl.unwrap_or(TTL)
    }

    pub(super) fn is_authority(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether signatures prove what stands at all these names; of the root they always do, as with any resolver that
    /// checks them.
    pub(super) fn is_proven(&self, path: &[Name]) -> bool {
        path.iter().all(|name| name.is_root() || self.signed.iter().any(|zone| zone.zone_of(name)))
    }

    /// Whether what stands at one of these names is signed wrongly.
    pub(super) fn is_bogus(&self, path: &[Name]) -> bool {
        path.iter().any(|name| self.bogus.iter().any(|zone| zone.zone_of(name)))
    }

    /// The answer of a resolver, or of a name server: a refusal outside its zones, a referral below a delegation.
    pub(super) fn answer(&self, asked: &Name, kind: RecordType) -> Found {
        if !self.is_authority() {
            return self.look_up(asked, kind);
        }
        let without = |code, authorities| Found {
            code,
            path: vec![asked.clone()],
            answers: Vec::new(),
            authorities,
            authoritative: false,
        };
        let Some(apex) = self.held.iter().filter(|zone| zone.zone_of(asked)).max_by_key(|zone| zone.num_labels())
        else {
            return without(ResponseCode::Refused, Vec::new());
        };
        let mut delegation = None;
        let mut owner = asked.clone();
        while owner != *apex {
            delegation = self
                .records
                .get(&(owner.clone(), RecordType::NS))
                .map(|records| (owner.clone(), records))
                .or(delegation);
            owner = owner.base_name();
        }
        match delegation {
            Some((cut, records)) => {
                let record = |data: &RData| Record::from_rdata(cut.clone(), self.ttl(), data.clone());
                without(ResponseCode::NoError, records.iter().map(record).collect())
            }
            None => self.look_up(asked, kind),
        }
    }

    fn insert(&mut self, owner: Name, data: RData) {
        let mut existing = owner.clone();
        while self.names.insert(existing.clone()) && !existing.is_root() {
            existing = existing.base_name();
        }
        self.records.entry((owner, data.record_type())).or_default().push(data);
    }

    /// Follows aliases to the records; says NODATA or NXDOMAIN of the last alias where there are none (RFC 6604).
    pub(super) fn look_up(&self, asked: &Name, kind: RecordType) -> Found {
        let mut found = Found {
            code: ResponseCode::NoError,
            path: vec![asked.clone()],
            answers: Vec::new(),
            authorities: Vec::new(),
            authoritative: true,
        };
        let mut owner = asked.clone();
        loop {
            let source = self.source_of(&owner);
            let of_type = |kind| source.clone().and_then(|source| self.records.get(&(source, kind)));
            if let Some(records) = of_type(kind) {
                found
                    .answers
                    .extend(records.iter().map(|data| Record::from_rdata(owner.clone(), self.ttl(), data.clone())));
                return found;
            }
            let Some(RData::CNAME(CNAME(target))) = of_type(RecordType::CNAME).and_then(|records| records.first())
            else {
                if source.is_none() {
                    found.code = ResponseCode::NXDomain;
                }
                found.authorities.push(self.start_of_zone(&owner));
                return found;
            };
            found.answers.push(Record::from_rdata(owner, self.ttl(), RData::CNAME(CNAME(target.clone()))));
            if found.path.contains(target) {
                return found;
            }
            found.path.push(target.clone());
            owner = target.clone();
        }
    }

    /// The name whose records are those of `owner`: itself, or the wildcard that covers it (RFC 4592); `None` where
    /// there is no such name.
    fn source_of(&self, owner: &Name) -> Option<Name> {
        if self.names.contains(owner) {
            return Some(owner.clone());
        }
        let mut encloser = owner.base_name();
        while !self.names.contains(&encloser) && !encloser.is_root() {
            encloser = encloser.base_name();
        }
        encloser.prepend_label("*").ok().filter(|wildcard| self.names.contains(wildcard))
    }

    /// The SOA record of the zone that a name is in; a made-up root zone holds what no file delegates.
    fn start_of_zone(&self, owner: &Name) -> Record {
        let mut apex = owner.clone();
        loop {
            if let Some([data, ..]) = self.records.get(&(apex.clone(), RecordType::SOA)).map(Vec::as_slice) {
                return Record::from_rdata(apex, self.ttl(), data.clone());
            }
            if apex.is_root() {
                let data = SOA::new(name("ns.root.example"), name("root.example"), 1, 7200, 3600, 1_209_600, TTL);
                return Record::from_rdata(apex, TTL, RData::SOA(data));
            }
            apex = apex.base_name();
        }
    }
}

/// A name from text: split at dots, any bytes between them; a trailing dot makes no difference.
pub(super) fn name(text: &str) -> Name {
    let labels = text.strip_suffix('.').unwrap_or(text).split('.').filter(|_| !matches!(text, "" | "."));
    Name::from_labels(labels.map(str::as_bytes)).unwrap_or_else(|error| panic!("`{text}` is no name: {error}"))
}
