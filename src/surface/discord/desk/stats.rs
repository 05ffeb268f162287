//! `/stats`: what was asked, answered, worked and handed over, by entry, with a chart.

use std::time::Duration;

use super::{Desk, now};
use crate::answer::{Answer, Block};
use crate::render::chart::{self, Bars};
use crate::store::{Counts, Guild, StoreError};
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::send::{File, Reply};
use crate::text::Text;

/// How many days are counted where nobody says.
pub(super) const DAYS: i64 = 30;
/// The most.
const MOST_DAYS: i64 = 365;
/// How many entries are listed and drawn: as many as can be told apart.
const SHOWN: usize = 20;
/// What stands for questions that fitted no entry.
const NONE: &str = "(no entry)";

/// The command.
pub(super) fn command() -> Command {
    let days = Opt {
        name: "days",
        summary: "For how many days; 30 if you leave it out",
        kind: Kind::Whole(1, MOST_DAYS),
        need: Need::May,
    };
    Command {
        name: "stats",
        summary: "Show what was asked, answered, worked and handed over, by entry",
        audience: Audience::Staff,
        options: vec![days],
    }
}

impl Desk {
    pub(super) async fn stats(&self, guild: Guild, days: i64) -> Result<Reply, StoreError> {
        let days = days.clamp(1, MOST_DAYS);
        let span = Duration::from_hours(24 * u64::try_from(days - 1).unwrap_or_default());
        Ok(told(self.store.counts(guild, now() - span).await?, days))
    }
}

fn told(mut counts: Vec<Counts>, days: i64) -> Reply {
    let title = format!("The last {days} days");
    counts.sort_by_key(|counts| std::cmp::Reverse((counts.asked, counts.answered)));
    if counts.is_empty() {
        return Answer::sentence(title, Text::plain("Nothing was asked.")).into();
    }
    let sum = |of: fn(&Counts) -> i64| counts.iter().map(of).sum::<i64>();
    let lead = format!(
        "Asked {}, answered {}, worked {}, did not {}, handed over {}.",
        sum(|counts| counts.asked),
        sum(|counts| counts.answered),
        sum(|counts| counts.worked),
        sum(|counts| counts.did_not),
        sum(|counts| counts.handed_over),
    );
    let head = "    asked answered worked not handed".to_owned();
    let rows = counts.iter().take(SHOWN).zip(1..).map(|(counts, number)| {
        let Counts { entry, asked, answered, worked, did_not, handed_over } = counts;
        let entry = if entry.is_empty() { NONE } else { entry };
        format!("{number:>2}. {asked:>5} {answered:>8} {worked:>6} {did_not:>3} {handed_over:>6}  {entry}")
    });
    let listing = std::iter::once(head).chain(rows).collect();
    let bars = counts
        .iter()
        .take(SHOWN)
        .map(|counts| Bars([counts.asked, counts.answered, counts.worked, counts.handed_over]));
    let chart = File { name: "stats.png".to_owned(), bytes: chart::png(&bars.collect::<Vec<_>>()) };
    let note = "The chart has the numbers of the list: blue asked, green answered, dark worked, red handed over.";
    let answer = Answer {
        title: Text::plain(title),
        lead: Text::plain(lead),
        blocks: vec![Block::Listing(listing)],
        note: Some(Text::plain(note)),
        ..Answer::default()
    };
    Reply { files: vec![chart], ..answer.into() }
}
