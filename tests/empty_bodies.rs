//! Calls without a body say that there is none: some servers and proxies answer 411 to a `POST`, `PUT` or
//! `PATCH` that does not.

use hookdeck::operation::Method;
use hookdeck::{Client, RateLimit};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn a_write_without_a_body_has_the_length_of_nothing() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string("{}"))
        .mount(&server)
        .await;
    let client = Client::builder("key-of-empty-bodies")
        .base_url(server.uri())
        .rate_limit(RateLimit::off())
        .build()
        .expect("the client is set up");

    let raw = client.raw();
    let with_length = [Method::Post, Method::Put, Method::Patch];
    let without = [Method::Get, Method::Head, Method::Delete];
    for method in with_length.into_iter().chain(without) {
        let reply = raw.request(method, "/x").await;
        assert!(reply.is_ok(), "{method}: {reply:?}");
    }

    // With a body the length is its own.
    let reply = raw.post("/x").json(&serde_json::json!({"a": 1})).await;
    assert!(reply.is_ok(), "{reply:?}");

    let requests = server.received_requests().await.expect("they are recorded");
    let lengths: Vec<_> = requests
        .iter()
        .map(|request| {
            let mut lengths = request.headers.get_all("content-length").iter();
            let length = lengths
                .next()
                .map(|length| length.to_str().expect("is text"));
            assert_eq!(lengths.next(), None, "one length");
            (request.method.as_str(), length)
        })
        .collect();
    let expected = [
        ("POST", Some("0")),
        ("PUT", Some("0")),
        ("PATCH", Some("0")),
        ("GET", None),
        ("HEAD", None),
        ("DELETE", None),
        ("POST", Some("7")),
    ];
    assert_eq!(lengths, expected);
}
