//! Single values of the settings, and what is wrong with them.

use super::{KEYS, PREFIX};
use std::collections::BTreeMap;

/// Reads single values and notes what is wrong.
pub struct Reader<'a> {
    /// What is set.
    pub set: &'a BTreeMap<String, String>,
    /// What is wrong so far.
    pub wrong: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// Notes that the value of a key is wrong, in words that follow its name.
    pub fn wrong(&mut self, name: &str, what: &str) {
        self.wrong.push(format!("{PREFIX}{name} {what}."));
    }

    /// A level or a filter; a word with a slip in it would otherwise be taken for the name of a module and silence the log.
    pub fn log(&mut self) -> String {
        let text = self.text("LOG");
        let level = |word: &str| matches!(word.trim(), "error" | "warn" | "info" | "debug" | "trace" | "off");
        let good = text.split(',').all(|part| part.split_once('=').map_or_else(|| level(part), |(_, word)| level(word)));
        if !good {
            self.wrong("LOG", "must be error, warn, info, debug, trace or off, or have one behind each module: info,sqlx=debug");
        }
        text
    }

    /// A value as it is set, or its default.
    pub fn text(&self, name: &str) -> String {
        let default = KEYS.iter().find(|key| key.name == name).map_or("", |key| key.default);
        self.set.get(name).map_or(default, String::as_str).to_owned()
    }

    /// A value that is read as a whole.
    pub fn parse<T: std::str::FromStr>(&mut self, name: &str, must: &str, otherwise: T) -> T {
        self.text(name).parse().unwrap_or_else(|_| {
            self.wrong(name, must);
            otherwise
        })
    }

    /// A number within limits.
    pub fn number<T: std::str::FromStr + PartialOrd + Copy + std::fmt::Display>(&mut self, name: &str, low: T, high: T) -> T {
        match self.text(name).parse::<T>() {
            Ok(value) if value >= low && value <= high => value,
            _ => {
                self.wrong(name, &format!("must be a number from {low} to {high}"));
                low
            }
        }
    }

    /// Whether the first of two words is set.
    pub fn choice(&mut self, name: &str, yes: &str, no: &str) -> bool {
        let text = self.text(name);
        if text != yes && text != no {
            self.wrong(name, &format!("must be `{yes}` or `{no}`"));
        }
        text == yes
    }

    /// Parts with commas between.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Origins as browsers name them. All of them is none: whoever may call with somebody's token is named.
    pub fn origins(&mut self, name: &str) -> Vec<String> {
        let list = self.list(name);
        let good = |origin: &String| {
            let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
        };
        if list.iter().any(|origin| origin == "*") {
            self.wrong(name, "cannot be `*`: name the front ends, such as https://front.example");
        } else if !list.iter().all(good) {
            self.wrong(
                name,
                "must be origins with commas between, each with its scheme and without a path: https://front.example",
            );
        }
        list
    }

    /// A secret that somebody chose; one that can be guessed is none.
    pub fn token(&mut self, name: &str) -> String {
        let text = self.text(name);
        if !text.is_empty() && text.len() < 16 {
            self.wrong(name, "must have 16 letters or more");
        }
        text
    }

    /// An address that spans go to. A program that cannot send any must not seem to.
    pub fn collector(&mut self, name: &str) -> String {
        let text = self.text(name);
        if text.is_empty() {
            return text;
        }
        if !cfg!(feature = "otel") {
            self.wrong(name, "is set, and this program was built without `otel`: leave it out, or build with `--features otel`");
        } else if crate::platform::outward::Target::read(&text).is_none_or(|target| target.path.contains('?')) {
            self.wrong(
                name,
                "must be the address of a collector, such as http://127.0.0.1:4318, without a user name and without a ? or #",
            );
        }
        text
    }

    /// Networks with commas between.
    pub fn networks(&mut self, name: &str) -> Vec<ipnet::IpNet> {
        let (good, bad): (Vec<_>, Vec<_>) =
            self.list(name).iter().map(|part| crate::platform::net::read(part)).partition(Option::is_some);
        if !bad.is_empty() {
            self.wrong(name, "must be IP addresses or networks such as 10.0.0.0/8, with commas between");
        }
        good.into_iter().flatten().collect()
    }

    /// The database's URL.
    pub fn database(&mut self) -> String {
        let url = self.text("DATABASE_URL");
        if let Some(rest) = url.strip_prefix("sqlite:") {
            let mode = if rest.contains('?') { "" } else { "?mode=rwc" };
            format!("{url}{mode}")
        } else {
            if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
                self.wrong("DATABASE_URL", "must begin with sqlite:// or postgres://");
            }
            url
        }
    }
}
