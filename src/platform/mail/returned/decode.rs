//! From the bytes of a part to text: transfer encodings (RFC 2045, section 6) and character sets. Faults in either lose as
//! little as possible and stop nothing.

use super::mime::Part;
use mail_parser::decoders::charsets::map::charset_decoder;
use std::borrow::Cow;

/// Most bytes of a decoded text. Whoever writes a megabyte has attached something.
pub(super) const TEXT: usize = 1024 * 1024;

/// A part's content without its transfer encoding; of long ones the beginning.
pub(super) fn bytes<'a>(part: &Part<'a>) -> Cow<'a, [u8]> {
    let body = part.body;
    let encoding = part.headers.get("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
    match encoding.trim() {
        "base64" => base64(body).into(),
        "quoted-printable" => quoted_printable(body).into(),
        _ => body.get(..TEXT).unwrap_or(body).into(),
    }
}

/// A part's text, with `\n` at line ends; of long ones the beginning.
pub(super) fn text(part: &Part<'_>) -> String {
    let bytes = bytes(part);
    let charset = part.kind.parameter("charset").unwrap_or_default();
    characters(&bytes, charset).replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}

/// Bytes as text. UTF-8 is believed wherever the bytes prove it, whatever their label; a label that is missing, unknown or
/// refuted counts as Windows-1252, which decodes everything.
fn characters(bytes: &[u8], charset: &str) -> String {
    let label = charset.trim().trim_matches('"').to_ascii_lowercase();
    let western = matches!(label.as_str(), "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "iso-8859-1" | "windows-1252");
    let other = if western { None } else { charset_decoder(label.as_bytes()) };
    if let Some(decode) = other {
        return decode(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Cut within the last character.
        Err(fault) if fault.error_len().is_none() => {
            String::from_utf8_lossy(bytes.get(..fault.valid_up_to()).unwrap_or_default()).into_owned()
        }
        // A text that is nearly all UTF-8 has a damaged spot; one with few such characters has the wrong label.
        Err(_) if label.starts_with("utf") && mostly_utf8(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => charset_decoder(b"windows-1252").map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |to| to(bytes)),
    }
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good = good.saturating_add(chunk.valid().chars().filter(|c| !c.is_ascii()).count());
        bad = bad.saturating_add(usize::from(!chunk.invalid().is_empty()));
    }
    good > bad
}

/// Decodes base64 as RFC 2045, section 6.8, asks: characters outside the alphabet are passed over, and padding may be missing.
fn base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut have) = (0_u32, 0_u32);
    for byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                have = 0;
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
            if out.len() >= TEXT {
                break;
            }
        }
    }
    out
}

/// Decodes quoted-printable (RFC 2045, section 6.7); what is not validly encoded stays as it is.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        if out.len() >= TEXT {
            break;
        }
        rest = after;
        if *first != b'=' {
            out.push(*first);
            continue;
        }
        match after {
            [b'\n', more @ ..] | [b'\r', b'\n', more @ ..] => rest = more,
            [high, low, more @ ..] if let (Some(high), Some(low)) = (hex(*high), hex(*low)) => {
                out.push(high << 4 | low);
                rest = more;
            }
            [] => {}
            _ => out.push(b'='),
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &[u8]) -> String {
        text(&Part::read(raw).unwrap())
    }

    #[test]
    fn what_is_labelled_is_decoded() {
        assert_eq!(
            decoded(b"Content-Transfer-Encoding: BASE64\nContent-Type: text/plain; charset=iso-8859-1\n\nR3L832Uh"),
            "Grüße!"
        );
        assert_eq!(decoded(b"Content-Transfer-Encoding: quoted-printable\n\na=C3=A4\r\nb"), "aä\nb");
        assert_eq!(decoded(b"A: b\n\na\rb\0c"), "a\nbc");
    }

    #[test]
    fn base64_needs_no_padding_and_forgives_strange_characters() {
        assert_eq!(base64(b"SGVs\r\nbG8*gdG8-gew=="), b"Hello to {");
        assert_eq!(base64(b"SGVsbG8"), b"Hello");
    }

    #[test]
    fn quoted_printable_keeps_what_it_cannot_decode() {
        assert_eq!(quoted_printable(b"a=20b=\r\nc=zz=3D="), b"a bc=zz=");
    }

    #[test]
    fn the_bytes_are_believed_more_than_their_label() {
        for label in ["us-ascii", "iso-8859-1", "utf-8", "", "x-nonsense"] {
            assert_eq!(characters("Grüße".as_bytes(), label), "Grüße", "{label}");
            assert_eq!(characters(b"Gr\xfc\xdfe", label), "Grüße", "{label}");
        }
        assert_eq!(characters(b"\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251"), "Привет");
        assert_eq!(characters(b"\xc3\xa4\xc3", "utf-8"), "ä");
        assert_eq!(
            characters("ääää\u{20}".as_bytes().iter().chain(b"\xff").copied().collect::<Vec<_>>().as_slice(), "utf-8"),
            "ääää \u{fffd}"
        );
    }
}
