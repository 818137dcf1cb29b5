//! One account for all clients of a key at a host.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::{Limiter, RateLimit};

impl Limiter {
    /// The account of a key at a host, shared by every client of both in the process; `None` if
    /// nothing is to be limited. The first client's configuration counts as long as one lives.
    pub(crate) fn shared(key: &[u8], host: &str, rate: RateLimit) -> Option<Arc<Self>> {
        static ACCOUNTS: OnceLock<Mutex<HashMap<u64, Weak<Limiter>>>> = OnceLock::new();
        let (limit, window) = rate.0?;
        // A hash, so that the key itself does not stay in memory longer than its client.
        let mut hasher = DefaultHasher::new();
        (key, host).hash(&mut hasher);
        let mut accounts = ACCOUNTS
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, account| account.strong_count() > 0);
        let account = accounts.entry(hasher.finish()).or_default();
        if let Some(shared) = account.upgrade() {
            return Some(shared);
        }
        let limiter = Arc::new(Self::new(limit, window));
        *account = Arc::downgrade(&limiter);
        Some(limiter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_key_and_host_share_an_account() {
        let rate = RateLimit::default();
        let a = Limiter::shared(b"k1", "h", rate).unwrap();
        let b = Limiter::shared(b"k1", "h", rate).unwrap();
        let c = Limiter::shared(b"k2", "h", rate).unwrap();
        assert!(Arc::ptr_eq(&a, &b));
        assert!(!Arc::ptr_eq(&a, &c));
        assert!(Limiter::shared(b"k1", "h", RateLimit::off()).is_none());
    }
}
