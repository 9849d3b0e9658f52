//! A letter as it goes over the wire.

/// Dots at the beginning of lines doubled, and the line with the final dot behind (RFC 5321, 4.5.2).
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    // Room for the next envelope as well.
    let mut words = Vec::with_capacity(message.len() + 512);
    let mut from = 0;
    if message.first() == Some(&b'.') {
        words.push(b'.');
    }
    for dot in memchr::memmem::find_iter(message, b"\n.").map(|at| at + 1) {
        words.extend_from_slice(message.get(from..dot).unwrap_or_default());
        words.push(b'.');
        from = dot;
    }
    words.extend_from_slice(message.get(from..).unwrap_or_default());
    if !words.ends_with(b"\r\n") {
        words.extend_from_slice(b"\r\n");
    }
    words.extend_from_slice(b".\r\n");
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_stuffed_letter_ends_once_and_comes_out_as_it_was(lines in proptest::collection::vec("\\.{0,3}[a-z.]{0,5}", 0..20)) {
            let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let stuffed = String::from_utf8(stuffed(message.as_bytes())).unwrap();
            let mut read = String::new();
            let mut ends = 0;
            for line in stuffed.split_inclusive("\r\n") {
                if line == ".\r\n" {
                    ends += 1;
                } else {
                    read.push_str(line.strip_prefix('.').unwrap_or(line));
                }
            }
            prop_assert_eq!(ends, 1);
            prop_assert!(stuffed.ends_with(".\r\n"));
            prop_assert_eq!(read, if message.is_empty() { "\r\n".to_owned() } else { message });
        }
    }
}
