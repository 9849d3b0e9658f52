//! Addresses with a token in them: one for each letter to send bounces to (variable envelope return path), and one for each
//! person to send answers to. The token is made and checked by the caller; here it is only written and read.

/// Before the token in addresses that bounces go to.
pub const BOUNCE: &str = "b";
/// Before the token in addresses that answers go to.
pub const REPLY: &str = "r";
/// Longest part of an address before the `@`, in octets (RFC 5321, section 4.5.3.1.1).
const LOCAL: usize = 64;
/// The digits of base32 (RFC 4648, section 6), in lower case.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The address `prefix+token@domain`, the token in base32 without padding, in lower case. Base32 since some servers change
/// the case of what stands before the `@`. 26 bytes, such as a UUID and ten bytes of proof, make 44 octets with a prefix of
/// one letter. `None` if it would be longer than 64 octets.
pub fn address(prefix: &str, token: &[u8], domain: &str) -> Option<String> {
    let local = format!("{prefix}+{}", base32(token));
    (local.len() <= LOCAL).then(|| format!("{local}@{domain}"))
}

/// The token in an address that [`address`] made with this prefix, in whatever case it comes back, with or without angle
/// brackets, at whatever domain. `None` for every other address. Each token has one spelling only: of digits that differ in
/// bits that mean nothing, only the one that [`address`] writes is read.
pub fn read(prefix: &str, address: &str) -> Option<Vec<u8>> {
    let address = address.trim();
    let address = address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(address);
    let (local, domain) = address.rsplit_once('@')?;
    let (before, token) = local.split_once('+')?;
    let fits = local.len() <= LOCAL && !domain.is_empty() && !token.is_empty() && before.eq_ignore_ascii_case(prefix);
    let read = if fits { bytes(token)? } else { return None };
    base32(&read).eq_ignore_ascii_case(token).then_some(read)
}

fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let value =
            chunk.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)) << (8 * 5_usize.saturating_sub(chunk.len()));
        for place in 0..(chunk.len() * 8).div_ceil(5) {
            let digit = value >> (35 - 5 * place) & 31;
            out.extend(usize::try_from(digit).ok().and_then(|digit| DIGITS.get(digit)).map(|digit| char::from(*digit)));
        }
    }
    out
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut value, mut have) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte.to_ascii_lowercase())?;
        value = (value << 5 | u32::try_from(digit).ok()?) & 0xffff;
        have += 5;
        if have >= 8 {
            have -= 8;
            out.push(u8::try_from(value >> have & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_comes_back_however_its_address_is_written() {
        let token: Vec<u8> = (0..26).collect();
        let made = address(BOUNCE, &token, "bounce.example.org").unwrap();
        assert_eq!(made, "b+aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyyde@bounce.example.org");
        for way in [made.clone(), made.to_uppercase(), format!(" <{made}> "), made.replace("bounce.", "")] {
            assert_eq!(read(BOUNCE, &way).as_deref(), Some(token.as_slice()), "{way}");
        }
        assert_eq!(read(REPLY, &made), None);
        assert_eq!(address(BOUNCE, &[0; 39], "a.example"), None);
        assert_eq!(address(BOUNCE, &[0; 38], "a.example").unwrap().find('@'), Some(63));
    }

    #[test]
    fn other_addresses_have_no_token() {
        for no in [
            "",
            "b",
            "b+@a.example",
            "b+aa",
            "b+aa@",
            "b=aa@a.example",
            "b+a1@a.example",
            "b+ab@a.example",
            "b+a@a.example",
            "x+aa@a.example",
            "b+aa==@a.example",
        ] {
            assert_eq!(read(BOUNCE, no), None, "{no}");
        }
        assert_eq!(read(BOUNCE, "b+aa@a.example"), Some(vec![0]));
    }

    proptest! {
        #[test]
        fn every_token_comes_back(token in proptest::collection::vec(any::<u8>(), 1..=38)) {
            let made = address(REPLY, &token, "a.example").unwrap();
            prop_assert_eq!(read(REPLY, &made), Some(token));
        }

        #[test]
        fn no_text_makes_it_fail(text in ".{0,100}") {
            read(BOUNCE, &text);
        }
    }
}
