//! The table that `peerling import` prints: a line for each tunnel and BGP session that was found.

use super::{Keeper, Row, Taken, Verdict};
use crate::limits::COLUMNS_MAX;
use crate::text::table::{Borders, Color, Fit, Style, Table};
use std::fmt::Write as _;

/// Was it done, or is only told what would be?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tense {
    /// It was done.
    Done,
    /// With `--dry-run`.
    WouldBe,
}

/// How many lines of each kind a table has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that become peerings.
    pub taken: usize,
    /// Those that are peerings already.
    pub there: usize,
    /// The rest.
    pub not_taken: usize,
}

/// How many there are of each kind.
pub fn counts(rows: &[Row]) -> Counts {
    let mut counts = Counts::default();
    for row in rows {
        match row.verdict {
            Verdict::Taken(_) => counts.taken += 1,
            Verdict::There => counts.there += 1,
            Verdict::NotTaken(_) => counts.not_taken += 1,
        }
    }
    counts
}

/// The table as text, with a sum below it.
pub fn table(rows: &[Row], tense: Tense) -> String {
    let columns = ["AS number", "Link", "BIRD protocol", "Result"].map(|head| (head, Fit::Whole));
    let mut table = Table::new(columns);
    for row in rows {
        table.rows.push(cells(row, tense));
    }
    let style = Style { color: Color::Never, borders: Borders::None };
    let mut text = table.render(COLUMNS_MAX, style);
    let Counts { taken, there, not_taken } = counts(rows);
    let verb = match tense {
        Tense::Done => "taken",
        Tense::WouldBe => "would be taken",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{taken} {verb}, {there} there already, {not_taken} not taken");
    text
}

fn cells(row: &Row, tense: Tense) -> Vec<String> {
    let result = match (&row.verdict, tense) {
        (Verdict::Taken(taken), Tense::Done) => format!("taken{}", remark(taken)),
        (Verdict::Taken(taken), Tense::WouldBe) => format!("would be taken{}", remark(taken)),
        (Verdict::There, _) => "there already".to_string(),
        (Verdict::NotTaken(reason), _) => format!("not taken: {reason}"),
    };
    let asn = row.asn.map_or(String::new(), |asn| format!("{asn}"));
    let link = row.link.clone().unwrap_or_default();
    vec![asn, link, row.protocol.clone().unwrap_or_default(), result]
}

/// What is to be known of one that is taken.
fn remark(taken: &Taken) -> String {
    let mut text = format!(" for {}", taken.maintainer);
    if taken.keeper == Keeper::Operator {
        let _ = write!(text, "; {} stays yours", taken.bird_file.display());
    }
    if taken.own_key.is_some() {
        text.push_str("; it keeps its own private key");
    }
    text
}
