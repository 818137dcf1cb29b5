//! The answer of a destination: what is read of it, unpacked and kept.
//!
//! It is stored with its attempt in one commit, so there is no moment at which the API would have to say
//! that it is not available yet.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, HeaderMap};

use super::failure::code_of;
use super::http::{Response, next_chunk};
use crate::wire::ErrorCode;

/// The part of a destination's answer that is kept, in bytes.
pub const BODY_KEPT: usize = 128 * 1024;
/// The part of a longer answer that is still read, so that the connection can be used again.
const BODY_READ: usize = 1024 * 1024;

/// An answer's body as it is stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ResponseBody {
    pub(super) text: String,
    /// The error code of the attempt when the body broke off or does not unpack.
    pub(super) broken: Option<ErrorCode>,
}

/// Reads the body of an answer. One packed with gzip or deflate is unpacked, though never asked for: some
/// servers pack whatever the request says. Other encodings stay as they came.
pub(super) async fn read(mut response: Response) -> ResponseBody {
    let coding = ContentEncoding::of(response.headers());
    let mut bytes = Vec::new();
    let mut broken = None;
    let mut cut = false;
    loop {
        match next_chunk(&mut response).await {
            Ok(None) => break,
            Ok(Some(chunk)) => {
                let room = BODY_READ - bytes.len();
                bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() >= room {
                    cut = true;
                    break;
                }
            }
            Err(error) => {
                broken = Some(match code_of(&error) {
                    ErrorCode::NetworkError => ErrorCode::SocketClosed,
                    code => code,
                });
                break;
            }
        }
    }
    let whole = broken.is_none() && !cut;
    match coding.filter(|_| !bytes.is_empty()) {
        None => ResponseBody {
            text: text(bytes, cut),
            broken,
        },
        Some(coding) => match coding.unpack(&bytes, whole) {
            Ok(unpacked) => ResponseBody {
                text: text(unpacked, cut),
                broken,
            },
            Err(part) => ResponseBody {
                text: text(part, false),
                broken: broken.or(Some(ErrorCode::ZDataError)),
            },
        },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentEncoding {
    Gzip,
    Deflate,
}

impl ContentEncoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let coding = headers.get(CONTENT_ENCODING)?.to_str().ok()?;
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    /// The beginning of what `bytes` hold packed, a byte more than is kept at the most. `whole` says whether
    /// they are all there is, so that their end is an error.
    ///
    /// # Errors
    /// When they do not unpack: the part that did.
    fn unpack(self, bytes: &[u8], whole: bool) -> Result<Vec<u8>, Vec<u8>> {
        let mut unpacked = Vec::new();
        let limit = BODY_KEPT as u64 + 1;
        let end = match self {
            Self::Gzip => MultiGzDecoder::new(bytes)
                .take(limit)
                .read_to_end(&mut unpacked),
            Self::Deflate => ZlibDecoder::new(bytes)
                .take(limit)
                .read_to_end(&mut unpacked),
        };
        match end {
            Ok(_) => Ok(unpacked),
            Err(error) if !whole && error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Ok(unpacked)
            }
            Err(_) => Err(unpacked),
        }
    }
}

/// The kept part of `bytes` as text. A character cut in two by the limit is left out whole, and what is cut
/// says so at its end, the one place the API leaves for it. `more` says that bytes were left unread.
fn text(mut bytes: Vec<u8>, more: bool) -> String {
    let cut = more || bytes.len() > BODY_KEPT;
    bytes.truncate(BODY_KEPT);
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let end = if cut && bytes.len() - valid < 4 {
                valid
            } else {
                bytes.len()
            };
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        }
    };
    if cut {
        text.push_str("\n[cut by the gateway: only the first 131072 bytes of an answer are kept]");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    const CUT: &str = "\n[cut by the gateway: only the first 131072 bytes of an answer are kept]";

    #[test]
    fn a_cut_body_loses_no_more_than_the_cut_character_and_says_so() {
        assert_eq!(BODY_KEPT, 131_072);
        let mut long = "a".repeat(BODY_KEPT - 1).into_bytes();
        long.extend("é and more".bytes());
        let kept = "a".repeat(BODY_KEPT - 1) + CUT;
        assert_eq!(text(long, false), kept);
        assert_eq!(text("aé".as_bytes()[..2].to_vec(), true), format!("a{CUT}"));
        assert_eq!(text(vec![b'a', 0xff, b'b'], false), "a\u{fffd}b");
        assert_eq!(text("aé".into(), false), "aé");
        let exact = "a".repeat(BODY_KEPT);
        assert_eq!(text(exact.clone().into_bytes(), false), exact);
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_bodies_are_unpacked_no_further_than_is_kept() {
        assert_eq!(
            ContentEncoding::Gzip.unpack(&gzip(b"hello"), true),
            Ok(b"hello".to_vec())
        );
        // A megabyte that a gigabyte could be packed into costs no more memory than a small body.
        let bomb = gzip(&vec![0; 10 * BODY_KEPT]);
        assert_eq!(
            ContentEncoding::Gzip.unpack(&bomb, true).unwrap().len(),
            BODY_KEPT + 1
        );
    }

    #[test]
    fn a_packed_body_that_ends_too_early_is_broken_only_if_it_came_whole() {
        let packed = gzip(&(0..2_000).map(|n| (n * 7 % 251) as u8).collect::<Vec<_>>());
        let half = &packed[..packed.len() / 2];
        assert!(ContentEncoding::Gzip.unpack(half, true).is_err());
        assert!(ContentEncoding::Gzip.unpack(half, false).is_ok());
        assert_eq!(
            ContentEncoding::Deflate.unpack(b"not packed", true),
            Err(Vec::new())
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_text_of_bounded_length(bytes in prop::collection::vec(any::<u8>(), 0..600), more in any::<bool>()) {
            for coding in [ContentEncoding::Gzip, ContentEncoding::Deflate] {
                let unpacked = coding.unpack(&bytes, !more).unwrap_or_else(|part| part);
                prop_assert!(unpacked.len() <= BODY_KEPT + 1);
            }
            let kept = text(bytes.clone(), more);
            prop_assert_eq!(kept.ends_with(CUT), more);
            if let (Ok(same), false) = (std::str::from_utf8(&bytes), more) {
                prop_assert_eq!(kept, same);
            }
        }
    }
}
