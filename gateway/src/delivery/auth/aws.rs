//! Signature Version 4, with which services of AWS recognise a caller.
//!
//! Signed are the host, the content type, the moment and every other `x-amz-` header. The moment is the
//! gateway's, so with a manual clock that is far from the real time AWS itself refuses the signature.

use std::borrow::Cow;
use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use url::Url;

use super::secret;
use crate::clock::Micros;
use crate::crypto::hmac_sha256;
use crate::wire::ErrorCode;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// All that a canonical request leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The key of an AWS account, and what it is used for.
pub(super) struct AwsKey<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) secret_access_key: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// A request about to be signed.
pub(super) struct UnsignedRequest<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a Url,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl AwsKey<'_> {
    /// The headers that sign `request` at `now`. What a producer sent under the same names must go:
    /// its headers belong to another signature.
    ///
    /// # Errors
    /// The error code of the attempt.
    pub(super) fn sign(
        &self,
        request: &UnsignedRequest<'_>,
        now: Micros,
    ) -> Result<HeaderMap, ErrorCode> {
        let moment = moment(now);
        let payload = HEXLOWER.encode(&Sha256::digest(request.body));
        let mut added = HeaderMap::new();
        let value =
            |text: &str| HeaderValue::from_str(text).map_err(|_| ErrorCode::InvalidCharacter);
        added.insert(DATE, value(&moment)?);
        if self.service == "s3" {
            added.insert(CONTENT_SHA256, value(&payload)?);
        }

        let mut signed = vec![("host".to_owned(), host(request.url))];
        let theirs = request.headers.iter().filter(|(name, _)| {
            **name == CONTENT_TYPE
                || (name.as_str().starts_with("x-amz-")
                    && **name != SECURITY_TOKEN
                    && !added.contains_key(*name))
        });
        for (name, value) in theirs.chain(added.iter()) {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            signed.push((name.as_str().to_owned(), value));
        }
        let path = canonical_path(request.url.path(), self.service);
        let query = canonical_query(request.url.query().unwrap_or_default());
        let authorization = self.authorization(
            request.method,
            &path,
            &query,
            &mut signed,
            &payload,
            &moment,
        );
        added.insert(AUTHORIZATION, secret(&authorization)?);
        Ok(added)
    }

    /// The `authorization` header over a request in its canonical parts.
    fn authorization(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &mut [(String, String)],
        payload: &str,
        moment: &str,
    ) -> String {
        headers.sort();
        let mut canonical = format!("{method}\n{path}\n{query}\n");
        for (name, value) in headers.iter() {
            let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            // Writing to a string does not fail.
            let _ = writeln!(canonical, "{name}:{value}");
        }
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let _ = write!(canonical, "\n{names}\n{payload}");

        let date = &moment[..8];
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let digest = HEXLOWER.encode(&Sha256::digest(canonical));
        let text = format!("{ALGORITHM}\n{moment}\n{scope}\n{digest}");
        let first = format!("AWS4{}", self.secret_access_key);
        let key = [date, self.region, self.service, "aws4_request"]
            .iter()
            .fold(first.into_bytes(), |key, part| {
                hmac_sha256(&key, part.as_bytes())
            });
        let signature = HEXLOWER.encode(&hmac_sha256(&key, text.as_bytes()));
        let id = self.access_key_id;
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

/// What the service sees as the host: with a port only where the URL names one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The path, each segment encoded once more than it travels, without empty segments in the middle. S3
/// alone takes a path as it comes.
fn canonical_path<'a>(path: &'a str, service: &str) -> Cow<'a, str> {
    if service == "s3" {
        return Cow::Borrowed(path);
    }
    let segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| utf8_percent_encode(segment, RESERVED).to_string())
        .collect();
    let end = if path.ends_with('/') && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    Cow::Owned(format!("/{}{end}", segments.join("/")))
}

/// The query's pairs, each half encoded the one way there is, in order. A plus sign is a space, as AWS
/// reads it.
fn canonical_query(query: &str) -> String {
    let half = |text: &str| {
        let text = text.replace('+', " ");
        let bytes: Vec<u8> = percent_decode_str(&text).collect();
        percent_encoding::percent_encode(&bytes, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (half(name), half(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// `20150830T123600Z`.
fn moment(now: Micros) -> String {
    now.civil().strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: AwsKey<'static> = AwsKey {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        service: "service",
    };
    /// 2015-08-30T12:36:00Z, the moment of every case of AWS's suite.
    const NOW: Micros = Micros::from_i64(1_440_938_160_000_000);

    /// A case of AWS's published suite: method, path as a person writes it, query, headers, body, and the
    /// signature it gives.
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static str,
    );

    #[test]
    fn signs_as_the_published_suite() {
        let cases: [Case; 11] = [
            (
                "GET",
                "/",
                "",
                &[],
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                "/",
                "",
                &[],
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "POST",
                "/",
                "Param1=value1",
                &[],
                "",
                "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
            ),
            (
                "GET",
                "/",
                "Param2=value2&Param1=value1",
                &[],
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "GET",
                "/",
                "\u{1234}=bar",
                &[],
                "",
                "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            ),
            (
                "GET",
                "/\u{1234}",
                "",
                &[],
                "",
                "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            ),
            (
                "GET",
                "/example space/",
                "",
                &[],
                "",
                "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
            ),
            (
                "GET",
                "//example//",
                "",
                &[],
                "",
                "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
            ),
            (
                "GET",
                "/",
                "",
                &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
                "",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "POST",
                "/",
                "",
                &[("my-header1", "VALUE1")],
                "",
                "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
            ),
            (
                "POST",
                "/",
                "",
                &[("content-type", "application/x-www-form-urlencoded")],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ];
        for (method, path, query, headers, body, signature) in cases {
            let mut signed = vec![
                ("host".to_owned(), "example.amazonaws.com".to_owned()),
                ("x-amz-date".to_owned(), moment(NOW)),
            ];
            signed.extend(
                headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            );
            let authorization = KEY.authorization(
                method,
                &canonical_path(path, KEY.service),
                &canonical_query(query),
                &mut signed,
                &HEXLOWER.encode(&Sha256::digest(body)),
                &moment(NOW),
            );
            let expected = format!("Signature={signature}");
            assert!(
                authorization.ends_with(&expected),
                "{method} {path} {query} {headers:?}: {authorization}"
            );
        }
    }

    fn sign(key: &AwsKey<'_>, url: &str, headers: &HeaderMap) -> HeaderMap {
        let request = UnsignedRequest {
            method: "POST",
            url: &Url::parse(url).unwrap(),
            headers,
            body: br#"{"n":1}"#,
        };
        key.sign(&request, NOW).unwrap()
    }

    /// Worked out with botocore for the same URL, which holds what trips signers up: an encoded path, a
    /// space as plus, a parameter without value, a port, and an `x-amz-` header of the producer.
    #[test]
    fn signs_a_whole_request_as_the_vendors_own_library() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-amz-sns-topic", "t"),
            ("x-amz-security-token", "the producer's"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let url = "https://lambda.test:8443/2015/a%20b/x%2Fy?b=2&a=1+1&c";
        let added = sign(&KEY, url, &headers);
        assert_eq!(added["x-amz-date"], "20150830T123600Z");
        assert_eq!(
            added["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-sns-topic, Signature=40761c9c87b0641f532645687cf82f8c82b2f00ee992e6d21cbe4b869e164ab4"
        );
        assert!(added["authorization"].is_sensitive());
    }

    #[test]
    fn s3_takes_the_path_as_it_comes_and_wants_the_digest_of_the_body() {
        let key = AwsKey {
            service: "s3",
            ..KEY
        };
        let added = sign(&key, "https://b.s3.test/a%20b//c", &HeaderMap::new());
        assert_eq!(
            added["x-amz-content-sha256"],
            "2bfd14f43d17fc7cea24e0917a8879b4b2f880b8baeec1b9d90fbaad655e71bd"
        );
        assert_eq!(
            added["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=f09980348d9cb2858113681712a25499050db92e534b3dbc8820bc415a1601b7"
        );
    }

    proptest! {
        #[test]
        fn any_request_is_signed_and_any_order_of_its_query_alike(
            path in "/\\PC{0,20}", mut pairs in prop::collection::vec("[a-c%+=]{0,4}", 0..6), region in "\\PC{0,8}"
        ) {
            let mut url = Url::parse("https://x.test/").unwrap();
            url.set_path(&path);
            let mut canonical = Vec::new();
            for _ in 0..2 {
                url.set_query(Some(&pairs.join("&")));
                canonical.push(canonical_query(url.query().unwrap_or_default()));
                pairs.reverse();
            }
            prop_assert_eq!(&canonical[0], &canonical[1]);
            let key = AwsKey { region: &region, ..KEY };
            let request = UnsignedRequest { method: "POST", url: &url, headers: &HeaderMap::new(), body: b"" };
            // Refused is what fits into no header, and nothing panics.
            let signed = key.sign(&request, NOW);
            prop_assert_eq!(signed.is_ok(), region.bytes().all(|byte| byte != 0x7f && (byte >= 0x20 || byte == b'\t')));
        }
    }
}
