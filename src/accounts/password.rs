//! Passwords: argon2id by OWASP's parameters, hashed on a bounded pool, with a price that does not depend on who asks.

use crate::platform::{Error, Platform, Result, text::Check};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A password alone must have so many characters (NIST SP 800-63B-4; A-08).
const SHORTEST: usize = 15;
/// Longer ones are refused, so that nobody can make us hash megabytes.
const LONGEST: usize = 256;

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Error::bug(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Notes what is wrong with a new password; `context` holds words it must not lean on, such as the address.
pub fn check(check: &mut Check, pointer: &str, password: &str, context: &[&str]) {
    let length = password.chars().count();
    check.that(length >= SHORTEST, pointer, "too_short", format!("Use at least {SHORTEST} characters; a few words are fine."));
    check.that(length <= LONGEST, pointer, "too_long", format!("Use at most {LONGEST} characters."));
    let lower = password.to_lowercase();
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    check.that(distinct.len() >= 5, pointer, "too_plain", "Use more different characters.");
    let leans = context.iter().any(|word| {
        let word = word.to_lowercase();
        // A long password that only holds the address and a little more is a guess away.
        word.chars().count() >= 4 && lower.contains(&word) && length < word.chars().count() + SHORTEST - 5
    });
    check.that(!leans, pointer, "contains_context", "Do not build it from your name or address.");
}

/// The PHC string of a password, with salt and parameters in it.
pub async fn hash(platform: &Platform, password: String) -> Result<String> {
    let salt = platform.clock.secret();
    platform
        .cpu
        .run(move || {
            let hash = hasher()?.hash_password_with_salt(password.as_bytes(), &salt[..16]);
            hash.map(|hash: PasswordHash| hash.to_string()).map_err(|error| Error::bug(error.to_string()))
        })
        .await?
}

/// What checking a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password, or there is none.
    Wrong,
    /// It is.
    Right,
    /// It is, and it was hashed under a weaker policy.
    RightButOld,
}

/// Checks a password. Without a hash the same work is done, so that the time does not tell whether there is one.
pub async fn verify(platform: &Platform, password: String, stored: Option<String>) -> Result<Verdict> {
    platform
        .cpu
        .run(move || {
            let known = stored.is_some();
            let stored = match stored {
                Some(stored) => stored,
                None => DUMMY.to_owned(),
            };
            let hash = PasswordHash::new(&stored).map_err(|error| Error::bug(error.to_string()))?;
            let right = hasher()?.verify_password(password.as_bytes(), &hash).is_ok();
            Ok(match (known && right, is_current(&hash)) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOld,
            })
        })
        .await?
}

/// Whether a hash was made under the current policy or a stronger one.
fn is_current(hash: &PasswordHash) -> bool {
    let params = Params::try_from(hash).ok();
    hash.algorithm.as_str() == "argon2id"
        && params.is_some_and(|params| params.m_cost() >= MEMORY_KIB && params.t_cost() >= PASSES && params.p_cost() >= LANES)
}

/// The hash of a password that nobody has, under the current policy.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(password: &str) -> usize {
        let mut collected = Check::new();
        check(&mut collected, "/password", password, &["ada.lovelace"]);
        match collected.done() {
            Err(Error::Invalid(list)) => list.len(),
            _ => 0,
        }
    }

    #[test]
    fn weak_passwords_are_refused() {
        assert_eq!(complaints("four plain words here"), 0);
        assert_eq!(complaints("short"), 1);
        assert_eq!(complaints("aaaaaaaaaaaaaaaaaaaa"), 1);
        assert_eq!(complaints("ada.lovelace2027"), 1);
        assert_eq!(complaints(&"ab cdefg ".repeat(40)), 1);
    }

    #[test]
    fn the_dummy_and_the_policy_agree() {
        let dummy = PasswordHash::new(DUMMY).unwrap();
        assert!(is_current(&dummy));
        let old = DUMMY.replace("m=19456", "m=9216");
        assert!(!is_current(&PasswordHash::new(&old).unwrap()));
        let made: PasswordHash = hasher().unwrap().hash_password_with_salt(b"four plain words", &[7; 16]).unwrap();
        assert!(made.to_string().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(is_current(&made));
        assert!(hasher().unwrap().verify_password(b"four plain words", &made).is_ok());
        assert!(hasher().unwrap().verify_password(b"four plain word", &made).is_err());
    }
}
