//! Identifiers in the shapes of the live API, from a seeded generator: the same seed and the same
//! calls give the same ids.

use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

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
    /// A transformation, `trs_` and 14 characters.
    transformation = "trs_", 14, MIXED;
    /// A run of a transformation, `reqt_` and 18 characters.
    execution = "reqt_", 18, MIXED;
    /// A bulk operation, `bch_` and 14 characters.
    bulk = "bch_", 14, MIXED;
    /// A bookmark, `bmk_` and 18 characters.
    bookmark = "bmk_", 18, MIXED;
    /// An issue, `iss_` and 18 characters.
    issue = "iss_", 18, MIXED;
    /// An issue trigger, `it_` and 18 characters.
    issue_trigger = "it_", 18, MIXED;
    /// An integration, `int_` and 14 characters.
    integration = "int_", 14, MIXED;
    /// A custom domain, `cd_` and 18 characters.
    custom_domain = "cd_", 18, MIXED;
    /// An API key (not its secret), `key_` and 18 characters.
    api_key = "key_", 18, MIXED;
    /// A session of the command-line client, `cses_` and 20 characters.
    cli_session = "cses_", 20, MIXED;
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

    /// A number from the same generator.
    pub fn number(&self) -> u64 {
        self.rng
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .u64(..)
    }

    fn make(&self, prefix: &str, len: usize, alphabet: &[u8]) -> String {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        draw(&mut rng, prefix, len, alphabet)
    }
}

/// The id that belongs to `text`: always the same for the same text.
pub fn derived(prefix: &str, len: usize, text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let seed = digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte));
    draw(&mut fastrand::Rng::with_seed(seed), prefix, len, MIXED)
}

fn draw(rng: &mut fastrand::Rng, prefix: &str, len: usize, alphabet: &[u8]) -> String {
    let mut id = String::with_capacity(prefix.len() + len);
    id.push_str(prefix);
    id.extend((0..len).map(|_| char::from(alphabet[rng.usize(..alphabet.len())])));
    id
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
