//! The life of events against a plain model of it, under random histories.
//!
//! The model knows nothing of transactions, schedules or sockets: a list of events, each with what
//! it owes. After every step the gateway must show the same events, and in the end the destination
//! must have got exactly the attempts the model made. A failure prints the shortest history that
//! shows it.

use std::collections::BTreeMap;

use hookdeck::query::Direction;
use hookdeck_testkit::{Receiver, World, seconds};
use proptest::prelude::*;
use serde_json::json;

const CONNECTIONS: usize = 3;

/// A step of a history. Numbers stand for one of what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    /// A webhook that passes the filters, or one that the first connection's filter stops.
    Post {
        passes: bool,
    },
    /// What a destination answers from now on.
    Answer {
        connection: usize,
        good: bool,
    },
    Pause(usize),
    Unpause(usize),
    Disable(usize),
    Enable(usize),
    Retry(prop::sample::Index),
    Cancel(prop::sample::Index),
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let connection = 0..CONNECTIONS;
    let step = prop_oneof![
        4 => any::<bool>().prop_map(|passes| Step::Post { passes }),
        2 => (connection.clone(), any::<bool>()).prop_map(|(connection, good)| Step::Answer { connection, good }),
        2 => connection.clone().prop_map(Step::Pause),
        2 => connection.clone().prop_map(Step::Unpause),
        1 => connection.clone().prop_map(Step::Disable),
        1 => connection.prop_map(Step::Enable),
        3 => any::<prop::sample::Index>().prop_map(Step::Retry),
        2 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        4 => prop_oneof![1_u64..40, 40_u64..200].prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..30)
}

/// A moment and what makes the attempt happen.
type Owed = (u64, &'static str);

/// What the model knows of an event.
#[derive(Clone, Debug)]
struct Event {
    request: String,
    connection: usize,
    status: &'static str,
    owed: Option<Owed>,
    /// The trigger of an event on hold.
    held: &'static str,
    /// The end of the delay, which the end of a pause does not cut short.
    not_before: u64,
    /// The automatic attempt that a manual retry has put aside.
    aside: Option<Owed>,
    automatic: u32,
    triggers: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    paused: bool,
    disabled: bool,
    good: bool,
}

#[derive(Debug)]
struct Model {
    now: u64,
    connections: [Connection; CONNECTIONS],
    events: Vec<Event>,
}

/// The first retries twice a minute apart, the second never, the third doubles from 30 seconds, three times.
fn pause_before(connection: usize, retries: u32) -> Option<u64> {
    match connection {
        0 if retries < 2 => Some(60),
        2 if retries < 3 => Some(30 << retries),
        _ => None,
    }
}

/// The third connection delays by 20 seconds.
fn delay(connection: usize) -> u64 {
    if connection == 2 { 20 } else { 0 }
}

impl Model {
    fn new() -> Self {
        let fresh = Connection {
            paused: false,
            disabled: false,
            good: true,
        };
        Self {
            now: 0,
            connections: [fresh; CONNECTIONS],
            events: Vec::new(),
        }
    }

    fn post(&mut self, request: &str, passes: bool) {
        for (index, connection) in self.connections.iter().enumerate() {
            if connection.disabled || (index == 0 && !passes) {
                continue;
            }
            let due = self.now + delay(index);
            let (status, owed) = match (connection.paused, due > self.now) {
                (true, _) => ("HOLD", None),
                (false, true) => ("SCHEDULED", Some((due, "INITIAL"))),
                (false, false) => ("QUEUED", Some((due, "INITIAL"))),
            };
            self.events.push(Event {
                request: request.to_owned(),
                connection: index,
                status,
                owed,
                held: "INITIAL",
                not_before: due,
                aside: None,
                automatic: 0,
                triggers: Vec::new(),
            });
        }
        self.run();
    }

    fn of(&mut self, connection: usize) -> impl Iterator<Item = &mut Event> {
        self.events
            .iter_mut()
            .filter(move |event| event.connection == connection)
    }

    fn unpause(&mut self, connection: usize) {
        self.connections[connection].paused = false;
        let now = self.now;
        for event in self.of(connection).filter(|event| event.status == "HOLD") {
            let trigger = match event.held {
                "MANUAL" => "MANUAL",
                _ if event.triggers.is_empty() => "INITIAL",
                _ => "UNPAUSE",
            };
            (event.status, event.owed) = if event.not_before > now {
                ("SCHEDULED", Some((event.not_before, trigger)))
            } else {
                ("QUEUED", Some((now, trigger)))
            };
        }
        self.run();
    }

    fn disable(&mut self, connection: usize) {
        self.connections[connection].disabled = true;
        for event in self.of(connection) {
            if event.owed.is_some() || event.status == "HOLD" {
                (event.owed, event.aside) = (None, None);
                if event.status != "SUCCESSFUL" {
                    event.status = "CANCELLED";
                }
            }
        }
    }

    fn retry(&mut self, index: usize) {
        let now = self.now;
        let event = &mut self.events[index];
        let connection = self.connections[event.connection];
        if connection.disabled {
            return;
        }
        // Whoever asks does not want to wait.
        event.not_before = now;
        if event.status != "HOLD" {
            if event.status != "QUEUED" {
                event.aside = event.owed;
            }
            if connection.paused {
                (event.status, event.owed, event.held) = ("HOLD", None, "MANUAL");
            } else {
                (event.status, event.owed) = ("QUEUED", Some((now, "MANUAL")));
            }
        }
        self.run();
    }

    fn cancel(&mut self, index: usize) {
        let event = &mut self.events[index];
        if matches!(event.status, "QUEUED" | "SCHEDULED" | "HOLD") {
            (event.status, event.owed, event.aside) = ("CANCELLED", None, None);
        }
    }

    fn advance(&mut self, seconds: u64) {
        let target = self.now + seconds;
        loop {
            let next = self
                .events
                .iter()
                .filter_map(|event| event.owed.map(|(at, _)| at))
                .min();
            match next {
                Some(at) if at <= target => self.now = at.max(self.now),
                _ => break,
            }
            self.run();
        }
        self.now = target;
    }

    /// Makes every attempt that is owed now.
    fn run(&mut self) {
        let now = self.now;
        for event in &mut self.events {
            let connection = self.connections[event.connection];
            while let Some((_, trigger)) = event.owed.filter(|(at, _)| *at <= now) {
                if connection.paused {
                    (event.status, event.owed, event.held) = ("HOLD", None, trigger);
                    break;
                }
                event.triggers.push(trigger);
                let aside = event.aside.take();
                if connection.good {
                    (event.status, event.owed) = ("SUCCESSFUL", aside);
                    continue;
                }
                let next =
                    pause_before(event.connection, event.automatic).filter(|_| trigger != "MANUAL");
                event.status = "FAILED";
                event.owed = match next {
                    Some(pause) => {
                        event.automatic += 1;
                        Some((now + pause, "AUTOMATIC"))
                    }
                    None => aside,
                };
            }
        }
    }
}

/// The gateway under test, with a destination for each connection.
struct Subject {
    world: World,
    source: serde_json::Value,
    connections: Vec<String>,
    destinations: Vec<Receiver>,
}

impl Subject {
    async fn start() -> Self {
        let world = World::start().await;
        let source = world.api.source("shop").await;
        let rules = [
            json!([
                { "type": "filter", "body": { "passes": true } },
                { "type": "retry", "strategy": "linear", "interval": 60_000, "count": 2 },
            ]),
            json!([]),
            json!([
                { "type": "retry", "strategy": "exponential", "interval": 30_000, "count": 3 },
                { "type": "delay", "delay": 20_000 },
            ]),
        ];
        let (mut connections, mut destinations) = (Vec::new(), Vec::new());
        for (index, rules) in rules.into_iter().enumerate() {
            let destination = Receiver::start().await;
            let connection = world.connect(format!("to-{index}")).from(&source["id"]);
            let connection = connection.to(&destination).rules(rules).await;
            connections.push(connection.id.to_string());
            destinations.push(destination);
        }
        Self {
            world,
            source,
            connections,
            destinations,
        }
    }

    /// What the gateway shows of every event, by request and connection.
    async fn events(&self) -> BTreeMap<(String, usize), Shown> {
        let list = self.world.client.events().list().limit(255);
        let mut events = list.dir(Direction::Asc).items();
        let mut shown = BTreeMap::new();
        while let Some(event) = events.try_next().await.unwrap() {
            let connection = self
                .connections
                .iter()
                .position(|id| *id == event.webhook_id.as_str())
                .unwrap();
            let value = Shown {
                status: event.status.as_str().to_owned(),
                attempts: event.attempts,
                next: event
                    .next_attempt_at
                    .map(|at| u64::try_from(self.world.since(at)).unwrap()),
                id: event.id.to_string(),
            };
            let twice = shown.insert((event.request_id.to_string(), connection), value);
            assert!(twice.is_none(), "two events of one request and connection");
        }
        shown
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Shown {
    status: String,
    attempts: u32,
    next: Option<u64>,
    id: String,
}

/// Carries a history out on both sides and compares them after every step.
async fn follow(steps: &[Step]) -> Result<(), TestCaseError> {
    let subject = Subject::start().await;
    let mut model = Model::new();
    for step in steps {
        take(step, &subject, &mut model).await?;
        subject.world.settle().await;
        compare(&subject, &model).await?;
    }
    // The attempts, each once, in order, for the reason the model had.
    let shown = subject.events().await;
    for event in &model.events {
        let id = &shown[&(event.request.clone(), event.connection)].id;
        let attempts = subject
            .world
            .client
            .attempts()
            .list()
            .event_id(id.as_str())
            .dir(Direction::Asc)
            .limit(255)
            .await
            .unwrap();
        let mut made: Vec<(u32, String)> = attempts
            .items
            .iter()
            .map(|attempt| {
                (
                    attempt.attempt_number.unwrap(),
                    attempt.trigger.as_ref().unwrap().as_str().to_owned(),
                )
            })
            .collect();
        made.sort();
        let expected: Vec<(u32, String)> = (1..)
            .zip(event.triggers.iter().map(|trigger| (*trigger).to_owned()))
            .collect();
        prop_assert_eq!(made, expected, "attempts of {:?}", event);
    }
    Ok(())
}

async fn take(step: &Step, subject: &Subject, model: &mut Model) -> Result<(), TestCaseError> {
    let connections = subject.world.client.connections();
    let id = |index: usize| subject.connections[index].as_str();
    match step {
        Step::Post { passes } => {
            let body = json!({ "passes": passes });
            let request = subject.world.post(&subject.source, body).await;
            model.post(&request, *passes);
        }
        Step::Answer { connection, good } => {
            let status = if *good { 200 } else { 500 };
            subject.destinations[*connection].always(status);
            model.connections[*connection].good = *good;
        }
        Step::Pause(connection) => {
            connections.pause(id(*connection)).await.unwrap();
            model.connections[*connection].paused = true;
        }
        Step::Unpause(connection) => {
            connections.unpause(id(*connection)).await.unwrap();
            model.unpause(*connection);
        }
        Step::Disable(connection) => {
            connections.disable(id(*connection)).await.unwrap();
            model.disable(*connection);
        }
        Step::Enable(connection) => {
            connections.enable(id(*connection)).await.unwrap();
            model.connections[*connection].disabled = false;
        }
        Step::Retry(index) if !model.events.is_empty() => {
            let index = index.index(model.events.len());
            let event = event_id(subject, &model.events[index]).await;
            let outcome = subject.world.client.events().retry(event.as_str()).await;
            prop_assert!(outcome.is_ok(), "{:?}", outcome);
            model.retry(index);
        }
        Step::Cancel(index) if !model.events.is_empty() => {
            let index = index.index(model.events.len());
            let event = event_id(subject, &model.events[index]).await;
            let outcome = subject.world.client.events().cancel(event.as_str()).await;
            prop_assert!(outcome.is_ok(), "{:?}", outcome);
            model.cancel(index);
        }
        Step::Retry(_) | Step::Cancel(_) => {}
        Step::Advance(span) => {
            subject.world.advance(seconds(*span)).await;
            model.advance(*span);
        }
    }
    Ok(())
}

async fn event_id(subject: &Subject, event: &Event) -> String {
    let shown = subject.events().await;
    shown[&(event.request.clone(), event.connection)].id.clone()
}

async fn compare(subject: &Subject, model: &Model) -> Result<(), TestCaseError> {
    let shown: BTreeMap<_, _> = subject
        .events()
        .await
        .into_iter()
        .map(|(key, event)| (key, (event.status, event.attempts, event.next)))
        .collect();
    let expected: BTreeMap<_, _> = model
        .events
        .iter()
        .map(|event| {
            let next = event.owed.map(|(at, _)| at);
            let attempts = u32::try_from(event.triggers.len()).unwrap();
            let key = (event.request.clone(), event.connection);
            (key, (event.status.to_owned(), attempts, next))
        })
        .collect();
    prop_assert_eq!(shown, expected, "at {} seconds", model.now);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn events_live_as_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(&steps))?;
    }
}

/// The model is worth something only if a wrong one is found out.
#[tokio::test]
async fn a_model_that_forgets_a_pause_is_refuted() {
    let subject = Subject::start().await;
    let mut model = Model::new();
    let pause = Step::Pause(1);
    take(&pause, &subject, &mut model).await.unwrap();
    model.connections[1].paused = false;
    let post = Step::Post { passes: true };
    take(&post, &subject, &mut model).await.unwrap();
    subject.world.settle().await;
    assert!(compare(&subject, &model).await.is_err());
}
