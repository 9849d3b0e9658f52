//! Carries a JavaScript pattern over to the engine used here.
//!
//! The engine takes time proportional to the text, whatever the pattern, so no form can make the
//! server hang. The price is that look-around and back references cannot be run; they are refused
//! by name when the form is published, never while somebody answers.

use std::iter::Peekable;
use std::str::Chars;

/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 1_000;

/// Rewrites what the two dialects spell alike but read differently.
pub(super) fn translate(source: &str) -> Result<String, String> {
    if source.len() > MAX_LENGTH {
        return Err(format!("A pattern may have at most {MAX_LENGTH} bytes"));
    }
    let mut out = String::with_capacity(source.len() + 16);
    let mut characters = source.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => escape(&mut characters, &mut out, false)?,
            '[' => class(&mut characters, &mut out)?,
            '(' => group(&mut characters, &mut out)?,
            // JavaScript's dot stops at four kinds of line end, not at one.
            '.' => out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
            c => out.push(c),
        }
    }
    Ok(out)
}

fn group(characters: &mut Peekable<Chars>, out: &mut String) -> Result<(), String> {
    out.push('(');
    if characters.peek() != Some(&'?') {
        return Ok(());
    }
    characters.next();
    out.push('?');
    match characters.next() {
        Some(':') => out.push(':'),
        Some('=' | '!') => return Err("Look-ahead is not supported in patterns".into()),
        Some('<') => match characters.peek() {
            Some('=' | '!') => return Err("Look-behind is not supported in patterns".into()),
            _ => out.push('<'),
        },
        _ => return Err("Flags inside a pattern are not supported".into()),
    }
    Ok(())
}

/// A character class. Signs that only the engine here reads as set operations are quoted.
fn class(characters: &mut Peekable<Chars>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if characters.peek() == Some(&'^') {
        characters.next();
        out.push('^');
    }
    if characters.peek() == Some(&']') {
        return Err("Empty character classes are not supported in patterns".into());
    }
    while let Some(c) = characters.next() {
        match c {
            ']' => {
                out.push(']');
                return Ok(());
            }
            '\\' => escape(characters, out, true)?,
            '[' | '&' | '~' => out.extend(['\\', c]),
            '-' if characters.peek() == Some(&'-') => {
                return Err("Two hyphens in a row in a character class are not supported".into());
            }
            // A hyphen before a class such as `\w` cannot be a range and stands for itself.
            '-' if characters.peek() == Some(&'\\') => {
                let ranged = characters.clone().nth(1);
                let quoted = matches!(ranged, Some('d' | 'D' | 'w' | 'W' | 's' | 'S'));
                out.push_str(if quoted { r"\-" } else { "-" });
            }
            c => out.push(c),
        }
    }
    Err("A character class is not closed".into())
}

fn escape(characters: &mut Peekable<Chars>, out: &mut String, inside: bool) -> Result<(), String> {
    let Some(c) = characters.next() else {
        return Err("A pattern cannot end with a backslash".into());
    };
    // Digits and word characters are those of plain ASCII in JavaScript.
    let class = match c {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        _ => None,
    };
    match (c, class) {
        (_, Some(class)) => out.extend(["[", class, "]"]),
        ('D', _) => out.push_str("[^0-9]"),
        ('W', _) => out.push_str("[^0-9A-Za-z_]"),
        ('b', _) if !inside => out.push_str(r"(?-u:\b)"),
        ('s' | 'S', _) if inside => out.extend(['[', '\\', c, ']']),
        ('s' | 'S' | 'n' | 'r' | 't' | 'f' | 'v', _) => out.extend(['\\', c]),
        ('0', _) => out.push_str(r"\x00"),
        ('x', _) => hex(characters, out, 2)?,
        ('u', _) => hex(characters, out, 4)?,
        ('1'..='9' | 'k', _) => return Err("Back references are not supported in patterns".into()),
        (c, _) if c.is_ascii_alphanumeric() => {
            return Err(format!("\"\\{c}\" is not supported in patterns"));
        }
        (c, _) if c.is_ascii() && c != '<' && c != '>' => out.extend(['\\', c]),
        (c, _) => out.push(c),
    }
    Ok(())
}

fn hex(characters: &mut Peekable<Chars>, out: &mut String, length: usize) -> Result<(), String> {
    let digits: String = characters.by_ref().take(length).collect();
    if digits.len() != length || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("A character code in the pattern is not complete".into());
    }
    out.push_str("\\u{");
    out.push_str(&digits);
    out.push('}');
    Ok(())
}
