//! Letters as people find them: files in a folder, with the links in them.

use crate::platform::{Error, Result};
use std::{
    collections::HashSet,
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long the next letter is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Letters of a folder, each handed out once.
pub struct Letters {
    folder: PathBuf,
    seen: HashSet<String>,
}

/// A letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its file; letters that were made earlier come first.
    file: String,
    /// Whom it is for.
    pub to: String,
    /// What a person reads.
    pub text: String,
}

impl Letters {
    /// The letters of a folder, none of them seen yet.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder, seen: HashSet::new() }
    }

    /// How many letters there are, seen or not.
    pub async fn count(&self) -> Result<usize> {
        Ok(self.files().await?.len())
    }

    /// Waits until so many letters of a kind have come that were not seen before, and takes them, in the order in which they
    /// were made. Letters of other kinds that came between are laid aside.
    pub async fn take(&mut self, most: usize, what: &str, is_one: impl Fn(&Letter) -> bool) -> Result<Vec<Letter>> {
        let (mut last, mut found) = (Instant::now(), Vec::new());
        while found.len() < most {
            let new = self.new_ones().await?;
            if !new.is_empty() {
                last = Instant::now();
            }
            found.extend(new.into_iter().filter(&is_one));
            if last.elapsed() > PATIENCE {
                let detail =
                    format!("{} of {most} letters ({what}) came, and then none for {} s", found.len(), PATIENCE.as_secs());
                return Err(Error::unavailable(detail));
            }
            if found.len() < most {
                tokio::time::sleep(LOOK).await;
            }
        }
        found.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(found)
    }

    async fn files(&self) -> Result<Vec<String>> {
        let folder = self.folder.clone();
        let names = tokio::task::spawn_blocking(move || list(&folder)).await.map_err(|error| Error::bug(error.to_string()))?;
        names.map_err(|error| Error::unavailable(format!("the letters cannot be read: {error}")))
    }

    async fn new_ones(&mut self) -> Result<Vec<Letter>> {
        let mut letters = Vec::new();
        for file in self.files().await? {
            if !self.seen.contains(&file) {
                let raw = tokio::fs::read_to_string(self.folder.join(&file)).await;
                let raw = raw.map_err(|error| Error::unavailable(format!("a letter cannot be read: {error}")))?;
                letters.push(Letter::read(file.clone(), &raw));
                self.seen.insert(file);
            }
        }
        Ok(letters)
    }
}

fn list(folder: &std::path::Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // The first letter makes the folder.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // A name that begins with a dot is a letter that is still being written.
        if name.ends_with(".eml") && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

impl Letter {
    fn read(file: String, raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
        let to = head.lines().find_map(|line| line.strip_prefix("To: ")).unwrap_or_default();
        // A heading's line of hyphens is no end of a part: an end has a sign that the text can hold in another form alone.
        let part = body.split("\r\n--=").find(|part| part.contains("Content-Type: text/plain")).unwrap_or(body);
        let text = part.split_once("\r\n\r\n").map_or(part, |(_, text)| text);
        Self { file, to: to.trim().trim_matches(['<', '>']).to_owned(), text: unquoted(text) }
    }

    /// The token of a kind (its first letters, such as `ai_`) in the letter's links.
    pub fn token(&self, prefix: &str) -> Option<&str> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        // A prefix may also occur by chance inside another token: a whole one has 43 signs behind it.
        self.text.split(|c| !is_part(c)).find(|word| word.starts_with(prefix) && word.len() == prefix.len() + 43)
    }
}

/// Undoes quoted-printable.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| first == b'=').and_then(|pair| std::str::from_utf8(pair).ok());
        let code = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_as_a_person_reads_it() {
        let token = format!("ai_{}", "x".repeat(43));
        let (first, second) = token.split_at(20);
        let raw = format!(
            "Subject: Hello\r\nTo: ada@people.example\r\n\r\n--=_b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
             Caf=C3=A9\r\n----\r\nhttp://here/i/{first}=\r\n{second}\r\n--=_b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--=_b--"
        );
        let letter = Letter::read("1.eml".into(), &raw);
        assert_eq!(letter.to, "ada@people.example");
        assert!(letter.text.starts_with("Café"));
        assert_eq!(letter.token("ai_"), Some(token.as_str()));
        assert_eq!(letter.token("aj_"), None);
    }
}
