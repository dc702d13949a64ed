//! Loopback ports for containers.

use super::Error;
use super::state::State;
use std::collections::BTreeSet;
use std::net::TcpListener;

/// Below the range that the system hands out itself: a port that is free now would otherwise be
/// given to somebody's outgoing connection before the container listens on it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on and no container of this folder has. Hold the lock `ports`.
pub(super) fn free(state: &State, more_taken: &[u16]) -> Result<u16, Error> {
    let mut taken: BTreeSet<u16> = more_taken.iter().copied().collect();
    for record in state.all()? {
        taken.extend(record.ports.iter().map(|(_, host)| *host));
    }
    // A random start keeps two state folders on one machine apart.
    let start = u16::from_be_bytes([
        uuid::Uuid::new_v4().as_bytes()[0],
        uuid::Uuid::new_v4().as_bytes()[0],
    ]);
    let candidates = (0..COUNT).map(|step| FIRST + (start % COUNT + step) % COUNT);
    let mut free = candidates.filter(|port| !taken.contains(port) && can_listen(*port));
    free.next().ok_or_else(|| Error::Backend("no free loopback port is left".to_owned()))
}

fn can_listen(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::at(folder.path()).unwrap();
        let first = free(&state, &[]).unwrap();
        let second = free(&state, &[first]).unwrap();
        assert_ne!(first, second);
        assert!((FIRST..FIRST + COUNT).contains(&second));
    }
}
