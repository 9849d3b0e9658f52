//! What the steps of the story share.

use super::{Options, letters::Letters, people::Person, progress::Progress, summary::Summary};
use crate::{
    commands::client::Client,
    platform::{Error, Result},
};
use chrono::{NaiveDate, SecondsFormat};
use entity::Time;
use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::Method;
use serde_json::Value;
use std::{
    future::Future,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Requests under way at the same time, where the order does not matter.
const WIDTH: usize = 8;
/// How long something that the server does by itself is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked whether it is done.
const LOOK: Duration = Duration::from_millis(15);

/// The story under way.
pub struct Story {
    /// The server.
    pub api: Client,
    /// What is happening.
    pub progress: Progress,
    /// The letters.
    pub letters: Letters,
    /// What chance follows from.
    pub seed: u64,
    /// When it began.
    pub now: Time,
    /// Everybody, in order of number.
    pub people: Vec<Person>,
    /// The coordinator's token.
    pub staff: String,
    /// The organisation.
    pub organisation: String,
    /// Topics, in the order of [`super::people::TOPICS`].
    pub topics: Vec<String>,
}

impl Story {
    /// Before the first step.
    pub fn begin(api: Client, progress: Progress, mail: PathBuf, options: &Options, now: Time) -> Self {
        let people = (1..=options.people).map(|number| Person::new(options.seed, usize::try_from(number).unwrap_or(0)));
        Self {
            api,
            progress,
            letters: Letters::of(mail),
            seed: options.seed,
            now,
            people: people.collect(),
            staff: String::new(),
            organisation: String::new(),
            topics: Vec::new(),
        }
    }

    /// All of it.
    pub async fn tell(mut self, link: &str) -> Result<Summary> {
        self.set_up(link).await?;
        self.people_join().await?;
        self.people_say_what_they_want().await?;
        let work = self.plan().await?;
        let asked = self.consult(&work).await?;
        let group = self.design_together(&work, &asked).await?;
        let told = self.tell_what_came_of_it(&work, &asked, &group).await?;
        self.progress.end();
        self.summary(&work, asked, group, told).await
    }

    /// Today.
    pub fn today(&self) -> NaiveDate {
        self.now.date_naive()
    }

    /// A moment so many hours from now, in the API's words.
    pub fn at(&self, hours: i64) -> String {
        (self.now + chrono::Duration::hours(hours)).to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// An address in the organisation.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/organisations/{}{rest}", self.organisation)
    }

    /// GET as the coordinator.
    pub async fn get(&self, rest: &str) -> Result<Value> {
        self.api.get(&self.path(rest), Some(&self.staff)).await
    }

    /// POST as the coordinator.
    pub async fn post(&self, rest: &str, body: &Value) -> Result<Value> {
        self.api.post(&self.path(rest), Some(&self.staff), body).await
    }

    /// POST without a body, as the coordinator.
    pub async fn act(&self, rest: &str) -> Result<Value> {
        self.api.call(Method::POST, &self.path(rest), Some(&self.staff), None).await
    }

    /// PUT as the coordinator.
    pub async fn put(&self, rest: &str, body: &Value) -> Result<Value> {
        self.api.put(&self.path(rest), Some(&self.staff), body).await
    }

    /// Everything of a list, page by page.
    pub async fn all(&self, rest: &str) -> Result<Vec<Value>> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{rest}?limit=500{after}")).await?;
            items.extend(page["items"].as_array().into_iter().flatten().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Asks again and again until the answer is as awaited.
    pub async fn wait(&self, rest: &str, what: &str, ready: impl Fn(&Value) -> bool) -> Result<Value> {
        let began = Instant::now();
        loop {
            let found = self.get(rest).await?;
            if ready(&found) {
                return Ok(found);
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::unavailable(format!("{what} did not happen in {} s: {found}", PATIENCE.as_secs())));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Does the same for many, some at a time, and answers in their order. For what does not depend on who comes first.
    pub async fn each<T, R, F>(&self, items: Vec<T>, work: impl Fn(Client, T) -> F) -> Result<Vec<R>>
    where
        F: Future<Output = Result<R>>,
    {
        let work = items.into_iter().map(|item| work(self.api.clone(), item));
        let done = stream::iter(work).buffered(WIDTH).inspect_ok(|_| self.progress.tick());
        done.try_collect().await
    }
}

/// A text field of an answer.
pub fn text(value: &Value, field: &str) -> Result<String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| Error::bug(format!("the server's answer has no {field}: {value}")))
}

/// A number of an answer.
pub fn number(value: &Value, field: &str) -> Result<u64> {
    value[field].as_u64().ok_or_else(|| Error::bug(format!("the server's answer has no {field}: {value}")))
}
