//! A report as a page: what was asked, who took part against who was sought, what was said, and what came of it.

use super::kit::{Bar, Bars, Block, Cell, Link, Page, Table};
use crate::{
    invitations::letters::{day, payment},
    projects::presence::in_words,
};
use entity::{
    Format, InfluenceLevel, NextStep, RecommendationOutcome, ReportAnswer, ReportCount, ReportDecision, ReportDocument,
    ReportGroup, ReportInfluence, ReportPresence, ReportRatings, ReportVersion, Standing,
};

/// The page of a report. A draft says that it is one.
pub fn page(doc: &ReportDocument, easy: bool, here: &str) -> Page {
    let mut page = Page::new(&doc.title).caption("What came of it");
    page.language = doc.language.clone();
    page = page.block(Block::Note(match doc.annex.published_on {
        Some(on) => format!("Published on {}. Version {}.", day(on), doc.annex.version),
        None => "This is a preview. It is not published.".into(),
    }));
    let mut blocks = in_one_minute(doc, easy, here);
    blocks.extend(we_asked(doc));
    blocks.extend(who_took_part(doc));
    blocks.extend(you_said(doc));
    blocks.extend(we_did(doc));
    blocks.extend(we_did_not(doc));
    blocks.extend(ladder(doc, easy));
    blocks.extend(rated(&doc.ratings));
    blocks.extend(next(&doc.what_next));
    if !doc.learned.is_empty() {
        blocks.extend([heading("What we learned"), text(&doc.learned)]);
    }
    blocks.extend(how(doc));
    page.blocks(blocks)
}

fn heading(words: &str) -> Block {
    Block::Heading(words.into())
}

fn text(words: impl Into<String>) -> Block {
    Block::Text(words.into())
}

fn fact(name: &str, text: impl Into<String>) -> (String, String) {
    (name.to_owned(), text.into())
}

fn number(count: &ReportCount) -> String {
    count.number.map_or_else(|| "not shown".into(), |number| number.to_string())
}

fn shown(count: &ReportCount) -> Option<i64> {
    count.number.and_then(|number| i64::try_from(number).ok())
}

fn in_one_minute(doc: &ReportDocument, easy: bool, here: &str) -> Vec<Block> {
    let minute = &doc.in_one_minute;
    let words = minute.easy_read.as_ref().filter(|_| easy).unwrap_or(&minute.text);
    let mut blocks = vec![heading("In one minute"), Block::Lead(words.clone())];
    if minute.easy_read.is_some() {
        blocks.push(Block::Links(vec![match easy {
            true => Link::new("Show this in plain English", here),
            false => Link::new("Show this in Easy Read", format!("{here}?format=easy")),
        }]));
    }
    blocks
}

fn we_asked(doc: &ReportDocument) -> Vec<Block> {
    let asked = &doc.we_asked;
    let mut facts = vec![
        fact("The need behind it", &asked.need),
        fact("What people could change", &asked.open_to_influence),
        fact("What people could not change", &asked.not_open),
        fact("Who decides", &asked.who_decides),
    ];
    facts.extend(asked.opened_on.map(|on| fact("Opened", day(on))));
    facts.extend(asked.closed_on.map(|on| fact("Closed", day(on))));
    let mut blocks = vec![heading("We asked"), text(&asked.summary), Block::Facts(facts)];
    if let Some(promise) = &asked.promise {
        blocks.extend([Block::Subheading("What we promised".into()), Block::Quote(promise.clone())]);
    }
    let open = |one: &ReportDecision| {
        let outcome = one.outcome.as_ref().map(|outcome| format!(". Decided: {outcome}")).unwrap_or_default();
        let reason = one.outcome_reason.as_ref().map(|reason| format!(" The reason: {reason}")).unwrap_or_default();
        format!("{} ({}){outcome}{reason}", one.title, one.owner)
    };
    let reserved = |one: &ReportDecision| {
        let reason = one.reserved_reason.as_ref().map(|reason| format!(". Why: {reason}")).unwrap_or_default();
        format!("{} ({}){reason}", one.title, one.owner)
    };
    if !asked.decisions_open.is_empty() {
        blocks.push(Block::Subheading("Decisions that people could change".into()));
        blocks.push(Block::List(asked.decisions_open.iter().map(open).collect()));
    }
    if !asked.decisions_reserved.is_empty() {
        blocks.push(Block::Subheading("Decisions that were not open".into()));
        blocks.push(Block::List(asked.decisions_reserved.iter().map(reserved).collect()));
    }
    blocks
}

fn who_took_part(doc: &ReportDocument) -> Vec<Block> {
    let who = &doc.who_took_part;
    let counts =
        [("Were asked", &who.asked), ("Answered the questions", &who.answered), ("Took part in any way", &who.took_part)];
    let people = Bars::one("People", "What", "How many", counts.map(|(label, count)| (label.to_owned(), shown(count))));
    let mut blocks = vec![heading("Who took part"), Block::Bars(people)];
    blocks.extend(who.presence.iter().map(presence));
    blocks.push(Block::Note(doc.annex.numbers.clone()));
    if !who.gaps.is_empty() {
        blocks.extend([Block::Subheading("Who was missing".into()), Block::List(who.gaps.clone())]);
    }
    let formats: Vec<&str> = who.formats.iter().map(|format| format_words(*format)).collect();
    let mut facts = vec![
        fact("What we did to reach people", &who.steps_taken),
        fact("Ways to take part", formats.join(", ")),
        fact("Support", &who.support),
        fact("Payment", payment(&who.payment)),
    ];
    facts.retain(|(_, text)| !text.is_empty());
    blocks.push(Block::Facts(facts));
    blocks
}

/// Who was sought, as a frame, and who took part, as a bar inside it. Where nobody told anything there is no bar: an empty
/// one would say that nobody came.
fn presence(presence: &ReportPresence) -> Block {
    let kind = in_words(&presence.dimension);
    if presence.counted.number == Some(0) {
        let group = |group: &ReportGroup| format!("{}: {}", in_words(&group.category), group.sought);
        let sought = presence.groups.iter().map(group).collect::<Vec<_>>().join("\n");
        return Block::Facts(vec![fact(&format!("Who was sought: {kind}"), sought)]);
    }
    let rows = presence.groups.iter().map(|group| Bar {
        label: in_words(&group.category),
        numbers: vec![shown(&group.took_part)],
        beside: i64::try_from(group.sought).ok().map(|sought| (None, sought)),
    });
    Block::Bars(Bars {
        caption: format!("Who was sought and who took part: {kind}"),
        of: "Group".into(),
        counts: vec!["Took part".into()],
        beside: Some("Sought".into()),
        rows: rows.collect(),
    })
}

fn you_said(doc: &ReportDocument) -> Vec<Block> {
    let mut blocks = vec![heading("You said")];
    if doc.you_said.is_empty() {
        blocks.push(text("Nothing was said."));
    }
    let counted: Vec<_> = doc.you_said.iter().filter(|theme| theme.people.is_some()).collect();
    if counted.len() > 1 {
        let row =
            |theme: &&entity::ReportTheme| (theme.title.clone(), theme.people.and_then(|people| i64::try_from(people).ok()));
        let caption = "How many people said it. Themes of fewer people count as much.";
        blocks.push(Block::Bars(Bars::one(caption, "Theme", "People", counted.iter().map(row))));
    }
    for theme in &doc.you_said {
        blocks.extend([Block::Subheading(theme.title.clone()), text(&theme.summary)]);
        if !theme.people_in_words.is_empty() {
            blocks.push(Block::Note(format!("Said by {}.", theme.people_in_words)));
        }
    }
    blocks
}

fn we_did(doc: &ReportDocument) -> Vec<Block> {
    let did = &doc.we_did;
    let mut blocks = vec![heading("We did")];
    if did.recommendations.is_empty() && did.influence.is_empty() {
        blocks.push(text("Nothing was changed."));
    }
    blocks.extend(came_of_it(doc));
    for answer in &did.recommendations {
        let reason = answer.reason.as_ref().map(|reason| format!(". {reason}")).unwrap_or_default();
        let mut facts = vec![fact("Answer", format!("{}{reason}", outcome_words(answer.outcome)))];
        facts.extend(answer.owner.as_ref().map(|owner| fact("Who does it", owner)));
        facts.extend(answer.due.map(|due| fact("By when", day(due))));
        blocks.extend([Block::Subheading(answer.text.clone()), Block::Facts(facts)]);
    }
    for line in &did.influence {
        blocks.extend([Block::Subheading(line.decision.clone()), Block::Facts(influence(line))]);
    }
    blocks
}

/// How much of what people proposed and said was done, and how much was not: every line below that says so, once. What was done
/// in part stands below twice.
fn came_of_it(doc: &ReportDocument) -> Option<Block> {
    use InfluenceLevel::{Changed, Noted, Originated, Partial};
    use RecommendationOutcome::{Declined, Done, Partly, PassedOn};
    let (did, refused) = (&doc.we_did, &doc.we_did_not);
    let answers = |list: &[ReportAnswer], outcome| list.iter().filter(|answer| answer.outcome == outcome).count();
    let changes = |levels: &[InfluenceLevel]| did.influence.iter().filter(|line| levels.contains(&line.level)).count();
    let counts = [
        ("Done, or the decision changed", answers(&did.recommendations, Done) + changes(&[Changed, Originated])),
        ("Done in part, or a part changed", answers(&did.recommendations, Partly) + changes(&[Partial])),
        ("Noted", changes(&[Noted])),
        ("Not done, or nothing changed", answers(refused, Declined)),
        ("Passed on to others", answers(&doc.passed_on, PassedOn)),
    ];
    let bar = |(label, count): (&str, usize)| (label.to_owned(), i64::try_from(count).ok());
    let caption = "What came of what people said and proposed";
    let bars = Bars::one(caption, "What came of it", "How often", counts.map(bar));
    counts.iter().any(|(_, count)| *count > 0).then_some(Block::Bars(bars))
}

fn influence(line: &ReportInfluence) -> Vec<(String, String)> {
    let mut facts = vec![fact("What changed", format!("{}. {}", level_words(line.level), line.note))];
    facts.extend(line.theme.as_ref().map(|theme| fact("Because of", theme)));
    let by = line.due.map(|due| format!(", by {}", day(due))).unwrap_or_default();
    facts.push(fact("Who decides", format!("{}{by}", line.owner)));
    facts.push(fact("Is this right?", standing_words(line.standing)));
    facts
}

fn we_did_not(doc: &ReportDocument) -> Vec<Block> {
    let mut blocks = vec![heading("We did not, because")];
    if doc.we_did_not.is_empty() {
        blocks.push(text("There is nothing that was proposed and not done."));
    }
    let because = |answer: &ReportAnswer| answer.reason.as_ref().map(|reason| format!(", because: {reason}")).unwrap_or_default();
    for answer in &doc.we_did_not {
        let said = format!("{}{}", outcome_words(answer.outcome), because(answer));
        blocks.extend([Block::Subheading(answer.text.clone()), text(said)]);
    }
    if !doc.passed_on.is_empty() {
        blocks.push(heading("Not ours to change"));
        for answer in &doc.passed_on {
            let said = format!("We passed this on. {}", answer.reason.clone().unwrap_or_default());
            blocks.extend([Block::Subheading(answer.text.clone()), text(said)]);
        }
    }
    blocks
}

fn ladder(doc: &ReportDocument, easy: bool) -> Vec<Block> {
    let rung = &doc.rung;
    let means = if easy { &rung.easy_read_text } else { &rung.plain_text };
    let facts =
        vec![fact("What we say it was", format!("{}. {means}", rung.title)), fact("What the record supports", &rung.supported)];
    let source = Block::Links(vec![Link::new(&rung.attribution, &rung.source_url)]);
    vec![heading("Where this stands on the ladder of co-production"), Block::Facts(facts), source]
}

fn rated(ratings: &ReportRatings) -> Vec<Block> {
    let words = heading("How people rated it");
    let Some(means) = &ratings.means else {
        let none = ratings.people.number == Some(0);
        let few = "A few people rated this. Their marks are not shown, so that nobody can be recognised.";
        return vec![words, text(if none { "Nobody has rated this yet." } else { few })];
    };
    let row = |(what, mean): (&str, f64)| vec![Cell::text(what), Cell::Number(format!("{mean:.1}"))];
    let marks = [
        ("I was heard", means.heard),
        ("I had enough ways to take part", means.ways),
        ("It was about what matters to us", means.matters),
        ("I can see what changed, or why not", means.change),
        ("It was worth it for me", means.worth_it),
    ];
    let caption = format!("{} people rated this. Means from 1 (no) to 5 (yes).", number(&ratings.people));
    let columns = vec!["Statement".into(), "Mean".into()];
    vec![words, Block::Table(Table { caption, columns, rows: marks.into_iter().map(row).collect() })]
}

fn next(steps: &[NextStep]) -> Vec<Block> {
    let row = |step: &NextStep| vec![Cell::text(&step.what), Cell::text(&step.owner), Cell::text(day(step.due))];
    let columns = ["What", "Who", "By when"].map(String::from).to_vec();
    let table = Table { caption: "Next steps".into(), columns, rows: steps.iter().map(row).collect() };
    vec![heading("What happens next"), Block::Table(table)]
}

fn how(doc: &ReportDocument) -> Vec<Block> {
    let chosen = Block::Facts(vec![fact("How people were chosen", &doc.annex.how_chosen)]);
    let mut blocks = vec![heading("How it was done"), chosen];
    if !doc.annex.versions.is_empty() {
        let row = |one: &ReportVersion| {
            let note = one.change_note.clone().unwrap_or_else(|| "First version".into());
            vec![Cell::text(one.version.to_string()), Cell::text(one.published_on.map(day).unwrap_or_default()), Cell::text(note)]
        };
        let columns = ["Version", "Published", "What changed"].map(String::from).to_vec();
        let rows = doc.annex.versions.iter().map(row).collect();
        blocks.push(Block::Table(Table { caption: "Versions of this report".into(), columns, rows }));
    }
    blocks
}

fn format_words(format: Format) -> &'static str {
    match format {
        Format::Online => "by video call",
        Format::InPerson => "in person",
        Format::Phone => "by telephone",
        Format::Post => "by post",
        Format::AsyncText => "in writing, in one's own time",
        Format::Audio => "by recorded sound",
    }
}

/// What was answered to a proposal.
pub fn outcome_words(outcome: RecommendationOutcome) -> &'static str {
    match outcome {
        RecommendationOutcome::Pending => "No answer yet",
        RecommendationOutcome::Done => "Yes",
        RecommendationOutcome::Partly => "In part",
        RecommendationOutcome::Declined => "No",
        RecommendationOutcome::PassedOn => "Passed on",
    }
}

/// How far something changed a decision.
pub fn level_words(level: InfluenceLevel) -> &'static str {
    match level {
        InfluenceLevel::None => "It did not change the decision",
        InfluenceLevel::Noted => "It was noted",
        InfluenceLevel::Partial => "It changed a part of the decision",
        InfluenceLevel::Changed => "It changed the decision",
        InfluenceLevel::Originated => "The decision was their idea",
    }
}

/// What those whose words it was say to that.
pub fn standing_words(standing: Standing) -> &'static str {
    match standing {
        Standing::Unasked => "Those who said it have not answered yet whether this is right.",
        Standing::Confirmed => "Those who said it agree that this is right.",
        Standing::Disputed => "Somebody who said it does not agree that this is right.",
    }
}
