//! What a page says of groups that places are shared out among: what a draw would do for them, how many of them can be expected to say
//! yes, and how they stand against what was wanted.

use super::asking::{FEW, count};
use crate::{
    matching::{
        forecast::Range,
        outlook::{Chances, in_words},
        standing::{Group, Standing},
        told::Groups,
    },
    opportunities::quotas::group,
    pages::kit::{Bar, Bars, Block, Cell, Table},
};
use entity::SeatQuota;

/// A range in words.
pub(super) fn likely(Range { least, likely, most }: Range) -> String {
    format!("Between {least} and {most}, most likely about {likely}.")
}

/// A range in a table.
fn range(range: Option<Range>) -> Cell {
    Cell::Number(match range {
        None => "Not shown".into(),
        Some(Range { least, most, .. }) if least == most => least.to_string(),
        Some(Range { least, most, .. }) => format!("{least} to {most}"),
    })
}

fn wanted(quota: &SeatQuota) -> String {
    format!("{} to {}", quota.min, quota.max)
}

/// What is too little for what is wanted of it, as sentences that begin alike.
fn too_few<'a>(begin: &str, groups: impl Iterator<Item = (&'a SeatQuota, Range)>) -> Vec<String> {
    let at_least = |quota: &SeatQuota| u64::try_from(quota.min).unwrap_or(0);
    let few = groups.filter(|(quota, yes)| yes.likely < at_least(quota));
    few.map(|(quota, yes)| format!("{}: {} {} are wanted.", group(quota), likely(yes).replace("Between", begin), quota.min))
        .collect()
}

/// What a draw would do for groups, and what can be expected of them.
pub(super) fn outlook(groups: Groups, places: i32, gathers: bool) -> Vec<Block> {
    let heading = Block::Heading("What a draw would do".into());
    let Groups::Known { chances, trouble } = groups else {
        return vec![heading, Block::Text("The chances are being worked out. Open this page again in a moment.".into())];
    };
    let name = |quota: &Option<SeatQuota>| quota.as_ref().map_or_else(|| "In none of these groups".to_owned(), group);
    let row = |(quota, chances): &(Option<SeatQuota>, Option<Chances>)| {
        let wanted = quota.as_ref().map_or_else(|| "-".to_owned(), wanted);
        let people = count(chances.map(|chances| u64::from(chances.people)));
        let chance = chances.map_or_else(|| "Not shown".into(), |chances| in_words(chances.mean));
        vec![Cell::Text(name(quota)), Cell::Number(wanted), people, Cell::Number(chance)]
    };
    let columns = ["Group", "Places", "People who may be asked", "Chance of each"].map(String::from).to_vec();
    let rows = chances.iter().map(row).collect();
    let caption = match gathers {
        true => format!("Chances for {places} places, if everybody said yes"),
        false => format!("Chances for {places} places"),
    };
    let mut blocks = vec![heading];
    if !trouble.is_empty() {
        blocks.push(Block::Important("These quotas cannot be kept".into(), trouble));
    }
    blocks.push(Block::Table(Table { caption, columns, rows }));
    let row = |(quota, chances): &(Option<SeatQuota>, Option<Chances>)| {
        let wanted = quota.as_ref().map_or_else(|| "-".to_owned(), wanted);
        let expected = chances.map(|chances| chances.expected);
        let letters = count(expected.map(|expected| expected.letters));
        let (first, all) = (expected.map(|expected| expected.first), expected.map(|expected| expected.all));
        vec![Cell::Text(name(quota)), Cell::Number(wanted), letters, range(first), range(all)]
    };
    let columns = ["Group", "Places", "First letters", "Yeses to them", "Yeses if all are asked"].map(String::from).to_vec();
    let caption = "Yeses to be expected, in nine of ten cases at least and at most".to_owned();
    let rows = chances.iter().map(row).collect();
    let expected = chances.iter().filter_map(|(quota, chances)| Some((quota.as_ref()?, (*chances)?.expected.all)));
    let few = too_few("even if everybody is asked, between", expected);
    blocks.push(Block::Heading("How many may say yes".into()));
    if !few.is_empty() {
        blocks.push(Block::Important("Too few may say yes".into(), few));
    }
    let basis = "This rests on how often people said yes in the last two years. Where little is known of a group, it is taken as the others.";
    blocks.extend([Block::Table(Table { caption, columns, rows }), Block::Note(basis.into())]);
    blocks
}

/// How groups stand against what was wanted: as a picture of their shares, and all numbers in a table.
pub(super) fn standing(stands: &Standing, places: i32) -> Vec<Block> {
    let groups = &stands.groups;
    if groups.is_empty() {
        return Vec::new();
    }
    let share = |count: Option<u64>, all: u64| {
        let share = count.map(|count| (count * 100 + all / 2).checked_div(all).unwrap_or(0));
        share.and_then(|share| i64::try_from(share).ok())
    };
    let of_places = |bound: i32| share(u64::try_from(bound).ok(), u64::try_from(places).unwrap_or(0)).unwrap_or(0).min(100);
    let bar = |row: &Group| Bar {
        label: group(&row.quota),
        numbers: vec![share(row.asked, stands.asked), share(row.accepted, stands.accepted), share(row.seated, stands.seated)],
        beside: Some((Some(of_places(row.quota.min)), of_places(row.quota.max))),
    };
    let names = || ["Asked", "Said yes", "Have a place"].map(String::from);
    let bars = Bars {
        caption: "Of each 100 people: who was asked, said yes and has a place, against who is wanted".into(),
        of: "Group".into(),
        counts: names().to_vec(),
        beside: Some("Wanted".into()),
        rows: groups.iter().map(bar).collect(),
    };
    let open = stands.expected.is_some();
    let row = |row: &Group| {
        let cells = [Cell::Text(group(&row.quota)), Cell::Number(wanted(&row.quota))];
        let expected = open.then(|| range(row.expected));
        cells.into_iter().chain([count(row.asked), count(row.accepted), count(row.seated)]).chain(expected).collect()
    };
    let columns = ["Group", "Places"].map(String::from).into_iter().chain(names());
    let columns = columns.chain(open.then(|| "Yeses in the end".to_owned())).collect();
    let table = Table { caption: "Groups, from asked to seated".into(), columns, rows: groups.iter().map(row).collect() };
    let few = too_few("in the end between", groups.iter().filter_map(|row| Some((&row.quota, row.expected?))));
    let few = (!few.is_empty()).then(|| Block::Important("Fewer may say yes than are wanted".into(), few));
    let heading = Block::Heading("How groups stand".into());
    [heading].into_iter().chain(few).chain([Block::Bars(bars), Block::Table(table), Block::Note(FEW.into())]).collect()
}
