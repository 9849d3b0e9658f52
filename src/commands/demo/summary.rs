//! What came of the demo, in numbers: for people, or as one JSON object.

use super::{
    consultation::Asked,
    group::Group as Filled,
    house::{EMAIL, PASSWORD, SLUG},
    story::{Story, number},
    telling::Told,
    work::Work,
};
use crate::platform::Result;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write, path::Path};

/// Everything in numbers. With the same seed and number of people all of them are the same again, but for the seconds and
/// the port.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// People in the file.
    pub people: usize,
    /// The consultation.
    pub consultation: Consultation,
    /// The group that designs together.
    pub co_design: Group,
    /// Letters of every kind.
    pub letters: usize,
    /// Letters that tell what came of the consultation.
    pub feedback_letters: usize,
    /// Where everybody can read the report.
    pub report_url: String,
    /// How long it took.
    pub seconds: f64,
}

/// The consultation in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consultation {
    /// People who could be asked.
    pub eligible: u64,
    /// People who were asked.
    pub asked: u64,
    /// The others who had joined, by the first reason; `None` where the group is too small to be told.
    pub not_asked: BTreeMap<String, Option<u64>>,
    /// Answers that stand.
    pub answered: usize,
}

/// The group in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// People who could be asked.
    pub eligible: u64,
    /// People who were asked, the reserve that moved up included.
    pub asked: u64,
    /// People who said yes and still take part.
    pub accepted: u64,
    /// Places.
    pub places: u64,
    /// Places that are taken.
    pub filled: u64,
    /// People in reserve.
    pub reserve: u64,
}

/// The counts by reason in an answer of the API, withheld ones as `None`.
pub fn not_asked(run: &Value) -> BTreeMap<String, Option<u64>> {
    let rows = run["not_asked"].as_array().into_iter().flatten();
    rows.map(|row| (row["reason"].as_str().unwrap_or_default().to_owned(), row["count"].as_u64())).collect()
}

impl Story {
    /// Reads the last numbers.
    pub async fn summary(&self, work: &Work, asked: Asked, group: Filled, told: Told) -> Result<Summary> {
        let (run, funnel) = self.group_counts(work).await?;
        let states = funnel["invitations"].as_array().into_iter().flatten();
        let accepted = states.filter(|row| row["state"] == "accepted").filter_map(|row| row["count"].as_u64()).sum();
        Ok(Summary {
            people: self.people.len(),
            consultation: Consultation {
                eligible: asked.eligible,
                asked: asked.asked,
                not_asked: asked.not_asked,
                answered: asked.answered.len(),
            },
            co_design: Group {
                eligible: group.eligible,
                asked: number(&run, "asked")?,
                accepted,
                places: number(&funnel, "places")?,
                filled: number(&funnel, "filled")?,
                reserve: number(&run, "reserve")?,
            },
            letters: self.letters.count().await?,
            feedback_letters: told.letters,
            report_url: told.report_url,
            seconds: 0.0,
        })
    }
}

impl Summary {
    /// In words.
    pub fn for_people(&self, url: &str, folder: &Path) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut out, url, folder);
        out
    }

    fn write(&self, out: &mut String, url: &str, folder: &Path) -> std::fmt::Result {
        let (asked, group) = (&self.consultation, &self.co_design);
        writeln!(out, "\nThe consultation: What should support look like?")?;
        writeln!(out, "  {:>5}  asked, of {} people in the file", asked.asked, self.people)?;
        writeln!(out, "  {:>5}  answered", asked.answered)?;
        writeln!(out, "  Not asked, by the first reason:")?;
        for (reason, count) in &asked.not_asked {
            let count = count.map_or_else(|| "few".to_owned(), |count| count.to_string());
            writeln!(out, "  {count:>5}  {}", words(reason))?;
        }
        writeln!(out, "  (“few” stands where the group is so small that a number could tell who it is.)")?;
        writeln!(out, "\nThe group: Designing support together")?;
        writeln!(out, "  {:>5}  could be asked, {} were, in the order of a draw", group.eligible, group.asked)?;
        writeln!(out, "  {:>5}  of {} places filled, {} people in reserve", group.filled, group.places, group.reserve)?;
        writeln!(out, "\nLetters")?;
        writeln!(out, "  {:>5}  in all, {} of them to tell what came of it", self.letters, self.feedback_letters)?;
        writeln!(out, "\nIt took {} seconds. To look around:", self.seconds)?;
        writeln!(out, "  Console        {url}/console as {EMAIL} with the password “{PASSWORD}”")?;
        writeln!(out, "  Public page    {url}/o/{SLUG}")?;
        writeln!(out, "  Report         {}", self.report_url)?;
        writeln!(out, "  Late promises  {url}/o/{SLUG}/overdue")?;
        writeln!(out, "  For front ends {url}/docs, and the API at {url}/docs/api")?;
        writeln!(out, "  Letters        {}", folder.join("mail").display())
    }
}

/// A reason in words.
fn words(reason: &str) -> &str {
    match reason {
        "no_consent" => "did not agree to be sent invitations",
        "asked_before" => "were asked before",
        "declined_here" => "said no in the same project",
        "topic" => "do not want to be asked about this topic",
        "rung" => "want another level of involvement, or none for now",
        "activity" => "want other kinds of activity",
        "format" => "want other ways of taking part",
        "quiet_period" => "want to be left in peace now",
        "notice" => "need more notice",
        "monthly_invitations" => "have had as many invitations this month as they want",
        "monthly_minutes" => "have given as much time this month as they want",
        other => other,
    }
}
