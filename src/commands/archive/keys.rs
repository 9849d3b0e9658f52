//! Who may open a file: keys of [age](https://age-encryption.org), the same that its own programs make and read.

use crate::platform::{Error, Result};
use age::{
    secrecy::ExposeSecret,
    x25519::{Identity, Recipient},
};
use std::path::Path;

/// Those for whom a file is encrypted; nobody, if it is to be plain.
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// Reads public keys, such as `age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p`. Without one, somebody has
    /// to say that the file may be plain.
    pub fn read(to: &[String], plain: bool) -> Result<Self> {
        match (to.is_empty(), plain) {
            (true, false) => Err(Error::unavailable(
                "who may open the file? Name one key or several with --to (`alongside backup --new-key backup.key` makes one). \
                 With --plain it is not encrypted: whoever gets hold of it can read every name and every answer, and open \
                 every link that is in a letter",
            )),
            (false, true) => Err(Error::unavailable("--to encrypts the file and --plain does not: choose one of them")),
            _ => {
                let read = |key: &String| key.trim().parse::<Recipient>().map_err(|why| wrong(key, why));
                Ok(Self(to.iter().map(read).collect::<Result<_>>()?))
            }
        }
    }

    /// For whom.
    pub fn all(&self) -> impl Iterator<Item = &dyn age::Recipient> {
        self.0.iter().map(|one| one as &dyn age::Recipient)
    }

    /// Whether the file is to be plain.
    pub fn is_nobody(&self) -> bool {
        self.0.is_empty()
    }
}

fn wrong(key: &str, why: &str) -> Error {
    if key.trim().to_uppercase().starts_with("AGE-SECRET-KEY-") {
        return Error::unavailable("--to takes the public key, which begins with age1; the secret one stays with you");
    }
    Error::unavailable(format!("--to takes a public key of age, which begins with age1: {why}"))
}

/// Keys that open files.
#[derive(Default)]
pub struct Keys(Vec<Identity>);

impl Keys {
    /// Reads a key file: one secret key a line, and remarks behind `#`. Without a file there is none.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::unavailable(format!("cannot read the key file {}: {error}", path.display())))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Result<Vec<_>, _> = lines.map(str::parse::<Identity>).collect();
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(Self(keys)),
            _ => Err(Error::unavailable(format!(
                "{} is not a key file: it should hold a line that begins with AGE-SECRET-KEY-1",
                path.display()
            ))),
        }
    }

    /// The keys.
    pub fn all(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|one| one as &dyn age::Identity)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Makes a key, writes it to a file that this user alone can read, and answers its public half.
pub fn new_key(path: &Path) -> Result<String> {
    let key = Identity::generate();
    let public = key.to_public().to_string();
    let text = format!(
        "# This key opens backups of Alongside. Keep it away from the server, and not in one place alone.\n\
         # public key: {public}\n{}\n",
        key.to_string().expose_secret()
    );
    let mut file = super::file::create(path)
        .map_err(|error| Error::unavailable(format!("cannot make the key file {}: {error}", path.display())))?;
    std::io::Write::write_all(&mut file, text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| Error::unavailable(format!("cannot write the key file {}: {error}", path.display())))?;
    Ok(public)
}
