//! Keys and bodies stay out of the log.

use std::io;
use std::sync::{Arc, Mutex};

use hookdeck_testkit::{gateway, http, read};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::terminal::Handshake;
use crate::world::World;

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_keys_nor_what_is_sent_are_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let world = World::of(gateway().api_key("key-to-hide")).await;
    let connection = world.connection("shop").await;
    let url = world.gateway.api_url().to_owned();
    // Every way in, good and bad.
    for path in ["cli-auth", "cli/guest"] {
        let begin = http().post(format!("{url}/2026-09-01/{path}"));
        let begun = read(begin.body("{}")).await.json();
        let poll = begun["poll_url"].as_str().unwrap();
        read(http().get(poll)).await;
    }
    for key in ["key-to-hide", "wrong-key-to-hide"] {
        let poll = format!("{url}/2026-09-01/cli-auth/poll?key={key}");
        read(http().get(poll)).await;
        let ci = http().post(format!("{url}/2026-09-01/cli-auth/ci"));
        read(ci.basic_auth(key, Some("")).body("{}")).await;
    }
    let wrong = Handshake::with(&url).key("wrong-key-to-hide");
    wrong.session("cses_1").refused().await;

    let session = world.session(&connection, Value::Null).await;
    let mut terminal = world.handshake(&session).open().await;
    let publish = world.client.publish().to_source_id(&connection.source.id);
    publish.json(&json!("body-to-hide")).await.unwrap();
    let attempt = terminal.attempt().await;
    terminal.say("frame-to-hide").await;
    terminal.answer(&attempt, 200, "answer-to-hide").await;
    world.settle().await;
    terminal.break_off().await;

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains(&session), "nothing was logged at all");
    assert!(!logged.contains("to-hide"), "{logged}");
}
