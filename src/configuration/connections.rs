//! Bodies of connections.

use super::checks::{self, ensure, within};
use crate::call::Write;
use crate::models::{ConnectionInput, ConnectionUpdate, Rule, TransformationInput};

macro_rules! rules {
    ($body:ident) => {
        impl $body {
            /// Adds a rule after those set so far. Rules run in order.
            ///
            /// ```
            /// use std::time::Duration;
            #[doc = concat!("use hookdeck::models::{", stringify!($body), ", Rule};")]
            /// use serde_json::json;
            ///
            #[doc = concat!("let body = ", stringify!($body), "::new()")]
            ///     .rule(Rule::filter().body(json!({"type": "order.created"})))
            ///     .rule(Rule::retry().exponential(Duration::from_secs(30)).count(5));
            /// assert_eq!(body.rules.map(|rules| rules.len()), Some(2));
            /// ```
            #[must_use]
            pub fn rule(mut self, rule: impl Into<Rule>) -> Self {
                self.rules.get_or_insert_default().push(rule.into());
                self
            }
        }

        impl Write<$body> {
            /// Adds a rule after those set so far. Rules run in order, and replace all that the
            /// connection had.
            pub fn rule(mut self, rule: impl Into<Rule>) -> Self {
                let rules = &mut self.body_mut().rules;
                rules.get_or_insert_default().push(rule.into());
                self
            }
        }
    };
}

rules!(ConnectionInput);
rules!(ConnectionUpdate);

impl ConnectionInput {
    pub(crate) fn find_problem(&self) -> Result<(), String> {
        if let Some(name) = self.name.value() {
            checks::name(name)?;
        }
        checks::description(self.description.value())?;
        one_end("source", self.source.is_some(), self.source_id.value())?;
        one_end(
            "destination",
            self.destination.is_some(),
            self.destination_id.value(),
        )?;
        if let Some(source) = &self.source {
            within("source", source.find_problem())?;
        }
        if let Some(destination) = &self.destination {
            within("destination", destination.find_problem())?;
        }
        rules_problem(self.rules.as_deref())
    }
}

impl ConnectionUpdate {
    pub(crate) fn find_problem(&self) -> Result<(), String> {
        if let Some(name) = self.name.value() {
            checks::name(name)?;
        }
        checks::description(self.description.value())?;
        rules_problem(self.rules.as_deref())
    }
}

impl TransformationInput {
    pub(crate) fn find_problem(&self) -> Result<(), String> {
        checks::name(&self.name)
    }
}

fn one_end(end: &str, in_place: bool, id: Option<&impl AsRef<str>>) -> Result<(), String> {
    match id {
        Some(_) if in_place => Err(format!("{end} and {end}_id are both set")),
        Some(id) => ensure(!id.as_ref().is_empty(), format!("{end}_id is empty")),
        None => ensure(
            in_place,
            format!("{end} is missing: give {end}_id, or describe it in place"),
        ),
    }
}

fn rules_problem(rules: Option<&[Rule]>) -> Result<(), String> {
    for (position, rule) in rules.unwrap_or_default().iter().enumerate() {
        within(&format!("rules[{position}]"), rule.find_problem())?;
    }
    Ok(())
}
