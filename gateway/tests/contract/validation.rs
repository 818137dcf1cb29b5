//! Every operation of the contract refuses what its schemas exclude: by a 422 that names the place, in the
//! shape of the live API, and without having stored anything. The cases are made from the document itself,
//! read here on its own and not by the gateway's reader.

use hookdeck_testkit::{Api, Reply, World, gateway, id};
use serde_json::{Map, Value, json};

/// Text that is no value of a closed list, no number, no moment, no URL and fits no pattern.
const ODD: &str = "no!such value";

/// The published document as plain JSON.
struct Document(Value);

impl Document {
    fn read() -> Self {
        Self(serde_json::from_str(hookdeck::contract::DOCUMENT).unwrap())
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').unwrap();
                self.resolve(self.0.pointer(pointer).unwrap())
            }
            None => schema,
        }
    }

    /// Every operation: method, path with an id nobody has, and what the document says of it.
    fn operations(&self) -> impl Iterator<Item = (String, String, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, methods)| {
            let segments: Vec<&str> = path
                .split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "missing"
                    } else {
                        part
                    }
                })
                .collect();
            let path = segments.join("/");
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
        })
    }

    fn alternatives<'a>(&'a self, schema: &'a Value) -> Option<&'a Vec<Value>> {
        let schema = self.resolve(schema);
        let alternatives = schema.get("anyOf").or_else(|| schema.get("oneOf"))?;
        alternatives.as_array()
    }

    /// Whether no text in a query string like [`ODD`] is a value of the schema.
    fn refuses_odd_text(&self, schema: &Value) -> bool {
        if let Some(alternatives) = self.alternatives(schema) {
            return alternatives.iter().all(|one| self.refuses_odd_text(one));
        }
        let schema = self.resolve(schema);
        if schema.get("enum").is_some() {
            return true;
        }
        match schema["type"].as_str() {
            Some("string") => schema.get("pattern").is_some() || schema["format"] == "date-time",
            Some("integer" | "number" | "boolean" | "object") => true,
            Some("array") => self.refuses_odd_text(&schema["items"]),
            _ => false,
        }
    }

    /// Values a body must not have at a place with this schema.
    fn wrong(&self, schema: &Value) -> Vec<Value> {
        if self.alternatives(schema).is_some() {
            return Vec::new();
        }
        let schema = self.resolve(schema);
        if schema.get("enum").is_some() {
            return vec![json!(ODD), json!({})];
        }
        let mut wrong = match schema["type"].as_str() {
            Some("string") => {
                let mut wrong = vec![json!(17), json!([]), json!({})];
                if schema.get("pattern").is_some() || schema.get("format").is_some() {
                    wrong.push(json!(ODD));
                }
                if let Some(most) = schema["maxLength"].as_u64() {
                    wrong.push(json!("x".repeat(usize::try_from(most).unwrap() + 1)));
                }
                if schema["minLength"].as_u64() > Some(0) {
                    wrong.push(json!(""));
                }
                wrong
            }
            Some("integer") => vec![json!(ODD), json!(true), json!(1.5)],
            Some("number") => vec![json!(ODD), json!(true)],
            Some("boolean") => vec![json!(ODD), json!(17)],
            Some("array") => vec![json!(ODD), json!(17), json!({})],
            Some("object") => vec![json!(ODD), json!(17), json!([])],
            _ => Vec::new(),
        };
        if let Some(least) = schema["minimum"].as_f64() {
            wrong.push(json!(least - 1.0));
        }
        if let Some(most) = schema["maximum"].as_f64() {
            wrong.push(json!(most + 1.0));
        }
        wrong
    }

    /// Bodies that are wrong in one place, with the name of the place: the places of `schema`, which stands
    /// at `at`, wrapped by `wrap` into a whole body.
    fn wrong_bodies(
        &self,
        schema: &Value,
        at: &str,
        wrap: &dyn Fn(Value) -> Value,
        out: &mut Vec<(String, Value)>,
    ) {
        let schema = self.resolve(schema);
        // Without properties it is the document's way of writing "any object".
        let lists = schema["properties"]
            .as_object()
            .is_some_and(|properties| !properties.is_empty());
        if schema["additionalProperties"] == false && lists {
            out.push((
                format!("{at}unknown_key"),
                wrap(json!({ "unknown_key": 1 })),
            ));
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{at}{name}");
            let inside =
                |value: Value| wrap(Value::Object(Map::from_iter([(name.clone(), value)])));
            for value in self.wrong(property) {
                out.push((place.clone(), inside(value)));
            }
            if self.alternatives(property).is_none() {
                self.wrong_bodies(property, &format!("{place}."), &inside, out);
            }
        }
    }
}

/// What every operation answers that reads something and needs neither an id nor a parameter.
async fn stored(api: &Api, document: &Document) -> Vec<(String, Value)> {
    let mut stored = Vec::new();
    for (method, path, operation) in document.operations() {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut required = parameters.filter(|parameter| parameter["required"] == true);
        let reads = method == "GET" && !path.contains("missing") && !path.ends_with("/plan");
        if reads && required.next().is_none() {
            let reply = api.get(&path).await;
            if path.starts_with("/metrics") {
                assert_eq!(reply.status, 422, "{path}: {}", reply.text);
                continue;
            }
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            stored.push((path, reply.json()));
        }
    }
    assert!(stored.len() > 20, "{stored:#?}");
    stored
}

/// What is wrong with a reply that should refuse `place`, if anything.
fn misfit(reply: &Reply, place: &str) -> Option<String> {
    let body = reply.json();
    let data = body["data"].as_array();
    let named = data.is_some_and(|messages| {
        messages
            .iter()
            .any(|message| message.as_str().is_some_and(|text| text.contains(place)))
    });
    let shaped = body["handled"] == true
        && body["code"] == "UNPROCESSABLE_ENTITY"
        && body["status"] == 422
        && body["level"].is_string()
        && body["report"].is_boolean();
    (reply.status != 422 || !named || !shaped).then(|| format!("{place}: {} {body}", reply.status))
}

#[tokio::test]
async fn every_body_is_refused_at_the_place_that_is_wrong() {
    let world = World::of(gateway().strict(true)).await;
    let api = &world.api;
    let document = Document::read();
    // An update of these is checked by the type of what is stored, so it must be there.
    let source = id(&api.source("s").await);
    let destination = json!({ "name": "d", "type": "MOCK_API" });
    let destination = id(&api.ok("POST", "/destinations", destination).await);
    let before = stored(api, &document).await;
    let (mut cases, mut misfits) = (0, Vec::new());
    for (method, path, operation) in document.operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            continue;
        }
        let path = match path.as_str() {
            "/sources/missing" => format!("/sources/{source}"),
            "/destinations/missing" => format!("/destinations/{destination}"),
            _ => path,
        };
        let mut bodies = Vec::new();
        document.wrong_bodies(schema, "", &|value| value, &mut bodies);
        for (place, body) in bodies {
            let reply = api.call(&method, &path, Some(&body)).await;
            cases += 1;
            misfits.extend(
                misfit(&reply, &place).map(|what| format!("{method} {path} {body} {what}")),
            );
        }
    }
    assert!(
        misfits.is_empty(),
        "{} of {cases}: {misfits:#?}",
        misfits.len()
    );
    assert!(cases > 500, "only {cases} cases");
    assert_eq!(stored(api, &document).await, before, "something was stored");
}

/// Unless the gateway is told to be strict.
#[tokio::test]
async fn no_body_is_refused_for_a_member_that_is_not_listed() {
    let world = World::start().await;
    let api = &world.api;
    let document = Document::read();
    let (mut cases, mut misfits) = (0, Vec::new());
    for (method, path, operation) in document.operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut bodies = Vec::new();
        document.wrong_bodies(schema, "", &|value| value, &mut bodies);
        for (place, body) in bodies {
            if !place.ends_with("unknown_key") {
                continue;
            }
            let reply = api.call(&method, &path, Some(&body)).await;
            cases += 1;
            if reply.text.contains("unknown_key") {
                misfits.push(format!("{method} {path} {body}: {}", reply.text));
            } else if reply.status == 200 {
                let entry = world.gateway.journal().pop().unwrap();
                assert_eq!(entry.dropped, [place], "{method} {path} {body}");
            }
        }
    }
    assert!(misfits.is_empty(), "{misfits:#?}");
    assert!(cases > 50, "only {cases} cases");
}

#[tokio::test]
async fn every_query_is_refused_at_the_parameter_that_is_wrong() {
    let world = World::start().await;
    let api = &world.api;
    let document = Document::read();
    let (mut cases, mut misfits) = (0, Vec::new());
    for (method, path, operation) in document.operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            let schema = document.resolve(&parameter["schema"]);
            let mut wrong = Vec::new();
            if document.refuses_odd_text(schema) {
                wrong.push("no!such%20value".to_owned());
            }
            if let Some(least) = schema["minimum"].as_i64() {
                wrong.push((least - 1).to_string());
            }
            if let Some(most) = schema["maximum"].as_i64() {
                wrong.push((most + 1).to_string());
            }
            if let Some(most) = schema["maxLength"].as_u64() {
                wrong.push("x".repeat(usize::try_from(most).unwrap() + 1));
            }
            for value in wrong {
                let reply = api
                    .call(&method, &format!("{path}?{name}={value}"), None)
                    .await;
                cases += 1;
                let what = misfit(&reply, name);
                misfits.extend(what.map(|what| format!("{method} {path}?{name}={value} {what}")));
            }
        }
    }
    assert!(
        misfits.is_empty(),
        "{} of {cases}: {misfits:#?}",
        misfits.len()
    );
    assert!(cases > 200, "only {cases} cases");
}

#[tokio::test]
async fn what_is_wrong_in_several_places_is_told_of_all_of_them() {
    let world = World::of(gateway().strict(true)).await;
    let api = &world.api;
    let body = json!({ "name": "no spaces!", "description": 1, "type": "NOPE", "more": true });
    let violations = api.post("/sources", body).await.violations();
    for place in ["name", "description", "type", "more"] {
        let told = violations.iter().any(|message| message.starts_with(place));
        assert!(told, "{place}: {violations:?}");
    }
    let violations = api
        .get("/events?limit=256&dir=up&order_by=x")
        .await
        .violations();
    for place in ["limit", "dir", "order_by"] {
        let told = violations.iter().any(|message| message.starts_with(place));
        assert!(told, "{place}: {violations:?}");
    }
}
