//! Connections between two letters, and how many a server is to have.

use crate::platform::mail::transport::Line;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// A connection that nobody used for so long is closed.
const IDLE: Duration = Duration::from_secs(20);
/// After so many letters a server that wanted fewer connections gets one more.
const PATIENCE: usize = 50;

/// A connection that can take a letter.
pub struct Idle {
    /// The server's place among all.
    pub server: usize,
    /// The connection.
    pub line: Box<dyn Line>,
    since: Instant,
}

/// All of them.
#[derive(Default)]
pub struct Lines {
    idle: Vec<Idle>,
    /// How many connections a server is to have that wanted fewer, and the letters since.
    fewer: HashMap<usize, (usize, usize)>,
}

impl Lines {
    /// Keeps a connection for the next letter.
    pub fn keep(&mut self, server: usize, line: Box<dyn Line>) {
        self.idle.push(Idle { server, line, since: Instant::now() });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.idle.len()
    }

    /// One that can take a letter, the last one used first.
    pub fn next(&mut self) -> Option<Idle> {
        self.idle.pop()
    }

    /// Those that are not to be used any more: too old, or of a server that letters do not go to now.
    pub fn spent(&mut self, wanted: impl Fn(usize) -> bool) -> Vec<Idle> {
        let good = |idle: &Idle| idle.line.is_good() && idle.since.elapsed() < IDLE && wanted(idle.server);
        let (kept, spent) = std::mem::take(&mut self.idle).into_iter().partition(good);
        self.idle = kept;
        spent
    }

    /// How many connections a server is to have, of `width` at most.
    pub fn allowed(&self, server: usize, width: usize) -> usize {
        self.fewer.get(&server).map_or(width, |(allowed, _)| (*allowed).min(width))
    }

    /// A server wants fewer: half as many as there are.
    pub fn fewer(&mut self, server: usize, width: usize) {
        let allowed = self.allowed(server, width).div_ceil(2).max(1);
        self.fewer.insert(server, (allowed, 0));
    }

    /// A server took a letter; one that wanted fewer connections gets another one after a while.
    pub fn took(&mut self, server: usize, width: usize) {
        let Some((allowed, letters)) = self.fewer.get_mut(&server) else { return };
        *letters += 1;
        if *letters >= PATIENCE {
            (*allowed, *letters) = (*allowed + 1, 0);
        }
        if *allowed >= width {
            self.fewer.remove(&server);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_wants_fewer_gets_fewer_and_in_time_more_again() {
        let mut lines = Lines::default();
        assert_eq!(lines.allowed(0, 8), 8);
        for expected in [4, 2, 1, 1] {
            lines.fewer(0, 8);
            assert_eq!((lines.allowed(0, 8), lines.allowed(1, 8)), (expected, 8));
        }
        for expected in 2..=8 {
            (0..PATIENCE).for_each(|_| lines.took(0, 8));
            assert_eq!(lines.allowed(0, 8), expected);
        }
    }
}
