//! The examples do what they say: each one's body is called here.

#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/quickstart/main.rs"]
mod quickstart;

#[allow(dead_code, reason = "its `main` is not called")]
#[path = "../examples/bulk/main.rs"]
mod bulk;

#[tokio::test]
async fn bulk_replays_what_was_missed() {
    let report = bulk::run(&indicatif::ProgressBar::hidden()).await;
    assert_eq!(
        report.expect("the example runs"),
        "250 of 250 webhooks replayed in 3 batches, 250 events made"
    );
}

#[tokio::test]
async fn quickstart_tells_what_became_of_each_webhook() {
    let report = quickstart::run().await.expect("the example runs");
    assert_eq!(
        report,
        "webhook          became     because\n\
         order.created    successful backend answered 200\n\
         cart.viewed      ignored    FILTERED\n\
         order.paid       successful backend answered 500, 200\n\
         order.created    rejected   NO_CONNECTION\n\
         \n\
         1 event needed a second attempt, 1 carries order 1\n"
    );
}
