//! JSON that keeps the order of its members, as JavaScript keeps it.
//!
//! [`Value`](serde_json::Value) sorts members by name. A feature of its crate would change that, but for every crate
//! of whoever builds the gateway with their own; so what is shown or run in the order it came in goes through here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// A JSON value with its members in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ordered {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

impl Ordered {
    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let found = members.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    /// An item of a list.
    pub(crate) fn item(&self, index: usize) -> Option<&Self> {
        match self {
            Self::List(items) => items.get(index),
            _ => None,
        }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    /// The value as PostgreSQL's `jsonb` gives it back: shorter names first, then by name.
    pub(crate) fn in_postgres_order(mut self) -> Self {
        self.sort_for_postgres();
        self
    }

    fn sort_for_postgres(&mut self) {
        match self {
            Self::Object(members) => {
                members.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
                for (_, value) in members {
                    value.sort_for_postgres();
                }
            }
            Self::List(items) => items.iter_mut().for_each(Self::sort_for_postgres),
            _ => {}
        }
    }
}

/// Compact JSON.
impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What can fail is the serializer of a key that is no text.
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(is) => serializer.serialize_bool(*is),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Ordered, E> {
        Ok(Ordered::Bool(is))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Ordered, E> {
        Ok(Ordered::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Ordered, E> {
        Ok(Ordered::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Ordered, E> {
        Ok(Number::from_f64(number).map_or(Ordered::Null, Ordered::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Ordered, E> {
        Ok(Ordered::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Ordered, E> {
        Ok(Ordered::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Ordered::Object(as_javascript(members)))
    }
}

/// Members as a JavaScript object has them after reading them in this order: of two with one name the last, in the
/// place of the first; and names that are indexes of an array before all others, by number.
fn as_javascript(members: Vec<(String, Ordered)>) -> Vec<(String, Ordered)> {
    let mut places = std::collections::HashMap::with_capacity(members.len());
    let mut kept: Vec<(String, Ordered)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        match places.get(&name) {
            Some(&place) => {
                let (_, old): &mut (String, Ordered) = &mut kept[place];
                *old = value;
            }
            None => {
                places.insert(name.clone(), kept.len());
                kept.push((name, value));
            }
        }
    }
    // Stable: what is no index stays in its order.
    kept.sort_by_key(|(name, _)| index(name).unwrap_or(u32::MAX));
    kept
}

fn index(name: &str) -> Option<u32> {
    let number: u32 = name.parse().ok()?;
    (number < u32::MAX && number.to_string() == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn ordered(text: &str) -> Ordered {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_stay_where_javascript_has_them() {
        for (text, kept) in [
            (
                r#"{"z":1,"a":{"y":1,"b":[{"d":1,"c":2}]}}"#,
                r#"{"z":1,"a":{"y":1,"b":[{"d":1,"c":2}]}}"#,
            ),
            (
                r#"{"b":1,"10":2,"a":3,"9":4,"01":5,"-1":6}"#,
                r#"{"9":4,"10":2,"b":1,"a":3,"01":5,"-1":6}"#,
            ),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            (
                r#"{"4294967294":1,"4294967295":2,"x":3}"#,
                r#"{"4294967294":1,"4294967295":2,"x":3}"#,
            ),
            (
                " [ 1 , -2, 1.5, null, true, \"\\u00e9\" ] ",
                r#"[1,-2,1.5,null,true,"é"]"#,
            ),
        ] {
            assert_eq!(ordered(text).to_string(), kept, "{text}");
        }
    }

    #[test]
    fn postgres_puts_shorter_names_first() {
        let rule = ordered(r#"{"type":"retry","count":2,"strategy":"linear","a":{"bb":1,"c":2}}"#);
        assert_eq!(
            rule.in_postgres_order().to_string(),
            r#"{"a":{"c":2,"bb":1},"type":"retry","count":2,"strategy":"linear"}"#
        );
    }

    proptest! {
        #[test]
        fn nothing_but_the_order_is_another(text in r#"[\[\]{}":,a-c0-9. ]{0,40}"#) {
            let value = serde_json::from_str::<Value>(&text).ok();
            let read = serde_json::from_str::<Ordered>(&text).ok();
            let again = read.map(|read| serde_json::from_str::<Value>(&read.to_string()).unwrap());
            prop_assert_eq!(again, value);
        }
    }
}
