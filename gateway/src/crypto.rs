//! Signatures under a shared secret, made and compared.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The HMAC-SHA256 of a message.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::<Hmac<Sha256>>(key, message)
}

/// The HMAC of a message by a hash function.
pub(crate) fn hmac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    absorbed::<M>(key, message).finalize().into_bytes().to_vec()
}

/// Compares in constant time, by way of their signatures under a key of no importance, which also hides lengths.
pub(crate) fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let signed = |text| absorbed::<Hmac<Sha256>>(b"comparison", text);
    let expected = signed(expected).finalize().into_bytes();
    signed(given).verify(&expected).is_ok()
}

fn absorbed<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> M {
    #[allow(clippy::expect_used, reason = "an HMAC takes keys of any length")]
    let mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    mac.chain_update(message)
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// The second test case of RFC 4231.
    #[test]
    fn a_message_is_signed_as_the_standard_says() {
        let signature = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(
            HEXLOWER.encode(&signature),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn keys_may_be_empty_or_longer_than_a_block() {
        let lengths = [b"".as_slice(), &[7; 64], &[7; 1_000]].map(|key| hmac_sha256(key, b"m"));
        assert!(lengths.iter().all(|signature| signature.len() == 32));
        assert_ne!(lengths[1], lengths[2]);
    }

    #[test]
    fn only_the_same_bytes_are_the_same() {
        assert!(is_same(b"", b""));
        assert!(is_same(b"secret", b"secret"));
        for given in ["", "secre", "secret ", "Secret"] {
            assert!(!is_same(given.as_bytes(), b"secret"), "{given:?}");
        }
    }
}
