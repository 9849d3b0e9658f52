//! The connections that are held: how many, from where, and who makes room.

use super::paced::Phase;
use crate::platform::net;
use ipnet::IpNet;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// All connections of a server.
#[derive(Clone)]
pub struct Held(Arc<Shared>);

struct Shared {
    most: usize,
    each: usize,
    proxies: Vec<IpNet>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// In the order in which they came.
    open: BTreeMap<u64, (Phase, CancellationToken)>,
    from: HashMap<IpNet, usize>,
}

/// A connection's place among them, given up when it is dropped.
pub struct Place {
    held: Held,
    number: u64,
    from: IpNet,
    phase: Phase,
    go: CancellationToken,
}

impl Held {
    /// None yet; `most` in all and `each` from one place, except from proxies.
    pub fn new(most: usize, each: usize, proxies: Vec<IpNet>) -> Self {
        Self(Arc::new(Shared { most, each, proxies, state: Mutex::default() }))
    }

    /// A panic while the lock was held leaves whole entries behind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from here; none if there are too many from there, or nobody who could make room.
    pub fn admit(&self, peer: IpAddr) -> Option<Place> {
        let from = net::prefix(peer);
        let mut state = self.state();
        let there = state.from.get(&from).copied().unwrap_or(0);
        if there >= self.0.each && !net::is_in(&self.0.proxies, peer) {
            told_once();
            return None;
        }
        if state.open.len() >= self.0.most {
            let (&oldest, (_, go)) = state.open.iter().find(|(_, (phase, go))| !phase.is_busy() && !go.is_cancelled())?;
            go.cancel();
            tracing::debug!(connection = oldest, "a connection that asked nothing makes room");
        }
        let (number, phase, go) = (state.next, Phase::default(), CancellationToken::new());
        state.next += 1;
        *state.from.entry(from).or_default() += 1;
        state.open.insert(number, (phase.clone(), go.clone()));
        drop(state);
        Some(Place { held: self.clone(), number, from, phase, go })
    }
}

/// Once: whoever means it fills the log no further.
fn told_once() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            "one place has as many connections as it may have (ALONGSIDE_CONNECTIONS_EACH); a proxy is named in ALONGSIDE_TRUSTED_PROXIES"
        );
    });
}

impl Place {
    /// What the connection is doing.
    pub fn phase(&self) -> Phase {
        self.phase.clone()
    }

    /// Resolves when it has to make room.
    pub async fn asked_to_go(&self) {
        self.go.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.held.state();
        state.open.remove(&self.number);
        if let Some(count) = state.from.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                state.from.remove(&self.from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_place_has_so_many_and_a_named_proxy_as_many_as_it_likes() {
        let held = Held::new(100, 2, vec![net::read("10.0.0.1").unwrap()]);
        let one = held.admit(address("203.0.113.1")).unwrap();
        let _two = held.admit(address("203.0.113.200")).unwrap();
        assert!(held.admit(address("203.0.113.7")).is_none(), "the same network");
        let _other = held.admit(address("198.51.100.1")).unwrap();
        drop(one);
        let _again = held.admit(address("203.0.113.7")).unwrap();
        let proxied: Vec<_> = (0..10).map(|_| held.admit(address("10.0.0.1")).unwrap()).collect();
        drop(proxied);
        assert_eq!(held.state().from.len(), 2, "places without connections are forgotten");
    }

    #[test]
    fn when_all_are_taken_the_oldest_that_asks_nothing_makes_room() {
        let held = Held::new(2, 10, Vec::new());
        let (busy, idle) = (held.admit(address("203.0.113.1")).unwrap(), held.admit(address("203.0.113.1")).unwrap());
        busy.phase().set(Phase::BUSY);
        let new = held.admit(address("198.51.100.1")).unwrap();
        assert!(idle.go.is_cancelled() && !busy.go.is_cancelled());
        new.phase().set(Phase::BUSY);
        assert!(held.admit(address("198.51.100.2")).is_none(), "all others are at work, or going already");
    }
}
