//! Neither the key nor a secret of a body shows in anything that is printed.

mod support;

use std::error::Error as _;
use std::fmt::{Debug, Display};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookdeck::models::{
    DestinationAuth, DestinationConfig, DestinationInput, DestinationUpdate, Rule,
    RuleTransformation, SourceAuth, SourceAuthType, SourceConfig, SourceFilter, SourceInput,
    TransformRule,
};
use hookdeck::transport::TransportErrorKind;
use hookdeck::{ApiKey, AuthScheme, CallEvent, Client, Error, ErrorKind, Observer, Retry};
use serde_json::{Value, json};
use support::socket::{Behaviour, Raw};
use support::{Script, Step, reply, source, sources};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "hk_k3yThatMustNotShow";
/// `base64(KEY:)`, as basic authentication sends it.
const KEY_BASIC: &str = "aGtfazN5VGhhdE11c3ROb3RTaG93Og==";
/// Every secret of a body begins like this.
const MARK: &str = "s3cr3t-";

/// Everything printed in a test.
#[derive(Default)]
struct Printed(Vec<String>);

impl Printed {
    fn debug(&mut self, value: &impl Debug) {
        self.0.push(format!("{value:?}"));
        self.0.push(format!("{value:#?}"));
    }

    fn display(&mut self, value: &impl Display) {
        self.0.push(value.to_string());
    }

    /// All an error can be made to say, its causes included.
    fn error(&mut self, error: &Error) {
        self.debug(error);
        self.display(error);
        if let Some(api) = error.api() {
            self.debug(api);
            self.display(api);
        }
        self.0.extend(error.json_path().map(str::to_owned));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.0.push(format!("{error:?} {error}"));
            cause = error.source();
        }
    }

    #[track_caller]
    fn check(&self) {
        assert!(!self.0.is_empty(), "nothing was printed");
        for text in &self.0 {
            for secret in [KEY, KEY_BASIC, MARK] {
                assert!(!text.contains(secret), "{secret} shows in {text}");
            }
        }
    }
}

fn secret(name: &str) -> String {
    format!("{MARK}{name}")
}

fn client(script: &Script) -> Client {
    Client::builder(KEY)
        .base_url("http://api.test")
        .transport(script.clone())
        .build()
        .unwrap()
}

/// Every secret at once, which only a scheme the SDK does not know may have.
fn source_config() -> SourceConfig {
    SourceConfig::new()
        .auth_type(SourceAuthType::from("ODD"))
        .auth(
            SourceAuth::new()
                .webhook_secret_key(secret("webhook").as_str())
                .password(secret("password").as_str())
                .api_key(secret("api key").as_str())
                .token(secret("token").as_str())
                .client_secret(secret("client").as_str()),
        )
}

fn destination_config() -> DestinationConfig {
    DestinationConfig::new().url("https://example.com").auth(
        DestinationAuth::new()
            .signing_secret(secret("signing").as_str())
            .password(secret("password").as_str())
            .api_key(secret("api key").as_str())
            .token(secret("token").as_str())
            .client_secret(secret("client").as_str())
            .refresh_token(secret("refresh").as_str())
            .secret_access_key(secret("aws").as_str())
            .service_account_key(secret("gcp").as_str()),
    )
}

#[tokio::test(start_paused = true)]
async fn this_test_knows_what_basic_authentication_sends() {
    let script = Script::always(source("a"));
    let client = Client::builder(KEY)
        .base_url("http://api.test")
        .auth(AuthScheme::Basic)
        .transport(script.clone())
        .build()
        .unwrap();
    client.sources().get("a").await.unwrap();
    let sent = &script.seen()[0].headers["authorization"];
    assert_eq!(sent.to_str().unwrap(), format!("Basic {KEY_BASIC}"));
}

#[tokio::test(start_paused = true)]
async fn the_client_and_what_it_is_set_up_with() {
    let mut printed = Printed::default();
    printed.debug(&ApiKey::new(KEY));
    let script = Script::always(source("a"));
    for scheme in [AuthScheme::Bearer, AuthScheme::Basic] {
        let builder = Client::builder(KEY)
            .auth(scheme)
            .base_url(format!("https://user:{MARK}@api.test/?key={KEY}"));
        printed.debug(&builder);
        printed.error(&builder.clone().build().unwrap_err());
        let builder = builder
            .base_url("http://api.test")
            .transport(script.clone());
        let client = builder.build().unwrap();
        printed.debug(&client);
        printed.debug(&client.sources());
        client.sources().get("a").await.unwrap();
    }
    for seen in script.seen() {
        // A transport that logs its requests gets the key in a header that hides itself.
        printed.debug(&seen.headers);
    }
    printed.check();
}

#[tokio::test(start_paused = true)]
async fn calls_and_their_bodies() {
    let mut printed = Printed::default();
    let client = client(&Script::always(source("a")));
    let sources = client.sources();
    printed.debug(&sources.get("a"));
    printed.debug(&sources.get("a").with_meta());
    printed.debug(&sources.list().name("x"));
    printed.debug(&sources.list().pages());
    printed.debug(&sources.list().items());
    printed.debug(&sources.count());
    printed.debug(&SourceFilter::new().name("x"));
    printed.debug(&source_config());
    printed.debug(&SourceInput::new("a").config(source_config()));
    printed.debug(&destination_config());
    printed.debug(&DestinationUpdate::new().config(destination_config()));

    let write = sources.create("a").config(source_config());
    printed.debug(&write);
    printed.debug(write.body());
    printed.debug(&write.clone().with_meta());
    let call = client
        .connections()
        .create()
        .destination(DestinationInput::new("d").config(destination_config()))
        .source(SourceInput::new("s").config(source_config()))
        .rules([Rule::from(TransformRule::new().transformation(
            RuleTransformation::new("addHandler()", "t").env([("TOKEN", secret("env"))]),
        ))]);
    printed.debug(&call);
    printed.debug(call.body());

    let publish = client
        .publish()
        .to_source("shop")
        .header("x-token", secret("header"))
        .json(&json!({"password": secret("published")}));
    printed.debug(&publish);
    printed.display(&publish.to_curl());
    printed.check();
}

#[tokio::test(start_paused = true)]
async fn commands_for_the_shell() {
    let mut printed = Printed::default();
    let client = client(&Script::always(source("a")));
    let get = client.sources().get("a").to_curl();
    assert!(get.contains("$HOOKDECK_API_KEY"), "{get}");
    printed.display(&get);
    printed.display(&client.sources().list().limit(3).to_curl());
    printed.display(&client.sources().count().to_curl());
    let create = client
        .sources()
        .create("a")
        .config(source_config())
        .to_curl();
    assert!(create.contains("\"name\":\"a\""), "{create}");
    printed.display(&create);
    let connection = client
        .connections()
        .upsert("c")
        .destination(DestinationInput::new("d").config(destination_config()))
        .source(SourceInput::new("s").config(source_config()))
        .rules([Rule::from(TransformRule::new().transformation(
            RuleTransformation::new("addHandler()", "t").env([("TOKEN", secret("env"))]),
        ))])
        .to_curl();
    assert!(
        connection.contains("\"TOKEN\":\"REDACTED\""),
        "{connection}"
    );
    assert!(connection.contains("https://example.com"), "{connection}");
    printed.display(&connection);
    printed.check();
}

#[tokio::test(start_paused = true)]
async fn replies_that_carry_secrets() {
    let mut body = source("a");
    body["config"] = serde_json::to_value(source_config()).unwrap();
    assert!(body.to_string().contains(MARK));
    let page = support::page(std::slice::from_ref(&body), None, None);
    let headers = [("x-odd", MARK), ("set-cookie", MARK)];
    let answer = |body: &Value| Step::from(reply(200, &headers, &body.to_string()));
    let script = Script::new([answer(&body), answer(&page), answer(&page)]);
    let client = client(&script);
    let mut printed = Printed::default();
    let response = client.sources().get("a").with_meta().await.unwrap();
    printed.debug(&response);
    printed.debug(&response.into_inner());
    printed.debug(&client.sources().list().await.unwrap());
    let mut items = client.sources().list().items();
    items.try_next().await.unwrap();
    printed.debug(&items);
    printed.check();
}

/// Fails the test if an event shows a secret.
#[derive(Debug, Default)]
struct Watch(Mutex<Printed>);

impl Observer for Watch {
    fn observe(&self, event: &CallEvent<'_>) {
        self.0.lock().unwrap().debug(event);
    }
}

impl Debug for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Printed")
    }
}

#[derive(Clone, Debug, Default)]
struct SharedWatch(Arc<Watch>);

impl Observer for SharedWatch {
    fn observe(&self, event: &CallEvent<'_>) {
        self.0.observe(event);
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_every_kind() {
    let mut printed = Printed::default();
    let mut kinds = Vec::new();
    let mut see = |error: Error| {
        printed.error(&error);
        kinds.push(error.kind());
    };

    see(Client::builder(format!("{KEY} ")).build().unwrap_err());
    see(Client::builder(KEY).base_url(KEY).build().unwrap_err());

    let watch = SharedWatch::default();
    let mut wrong_place = source("a");
    wrong_place["config"] = json!({"auth": secret("misplaced")});
    let mut wrong_number = sources(&["a"], None, None);
    wrong_number["count"] = secret("count").into();
    let conflict = json!({"code": "RESOURCE_ALREADY_EXISTS", "message": "Resource already exists",
        "data": {"webhook": {"destination": {"auth": {"password": secret("data")}}}}});
    let steps: Vec<Step> = vec![
        TransportErrorKind::Connect.into(),
        TransportErrorKind::Interrupted.into(),
        Step::Hang,
        reply(409, &[("x-echo", MARK)], &conflict.to_string()).into(),
        reply(429, &[("retry-after", "0")], "Too Many Requests").into(),
        wrong_place.into(),
        wrong_number.into(),
        sources(&[], Some("n1"), None).into(),
        sources(&[], Some("n1"), None).into(),
    ];
    let client = Client::builder(KEY)
        .base_url("http://api.test")
        .transport(Script::new(steps))
        .retry(Retry::off())
        .observer(watch.clone())
        .build()
        .unwrap();
    let create = || client.sources().create("a").config(source_config());
    for _ in 0..6 {
        see(create().await.unwrap_err());
    }
    see(client.sources().list().await.unwrap_err());
    let mut pages = client.sources().list().pages();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => assert!(page.items.is_empty()),
            Err(error) => see(error),
        }
    }
    see(client
        .sources()
        .update("")
        .config(source_config())
        .await
        .unwrap_err());
    use ErrorKind::*;
    assert_eq!(
        kinds,
        [
            Config,
            Config,
            Connect,
            Transport,
            Timeout,
            Api,
            RateLimited,
            Decode,
            Decode,
            Paging,
            Invalid
        ]
    );
    printed.check();
    watch.0.0.lock().unwrap().check();
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn what_is_traced_at_the_finest_level() {
    let captured = Captured::default();
    let _guard = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(captured.clone())
        .set_default();

    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(500).set_body_string("down"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(source("a")))
        .mount(&server)
        .await;
    let broken = Raw::start(Behaviour::TruncatedBody).await;
    for scheme in [AuthScheme::Bearer, AuthScheme::Basic] {
        for (url, works) in [(server.uri(), true), (broken.url(), false)] {
            let client = Client::builder(KEY)
                .base_url(url)
                .auth(scheme)
                .retry(Retry::standard().backoff(Duration::ZERO, Duration::ZERO))
                .build()
                .unwrap();
            let call = client.sources().upsert("a").config(source_config());
            assert_eq!(call.await.is_ok(), works);
        }
    }
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("upsertSource"), "nothing was traced: {text}");
    let mut printed = Printed::default();
    printed.display(&text);
    printed.check();
}

#[tokio::test]
async fn errors_of_the_real_transport() {
    let mut printed = Printed::default();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let broken = Raw::start(Behaviour::CloseAfterRequest).await;
    let garbage = Raw::start(Behaviour::NotHttp).await;
    for url in [nobody, broken.url(), garbage.url()] {
        let client = Client::builder(KEY)
            .base_url(&url)
            .retry(Retry::off())
            .build()
            .unwrap();
        // What is looked for may be somebody's personal data.
        let list = client.events().list().search_term(MARK);
        let error = list.await.unwrap_err();
        assert!(error.source().is_some(), "{url}");
        printed.error(&error);
    }
    printed.check();
}
