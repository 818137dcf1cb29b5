//! Identifiers in the shapes of the live API, from a seeded generator: the same seed and the same
//! calls give the same ids.

use std::sync::{Mutex, PoisonError};

const LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const MIXED: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The id generator of one project.
#[derive(Debug)]
pub struct Ids {
    rng: Mutex<fastrand::Rng>,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $len:literal, $alphabet:ident;)*) => {
        impl Ids {
            $($(#[$doc])* pub fn $name(&self) -> String { self.make($prefix, $len, $alphabet) })*
        }
    };
}

ids! {
    /// A project, `tm_` and 12 characters.
    team = "tm_", 12, MIXED;
    /// A source, `src_` and 14 lower-case characters: its URL must survive case folding.
    source = "src_", 14, LOWER;
    /// A destination, `des_` and 12 characters.
    destination = "des_", 12, MIXED;
    /// A connection, `web_` and 12 characters.
    connection = "web_", 12, MIXED;
    /// A request, `req_` and 20 characters.
    request = "req_", 20, MIXED;
    /// The data of a request or event, `edt_` and 20 characters.
    payload = "edt_", 20, MIXED;
    /// An event, `evt_` and 18 characters.
    event = "evt_", 18, MIXED;
    /// An attempt, `atm_` and 20 characters.
    attempt = "atm_", 20, MIXED;
}

impl Ids {
    /// A generator that repeats itself for the same `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self {
            rng: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// Starts over from `seed`.
    pub fn reseed(&self, seed: u64) {
        *self.rng.lock().unwrap_or_else(PoisonError::into_inner) = fastrand::Rng::with_seed(seed);
    }

    fn make(&self, prefix: &str, len: usize, alphabet: &[u8]) -> String {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let mut id = String::with_capacity(prefix.len() + len);
        id.push_str(prefix);
        id.extend((0..len).map(|_| char::from(alphabet[rng.usize(..alphabet.len())])));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        let (a, b, c) = (Ids::seeded(7), Ids::seeded(7), Ids::seeded(8));
        let first = a.event();
        assert_eq!(first, b.event());
        assert_ne!(first, c.event());
        assert_ne!(first, a.event());
        assert_eq!(first.len(), "evt_".len() + 18);
    }

    #[test]
    fn source_ids_are_lower_case() {
        let ids = Ids::seeded(1);
        for _ in 0..100 {
            let id = ids.source();
            assert_eq!(id, id.to_ascii_lowercase());
        }
    }
}
