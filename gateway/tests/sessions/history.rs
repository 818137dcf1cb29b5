//! Random histories of one client, held against a plain model of what becomes of its webhooks.

use hookdeck_testkit::seconds;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::terminal::Terminal;
use crate::world::{UNAVAILABLE, World, outcome};

/// How long a session that broke off still counts.
const GRACE: u64 = 120;
/// How long an attempt waits for it.
const WAIT: u64 = 10;

#[derive(Clone, Debug)]
enum Step {
    /// The client connects, if it is not: under its old session, or a new one should that be lost.
    Connect,
    Close,
    BreakOff,
    Post,
    /// A webhook comes, and the client goes while it has it.
    PostAndBreakOff,
    PostAndClose,
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Connect),
        1 => Just(Step::Close),
        2 => Just(Step::BreakOff),
        4 => Just(Step::Post),
        1 => Just(Step::PostAndBreakOff),
        1 => Just(Step::PostAndClose),
        3 => (0..2 * GRACE).prop_map(Step::Advance),
        1 => Just(Step::Advance(GRACE)),
        1 => Just(Step::Advance(GRACE - 1)),
    ]
}

/// What the model knows of the session.
#[derive(Clone, Copy, Debug)]
enum State {
    Gone,
    Connected,
    /// Broken off so many seconds ago.
    Away(u64),
}

/// Status and error code of an event.
type Outcome = (&'static str, Option<&'static str>);

async fn run(steps: Vec<Step>) {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    let mut terminal: Option<Terminal> = None;
    let mut state = State::Gone;
    let mut expected: Vec<(String, Option<Outcome>)> = Vec::new();
    // Events that wait for the client, and for how long they already have.
    let mut waiting: Vec<(usize, u64)> = Vec::new();
    for step in steps {
        match step {
            Step::Connect if terminal.is_none() => {
                let handshake = world.handshake(&session);
                let again = handshake.header("x-webhook-ids", connection.id.as_str());
                let mut here = again.open().await;
                for (index, _) in waiting.drain(..) {
                    here.serve(200).await;
                    expected[index].1 = Some(("SUCCESSFUL", None));
                }
                terminal = Some(here);
                state = State::Connected;
            }
            Step::Close => {
                if let Some(terminal) = terminal.take() {
                    terminal.close().await;
                    state = State::Gone;
                }
            }
            Step::BreakOff => {
                if let Some(terminal) = terminal.take() {
                    terminal.break_off().await;
                    state = State::Away(0);
                }
            }
            Step::Advance(span) => {
                world.advance(seconds(span)).await;
                for (_, since) in &mut waiting {
                    *since += span;
                }
                waiting.retain(|(_, since)| *since < WAIT);
                if let State::Away(since) = state {
                    state = State::Away(since + span);
                }
            }
            Step::Post | Step::PostAndBreakOff | Step::PostAndClose => {
                let request_id = world.post(&connection, json!(expected.len())).await;
                let became = match (state, step, terminal.take()) {
                    (State::Connected, Step::Post, Some(mut here)) => {
                        here.serve(200).await;
                        terminal = Some(here);
                        Some(("SUCCESSFUL", None))
                    }
                    (State::Connected, step, Some(mut here)) => {
                        here.attempt().await;
                        if matches!(step, Step::PostAndClose) {
                            here.close().await;
                            state = State::Gone;
                        } else {
                            here.break_off().await;
                            state = State::Away(0);
                        }
                        Some(UNAVAILABLE)
                    }
                    (State::Away(since), _, _) if since < GRACE => {
                        world.settle().await;
                        waiting.push((expected.len(), 0));
                        Some(UNAVAILABLE)
                    }
                    _ => None,
                };
                expected.push((request_id, became));
            }
            Step::Connect => {}
        }
    }
    world.settle().await;
    world.advance(seconds(WAIT)).await;
    for (request_id, became) in expected {
        let events = world.events_of(&request_id).await;
        let outcomes: Vec<_> = events.iter().map(outcome).collect();
        assert_eq!(outcomes, Vec::from_iter(became), "{request_id}");
        for event in &events {
            assert_eq!(event.attempts, 1);
            assert_eq!(world.attempts_of(event).await.len(), 1);
        }
        let causes = world.ignored_of(&request_id).await;
        let causes: Vec<_> = causes
            .iter()
            .map(|ignored| ignored.cause.as_str())
            .collect();
        let ignored: &[&str] = match became {
            Some(_) => &[],
            None => &["CLI_DISCONNECTED"],
        };
        assert_eq!(causes, ignored, "{request_id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_webhook_becomes_what_the_state_of_the_session_says(steps in vec(step(), 1..24)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run(steps));
    }
}
