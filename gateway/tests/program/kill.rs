//! The binary under `kill -9` in the middle of load: what it acknowledged is there afterwards.
//!
//! This shows that nothing acknowledged waits in the process; it says nothing about power, which
//! only the synced log stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hookdeck_testkit::{Api, Receiver, Webhook, id};
use serde_json::{Value, json};
use tokio::sync::mpsc;

const KEY: &str = "kill-test-key";
/// Each cycle goes on with the directory the one before left behind.
const CYCLES: usize = 3;
const PRODUCERS: usize = 6;
/// Acknowledgements of one cycle before the kill; the producers go on until they meet a dead port.
const ACKNOWLEDGED: usize = 40;
/// A bound for a machine that hangs, not a measure.
const LIMIT: Duration = Duration::from_secs(300);

/// The running binary; killed when dropped.
struct Binary {
    child: Child,
    api: Api,
}

impl Drop for Binary {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Binary {
    async fn start(directory: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hookdeck-gateway"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--rate-limit",
                "off",
                "--control",
            ])
            .args(["--api-key", KEY, "--data-dir"])
            .arg(directory)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::task::spawn_blocking(move || lines.next());
        let url = line.await.unwrap().expect("a line when ready").unwrap();
        let api = Api::at(url, KEY);
        Self { child, api }
    }

    /// SIGKILL, and the end of the process.
    fn kill(&mut self) {
        // Fails only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One source with a connection for every state an event can wait in. Answers the source.
async fn prepare(api: &Api, receiver: &Receiver) -> Value {
    let source = api.source("load").await;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let hourly = json!({"type": "retry", "strategy": "linear", "interval": 3_600_000, "count": 5});
    let delayed = json!([{"type": "delay", "delay": 3_600_000}]);
    let filtered = json!([{"type": "filter", "body": {"n": "none"}}]);
    for (name, url, rules) in [
        ("delivered", &receiver.url, json!([])),
        ("failing", &nobody, json!([hourly])),
        ("delayed", &receiver.url, delayed),
        ("held", &receiver.url, json!([])),
        ("filtered", &receiver.url, filtered),
    ] {
        let connection = api.connect(name).from(&source["id"]).to(url).rules(rules);
        let connection = connection.json().await;
        if name == "held" {
            let pause = format!("/connections/{}/pause", id(&connection));
            api.ok("PUT", &pause, json!({})).await;
        }
    }
    source
}

/// Posts until the gateway is gone, and tells every acknowledgement: the request's id and its body.
async fn produce(url: String, name: String, acknowledged: mpsc::UnboundedSender<(String, Value)>) {
    let http = hookdeck_testkit::http();
    for n in 0.. {
        let body = json!({"n": format!("{name}-{n}")});
        let webhook = Webhook::by(http.clone(), &url).json(&body);
        let Ok(reply) = webhook.try_send().await else {
            return;
        };
        assert_eq!(reply.status, 200);
        acknowledged.send((reply.request_id(), body)).unwrap();
    }
}

/// Loads the gateway, kills it in the middle, and answers what it had acknowledged.
async fn load_and_kill(mut gateway: Binary, source: &Value, cycle: usize) -> Vec<(String, Value)> {
    // The port is another one after each start.
    let path = format!("/sources/{}", id(source));
    let source = gateway.api.get(&path).await.json();
    let url = source["url"].as_str().unwrap().to_owned();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|n| tokio::spawn(produce(url.clone(), format!("{cycle}-{n}"), sender.clone())))
        .collect();
    drop(sender);
    let mut acknowledged = Vec::new();
    while acknowledged.len() < ACKNOWLEDGED {
        acknowledged.push(receiver.recv().await.expect("the gateway stays up"));
    }
    gateway.kill();
    while let Some(late) = receiver.recv().await {
        acknowledged.push(late);
    }
    for producer in producers {
        producer.await.unwrap();
    }
    acknowledged
}

fn sound(directory: &Path) {
    let mut databases = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "db") {
            continue;
        }
        databases += 1;
        let conn = rusqlite::Connection::open(&file).unwrap();
        let verdict: String = conn
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok", "{}", file.display());
        let dangling = conn
            .prepare("PRAGMA foreign_key_check")
            .unwrap()
            .exists([])
            .unwrap();
        assert!(!dangling, "{}", file.display());
    }
    assert!(databases >= 2, "the lock and one project");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    tokio::time::timeout(LIMIT, killed_and_reopened())
        .await
        .expect("it hangs");
}

async fn killed_and_reopened() {
    let directory = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let mut gateway = Binary::start(directory.path()).await;
    let source = prepare(&gateway.api, &receiver).await;
    let mut acknowledged = Vec::new();
    for cycle in 0..CYCLES {
        acknowledged.extend(load_and_kill(gateway, &source, cycle).await);
        sound(directory.path());
        gateway = Binary::start(directory.path()).await;
    }
    let settled = gateway.api.control("POST", "settle", None).await;
    assert_eq!(settled.status, 200, "{}", settled.text);
    let api = &gateway.api;

    let connections = api.all("/connections").await;
    let names: BTreeMap<&str, &str> = connections
        .iter()
        .map(|c| (c["id"].as_str().unwrap(), c["name"].as_str().unwrap()))
        .collect();
    let requests = api.all("/requests").await;
    let stored: BTreeSet<&str> = requests.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(stored.len(), requests.len(), "no row comes twice");
    for (id, body) in &acknowledged {
        assert!(stored.contains(id.as_str()), "{id} was acknowledged");
        let request = api.get(&format!("/requests/{id}")).await.json();
        assert_eq!(&request["data"]["body"], body);
    }
    // A request that was stored while its producer was cut off is whole as well.
    for request in &requests {
        assert_eq!(
            (&request["events_count"], &request["ignored_count"]),
            (&json!(4), &json!(1)),
            "{request}"
        );
    }

    let events = api.all("/events").await;
    let mut per_request: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for event in &events {
        let name = names[event["webhook_id"].as_str().unwrap()];
        let owes = !event["next_attempt_at"].is_null();
        let expected = match name {
            "delivered" => ("SUCCESSFUL", 1, false),
            "failing" => ("FAILED", 1, true),
            "delayed" => ("SCHEDULED", 0, true),
            "held" => ("HOLD", 0, false),
            other => panic!("{other} lets nothing through"),
        };
        let found = (
            event["status"].as_str().unwrap(),
            event["attempts"].as_i64().unwrap(),
            owes,
        );
        assert_eq!(found, expected, "{name}: {event}");
        *per_request
            .entry((event["request_id"].as_str().unwrap(), name))
            .or_default() += 1;
    }
    assert_eq!(per_request.len(), 4 * requests.len());
    assert!(per_request.values().all(|count| *count == 1));
    let attempts = api.all("/attempts").await;
    assert_eq!(attempts.len(), 2 * requests.len());

    // At least once, and more often only for what was in flight at a kill.
    let mut deliveries: BTreeMap<String, usize> = BTreeMap::new();
    for delivery in receiver.deliveries() {
        assert_eq!(delivery.header("x-hookdeck-attempt-count"), "1");
        let request = delivery.header("x-hookdeck-requestid").to_owned();
        *deliveries.entry(request).or_default() += 1;
    }
    assert_eq!(
        deliveries
            .keys()
            .map(String::as_str)
            .collect::<BTreeSet<_>>(),
        stored
    );
    assert!(deliveries.values().all(|count| *count <= 1 + CYCLES));
}
