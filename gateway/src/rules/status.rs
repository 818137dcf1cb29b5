//! Lists of response statuses, as retry rules have them.

use serde_json::Value;

/// A list of response statuses: exact ones, ranges, comparisons and negations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusExpressions(Vec<StatusExpression>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StatusExpression {
    Range(u16, u16),
    /// Less, equal, greater: any relation named in the expression may hold, so `<>` is "not equal".
    Comparison {
        less: bool,
        equal: bool,
        greater: bool,
        than: u16,
    },
    Not(u16),
}

impl StatusExpressions {
    pub(super) fn parse(items: &[Value]) -> Result<Self, String> {
        let expressions = items.iter().map(|item| {
            let text = match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            StatusExpression::parse(&text).ok_or_else(|| format!("{text} is no status expression"))
        });
        expressions.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the list covers a status. The entries are gone through in order, and the last that speaks about
    /// the status decides: one that includes it says yes, a negation of this very status no. A list of nothing
    /// but negations covers everything else, successes as well; any other covers nothing to begin with.
    pub fn covers(&self, status: u16) -> bool {
        let is_negation =
            |expression: &StatusExpression| matches!(expression, StatusExpression::Not(_));
        let mut covered = self.0.iter().all(is_negation);
        for expression in &self.0 {
            match *expression {
                StatusExpression::Not(negated) if negated == status => covered = false,
                StatusExpression::Not(_) => {}
                ref inclusion if inclusion.includes(status) => covered = true,
                _ => {}
            }
        }
        covered
    }
}

impl StatusExpression {
    fn includes(&self, status: u16) -> bool {
        match *self {
            Self::Not(_) => false,
            Self::Range(from, to) => (from..=to).contains(&status),
            Self::Comparison {
                less,
                equal,
                greater,
                than,
            } => (less && status < than) || (equal && status == than) || (greater && status > than),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(excluded) = text.strip_prefix('!') {
            return status(excluded).map(Self::Not);
        }
        if let Some((from, to)) = text.split_once('-') {
            return Some(Self::Range(status(from)?, status(to)?));
        }
        let digits = text.trim_start_matches(['<', '=', '>']);
        let operator = &text[..text.len() - digits.len()];
        if operator.len() > 2 {
            return None;
        }
        let than = status(digits)?;
        let names = |c: char| operator.contains(c);
        Some(Self::Comparison {
            less: names('<'),
            equal: names('=') || operator.is_empty(),
            greater: names('>'),
            than,
        })
    }
}

fn status(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|status| plain && (200..600).contains(status))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn covers(expressions: Value) -> impl Fn(u16) -> bool {
        let statuses = StatusExpressions::parse(expressions.as_array().unwrap()).unwrap();
        move |status| statuses.covers(status)
    }

    #[test]
    fn statuses_are_exact_ranges_or_comparisons() {
        let some = covers(json!(["404", "500-503", ">=599", 429]));
        for status in [404, 500, 503, 599, 429] {
            assert!(some(status), "{status}");
        }
        for status in [403, 499, 504, 598] {
            assert!(!some(status), "{status}");
        }
        assert!(covers(json!(["<400"]))(399) && !covers(json!(["<400"]))(400));
        assert!(covers(json!(["<=400"]))(400) && covers(json!([">400"]))(401));
        assert!(covers(json!(["=400"]))(400) && covers(json!(["==400"]))(400));
        assert!(covers(json!(["<>400"]))(401) && !covers(json!(["<>400"]))(400));
    }

    /// What a row of the table rests on.
    #[derive(Debug, PartialEq)]
    enum Known {
        /// Somebody tried it on the live service.
        Measured,
        /// It follows from the one model that fits everything that was measured.
        Model,
    }
    use Known::{Measured, Model};

    /// List, status, whether it is retried, and how that is known.
    const TABLE: &[(&[&str], u16, bool, Known)] = &[
        // Nothing but negations: everything else, successes too.
        (&["!410", "!413"], 200, true, Measured),
        (&["!410", "!413"], 410, false, Model),
        (&["!410", "!413"], 413, false, Model),
        (&["!410", "!413"], 500, true, Model),
        (&["!410", "!413"], 301, true, Model),
        (&["!410", "!413"], 404, true, Model),
        (&["!200"], 200, false, Model),
        (&["!200"], 201, true, Model),
        (&["!200"], 500, true, Model),
        (&["!500", "!500"], 500, false, Model),
        // A negation does not bring back what another one took away, nor what no entry included.
        (&[">=300", "!410", "!413"], 500, true, Measured),
        (&[">=300", "!410", "!413"], 200, false, Measured),
        (&[">=300", "!410", "!413"], 410, false, Measured),
        (&[">=300", "!410", "!413"], 413, false, Model),
        (&[">=300", "!410", "!413"], 300, true, Model),
        (&[">=300", "!410", "!413"], 299, false, Model),
        (&["500-599", "!501"], 501, false, Model),
        (&["500-599", "!501"], 500, true, Model),
        (&["500-599", "!501"], 404, false, Model),
        (&["500-599", "!501"], 200, false, Model),
        // The last entry that speaks about the status decides.
        (&["500-599", "!503", "503"], 503, true, Model),
        (&["500-599", "503", "!503"], 503, false, Model),
        (&["!500", ">=400"], 500, true, Model),
        (&["!500", ">=400"], 404, true, Model),
        (&["!500", "400-499"], 500, false, Model),
        (&["!500", "400-499"], 503, false, Model),
        (&["!500", "400-499"], 200, false, Model),
        (&["!404", "404", "!404"], 404, false, Model),
        (&["404", "!404", "404"], 404, true, Model),
        (&[">=500", "!501", "500-502"], 501, true, Model),
        (&["!501", "501"], 501, true, Model),
        (&["!501", "501"], 500, false, Model),
        // Inclusions alone.
        (&["500"], 500, true, Model),
        (&["500"], 501, false, Model),
        (&["500", "429"], 429, true, Model),
        (&["500-503"], 503, true, Model),
        (&["500-503"], 504, false, Model),
        (&["503-500"], 501, false, Model),
        (&["500-500"], 500, true, Model),
        (&["<400"], 399, true, Model),
        (&["<400"], 400, false, Model),
        (&["<400"], 200, true, Model),
        (&["<=400"], 400, true, Model),
        (&[">400"], 400, false, Model),
        (&[">400"], 401, true, Model),
        (&["=400"], 400, true, Model),
        (&["==400"], 401, false, Model),
        (&["<>400"], 400, false, Model),
        (&["<>400"], 200, true, Model),
        (&["200"], 200, true, Model),
        (&["200-299"], 204, true, Model),
        (&["200-299", "!204"], 204, false, Model),
    ];

    #[test]
    fn the_last_entry_that_speaks_about_a_status_decides() {
        assert!(TABLE.len() >= 40);
        for (list, status, retried, known) in TABLE {
            assert_eq!(
                covers(json!(list))(*status),
                *retried,
                "{list:?} and {status}, {known:?}"
            );
        }
        let measured = TABLE.iter().filter(|row| row.3 == Measured);
        assert_eq!(measured.count(), 4);
    }

    #[test]
    fn a_list_with_an_entry_that_is_none_is_refused_whole() {
        for garbage in [
            json!(["5xx"]),
            json!(["500", ""]),
            json!(["!", "500"]),
            json!([">=300", "!4100"]),
            json!([null]),
            json!([true]),
            json!([[500]]),
            json!([{ "status": 500 }]),
            json!([500.5]),
            json!([-500]),
            json!([" 500"]),
            json!(["500 "]),
            json!(["٥٠٠"]),
            json!(["500–599"]),
        ] {
            let parsed = StatusExpressions::parse(garbage.as_array().unwrap());
            assert!(parsed.is_err(), "{garbage}: {parsed:?}");
        }
    }

    #[test]
    fn other_texts_are_no_expressions() {
        for text in [
            "", "199", "600", "50", "5000", "!", "!!400", "500-", "-500", "500-600", ">>>400", "a",
            "+50", "!>400",
        ] {
            assert_eq!(StatusExpression::parse(text), None, "{text}");
        }
    }

    /// Anything a list may hold: one entry of each kind, and what is none.
    fn entry() -> impl Strategy<Value = String> {
        let near = 198_u16..204;
        let status = prop_oneof![near, 408_u16..415, 498_u16..504, 597_u16..602];
        let operator = prop::sample::select(vec![
            "", "!", "=", "==", "<", "<=", "=<", ">", ">=", "<>", "!!",
        ]);
        prop_oneof![
            8 => (operator, status.clone()).prop_map(|(operator, status)| format!("{operator}{status}")),
            2 => (status.clone(), status).prop_map(|(from, to)| format!("{from}-{to}")),
            1 => "[!<>=0-9-]{0,6}",
        ]
    }

    proptest! {
        #[test]
        fn the_sdk_reads_a_list_as_the_gateway_does(list in prop::collection::vec(entry(), 1..6), status in 100_u16..=999) {
            match StatusExpressions::parse(json!(list).as_array().unwrap()) {
                Ok(statuses) => prop_assert_eq!(statuses.covers(status), hookdeck::configuration::retries(&list, status)),
                // What the gateway refuses covers nothing in the eyes of the SDK.
                Err(_) => for entry in &list {
                    let alone = StatusExpressions::parse(&[json!(entry)]);
                    prop_assert!(alone.is_ok() || !hookdeck::configuration::retries(&[entry], status));
                }
            }
        }

        #[test]
        fn the_order_of_entries_counts_only_where_they_contradict(status in 200_u16..600, negated in 200_u16..600, from in 200_u16..600) {
            let (not, range) = (format!("!{negated}"), format!(">={from}"));
            let before = covers(json!([not, range]))(status);
            let after = covers(json!([range, not]))(status);
            prop_assert_eq!(before, status >= from);
            prop_assert_eq!(after, status >= from && status != negated);
        }

        #[test]
        fn parsed_expressions_are_those_of_the_contract(text in "[!<>=]{0,3}[1-6]\\d{2}(-[1-6]\\d{2})?|\\PC{0,6}") {
            let schema = crate::contract::Contract::get().schema("RetryRule").unwrap();
            let pattern = schema.properties.get("response_status_codes").unwrap().items.as_ref().unwrap();
            let allowed = pattern.pattern.as_ref().unwrap().is_match(&text);
            prop_assert_eq!(StatusExpression::parse(&text).is_some(), allowed);
        }
    }
}
