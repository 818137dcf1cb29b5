use serde_json::json;
use std::time::Duration;

use super::harness::{Receiver, Setup, manual, rows};

#[tokio::test]
async fn projects_do_not_see_each_other() {
    let mut receiver = Receiver::start().await;
    let gateway = manual()
        .api_key("one")
        .api_key("two")
        .start()
        .await
        .unwrap();
    let [one, two] = [0, 1].map(|index| gateway.projects().nth(index).unwrap().clone());
    assert_ne!(one.team_id, two.team_id);
    assert_ne!(one.ids().event(), two.ids().event());

    // The second project's source is found by its URL, and its webhook stays in its project.
    let path = Setup::to(&receiver.url).tag("b").create_in(&two).await;
    path.post(json!({})).await;
    path.post(json!({})).await;
    gateway.settle().await.unwrap();
    assert_eq!(receiver.all().len(), 2);
    assert!(rows(&one, "SELECT 1 FROM requests", &[]).await.is_empty());
    assert_eq!(rows(&two, "SELECT 1 FROM requests", &[]).await.len(), 2);

    two.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        two.clock().now().since(one.clock().now()),
        Duration::from_secs(60)
    );
    two.reset().await.unwrap();
    assert!(rows(&two, "SELECT 1 FROM sources", &[]).await.is_empty());
}
