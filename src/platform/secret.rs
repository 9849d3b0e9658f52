//! The installation's key, and the tokens that are derived from it or hashed.
//!
//! A letter's link must be the same whenever that letter is sent again, and must not be readable in the database.
//! So it is derived from the letter's id with a key that the database does not hold, and stored only as SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc};
use uuid::Uuid;

/// The key. Never printed, never stored in the database.
#[derive(Clone)]
pub struct Secret(Arc<[u8; 32]>);

/// What a token opens; its first letters say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A staff session.
    Staff,
    /// An API key.
    Key,
    /// A single-use link sent to staff.
    StaffLink,
    /// A participant's session.
    Participant,
    /// A participant's link: join, sign in.
    ParticipantLink,
    /// An invitation.
    Invitation,
    /// Stopping letters.
    Unsubscribe,
    /// The proof that a notice was shown.
    NoticeShown,
}

impl TokenKind {
    const ALL: [(TokenKind, &'static str); 8] = [
        (TokenKind::Staff, "as_"),
        (TokenKind::Key, "ak_"),
        (TokenKind::StaffLink, "al_"),
        (TokenKind::Participant, "ap_"),
        (TokenKind::ParticipantLink, "aj_"),
        (TokenKind::Invitation, "ai_"),
        (TokenKind::Unsubscribe, "au_"),
        (TokenKind::NoticeShown, "an_"),
    ];

    fn prefix(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, prefix)| prefix)
    }
}

/// A token in the form that is handed to somebody. It has no `Debug`, so that it cannot reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token from 256 bits.
    pub fn new(kind: TokenKind, bits: [u8; 32]) -> Self {
        Self(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bits)))
    }

    /// Reads a token; `None` if it has not the form of one.
    pub fn parse(text: &str) -> Option<(TokenKind, Token)> {
        let (kind, prefix) = TokenKind::ALL.iter().find(|(_, prefix)| text.starts_with(prefix))?;
        let bits = URL_SAFE_NO_PAD.decode(&text[prefix.len()..]).ok()?;
        (bits.len() == 32).then(|| (*kind, Token(text.to_owned())))
    }

    /// The text to hand out.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored: SHA-256 of the whole token.
    pub fn hash(&self) -> Vec<u8> {
        sha256(self.0.as_bytes())
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Secret {
    /// A key from bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(bytes))
    }

    /// Reads the key file, or makes it with `fresh` bytes, readable by this user alone.
    pub fn open(path: &Path, fresh: [u8; 32]) -> Result<Self, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                bytes.map(Self::new).ok_or_else(|| {
                    format!("{} does not hold a key of 32 bytes in base64url; restore it from your backup", path.display())
                })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_private(path, &URL_SAFE_NO_PAD.encode(fresh))
                    .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
                Ok(Self::new(fresh))
            }
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    /// HMAC-SHA-256 of `parts` under a label, each part with its length so that parts cannot run together.
    fn mac(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes a key of any length, so this cannot fail.
        #[allow(clippy::expect_used)]
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.as_slice()).expect("a key of any length");
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The token of `id`, always the same.
    pub fn token(&self, kind: TokenKind, id: Uuid) -> Token {
        Token::new(kind, self.mac("token", &[kind.prefix().as_bytes(), id.as_bytes()]))
    }

    /// A keyed hash of an address in an organisation, for lists that must outlive erasure.
    pub fn address_hash(&self, organisation: Uuid, email_key: &str) -> Vec<u8> {
        self.mac("address", &[organisation.as_bytes(), email_key.as_bytes()]).to_vec()
    }

    /// A name for `id` that holds within `scope` alone, and that nobody without this key can trace to it.
    pub fn pseudonym(&self, scope: Uuid, id: Uuid) -> Uuid {
        let mac = self.mac("pseudonym", &[scope.as_bytes(), id.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&mac[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// The name of the installation with this key, which everybody may know.
    pub fn name(&self) -> String {
        hex(&self.mac("name", &[])[..8])
    }

    /// The `n`th key of `id` for something that signs: found again whenever it is needed, and kept nowhere.
    pub fn key(&self, of: &str, id: Uuid, n: i32) -> [u8; 32] {
        self.mac("key", &[of.as_bytes(), id.as_bytes(), &n.to_be_bytes()])
    }

    /// What proves that an address with `id` in it is one of ours. Ten bytes: the address has to stay short, and whoever guesses
    /// has to send a message for each guess.
    pub fn tag(&self, of: &str, id: Uuid) -> [u8; 10] {
        let mut tag = [0; 10];
        tag.copy_from_slice(&self.mac("tag", &[of.as_bytes(), id.as_bytes()])[..10]);
        tag
    }

    /// A commitment to this key that does not give it away.
    pub fn check(&self) -> Vec<u8> {
        self.mac("check", &[]).to_vec()
    }
}

/// Writes a new file that this user alone can read.
#[cfg(unix)]
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Writes a file.
#[cfg(not(unix))]
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_tells_its_kind_and_survives_the_round_trip() {
        let token = Token::new(TokenKind::Invitation, [7; 32]);
        let (kind, read) = Token::parse(token.reveal()).unwrap();
        assert_eq!(kind, TokenKind::Invitation);
        assert_eq!(read.hash(), token.hash());
        assert!(Token::parse("ai_short").is_none());
        assert!(Token::parse("zz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").is_none());
    }

    #[test]
    fn derived_tokens_depend_on_key_kind_and_id() {
        let (a, b) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let id = Uuid::from_u128(5);
        let one = a.token(TokenKind::Invitation, id);
        assert!(one == a.token(TokenKind::Invitation, id));
        assert!(one != b.token(TokenKind::Invitation, id));
        assert!(one != a.token(TokenKind::Unsubscribe, id));
        assert!(one != a.token(TokenKind::Invitation, Uuid::from_u128(6)));
    }
}
