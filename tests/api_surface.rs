//! What the types of the public API promise: where they can go, what they cost, that they print.

use std::fmt::Debug;

use hookdeck::models::{Event, EventFilter, Source, SourceFilter, SourceInput};
use hookdeck::paging::{Items, Page, Pages, ParseCursorError, Windows};
use hookdeck::query::{Direction, OneOrMany, Query, QueryValue, Range};
use hookdeck::transport::{Exchange, Transport, TransportError, TransportErrorKind};
use hookdeck::types::{Headers, Json, Patch, Secret, Timestamp};
use hookdeck::*;

fn shared<T: Send + Sync + Unpin + 'static>() {}
fn sent<T: Send + Unpin + 'static>() {}
fn cloned<T: Clone>() {}
fn printed<T: Debug + ?Sized>() {}
fn raised<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn an_error_costs_a_result_one_word() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    assert_eq!(size_of::<Client>(), size_of::<usize>());
}

#[test]
fn what_programs_keep_can_be_shared_between_threads() {
    shared::<Client>();
    shared::<ClientBuilder>();
    shared::<ApiKey>();
    shared::<ApiVersion>();
    shared::<Error>();
    shared::<ApiError>();
    shared::<Call<Event>>();
    shared::<WithMeta<Event>>();
    shared::<Count<SourceFilter>>();
    shared::<List<EventFilter>>();
    shared::<Write<SourceInput>>();
    shared::<Response<Event>>();
    shared::<Page<Event>>();
    shared::<Cursor>();
    shared::<EventFilter>();
    shared::<Query>();
    shared::<resources::Events>();
    shared::<Event>();
    shared::<TransportError>();
    shared::<Box<dyn Transport>>();
    shared::<Box<dyn Observer>>();
}

#[test]
fn futures_and_streams_can_be_spawned() {
    sent::<CallFuture<Event>>();
    sent::<Exchange<'static>>();
    sent::<Pages<EventFilter>>();
    sent::<Items<EventFilter>>();
    sent::<Windows<EventFilter>>();
}

#[test]
fn what_describes_a_call_can_be_used_again() {
    cloned::<Client>();
    cloned::<ClientBuilder>();
    cloned::<Call<Event>>();
    cloned::<Count>();
    cloned::<List<EventFilter>>();
    cloned::<Write<SourceInput>>();
    cloned::<Response<Event>>();
    cloned::<Cursor>();
    cloned::<EventFilter>();
}

#[test]
fn every_public_type_prints() {
    printed::<Client>();
    printed::<ClientBuilder>();
    printed::<ApiKey>();
    printed::<AuthScheme>();
    printed::<ApiVersion>();
    printed::<Retry>();
    printed::<RateLimit>();
    printed::<RateLimitStatus>();
    printed::<Timeouts>();
    printed::<CallEvent<'static>>();
    printed::<dyn Observer>();
    printed::<dyn Transport>();
    printed::<TransportError>();
    printed::<TransportErrorKind>();
    printed::<Error>();
    printed::<ErrorKind>();
    printed::<Exhausted>();
    printed::<Sent>();
    printed::<ApiError>();
    printed::<Call<Event>>();
    printed::<WithMeta<Event>>();
    printed::<Count>();
    printed::<List<EventFilter>>();
    printed::<Write<SourceInput>>();
    printed::<Response<Event>>();
    printed::<Page<Event>>();
    printed::<Pages<EventFilter>>();
    printed::<Items<EventFilter>>();
    printed::<Windows<EventFilter>>();
    printed::<Cursor>();
    printed::<ParseCursorError>();
    printed::<Query>();
    printed::<QueryValue>();
    printed::<Range<Timestamp>>();
    printed::<OneOrMany<Timestamp>>();
    printed::<Direction>();
    printed::<Json>();
    printed::<Headers>();
    printed::<Patch<String>>();
    printed::<Secret>();
    printed::<Timestamp>();
    printed::<Source>();
    printed::<operation::Operation>();
    printed::<resources::Sources>();
}

#[test]
fn errors_fit_into_anybodys_error_type() {
    raised::<Error>();
    raised::<TransportError>();
    raised::<ParseCursorError>();
    raised::<hookdeck::types::ParseTimestampError>();
}
