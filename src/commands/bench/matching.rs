//! `bench matching`: the fairest draws from pools in files, and what they cost.
//!
//! A folder holds one folder a pool: `people.csv` (an id and a column for each feature), `features.csv` (`feature,value,min,max`)
//! and `meta.json` with the seats as `k`. People with the same features have the same chance.

use super::{Row, Show, cpu_seconds, forget_peak, peak_mb, rounded, trouble};
use crate::platform::{Error, Result};
use clap::Args;
use serde::Deserialize;
use sortition::{Kind, Lottery, Problem, Quota};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

/// What to measure.
#[derive(Args)]
pub struct Wishes {
    /// Folder with one folder for each pool
    #[arg(long, value_name = "DIR")]
    instances: PathBuf,
    /// One JSON object a pool on standard output
    #[arg(long)]
    json: bool,
    /// Writes the chance of each type of people to this file, as CSV: instance,type,people,chance
    #[arg(long, value_name = "FILE")]
    distribution: Option<PathBuf>,
}

/// Measures: the time and memory of reading, solving and checking each pool.
pub fn run(wishes: &Wishes) -> Result<()> {
    let mut distribution = match &wishes.distribution {
        Some(file) => {
            let mut file = csv::Writer::from_path(file).map_err(|error| Error::unavailable(error.to_string()))?;
            file.write_record(["instance", "type", "people", "chance"]).map_err(unwritten)?;
            Some(file)
        }
        None => None,
    };
    let mut show = Show::new(wishes.json);
    let mut unread = Vec::new();
    for folder in folders(&wishes.instances)? {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        eprintln!("{name}");
        forget_peak();
        let (began, before) = (Instant::now(), cpu_seconds()?);
        // One that cannot be read keeps nobody from the others.
        let pool = match Pool::read(&folder) {
            Ok(pool) => pool,
            Err(error) => {
                match wishes.json {
                    true => show.row(Row(vec![("instance", name.clone().into()), ("error", error.to_string().into())])),
                    false => eprintln!("{error}"),
                }
                unread.push(name);
                continue;
            }
        };
        let lottery = sortition::solve(&pool.problem);
        let kept = lottery.as_ref().is_some_and(|lottery| lottery.panels.iter().all(|panel| pool.problem.keeps(panel)));
        let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds()? - before);
        let shut_out = |lottery: &Lottery| -> u64 {
            lottery.shut_out.iter().map(|kind| u64::from(pool.problem.kinds[*kind as usize].people)).sum()
        };
        let number = |value: Option<f64>| value.map_or(serde_json::Value::Null, Into::into);
        show.row(Row(vec![
            ("instance", name.clone().into()),
            ("people", pool.people.into()),
            ("places", pool.problem.seats.into()),
            ("types", pool.problem.kinds.len().into()),
            ("cpu_s", rounded(cpu, 3)),
            ("wall_s", rounded(wall, 3)),
            ("peak_mb", rounded(peak_mb()?, 1)),
            ("smallest_chance", number(lottery.as_ref().map(Lottery::smallest))),
            ("levels", lottery.as_ref().map_or(0, |lottery| lottery.levels).into()),
            ("quotas_met", kept.into()),
            ("certified_bound", number(lottery.as_ref().map(|lottery| lottery.bound))),
            ("fairest", lottery.as_ref().is_some_and(|lottery| lottery.fairest).into()),
            ("shut_out", lottery.as_ref().map_or(0, shut_out).into()),
        ]));
        if let (Some(file), Some(lottery)) = (&mut distribution, &lottery) {
            for (kind, chance) in lottery.chances.iter().enumerate() {
                let people = pool.problem.kinds[kind].people.to_string();
                file.write_record([&name, &pool.names[kind], &people, &format!("{chance:?}")]).map_err(unwritten)?;
            }
        }
    }
    show.end();
    if let Some(file) = &mut distribution {
        file.flush().map_err(trouble("cannot write the distribution"))?;
    }
    std::io::stdout().flush().map_err(trouble("cannot write"))?;
    match unread.as_slice() {
        [] => Ok(()),
        some => Err(Error::unavailable(format!("could not be read: {}", some.join(", ")))),
    }
}

/// A table whose cells may have blanks around them.
fn table(path: PathBuf) -> Result<csv::Reader<fs::File>, csv::Error> {
    csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path)
}

fn unwritten(error: csv::Error) -> Error {
    Error::unavailable(format!("cannot write the distribution: {error}"))
}

/// The folders with pools, by name.
fn folders(all: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(all).map_err(trouble("cannot read the folder of --instances"))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.join("people.csv").is_file()).collect();
    folders.sort();
    if folders.is_empty() {
        return Err(Error::unavailable(format!("{} holds no folder with a people.csv", all.display())));
    }
    Ok(folders)
}

/// A line of `features.csv`.
#[derive(Deserialize)]
struct Line {
    feature: String,
    value: String,
    min: u32,
    max: u32,
}

/// What `meta.json` says that counts here.
#[derive(Deserialize)]
struct Meta {
    k: u32,
}

/// A pool that was read.
struct Pool {
    problem: Problem,
    people: u64,
    /// The values of each kind, in the order of the columns, with | between.
    names: Vec<String>,
}

impl Pool {
    fn read(folder: &Path) -> Result<Self> {
        let wrong = |file: &str, what: String| Error::unavailable(format!("{}: {what}", folder.join(file).display()));
        let text = fs::read(folder.join("meta.json")).map_err(|error| wrong("meta.json", error.to_string()))?;
        let Meta { k } = serde_json::from_slice(&text).map_err(|error| wrong("meta.json", error.to_string()))?;
        let mut features: Vec<String> = Vec::new();
        let mut quotas = Vec::new();
        let mut rows: HashMap<(usize, String), u32> = HashMap::new();
        let mut file = table(folder.join("features.csv")).map_err(|error| wrong("features.csv", error.to_string()))?;
        for line in file.deserialize() {
            let line: Line = line.map_err(|error| wrong("features.csv", error.to_string()))?;
            let feature = features.iter().position(|name| *name == line.feature).unwrap_or_else(|| {
                features.push(line.feature.clone());
                features.len() - 1
            });
            let row = u32::try_from(quotas.len()).unwrap_or(u32::MAX);
            if line.min > line.max || rows.insert((feature, line.value.clone()), row).is_some() {
                return Err(wrong(
                    "features.csv",
                    format!("{} {} stands twice, or its min is above its max", line.feature, line.value),
                ));
            }
            quotas.push(Quota { min: line.min, max: line.max });
        }
        let mut file = table(folder.join("people.csv")).map_err(|error| wrong("people.csv", error.to_string()))?;
        let headers = file.headers().map_err(|error| wrong("people.csv", error.to_string()))?.clone();
        let columns: Vec<(usize, usize)> = (headers.iter().enumerate())
            .filter_map(|(column, name)| Some((column, features.iter().position(|feature| feature == name)?)))
            .collect();
        if columns.len() != features.len() {
            return Err(wrong("people.csv", "it has not a column for each feature".into()));
        }
        let mut kinds: BTreeMap<Vec<u32>, (u32, String)> = BTreeMap::new();
        // One record is read after another: memory grows with the kinds of people, not with their number.
        let (mut record, mut key, mut people) = (csv::StringRecord::new(), Vec::new(), 0);
        let mut value = (0usize, String::new());
        while file.read_record(&mut record).map_err(|error| wrong("people.csv", error.to_string()))? {
            key.clear();
            // Who says nothing about a feature counts for no value of it.
            for (column, feature) in columns.iter().filter(|(column, _)| !record[*column].is_empty()) {
                value.0 = *feature;
                value.1.clear();
                value.1.push_str(&record[*column]);
                let row = rows.get(&value).ok_or_else(|| {
                    wrong("people.csv", format!("features.csv has no line for the {} “{}”", features[*feature], value.1))
                })?;
                key.push(*row);
            }
            key.sort_unstable();
            people += 1;
            match kinds.get_mut(&key) {
                Some((count, _)) => *count += 1,
                None => {
                    let name: Vec<&str> = columns.iter().map(|(column, _)| &record[*column]).collect();
                    kinds.insert(key.clone(), (1, name.join("|")));
                }
            }
        }
        let names = kinds.values().map(|(_, name)| name.clone()).collect();
        let kinds = kinds.into_iter().map(|(quotas, (people, _))| Kind { people, quotas }).collect();
        Ok(Self { problem: Problem { seats: k, quotas, kinds }, people, names })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("alongside-pools-{}-{name}", std::process::id())).join("pool");
        fs::create_dir_all(&folder).unwrap();
        files.iter().for_each(|(file, text)| fs::write(folder.join(file), text).unwrap());
        folder
    }

    #[test]
    fn pools_are_read_and_what_is_wrong_is_told() {
        let quotas = "feature,value,min,max,min_flex,max_flex\nage,young,1,2,0,3\nage,old,1,2,0,3\n";
        let meta = ("meta.json", "{\"k\": 3}");
        let people = ("people.csv", "id,age\np0,young\np1,old\np2,old\np3,young\np4,old\n");
        let good = folder("good", &[("features.csv", quotas), people, meta]);
        let pool = Pool::read(&good).unwrap();
        assert_eq!((pool.people, pool.problem.seats, pool.names), (5, 3, vec!["young".to_owned(), "old".to_owned()]));
        assert_eq!(pool.problem.kinds.iter().map(|kind| kind.people).collect::<Vec<_>>(), [2, 3]);
        let lottery = sortition::solve(&pool.problem).unwrap();
        assert!((lottery.smallest() - 0.6).abs() < 1e-9 && lottery.fairest, "{lottery:?}");
        for (name, files, what) in [
            ("value", [("features.csv", quotas), ("people.csv", "id,age\np0,middling\n"), meta], "middling"),
            ("column", [("features.csv", quotas), ("people.csv", "id,size\np0,old\n"), meta], "a column for each feature"),
            ("twice", [("features.csv", "feature,value,min,max\na,b,1,2\na,b,1,2\n"), people, meta], "stands twice"),
            ("number", [("features.csv", "feature,value,min,max\na,b,x,2\n"), people, meta], "features.csv"),
            ("seats", [("features.csv", quotas), people, ("meta.json", "{}")], "meta.json"),
        ] {
            let folder = folder(name, &files);
            let error = Pool::read(&folder).err().unwrap().to_string();
            assert!(error.contains(what), "{error}");
            fs::remove_dir_all(folder.parent().unwrap()).unwrap();
        }
        fs::remove_dir_all(good.parent().unwrap()).unwrap();
    }
}
