use rusqlite::Connection;

use super::attempt::{
    AttemptOutcome, ClaimOutcome, ClaimedEvent, RetryDecision, claim, record, shown_answer,
};
use super::*;
use crate::clock::Micros;
use crate::wire::AttemptTrigger;

const START: i64 = 1_000_000_000;

fn at(seconds: i64) -> Micros {
    Micros::from_i64(START + seconds * 1_000_000)
}

/// A database with one connection and one event that is ready since `at(0)`.
fn database() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("../store/schema.sql"))
        .unwrap();
    conn.execute_batch(
        "INSERT INTO sources VALUES (NULL, 'src_1', 's', NULL, 'WEBHOOK', '{}', NULL, NULL, 1, 1);
         INSERT INTO destinations VALUES (NULL, 'des_1', 'd', NULL, 'HTTP', '{}', NULL, NULL, 1, 1);
         INSERT INTO connections (id, source_id, destination_id, created_at, updated_at)
             VALUES ('web_1', 'src_1', 'des_1', 1, 1);
         INSERT INTO payloads VALUES ('edt_1', 'POST', '', '', '{}', '{}', x'7b7d', 0, 1);
         INSERT INTO requests (id, source_id, payload_id, ingested_at, created_at, updated_at)
             VALUES ('req_1', 'src_1', 'edt_1', 1, 1, 1);
         INSERT INTO events (id, connection_id, source_id, destination_id, request_id, payload_id, status,
             due_at, due_trigger, created_at, updated_at)
             VALUES ('evt_1', 'web_1', 'src_1', 'des_1', 'req_1', 'edt_1', 'QUEUED', 1000000000, 'INITIAL',
             1000000000, 1000000000);",
    )
    .unwrap();
    conn
}

#[derive(Debug, PartialEq)]
struct State {
    status: String,
    attempts: i64,
    due: Option<(Micros, AttemptTrigger)>,
    next_shown: Option<Micros>,
}

fn state(conn: &Connection) -> State {
    conn.query_row(
        "SELECT status, attempts, due_at, due_trigger, next_attempt_at FROM events",
        [],
        |row| {
            let due_at: Option<Micros> = row.get(2)?;
            let due_trigger: Option<AttemptTrigger> = row.get(3)?;
            Ok(State {
                status: row.get(0)?,
                attempts: row.get(1)?,
                due: due_at.zip(due_trigger),
                next_shown: row.get(4)?,
            })
        },
    )
    .unwrap()
}

fn is(
    status: &str,
    attempts: i64,
    due: Option<(Micros, AttemptTrigger)>,
    next_shown: Option<Micros>,
) -> State {
    State {
        status: status.into(),
        attempts,
        due,
        next_shown,
    }
}

fn claimed(conn: &Connection) -> ClaimedEvent {
    match claim(conn, "evt_1").unwrap() {
        ClaimOutcome::Ready(claim) => *claim,
        other => panic!("{other:?}"),
    }
}

fn answered(status: u16) -> AttemptOutcome {
    AttemptOutcome {
        response_status: Some(status),
        ..AttemptOutcome::default()
    }
}

/// Records attempt after attempt under fresh ids.
fn recorded(
    conn: &Connection,
    now: Micros,
    claim: &ClaimedEvent,
    status: u16,
    next: RetryDecision,
) {
    let id = format!("atm_{}", claim.attempts);
    assert!(record(conn, now, &id, claim, &answered(status), next).unwrap());
}

#[test]
fn a_success_ends_the_event() {
    let conn = database();
    recorded(&conn, at(1), &claimed(&conn), 200, RetryDecision::Nothing);
    assert_eq!(state(&conn), is("SUCCESSFUL", 1, None, None));
}

#[test]
fn a_failure_waits_as_failed_and_becomes_queued_when_due() {
    let conn = database();
    recorded(
        &conn,
        at(1),
        &claimed(&conn),
        500,
        RetryDecision::At(at(31)),
    );
    assert_eq!(
        state(&conn),
        is(
            "FAILED",
            1,
            Some((at(31), AttemptTrigger::Automatic)),
            Some(at(31))
        )
    );
    assert!(matches!(
        claim(&conn, "evt_1").unwrap(),
        ClaimOutcome::NotReady
    ));
    assert_eq!(due::next_waiting(&conn).unwrap(), Some(at(31)));
    assert_eq!(due::promote(&conn, at(30)).unwrap(), 0);
    assert_eq!(due::promote(&conn, at(31)).unwrap(), 1);
    assert_eq!(
        state(&conn),
        is("QUEUED", 1, Some((at(31), AttemptTrigger::Automatic)), None)
    );
    assert_eq!(claimed(&conn).automatic_count, 1);
}

#[test]
fn a_retry_waiting_for_its_moment_cannot_be_cancelled_but_a_ready_event_can() {
    let conn = database();
    recorded(
        &conn,
        at(1),
        &claimed(&conn),
        500,
        RetryDecision::At(at(31)),
    );
    assert!(matches!(
        cancel(&conn, at(2), "evt_1"),
        Err(EventError::NotCancellable { .. })
    ));
    due::promote(&conn, at(31)).unwrap();
    cancel(&conn, at(31), "evt_1").unwrap();
    assert_eq!(state(&conn), is("CANCELLED", 1, None, None));
    assert!(matches!(
        cancel(&conn, at(32), "evt_9"),
        Err(EventError::NotFound { .. })
    ));
}

#[test]
fn a_manual_retry_leaves_the_scheduled_one_whether_it_fails_or_succeeds() {
    for (status, became) in [(500, "FAILED"), (200, "SUCCESSFUL")] {
        let scheduled = Some((at(31), AttemptTrigger::Automatic));
        let expected = is(became, 2, scheduled, Some(at(31)));
        let conn = database();
        recorded(
            &conn,
            at(1),
            &claimed(&conn),
            500,
            RetryDecision::At(at(31)),
        );
        retry(&conn, at(5), "evt_1").unwrap();
        assert_eq!(
            state(&conn),
            is("QUEUED", 1, Some((at(5), AttemptTrigger::Manual)), None)
        );
        recorded(
            &conn,
            at(6),
            &claimed(&conn),
            status,
            RetryDecision::Nothing,
        );
        assert_eq!(state(&conn), expected);
    }
}

#[test]
fn stop_drops_what_a_manual_retry_put_aside() {
    let conn = database();
    recorded(
        &conn,
        at(1),
        &claimed(&conn),
        500,
        RetryDecision::At(at(31)),
    );
    retry(&conn, at(5), "evt_1").unwrap();
    recorded(&conn, at(6), &claimed(&conn), 500, RetryDecision::Stop);
    assert_eq!(state(&conn), is("FAILED", 2, None, None));
}

#[test]
fn a_retry_asked_for_in_flight_follows_and_keeps_the_schedule() {
    let conn = database();
    let in_flight = claimed(&conn);
    retry(&conn, at(1), "evt_1").unwrap();
    recorded(&conn, at(2), &in_flight, 500, RetryDecision::At(at(32)));
    assert_eq!(
        state(&conn),
        is("QUEUED", 1, Some((at(2), AttemptTrigger::Manual)), None)
    );
    recorded(&conn, at(3), &claimed(&conn), 500, RetryDecision::Nothing);
    assert_eq!(
        state(&conn),
        is(
            "FAILED",
            2,
            Some((at(32), AttemptTrigger::Automatic)),
            Some(at(32))
        )
    );
}

#[test]
fn a_second_manual_retry_in_flight_is_not_lost() {
    let conn = database();
    recorded(&conn, at(1), &claimed(&conn), 500, RetryDecision::Nothing);
    retry(&conn, at(2), "evt_1").unwrap();
    let in_flight = claimed(&conn);
    retry(&conn, at(2), "evt_1").unwrap();
    recorded(&conn, at(2), &in_flight, 500, RetryDecision::Nothing);
    assert_eq!(
        state(&conn),
        is("QUEUED", 2, Some((at(2), AttemptTrigger::Manual)), None)
    );
    recorded(&conn, at(3), &claimed(&conn), 500, RetryDecision::Nothing);
    assert_eq!(state(&conn), is("FAILED", 3, None, None));
}

#[test]
fn a_cancel_in_flight_holds_unless_the_attempt_succeeds() {
    for (status, expected) in [
        (500, is("CANCELLED", 1, None, None)),
        (200, is("SUCCESSFUL", 1, None, None)),
    ] {
        let conn = database();
        let in_flight = claimed(&conn);
        cancel(&conn, at(1), "evt_1").unwrap();
        recorded(&conn, at(2), &in_flight, status, RetryDecision::At(at(9)));
        assert_eq!(state(&conn), expected);
    }
}

#[test]
fn pause_holds_what_is_ready_and_unpause_delivers_it_as_initial() {
    let conn = database();
    assert_eq!(pause_connection(&conn, at(1), "web_1").unwrap(), 1);
    assert_eq!(state(&conn).status, "HOLD");
    assert!(due::ready_destinations(&conn).unwrap().is_empty());
    assert_eq!(unpause_connection(&conn, at(2), "web_1").unwrap(), 1);
    assert_eq!(
        state(&conn),
        is("QUEUED", 0, Some((at(0), AttemptTrigger::Initial)), None)
    );
    assert!(matches!(
        pause_connection(&conn, at(3), "web_9"),
        Err(EventError::NotFound { .. })
    ));
}

#[test]
fn a_retry_that_comes_due_while_paused_is_held_and_delivered_as_unpause() {
    let conn = database();
    recorded(
        &conn,
        at(1),
        &claimed(&conn),
        500,
        RetryDecision::At(at(31)),
    );
    assert_eq!(pause_connection(&conn, at(2), "web_1").unwrap(), 0);
    due::promote(&conn, at(31)).unwrap();
    assert_eq!(state(&conn), is("HOLD", 1, None, None));
    unpause_connection(&conn, at(40), "web_1").unwrap();
    assert_eq!(claimed(&conn).trigger, AttemptTrigger::Unpause);
}

#[test]
fn a_pause_and_unpause_in_flight_causes_no_second_attempt() {
    let conn = database();
    let in_flight = claimed(&conn);
    pause_connection(&conn, at(1), "web_1").unwrap();
    unpause_connection(&conn, at(1), "web_1").unwrap();
    recorded(&conn, at(2), &in_flight, 500, RetryDecision::Nothing);
    assert_eq!(state(&conn), is("FAILED", 1, None, None));
}

#[test]
fn disabling_cancels_ready_waiting_and_held_events() {
    for prepare in [
        (|_| {}) as fn(&Connection),
        |conn| recorded(conn, at(1), &claimed(conn), 500, RetryDecision::At(at(31))),
        |conn| {
            pause_connection(conn, at(1), "web_1").unwrap();
        },
    ] {
        let conn = database();
        prepare(&conn);
        assert_eq!(
            cancel_pending_of_connection(&conn, at(2), "web_1").unwrap(),
            1
        );
        assert_eq!(state(&conn).status, "CANCELLED");
        assert_eq!(state(&conn).due, None);
    }
}

#[test]
fn a_disabled_connection_takes_no_retry_and_no_delivery() {
    let conn = database();
    conn.execute("UPDATE connections SET disabled_at = 5", [])
        .unwrap();
    assert!(matches!(
        retry(&conn, at(1), "evt_1"),
        Err(EventError::ConnectionUnavailable { .. })
    ));
    assert!(matches!(
        claim(&conn, "evt_1").unwrap(),
        ClaimOutcome::Unavailable
    ));
    attempt::cancel_unavailable(&conn, at(1), "evt_1").unwrap();
    assert_eq!(state(&conn).status, "CANCELLED");
}

#[test]
fn an_attempt_number_is_never_used_twice() {
    let conn = database();
    let stale = claimed(&conn);
    recorded(&conn, at(1), &stale, 500, RetryDecision::Nothing);
    assert!(
        record(
            &conn,
            at(2),
            "atm_x",
            &stale,
            &answered(200),
            RetryDecision::Nothing
        )
        .is_err()
    );
}

#[test]
fn an_attempt_of_an_event_that_is_gone_stores_nothing() {
    let conn = database();
    let stale = claimed(&conn);
    conn.execute("DELETE FROM events", []).unwrap();
    assert!(
        !record(
            &conn,
            at(1),
            "atm_1",
            &stale,
            &answered(200),
            RetryDecision::Nothing
        )
        .unwrap()
    );
}

#[test]
fn only_objects_answered_by_a_destination_are_shown_as_objects() {
    use serde_json::Value;
    let object = shown_answer("{\"ok\":true, \"at\":1}");
    assert_eq!(crate::json::write(&object), "{\"ok\":true,\"at\":1}");
    for text in ["[1]", "12", "plain", "", "null"] {
        assert_eq!(shown_answer(text), Value::from(text));
    }
}
