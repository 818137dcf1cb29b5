//! Deleting twice is deleting once: a repeated delete that finds nothing left has done its work.

mod support;

use std::sync::{Arc, Mutex};

use hookdeck::transport::TransportErrorKind;
use hookdeck::{CallEvent, Client, ErrorKind, Observer, Sent};
use support::{Script, Step, builder, reply};

/// Operation, attempt and status of each delete that was found done.
type Findings = Vec<(&'static str, u32, u16)>;

#[derive(Clone, Debug, Default)]
struct Found(Arc<Mutex<Findings>>);

impl Observer for Found {
    fn observe(&self, event: &CallEvent<'_>) {
        if let CallEvent::AlreadyDone {
            operation,
            attempt,
            status,
        } = event
        {
            let found = (*operation, *attempt, status.as_u16());
            self.0.lock().unwrap().push(found);
        }
    }
}

fn client(script: &Script) -> (Client, Found) {
    let found = Found::default();
    let client = builder(script).observer(found.clone()).build().unwrap();
    (client, found)
}

fn status(code: u16) -> Step {
    reply(code, &[("x-request-id", "req_1")], "{}").into()
}

#[tokio::test(start_paused = true)]
async fn after_an_attempt_that_may_have_deleted_not_found_is_done() {
    let maybe = [
        TransportErrorKind::Interrupted.into(),
        TransportErrorKind::Timeout.into(),
        Step::Hang,
        status(500),
        status(502),
        status(503),
        status(504),
    ];
    for first in maybe {
        for gone in [404, 410] {
            let script = Script::new([first.clone(), status(gone)]);
            let (client, found) = client(&script);
            let deleted = client.sources().delete("src_1").await.unwrap();
            assert_eq!(deleted.id, "src_1", "{first:?}");
            assert_eq!(*found.0.lock().unwrap(), [("deleteSource", 2, gone)]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_attempt_in_between_does_not_matter() {
    let script = Script::new([
        status(502),
        TransportErrorKind::Connect.into(),
        reply(429, &[("retry-after", "1")], "").into(),
        status(404),
    ]);
    let (client, found) = client(&script);
    let response = client
        .sources()
        .delete("a \"b\"")
        .with_meta()
        .await
        .unwrap();
    assert_eq!(response.id, "a \"b\"");
    assert_eq!(response.attempts(), 4);
    assert_eq!(response.status(), 404);
    assert_eq!(response.request_id(), Some("req_1"));
    assert_eq!(*found.0.lock().unwrap(), [("deleteSource", 4, 404)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_there_is_not_found() {
    // None of these attempts can have deleted anything.
    let steps: [Vec<Step>; 3] = [
        vec![status(404)],
        vec![TransportErrorKind::Connect.into(), status(410)],
        vec![reply(429, &[("retry-after", "1")], "").into(), status(404)],
    ];
    for steps in steps {
        let script = Script::new(steps);
        let (client, found) = client(&script);
        let error = client.sources().delete("src_1").await.unwrap_err();
        assert!(error.is_not_found());
        assert!(found.0.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn only_deletes_are_done_when_nothing_is_found() {
    let lost = || Script::new([TransportErrorKind::Interrupted.into(), status(404)]);
    let script = lost();
    let (client_of_read, found) = client(&script);
    let error = client_of_read.sources().get("src_1").await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.attempts(), 2);
    let script = lost();
    let (client_of_update, _) = client(&script);
    let update = client_of_update.sources().disable("src_1");
    assert!(update.await.unwrap_err().is_not_found());
    // Dismissing an issue is a DELETE on the wire, but answers the issue.
    let script = lost();
    let (client_of_issue, _) = client(&script);
    let dismissed = client_of_issue.issues().dismiss("iss_1");
    let error = dismissed.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.sent(), Sent::Yes);
    assert!(found.0.lock().unwrap().is_empty());
}
