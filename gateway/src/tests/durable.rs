use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

use super::harness::{Receiver, Reply, Setup, at, event, manual, project, rows};

#[tokio::test]
async fn what_was_acknowledged_survives_an_abrupt_end_and_is_delivered() {
    let mut receiver = Receiver::start().await;
    receiver.hold();
    let directory = tempfile::tempdir().unwrap();
    let gateway = manual().data_dir(directory.path()).start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let mut acknowledged = HashSet::new();
    for n in 0..50 {
        acknowledged.insert(path.post(json!(n)).await);
    }
    // At least one delivery is in flight now. No shutdown, no drain.
    receiver.next().await;
    drop(path);
    drop(gateway);
    receiver.release(usize::MAX >> 4);

    let gateway = manual().data_dir(directory.path()).start().await.unwrap();
    gateway.settle().await.unwrap();
    let project = project(&gateway);
    let stored: HashSet<_> = rows(&project, "SELECT id FROM requests", &[])
        .await
        .iter()
        .map(|row| row[0].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(stored, acknowledged);
    let states = rows(
        &project,
        "SELECT status, count(*) FROM events GROUP BY status",
        &[],
    )
    .await;
    assert_eq!(states, [[json!("SUCCESSFUL"), json!(50)]]);
    let delivered: HashSet<_> = receiver
        .all()
        .iter()
        .map(|seen| seen.header("x-hookdeck-requestid").to_owned())
        .collect();
    assert_eq!(delivered, acknowledged);
}

#[tokio::test]
async fn a_retry_that_came_due_while_the_gateway_was_away_is_made_at_its_start() {
    let receiver = Receiver::start().await;
    receiver.replies([Reply::status(500)]);
    let directory = tempfile::tempdir().unwrap();
    let gateway = manual().data_dir(directory.path()).start().await.unwrap();
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 30_000, "count": 5}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    assert_eq!(event(&path.project, &id).await[2], json!(at(30)));
    let team_id = path.project.team_id.clone();
    drop(path);
    gateway.shutdown().await;

    let later = hookdeck::types::Timestamp::from_unix_micros(at(500));
    let gateway = manual()
        .manual_clock(later)
        .data_dir(directory.path())
        .start()
        .await
        .unwrap();
    gateway.settle().await.unwrap();
    let project = project(&gateway);
    assert_eq!(project.team_id, team_id);
    assert_eq!(
        event(&project, &id).await[..3],
        [json!("SUCCESSFUL"), json!(2), Value::Null]
    );
}

#[tokio::test]
async fn a_reopened_store_hands_out_new_ids() {
    let directory = tempfile::tempdir().unwrap();
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let gateway = manual().data_dir(directory.path()).start().await.unwrap();
        assert!(ids.insert(project(&gateway).ids().event()));
        gateway.shutdown().await;
    }
}

#[tokio::test]
async fn a_shutdown_lets_what_is_in_flight_finish() {
    let mut receiver = Receiver::start().await;
    receiver.hold();
    let directory = tempfile::tempdir().unwrap();
    let gateway = manual().data_dir(directory.path()).start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let id = path.event(json!({})).await;
    receiver.next().await;
    let project = path.project.clone();
    let (shutdown, ()) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(60), gateway.shutdown()),
        async { receiver.release(1) }
    );
    shutdown.unwrap();
    assert_eq!(
        event(&project, &id).await[..2],
        [json!("SUCCESSFUL"), json!(1)]
    );
}
