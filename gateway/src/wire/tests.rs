use std::collections::BTreeSet;

use hookdeck::models;
use rusqlite::Connection;

use super::*;
use crate::store::StoreError;

const SCHEMA: &str = include_str!("../store/schema.sql");

/// The words that one list has and the other has not, of ours and of the document's.
macro_rules! difference {
    ($ours:ident, $documents:ty) => {{
        let ours: BTreeSet<&str> = $ours::ALL.iter().map(|word| word.as_str()).collect();
        let known = <$documents>::KNOWN;
        let documents: BTreeSet<&str> = known.iter().map(|word| word.as_str()).collect();
        let only_ours: Vec<&str> = ours.difference(&documents).copied().collect();
        let only_documents: Vec<&str> = documents.difference(&ours).copied().collect();
        (only_ours, only_documents)
    }};
}

#[test]
fn every_list_is_the_documents() {
    let none = (Vec::new(), Vec::new());
    assert_eq!(difference!(EventStatus, models::EventStatus), none);
    assert_eq!(difference!(AttemptStatus, models::AttemptStatus), none);
    assert_eq!(difference!(AttemptTrigger, models::AttemptTrigger), none);
    assert_eq!(difference!(RejectionCause, models::RejectionCause), none);
    assert_eq!(difference!(IgnoredCause, models::IgnoredCause), none);
    assert_eq!(difference!(ErrorCode, models::ErrorCode), none);
    assert_eq!(difference!(IssueStatus, models::IssueStatus), none);
    assert_eq!(difference!(IssueType, models::IssueType), none);
    assert_eq!(
        difference!(IssueTriggerStrategy, models::IssueTriggerStrategy),
        none
    );
    assert_eq!(difference!(LogLevel, models::LogLevel), none);
    assert_eq!(difference!(ConsoleLevel, models::ConsoleLevel), none);
    assert_eq!(difference!(DestinationType, models::DestinationType), none);
    assert_eq!(
        difference!(DestinationAuthType, models::DestinationAuthType),
        none
    );
}

#[test]
fn the_types_of_sources_that_are_treated_differently_are_among_the_documents() {
    assert!(
        difference!(SourceType, models::SourceType).0.is_empty(),
        "{:?}",
        SourceType::ALL
    );
}

#[test]
fn the_types_of_bulk_jobs_are_those_of_the_bulk_operations() {
    let ours: BTreeSet<&str> = BulkType::ALL.iter().map(|word| word.as_str()).collect();
    let operations = hookdeck::operation::ops::ALL.iter();
    let theirs: BTreeSet<&str> = operations.filter_map(|known| known.bulk_type).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn a_word_comes_back_from_the_store_as_it_went_in_and_an_unknown_one_is_an_error() {
    let conn = Connection::open_in_memory().unwrap();
    let stored = |word: &dyn rusqlite::ToSql| -> Result<EventStatus, StoreError> {
        Ok(conn.query_row("SELECT ?1", [word], |row| row.get(0))?)
    };
    for status in EventStatus::ALL {
        assert_eq!(stored(status), Ok(*status));
    }
    let error = stored(&"DELIVERED").unwrap_err().to_string();
    assert!(error.contains("\"DELIVERED\" is no EventStatus"), "{error}");
    assert!(stored(&"queued").is_err(), "words have one spelling");
    assert!(stored(&7).is_err(), "a number is no word");
    assert!(stored(&rusqlite::types::Null).is_err());
}

/// The words in a list of the schema, such as `status IN ('A', 'B')`, of the table that is created by `table`.
fn checked_in(table: &str) -> BTreeSet<&'static str> {
    let (_, rest) = SCHEMA
        .split_once(&format!("CREATE TABLE {table} ("))
        .unwrap();
    let (_, rest) = rest.split_once("CHECK (status IN (").unwrap();
    let (list, _) = rest.split_once(')').unwrap();
    list.split(", ")
        .map(|word| word.trim_matches('\''))
        .collect()
}

#[test]
fn the_schema_checks_for_the_words_of_the_lists() {
    let events = EventStatus::ALL.iter().map(|word| word.as_str());
    assert_eq!(checked_in("events"), events.collect());
    let issues = IssueStatus::ALL.iter().map(|word| word.as_str());
    assert_eq!(checked_in("issues"), issues.collect());
}

#[test]
fn the_schema_has_no_other_words_in_capitals() {
    let lines = SCHEMA.lines().filter_map(|line| line.split("--").next());
    for line in lines {
        let quoted = line.split('\'').skip(1).step_by(2);
        for word in quoted.filter(|word| word.chars().any(char::is_uppercase)) {
            let known = EventStatus::parse(word).is_some() || IssueStatus::parse(word).is_some();
            assert!(known, "{word:?} is on no list");
        }
    }
}

#[test]
fn what_a_transformation_logs_is_info() {
    assert_eq!(LogLevel::from(ConsoleLevel::Log), LogLevel::Info);
    assert!(LogLevel::ALL.is_sorted(), "the least comes first");
}
