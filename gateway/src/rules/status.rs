//! Lists of response statuses, as retry rules have them.

use serde_json::Value;

/// A list of response statuses: exact ones, ranges, comparisons and exclusions.
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

    /// Whether the list covers a status. An exclusion beats everything; a list of nothing but exclusions covers all
    /// other statuses.
    pub fn covers(&self, status: u16) -> bool {
        let mut only_exclusions = true;
        let mut included = false;
        for expression in &self.0 {
            match *expression {
                StatusExpression::Not(excluded) => {
                    if status == excluded {
                        return false;
                    }
                    continue;
                }
                StatusExpression::Range(from, to) => included |= (from..=to).contains(&status),
                StatusExpression::Comparison {
                    less,
                    equal,
                    greater,
                    than,
                } => {
                    included |= (less && status < than)
                        || (equal && status == than)
                        || (greater && status > than);
                }
            }
            only_exclusions = false;
        }
        included || only_exclusions
    }
}

impl StatusExpression {
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

    #[test]
    fn exclusions_win_and_alone_mean_everything_else() {
        let server = covers(json!(["500-599", "!501"]));
        assert!(server(500) && !server(501) && !server(404));
        let all_but = covers(json!(["!401", "!403"]));
        assert!(all_but(500) && all_but(404) && !all_but(401) && !all_but(403));
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

    proptest! {
        #[test]
        fn parsed_expressions_are_those_of_the_contract(text in "[!<>=]{0,3}[1-6]\\d{2}(-[1-6]\\d{2})?|\\PC{0,6}") {
            let schema = crate::contract::Contract::get().schema("RetryRule").unwrap();
            let pattern = schema.properties.get("response_status_codes").unwrap().items.as_ref().unwrap();
            let allowed = pattern.pattern.as_ref().unwrap().is_match(&text);
            prop_assert_eq!(StatusExpression::parse(&text).is_some(), allowed);
        }
    }
}
