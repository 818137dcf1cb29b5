//! What can go wrong between here and a destination, over real sockets.

use hookdeck::models::EventStatus;
use hookdeck_testkit::{Answer, Receiver, World, gateway, seconds};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::{code, only_attempt};

/// A server that does this with each connection, after the beginning of a request has come.
async fn serve<F>(then: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // All of the request is read, so that closing does not reset the connection by itself.
            let mut buffer = vec![0; 64 * 1024];
            let _ = stream.read(&mut buffer).await.unwrap();
            then(stream).await;
        }
    });
    url
}

/// A port that refuses: taken, so that nobody else gets it, and never listened on.
fn closed_port() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

async fn answering(text: &'static str) -> String {
    serve(move |mut stream| async move {
        stream.write_all(text.as_bytes()).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_port_nobody_listens_on_refuses() {
    let (_closed, url) = closed_port();
    let world = World::start().await;
    let attempt = only_attempt(&world, "a", json!({"url": url})).await;
    assert_eq!(code(&attempt), "CONNECTION_REFUSED");
    // Nothing was handed over, and nothing came back.
    assert_eq!(
        (attempt.delivered_at, attempt.responded_at, attempt.body),
        (None, None, None)
    );
    assert_eq!(attempt.response_status, None);
    assert_eq!(attempt.requested_url, Some(format!("{url}/")));
}

#[tokio::test]
async fn connections_that_end_before_an_answer() {
    let world = World::start().await;
    let reset = serve(|stream| async move {
        stream.set_zero_linger().unwrap();
    })
    .await;
    let attempt = only_attempt(&world, "reset", json!({"url": reset})).await;
    assert_eq!(code(&attempt), "CONNECTION_RESET");
    assert!(attempt.delivered_at.is_some());

    let closed = serve(|_| async {}).await;
    let attempt = only_attempt(&world, "closed", json!({"url": closed})).await;
    assert_eq!(code(&attempt), "SOCKET_CLOSED");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_kept_as_far_as_it_came_and_is_no_success() {
    let url = answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of").await;
    let world = World::start().await;
    let attempt = only_attempt(&world, "a", json!({"url": url})).await;
    assert_eq!(code(&attempt), "SOCKET_CLOSED");
    assert_eq!(attempt.response_status, Some(200));
    assert_eq!(attempt.body.unwrap().as_str(), "\"half of\"");
    assert_eq!(world.events().await[0].status, EventStatus::Failed);
}

#[tokio::test]
async fn what_is_no_http_is_a_protocol_error() {
    let world = World::start().await;
    for (name, text) in [
        ("a", "what is this\r\n\r\n"),
        ("b", "HTTP/1.1 2000 OK\r\n\r\n"),
        ("c", "HTTP/1.1 200 OK\r\ncontent-length: much\r\n\r\n"),
    ] {
        let url = answering(text).await;
        let attempt = only_attempt(&world, name, json!({"url": url})).await;
        assert_eq!(code(&attempt), "PROTOCOL_ERROR", "{text}");
    }
}

#[tokio::test]
async fn names_that_lead_nowhere_and_addresses_deliveries_may_not_go_to() {
    let world = World::start().await;
    for (name, url, expected) in [
        ("a", "http://nothing.invalid/", "NOT_FOUND"),
        (
            "b",
            "http://169.254.169.254/latest/meta-data",
            "HOST_UNREACHABLE",
        ),
        ("c", "http://[fe80::1]/", "HOST_UNREACHABLE"),
        ("d", "http://0.0.0.0/", "HOST_UNREACHABLE"),
    ] {
        let attempt = only_attempt(&world, name, json!({"url": url})).await;
        assert_eq!(code(&attempt), expected, "{url}");
        assert_eq!(attempt.delivered_at, None);
    }
}

#[tokio::test]
async fn a_gateway_that_others_reach_does_not_deliver_into_its_own_network() {
    let world = World::of(gateway().listen("0.0.0.0:0".parse().unwrap())).await;
    let by_name = world.receiver.url.replace("127.0.0.1", "localhost");
    for (name, url) in [("a", &world.receiver.url), ("b", &by_name)] {
        let attempt = only_attempt(&world, name, json!({"url": url})).await;
        assert_eq!(code(&attempt), "HOST_UNREACHABLE", "{url}");
    }
    assert!(world.receiver.deliveries().is_empty());
}

#[tokio::test]
async fn a_destination_that_does_not_answer_in_its_time_is_given_up() {
    let world = World::start().await;
    world.receiver.hold();
    // The shortest limit there is; the test ends when the limit does, however long that takes.
    let config = json!({"url": world.receiver.url, "delivery_timeout": 1});
    let attempt = only_attempt(&world, "a", config).await;
    assert_eq!(code(&attempt), "TIMEOUT");
    assert!(attempt.delivered_at.is_some());
    assert_eq!(world.receiver.deliveries().len(), 1);
}

#[tokio::test]
async fn redirects_change_the_method_as_browsers_do() {
    for (code, sent, followed, body) in [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (302, "PUT", "PUT", "1"),
        (303, "PUT", "GET", ""),
        (307, "POST", "POST", "1"),
        (308, "PATCH", "PATCH", "1"),
    ] {
        let receiver = Receiver::scripted(move |_, before| match before {
            0 => Answer::status(code).header("location", "/next?x=1"),
            _ => Answer::status(204),
        })
        .await;
        let world = World::start().await;
        let config = json!({"url": format!("{}/in", receiver.url), "http_method": sent});
        let connection = world.connect("a").config(config).await;
        world.deliver(&connection, 1).await;
        let attempt = world.attempts().await.remove(0);
        assert_eq!(attempt.response_status, Some(204), "{code}");
        assert_eq!(attempt.requested_url, Some(format!("{}/in", receiver.url)));
        let received = receiver.deliveries();
        assert_eq!(received[0].method, sent);
        assert_eq!(
            (
                received[1].method.as_str(),
                &received[1].uri.to_string()[..],
                &received[1].body[..]
            ),
            (followed, "/next?x=1", body.as_bytes()),
            "{code} of {sent}"
        );
        let kept = if body.is_empty() {
            "(absent)"
        } else {
            "application/json"
        };
        assert_eq!(received[1].header("content-type"), kept);
    }
}

#[tokio::test]
async fn redirects_without_end_and_redirects_to_nowhere() {
    let world = World::start().await;
    let round = Receiver::scripted(|_, _| Answer::status(302).header("location", "/again")).await;
    let attempt = only_attempt(&world, "round", json!({"url": round.url})).await;
    assert_eq!(code(&attempt), "TOO_MANY_REDIRECTS");
    assert_eq!(round.deliveries().len(), 11);

    let forbidden = Receiver::scripted(|_, _| {
        Answer::status(302).header("location", "http://169.254.169.254/latest/meta-data")
    })
    .await;
    let attempt = only_attempt(&world, "forbidden", json!({"url": forbidden.url})).await;
    assert_eq!(code(&attempt), "HOST_UNREACHABLE");
    assert!(attempt.delivered_at.is_some());

    // One that leads to no HTTP address is an answer, and no success.
    let odd = Receiver::scripted(|_, _| Answer::status(302).header("location", "mailto:a@b")).await;
    let attempt = only_attempt(&world, "odd", json!({"url": odd.url})).await;
    assert_eq!((attempt.response_status, code(&attempt)), (Some(302), ""));
}

#[tokio::test]
async fn credentials_stay_with_the_destination_when_it_leads_elsewhere() {
    let elsewhere = Receiver::start().await;
    let next = format!("{}/in", elsewhere.url);
    let here = Receiver::scripted(move |received, _| match received.uri.path() {
        "/hook" => Answer::status(307).header("location", "/on"),
        _ => Answer::status(307).header("location", next.clone()),
    })
    .await;
    for (name, auth_type, auth, header) in [
        ("a", "BEARER_TOKEN", json!({"token": "t"}), "authorization"),
        (
            "b",
            "API_KEY",
            json!({"key": "x-key", "api_key": "k"}),
            "x-key",
        ),
        (
            "c",
            "CUSTOM_SIGNATURE",
            json!({"key": "x-sig", "signing_secret": "s"}),
            "x-sig",
        ),
        (
            "d",
            "API_KEY",
            json!({"key": "x-key", "api_key": "k", "to": "query"}),
            "x-key",
        ),
    ] {
        let world = World::start().await;
        let url = format!("{}/hook", here.url);
        let config = json!({"url": url, "auth_type": auth_type, "auth": auth});
        only_attempt(&world, name, config).await;
        let followed = elsewhere.deliveries().pop().unwrap();
        assert_eq!(followed.header(header), "(absent)", "{auth_type}");
        assert_eq!(followed.uri, "/in");
        // What says that the event is genuine goes along with it.
        assert_ne!(followed.header("x-hookdeck-signature"), "(absent)");
        if name != "d" {
            let own = here.deliveries().pop().unwrap();
            assert_ne!(own.header(header), "(absent)", "{auth_type}");
        }
    }
}

#[tokio::test]
async fn failures_without_an_answer_are_retried_whatever_statuses_the_rule_names() {
    let (_closed, url) = closed_port();
    let world = World::start().await;
    let rules = json!([{
        "type": "retry", "strategy": "linear", "interval": 30_000, "count": 2,
        "response_status_codes": ["500"],
    }]);
    let connection = world
        .connect("a")
        .config(json!({"url": url}))
        .rules(rules)
        .await;
    world.deliver(&connection, 1).await;
    world.advance(seconds(600)).await;
    let codes: Vec<String> = world
        .attempts()
        .await
        .iter()
        .map(|attempt| code(attempt).to_owned())
        .collect();
    assert_eq!(codes, ["CONNECTION_REFUSED"; 3]);
}
