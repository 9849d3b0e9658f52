//! A server's replies, read with a limit: whatever a server sends, it costs little memory and is never taken for the answer
//! to something else.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest reply in bytes, all its lines together. Servers that explain themselves at length stay far below.
const LONGEST: usize = 64 * 1024;
/// Bytes asked for at a time.
const STEP: usize = 4 * 1024;

/// What a server said to one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits, from 200 to 599.
    pub code: u16,
    /// What stands behind the code, a line each. May hold anything, addresses too.
    pub lines: Vec<String>,
}

/// Why no reply could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The connection ended.
    Closed,
    /// It is none (RFC 5321, 4.2), or longer than anything a server has to say.
    Garbage,
}

impl Reply {
    /// Whether the server did what it was asked, or wants what comes next.
    pub fn is_good(&self) -> bool {
        self.code < 400
    }

    /// The enhanced code (RFC 3463) at its beginning, if its class agrees with the code (RFC 2034, 4).
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let mut parts = word.split('.');
        let class = parts.next()?;
        let good = class == (self.code / 100).to_string()
            && parts.clone().count() == 2
            && parts.all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()));
        good.then_some(word)
    }

    /// All its lines as one; an enhanced code that every line repeats stands once.
    pub fn text(&self) -> String {
        let repeated = self.enhanced().unwrap_or_default();
        let rest = self.lines.iter().skip(1).map(|line| line.strip_prefix(repeated).unwrap_or(line).trim());
        self.lines.first().map(String::as_str).into_iter().chain(rest).collect::<Vec<_>>().join(" ")
    }
}

/// Reads replies from a stream, and keeps what came after the last one.
#[derive(Default)]
pub struct Reader {
    kept: Vec<u8>,
}

impl Reader {
    /// Whether bytes have come for which nobody asked.
    pub fn holds_more(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The next reply.
    pub async fn next(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<Reply, Unread> {
        let mut seen = 0;
        loop {
            if let Some(end) = last_line(&self.kept, seen)? {
                let bytes: Vec<u8> = self.kept.drain(..end).collect();
                return read(&bytes);
            }
            // A line that is not finished is looked at once more from its beginning.
            seen = self.kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            if self.kept.len() >= LONGEST {
                return Err(Unread::Garbage);
            }
            let before = self.kept.len();
            self.kept.resize(before + STEP, 0);
            let count = stream.read(self.kept.get_mut(before..).unwrap_or_default()).await;
            self.kept.truncate(before + count.as_ref().map_or(0, |count| *count));
            match count {
                Ok(0) | Err(_) => return Err(Unread::Closed),
                Ok(_) => {}
            }
        }
    }
}

/// Where the reply ends that begins with these bytes, if all of it is there; looked for from a line on.
fn last_line(bytes: &[u8], from: usize) -> Result<Option<usize>, Unread> {
    let mut start = from;
    while let Some(length) = bytes.get(start..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let line = bytes.get(start..start + length).unwrap_or_default();
        start += length + 1;
        if !line.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit)) {
            return Err(Unread::Garbage);
        }
        if line.get(3) != Some(&b'-') {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

/// Reads a whole reply.
fn read(bytes: &[u8]) -> Result<Reply, Unread> {
    let mut found = None;
    let mut lines = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        let code: u16 = line.get(..3).and_then(|code| code.parse().ok()).ok_or(Unread::Garbage)?;
        // All lines of a reply say the same code; two replies that run into one are none.
        if !(200..600).contains(&code) || found.is_some_and(|found| found != code) {
            return Err(Unread::Garbage);
        }
        found = Some(code);
        lines.push(line.get(4..).unwrap_or_default().to_owned());
    }
    Ok(Reply { code: found.ok_or(Unread::Garbage)?, lines })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads replies from bytes that come in pieces, until none can be read.
    fn all(pieces: &[&[u8]]) -> (Vec<Reply>, Unread) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut stream: Box<dyn AsyncRead + Unpin> = Box::new(tokio::io::empty());
            for piece in pieces.iter().rev() {
                stream = Box::new(std::io::Cursor::new(piece.to_vec()).chain(stream));
            }
            let mut reader = Reader::default();
            let mut replies = Vec::new();
            loop {
                match reader.next(&mut stream).await {
                    Ok(reply) => replies.push(reply),
                    Err(end) => return (replies, end),
                }
            }
        })
    }

    fn reply(code: u16, lines: &[&str]) -> Reply {
        Reply { code, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    #[test]
    fn replies_are_read_however_they_come() {
        let whole = b"250-one\r\n250-two\r\n250 three\r\n354\r\n550 5.1.1 no\n";
        let expected = vec![reply(250, &["one", "two", "three"]), reply(354, &[""]), reply(550, &["5.1.1 no"])];
        assert_eq!(all(&[whole]), (expected.clone(), Unread::Closed));
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(all(&bytes), (expected, Unread::Closed));
    }

    #[test]
    fn what_is_no_reply_is_garbage_and_costs_little() {
        for bad in
            ["HTTP/1.1 400 Bad Request\r\n", "25 ok\r\n", "999 x\r\n", "100 x\r\n", "250-a\r\n354 b\r\n", "\r\n", "\0\0\0\r\n"]
        {
            assert_eq!(all(&[bad.as_bytes()]), (vec![], Unread::Garbage), "{bad:?}");
        }
        let endless = b"250-".iter().chain(std::iter::repeat_n(&b'x', 10_000_000)).copied().collect::<Vec<u8>>();
        assert_eq!(all(&[&endless]).1, Unread::Garbage);
        let flood = "250-more\r\n".repeat(100_000);
        assert_eq!(all(&[flood.as_bytes()]).1, Unread::Garbage);
        let long = format!("250 {}\r\n", "x".repeat(8000));
        assert_eq!(all(&[long.as_bytes()]).0.len(), 1, "eight kilobytes are read");
    }

    #[test]
    fn the_enhanced_code_is_found_where_it_belongs() {
        assert_eq!(reply(550, &["5.1.1 no such user"]).enhanced(), Some("5.1.1"));
        for bad in ["no such user 5.1.1", "1.1.1 x", "4.1.1 x", "5.1 x", "5.1.1234", "5.1.1.1 x", "127.0.0.1 refused", ""] {
            assert_eq!(reply(550, &[bad]).enhanced(), None, "{bad}");
        }
        assert_eq!(reply(550, &["5.7.1 no", "5.7.1 really", "not"]).text(), "5.7.1 no really not");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..200_usize) {
            let at = at.min(bytes.len());
            prop_assert_eq!(all(&[&bytes]), all(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
