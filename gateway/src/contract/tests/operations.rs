use super::*;

#[test]
fn every_piece_of_the_document_is_readable() {
    let contract = Contract::get();
    assert!(contract.operations().len() > 100);
    for operation in contract.operations() {
        let _ = operation.query();
        let _ = operation.body();
        assert!(
            operation.statuses().any(|status| status == 200),
            "{}",
            operation.id
        );
        assert!(operation.reply(200).is_some(), "{}", operation.id);
    }
    for name in contract.schemas.keys() {
        assert!(contract.schema(name).is_some());
    }
}

#[test]
fn every_operation_is_routed_to_itself() {
    let contract = Contract::get();
    for operation in contract.operations() {
        let path = operation
            .path
            .replace("{id}", "x_1")
            .replace("{", "")
            .replace('}', "");
        let route = contract
            .route(&operation.method, &path)
            .unwrap_or_else(|| panic!("{path}"));
        assert_eq!(route.operation.id, operation.id);
    }
}

#[test]
fn fixed_segments_win_over_parameters() {
    let contract = Contract::get();
    let id = |method: &str, path: &str| {
        contract
            .route(method, path)
            .map(|route| route.operation.id.clone())
    };
    assert_eq!(id("GET", "/sources/count").as_deref(), Some("countSources"));
    assert_eq!(
        id("GET", "/bulk/events/retry/plan").as_deref(),
        Some("generateEventBulkRetryPlan")
    );
    assert_eq!(
        id("GET", "/bulk/events/retry/bch_1").as_deref(),
        Some("getEventBulkRetry")
    );
    assert_eq!(
        id("put", "/transformations/run").as_deref(),
        Some("testTransformation")
    );
    assert_eq!(
        id("GET", "/webhooks/web_1").as_deref(),
        Some("getConnection")
    );
    assert_eq!(id("GET", "/sources/").as_deref(), Some("getSources"));
    for (method, path) in [
        ("PATCH", "/sources"),
        ("GET", "/nothing"),
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/sources//x"),
        ("GET", "/sources/%ff"),
    ] {
        assert_eq!(id(method, path), None, "{method} {path}");
    }
}

#[test]
fn path_parameters_are_decoded() {
    let route = Contract::get()
        .route("PUT", "/integrations/int_1/attach/a%2Fb")
        .unwrap();
    assert_eq!(route.param("id"), Some("int_1"));
    assert_eq!(route.param("source_id"), Some("a/b"));
    assert_eq!(route.param("nothing"), None);
}
