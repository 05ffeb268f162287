//! One engine for all surfaces: a [`Request`] becomes [`Work`], and the work an [`Answer`].
//!
//! Refuses to know who asks and where the answer is shown. The words it adds only frame the knowledge's own.

mod compose;
mod current;
mod evidence;
mod inspection;
mod load;
mod message;
mod received;
mod report;
mod sender;
mod status;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join;

pub use current::{Current, Stale};
pub use evidence::Remedy;
use evidence::Seen;
use message::Message;

use crate::answer::Answer;
use crate::config::{Budget, Config, Matching};
use crate::domain::{Domain, Name};
use crate::facts::{Kind as RecordType, Outcome, Query};
use crate::finding::{Finding, Topic};
use crate::inspect::connection::{Connection, Received};
use crate::inspect::whole::Whole;
use crate::inspect::{self, Inspection, Kind, Letter, Unreadable};
use crate::knowledge::{Candidate, Entry, EntryId, Knowledge, Unfit};
use crate::mail::{CHECKS, Check, spf};
use crate::probe::{Cost, Examination, Inquiry, Network, Replay, Report, Shared, StatusPage};
use crate::request::{CheckRequest, Depth, InspectRequest, LoadRequest, Looks, Request, SpfRequest};
use crate::search::{Decision, Found, NotReady, Search, Why};
use crate::status::Looked;
use crate::transcript::Transcript;

/// Domains that many people share: somebody's address there does not make the domain theirs to mend.
const SHARED_DOMAINS: &str = include_str!("../index/shared-domains.txt");

/// Everything that answering needs.
pub struct Engine {
    config: Arc<Config>,
    knowledge: Knowledge,
    /// Made when the first question comes, or by [`Engine::get_ready`]: a look at a domain needs none of it.
    search: OnceLock<Result<Search, NotReady>>,
    network: Arc<dyn Network>,
    /// Where the operator has one.
    status_page: Option<Arc<StatusPage>>,
    shared_domains: HashSet<&'static str>,
}

impl Engine {
    /// Puts the parts together.
    pub fn new(config: Config, knowledge: Knowledge, network: Arc<dyn Network>) -> Self {
        let shared_domains = SHARED_DOMAINS.lines().filter(|line| !line.starts_with('#')).collect();
        let page = config.brand.status_url.as_ref().and_then(|url| url.parse::<Domain>().ok());
        let status_page =
            page.map(|page| Arc::new(StatusPage::new(page.name().clone(), Arc::clone(&network), config.probe.budget)));
        Self { config: Arc::new(config), knowledge, search: OnceLock::new(), network, status_page, shared_domains }
    }

    /// Makes ready what questions in words need, so that the first need not wait for it, and says if it cannot be had.
    pub fn get_ready(&self) -> Result<(), &NotReady> {
        self.search().map(|_| ())
    }

    /// Whether that was done, so that a question in words is matched in well under a millisecond.
    pub fn is_ready(&self) -> bool {
        self.search.get().is_some()
    }

    fn search(&self) -> Result<&Search, &NotReady> {
        self.search.get_or_init(|| Search::build(&self.knowledge, &self.config.matching)).as_ref()
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The knowledge.
    pub const fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// Who answers DNS questions.
    pub fn resolver(&self) -> String {
        self.network.name()
    }

    /// Whether the hosts and name servers that domains name may be asked, besides the resolvers.
    pub fn connects(&self) -> bool {
        self.config.probe.connect && self.network.connects()
    }

    /// Whether the resolver answers at all: asked for the root, which every resolver knows.
    pub async fn resolver_answers(&self) -> bool {
        let reply = self.network.query(&Query::new(&Name::root(), RecordType::Soa)).await;
        !matches!(reply.outcome, Outcome::Unknown(_))
    }

    /// Matching alone; nothing fits where [`Self::get_ready`] fails.
    pub fn find(&self, question: &str) -> Found {
        self.find_by(question, self.config.matching)
    }

    /// The same, where somebody else than the configuration says when a match is good enough.
    pub fn find_by(&self, question: &str, matching: Matching) -> Found {
        let nothing = Found { decision: Decision::Quiet, matches: Vec::new() };
        self.search().map_or(nothing, |search| search.find_by(question, matching))
    }

    /// The same where matching is ready; none where it would have to get ready first.
    pub fn find_at_once(&self, question: &str) -> Option<Found> {
        Some(self.search.get()?.as_ref().ok()?.find(question))
    }

    /// What may be learned when somebody answers a question with an entry by hand. It changes nothing until staff adopt
    /// it into the files of the knowledge.
    pub fn candidate(&self, question: &str, entry: &str, who: &str) -> Result<Candidate, Unfit> {
        Candidate::new(&self.knowledge, question, entry, who)
    }

    /// Matching alone, with what decided.
    pub fn why(&self, question: &str) -> Result<Why, &NotReady> {
        Ok(self.search()?.why(question))
    }

    /// Takes a request. What needs no network is done on return; the rest waits for [`Work::finish`].
    pub fn begin(self: &Arc<Self>, request: Request) -> Work {
        let (subject, task) = match request {
            Request::Help => (Subject::Help, Task::None),
            Request::Load(request) => (Subject::Load(request), Task::None),
            Request::Status => (Subject::Status, Task::None),
            Request::Inspect(InspectRequest { text, looks }) => {
                let read = inspect::read(&text);
                let failing =
                    read.as_ref().ok().filter(|_| looks == Looks::AtDomain).and_then(inspection::failing_domain);
                let failing = failing.filter(|domain| !self.is_shared(domain.name()));
                let message = read.as_ref().ok().and_then(|read| Message::of(self, read, &text, looks));
                let task = match (message, failing) {
                    (Some(message), _) => Task::Message(Box::new(message)),
                    (None, Some(domain)) => self.examine(CheckRequest::of(domain)),
                    (None, None) => Task::None,
                };
                (Subject::Text(Box::new(read)), task)
            }
            Request::Check(check) => (Subject::Domain(check.depth), self.examine(check)),
            Request::Spf(request) => (Subject::Sender, self.judge(sender(request))),
            Request::Entry { id, domain } => match self.knowledge.entry(&id) {
                Some(entry) => {
                    let topics = entry.topics_of_domains();
                    let task = domain
                        .filter(|_| !topics.is_empty())
                        .map(|domain| self.examine(CheckRequest { topics, ..CheckRequest::of(domain) }));
                    (Subject::Entry(entry.id.clone()), task.unwrap_or(Task::None))
                }
                None => (Subject::NoSuchEntry, Task::None),
            },
            Request::Ask(question) => return self.ask(&question, &Circumstances::of(self)),
        };
        self.work(subject, task)
    }

    fn work(self: &Arc<Self>, subject: Subject, task: Task) -> Work {
        let status = self.wants_status(&subject).then_some(StatusLook::Wanted);
        Work { engine: Arc::clone(self), subject, task, status }
    }

    /// Whether the status page is part of the answer, and there is one.
    fn wants_status(&self, subject: &Subject) -> bool {
        let tells = |id: &EntryId| self.entry(id).is_some_and(|entry| entry.checks.contains(&Topic::Status));
        let wanted = match subject {
            Subject::Status => true,
            Subject::Entry(id) => tells(id),
            Subject::Question(found) if found.decision == Decision::Answer => {
                found.matches.first().is_some_and(|best| tells(&best.entry))
            }
            _ => false,
        };
        wanted && self.status_page.is_some()
    }

    /// Takes a mail that our own mail server took: it is judged by how it came as well, and so is its author's domain.
    pub fn receive(self: &Arc<Self>, mail: &Received) -> Work {
        let message = Message::received(self, mail);
        let read = Inspection { kind: Kind::Message, letter: Letter::default(), bounces: Vec::new() };
        let task = message.map_or(Task::None, |message| Task::Message(Box::new(message)));
        self.work(Subject::Text(Box::new(Ok(read))), task)
    }

    /// Takes a question that is asked in some circumstances.
    pub fn ask(self: &Arc<Self>, question: &str, circumstances: &Circumstances) -> Work {
        let found = self.find_by(question, circumstances.matching);
        let domain = self.domain_of(question).or_else(|| circumstances.domain.clone());
        let task = domain.and_then(|domain| self.examine_for(question, &found, domain));
        self.work(Subject::Question(found), task.unwrap_or(Task::None))
    }

    /// Gets ready to look at many domains, which share the replies that are not about themselves.
    pub fn run(self: &Arc<Self>) -> Run {
        Run { engine: Arc::clone(self), shared: Shared::new(Arc::clone(&self.network)) }
    }

    /// The look of a transcript once more: its replies, its time, without a network.
    pub fn replay(self: &Arc<Self>, transcript: Transcript) -> Work {
        let mut config = Config::clone(&self.config);
        config.host.clone_from(&transcript.host);
        config.dnsbl.clone_from(&transcript.lists);
        config.resolver.propagation.clone_from(&transcript.propagation);
        // What was cut off then is not in the transcript, so nothing need be cut off now.
        config.probe.budget = Budget { questions: usize::MAX, bytes: usize::MAX, ..config.probe.budget };
        config.probe.connect = transcript.connect;
        let transcript = Arc::new(transcript);
        let check = CheckRequest {
            selectors: transcript.selectors.clone(),
            topics: transcript.topics.clone(),
            ..CheckRequest::of(transcript.domain.clone())
        };
        let (now, cost) = (transcript.now, transcript.cost);
        let examination = examination(check, Arc::new(config), Arc::new(Replay(transcript)), now).recorded(cost);
        Work {
            engine: Arc::clone(self),
            subject: Subject::Domain(Depth::Brief),
            task: Task::Examination(Box::new(examination)),
            status: None,
        }
    }

    /// The look that a question asks for: at the topics of the entry that answers it and at those that it names; at
    /// everything where no entry is sure.
    fn examine_for(&self, question: &str, found: &Found, domain: Domain) -> Option<Task> {
        if found.decision == Decision::Quiet && !is_about_mail(question) {
            return None;
        }
        let mut topics = Vec::new();
        if let (Decision::Answer, Some(best)) = (found.decision, found.matches.first()) {
            let words = question.to_lowercase();
            let named = |topic: &Topic| words.split(|c: char| !c.is_alphanumeric()).any(|word| word == topic.as_str());
            let listed = self.entry(&best.entry)?.topics_of_domains();
            topics = Topic::of_domains().filter(|topic| listed.contains(topic) || named(topic)).collect();
            if topics.is_empty() {
                return None;
            }
        }
        Some(self.examine(CheckRequest { topics, ..CheckRequest::of(domain) }))
    }

    /// May this address send for this domain (RFC 7208 section 4)? With what it cost.
    pub async fn spf(&self, sender: &spf::Sender) -> (spf::Verdict, Cost) {
        let mut inquiry = Inquiry::new(Arc::clone(&self.network), self.config.probe.budget);
        let verdict = inquiry.settle(|view| spf::check_host(sender, view)).await;
        (verdict, inquiry.cost())
    }

    /// The entries that a report points to, the likeliest first.
    pub fn remedies(&self, report: &Report) -> Vec<Remedy> {
        evidence::remedies(&self.knowledge, &Seen::in_report(Some(report)))
    }

    /// The entries that findings of no domain point to, the likeliest first: those about a message, a load, the status page.
    pub fn remedies_of(&self, findings: &[Finding]) -> Vec<Remedy> {
        evidence::remedies(&self.knowledge, &Seen::default().and(findings))
    }

    /// The entries that the reasons of bounces point to, the most frequent first.
    pub fn bounce_remedies(&self, inspection: &Inspection) -> Vec<Remedy> {
        inspection::remedies(self, inspection)
    }

    fn examine(&self, check: CheckRequest) -> Task {
        self.examine_on(Arc::clone(&self.network), check)
    }

    fn examine_on(&self, network: Arc<dyn Network>, check: CheckRequest) -> Task {
        Task::Examination(Box::new(self.examination(network, check)))
    }

    fn examination(&self, network: Arc<dyn Network>, check: CheckRequest) -> Examination {
        examination(check, Arc::clone(&self.config), network, now())
    }

    fn judge(&self, sender: spf::Sender) -> Task {
        let inquiry = Inquiry::new(Arc::clone(&self.network), self.config.probe.budget);
        Task::Sender(Box::new(Judging { inquiry, sender, verdict: None }))
    }

    /// The domain that a text is about: the first one that is not shared by many people or the host's own.
    pub fn domain_of(&self, question: &str) -> Option<Domain> {
        Domain::all_in(question).into_iter().find(|domain| {
            let host = |url: &str| url.parse::<Domain>().ok();
            let own = self.config.brand.urls().filter_map(host).any(|own| domain.name().is_within(own.name()));
            !own && !self.is_shared(domain.name())
        })
    }

    fn is_shared(&self, name: &Name) -> bool {
        let mut name = Some(name.clone());
        while let Some(current) = name {
            if self.shared_domains.contains(current.as_str()) {
                return true;
            }
            name = current.parent();
        }
        false
    }

    fn entry(&self, id: &EntryId) -> Option<&Entry> {
        self.knowledge.entry(id.as_str())
    }
}

/// The look at a domain that a request asks for, at a time in seconds since 1970.
fn examination(check: CheckRequest, config: Arc<Config>, network: Arc<dyn Network>, now: i64) -> Examination {
    let CheckRequest { domain, selectors, topics, depth: _ } = check;
    let connects = config.probe.connect && network.connects();
    let is_wanted = |check: &&'static Check| {
        let asked_for = topics.is_empty() || topics.contains(&check.topic);
        asked_for && (connects || !check.connects) && check.is_configured(&config)
    };
    let checks: Vec<_> = CHECKS.iter().filter(is_wanted).collect();
    Examination::new(domain, selectors, checks.into_iter(), config, network, now)
}

/// The sender that a request names, judged now by somebody who does not say who it is.
fn sender(request: SpfRequest) -> spf::Sender {
    let SpfRequest { ip, sender: mail_from, helo } = request;
    spf::Sender { ip, helo, mail_from, now: u64::try_from(now()).unwrap_or_default(), receiver: "unknown".to_owned() }
}

/// The time, in seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Whether a message that fits no entry is about mail all the same, so that the domain in it is worth a look: talk about
/// a holiday's website is not.
pub fn is_about_mail(question: &str) -> bool {
    const WORDS: [&str; 12] =
        ["mail", "mails", "email", "emails", "inbox", "mailbox", "dns", "domain", "check", "bounce", "spam", "records"];
    let question = question.to_lowercase();
    let mut words = question.split(|c: char| !c.is_alphanumeric());
    words.any(|word| WORDS.contains(&word) || Topic::of_domains().any(|topic| topic.as_str() == word))
}

/// In which circumstances a question is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    /// When a match is good enough there.
    pub matching: Matching,
    /// The domain that was spoken of before, if one was.
    pub domain: Option<Domain>,
}

impl Circumstances {
    /// Those of a question that nothing goes before.
    pub fn of(engine: &Engine) -> Self {
        Self { matching: engine.config.matching, domain: None }
    }
}

/// Looks at many domains.
pub struct Run {
    engine: Arc<Engine>,
    shared: Arc<Shared>,
}

impl Run {
    /// Takes one of the domains.
    pub fn begin(&self, check: CheckRequest) -> Work {
        let subject = Subject::Domain(check.depth);
        let task = self.engine.examine_on(self.shared.around(&check.domain), check);
        Work { engine: Arc::clone(&self.engine), subject, task, status: None }
    }
}

/// A request under way. [`Self::answer`] is right at any time; it is whole after [`Self::finish`].
pub struct Work {
    engine: Arc<Engine>,
    subject: Subject,
    task: Task,
    status: Option<StatusLook>,
}

/// Who reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    /// Whoever asked, alone.
    Own,
    /// Others, too.
    Public,
}

/// How far the look at the status page is.
enum StatusLook {
    /// It is still to be taken.
    Wanted,
    /// It was taken; none where it took too long for an answer about something else.
    Taken(Option<Looked>),
}

/// What the answer is about.
enum Subject {
    Question(Found),
    Entry(EntryId),
    NoSuchEntry,
    Domain(Depth),
    Sender,
    Text(Box<Result<Inspection, Unreadable>>),
    Load(LoadRequest),
    Status,
    Help,
}

/// What the network is asked for.
enum Task {
    None,
    Examination(Box<Examination>),
    Sender(Box<Judging>),
    Message(Box<Message>),
}

/// A sender being judged.
struct Judging {
    inquiry: Inquiry,
    sender: spf::Sender,
    verdict: Option<spf::Verdict>,
}

impl Work {
    /// Does what is left to do. May be dropped while it waits and called again.
    pub async fn finish(&mut self) {
        let Self { engine, subject, task, status } = self;
        let task = async {
            match task {
                Task::None => {}
                Task::Examination(examination) => examination.finish().await,
                Task::Sender(judging) => {
                    let Judging { inquiry, sender, verdict } = &mut **judging;
                    *verdict = Some(inquiry.settle(|view| spf::check_host(sender, view)).await);
                }
                Task::Message(message) => message.finish(engine).await,
            }
        };
        let look = async {
            if let (Some(StatusLook::Wanted), Some(page)) = (&status, &engine.status_page) {
                let looked = match subject {
                    Subject::Status => Some(page.look().await),
                    _ => page.look_soon().await,
                };
                *status = Some(StatusLook::Taken(looked));
            }
        };
        join(task, look).await;
    }

    /// The same without a look at the network.
    #[must_use]
    pub fn without_a_look(self) -> Self {
        Self { task: Task::None, ..self }
    }

    /// Whether the network is asked at all.
    pub const fn asks_the_network(&self) -> bool {
        !matches!(self.task, Task::None) || self.status.is_some()
    }

    /// Whether nothing fits and no domain is looked at, so that it is better to say nothing where nobody asked the bot
    /// itself.
    pub const fn is_quiet(&self) -> bool {
        let quiet = matches!(&self.subject, Subject::Question(found) if matches!(found.decision, Decision::Quiet));
        quiet && !self.asks_the_network()
    }

    /// The entry that is given, if one is.
    pub fn entry(&self) -> Option<&Entry> {
        match &self.subject {
            Subject::Question(found) if found.decision == Decision::Answer => {
                self.engine.entry(&found.matches.first()?.entry)
            }
            Subject::Entry(id) => self.engine.entry(id),
            _ => None,
        }
    }

    /// The domain that is looked at, if one is.
    pub fn domain(&self) -> Option<Domain> {
        match &self.task {
            Task::Sender(judging) => judging.sender.domain().parse().ok(),
            _ => self.report().map(|report| report.domain),
        }
    }

    /// What was matched, where the request was a question.
    pub const fn found(&self) -> Option<&Found> {
        if let Subject::Question(found) = &self.subject { Some(found) } else { None }
    }

    /// What was read, or why it was not, where a text is looked at.
    pub const fn inspection(&self) -> Option<&Result<Inspection, Unreadable>> {
        if let Subject::Text(read) = &self.subject { Some(read) } else { None }
    }

    /// What came of the message, where a whole one or its header is looked at, once that is known.
    pub const fn message(&self) -> Option<&Whole> {
        if let Task::Message(message) = &self.task { message.whole() } else { None }
    }

    /// How the message came, where our own mail server took it.
    pub const fn connection(&self) -> Option<&Connection> {
        if let Task::Message(message) = &self.task { message.connection() } else { None }
    }

    /// What was found so far, where a domain is looked at.
    pub fn report(&self) -> Option<Report> {
        self.examination().map(Examination::report)
    }

    /// What was looked for and what the network said, where a domain is looked at.
    pub fn transcript(&self) -> Option<Transcript> {
        self.examination().map(Examination::transcript)
    }

    /// The verdict on the sender, where one is judged and it is there.
    pub const fn verdict(&self) -> Option<&spf::Verdict> {
        if let Task::Sender(judging) = &self.task { judging.verdict.as_ref() } else { None }
    }

    /// What the status page says, where that is part of the answer and known.
    pub const fn status(&self) -> Option<&Looked> {
        if let Some(StatusLook::Taken(Some(looked))) = &self.status { Some(looked) } else { None }
    }

    /// What was found of a message, in a report, of the load or on the status page, where the request is about one of them.
    pub fn findings(&self) -> Vec<Finding> {
        if let Some(message) = self.message() {
            return message.findings.clone();
        }
        match (&self.subject, self.status(), &self.engine.status_page) {
            (Subject::Text(read), ..) => match &**read {
                Ok(inspection) if inspection.kind == Kind::Report => inspect::report::findings(&inspection.letter),
                _ => Vec::new(),
            },
            (Subject::Load(request), ..) => crate::load::findings(request.averages, request.cpus),
            (Subject::Status, Some(looked), Some(page)) => crate::status::findings(looked, page.host()),
            _ => Vec::new(),
        }
    }

    /// The answer for a place where others read along. What somebody pasted or uploaded is told without the people in it;
    /// all else is public anyway.
    pub fn public_answer(&self) -> Answer {
        match &self.subject {
            Subject::Text(read) => {
                let people = read.as_ref().as_ref().map(Inspection::people).unwrap_or_default();
                self.answer_for(Eyes::Public).masked(&people)
            }
            _ => self.answer(),
        }
    }

    /// The answer as far as it is known, for whoever asked.
    pub fn answer(&self) -> Answer {
        self.answer_for(Eyes::Own)
    }

    fn answer_for(&self, eyes: Eyes) -> Answer {
        let report = self.report();
        match &self.subject {
            Subject::Question(found) => compose::question(&self.engine, found, report.as_ref(), self.status()),
            Subject::Entry(id) => compose::entry(&self.engine, id, report.as_ref(), self.status()),
            Subject::Load(request) => load::answer(&self.engine, *request, &self.findings()),
            Subject::Status => status::answer(&self.engine, self.status(), &self.findings()),
            Subject::NoSuchEntry => compose::no_such_entry(),
            Subject::Domain(depth) => {
                report.map_or_else(compose::help, |report| report::report(&self.engine, &report, *depth))
            }
            Subject::Sender => match &self.task {
                Task::Sender(judging) => {
                    sender::answer(&judging.sender, judging.verdict.as_ref(), judging.inquiry.cost())
                }
                _ => compose::help(),
            },
            Subject::Text(read) => match &**read {
                Ok(inspection) => match &self.task {
                    Task::Message(message) if inspection.bounces.is_empty() => message.answer(&self.engine),
                    _ => inspection::answer(&self.engine, inspection, &self.findings(), report.as_ref(), eyes),
                },
                Err(refusal) => inspection::unreadable(*refusal),
            },
            Subject::Help => compose::help(),
        }
    }

    fn examination(&self) -> Option<&Examination> {
        match &self.task {
            Task::Examination(examination) => Some(examination),
            Task::Message(message) => message.examination(),
            Task::None | Task::Sender(_) => None,
        }
    }
}
