//! The comparison of any server with the live service as it is known, held against this gateway: whole, and
//! with differences made on purpose.

use std::collections::BTreeMap;

use hookdeck_gateway::compare::{Comparison, Finding};
use hookdeck_gateway::{Effect, Fault, Gateway, parity};
use serde_json::json;

async fn gateway() -> Gateway {
    Gateway::builder().seed(1).start().await.unwrap()
}

fn comparison(gateway: &Gateway) -> Comparison {
    Comparison::new(gateway.api_url(), gateway.api_key()).unwrap()
}

#[tokio::test]
async fn this_gateway_is_as_the_page_says_and_nothing_is_left_behind() {
    let gateway = gateway().await;
    let settled = async || gateway.settle().await.unwrap();
    let mut told = 0;
    let report = comparison(&gateway)
        .run(settled, |_| told += 1)
        .await
        .unwrap();
    assert_eq!(told, report.rows.len());
    assert!(report.rows.len() > 5);
    let rows: Vec<_> = parity::rows()
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .collect();
    for compared in &report.rows {
        let row = rows.iter().find(|row| row.id == compared.id).unwrap();
        let is_same = compared.finding == Finding::Same;
        assert_eq!(is_same, row.same, "{compared}");
    }
    assert_eq!(report.left_behind, Vec::<String>::new());

    let client = hookdeck_testkit::client(gateway.api_url(), gateway.api_key());
    assert_eq!(client.sources().count().await.unwrap(), 0);
    assert_eq!(client.destinations().count().await.unwrap(), 0);
    assert_eq!(client.connections().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_server_that_differs_is_told_with_both_answers() {
    let gateway = gateway().await;
    let teapot = Effect::Status {
        status: 418,
        body: "{}".to_owned(),
        headers: BTreeMap::default(),
    };
    gateway.arm(Fault::ingest(teapot)).unwrap();
    let only = ["json-body-that-is-none".to_owned()];
    let settled = async || gateway.settle().await.unwrap();
    let report = comparison(&gateway)
        .only(&only)
        .unwrap()
        .run(settled, |_| {})
        .await
        .unwrap();
    // Nothing was stored, so the request never appears.
    assert!(
        matches!(&report.rows[0].finding, Finding::NotAsked(why) if why.contains("never showed")),
        "{:?}",
        report.rows
    );
    assert_eq!(report.to_string(), "0 same, 0 differ, 1 could not be asked");

    let gateway = self::gateway().await;
    let teapot = Effect::Status {
        status: 418,
        body: "{}".to_owned(),
        headers: BTreeMap::default(),
    };
    gateway
        .arm(Fault::api(teapot).operation("getSources"))
        .unwrap();
    let settled = async || gateway.settle().await.unwrap();
    let report = comparison(&gateway)
        .only(&["comma-list-is-one-value".to_owned()])
        .unwrap()
        .run(settled, |_| {})
        .await
        .unwrap();
    assert_eq!(
        report.rows[0].finding,
        Finding::Differs {
            expected: json!({"answer": 200, "rows": 0}),
            seen: json!({"answer": 418, "rows": null}),
        }
    );
    assert!(report.rows[0].to_string().contains("live: {\"answer\":200"));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_not_asked() {
    // Nobody listens on the discard port.
    let comparison = Comparison::new("http://127.0.0.1:9", "secret-key").unwrap();
    let report = comparison.run(async || {}, |_| {}).await.unwrap();
    let (same, differs, not_asked) = report.counts();
    assert_eq!((same, differs), (0, 0));
    assert_eq!(not_asked, report.rows.len());
    assert!(!format!("{comparison:?}{report:?}").contains("secret-key"));
}

#[test]
fn what_is_no_address_or_no_row_is_refused() {
    for upstream in [
        "api.hookdeck.com",
        "ftp://api.hookdeck.com",
        "http://h/?x=1",
        "",
    ] {
        assert!(Comparison::new(upstream, "k").is_err(), "{upstream}");
    }
    let comparison = Comparison::new("http://127.0.0.1:9/", "k").unwrap();
    let refused = comparison.only(&["no-such-row".to_owned()]);
    assert!(refused.unwrap_err().contains("no-such-row"));
}
