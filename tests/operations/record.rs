//! A transport that keeps what is sent and answers everything alike.

use std::sync::{Arc, Mutex};

use hookdeck::transport::{Exchange, HttpRequest, HttpResponse, Transport};
use hookdeck::{Client, RateLimit};
use serde_json::{Map, Value};

/// One request as it would have gone out.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    /// Below the version.
    pub path: String,
    pub query: String,
    pub body: Option<Value>,
}

#[derive(Clone, Debug)]
pub struct Recorder {
    sent: Arc<Mutex<Vec<Sent>>>,
    reply: &'static str,
}

impl Recorder {
    /// Answers every request with this body.
    pub fn answering(reply: &'static str) -> Self {
        Self {
            sent: Arc::default(),
            reply,
        }
    }

    pub fn client(&self) -> Client {
        Client::builder("a-key-of-the-tests")
            .base_url("http://api.test")
            .rate_limit(RateLimit::off())
            .transport(self.clone())
            .build()
            .expect("the client is set up")
    }

    /// Everything sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("no panic while held").clone()
    }

    /// The only request sent.
    pub fn only(&self) -> Sent {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }
}

impl Transport for Recorder {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        let uri = request.uri();
        let path = uri.path().strip_prefix("/2026-09-01");
        let body = (!request.body().is_empty())
            .then(|| serde_json::from_slice(request.body()).expect("a JSON body"));
        let sent = Sent {
            method: request.method().to_string(),
            path: path.expect("the path has the version").to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            body,
        };
        self.sent.lock().expect("no panic while held").push(sent);
        let reply = HttpResponse::new(self.reply.into());
        Box::pin(async { Ok(reply) })
    }
}

/// The query as the tree its brackets say: `a[b]=1&c[]=2` is `{"a": {"b": "1"}, "c": ["2"]}`.
pub fn tree(query: &str) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let mut place = &mut root;
        for key in name.split(['[', ']']).enumerate().filter_map(|(i, key)| {
            // Between a closing and an opening bracket, and after the last, stands nothing.
            (i % 2 == 1 || i == 0).then_some(key)
        }) {
            place = if key.is_empty() {
                if !place.is_array() {
                    *place = Value::Array(Vec::new());
                }
                let list = place.as_array_mut().expect("just made one");
                list.push(Value::Null);
                list.last_mut().expect("just pushed")
            } else {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                let map = place.as_object_mut().expect("just made one");
                map.entry(key).or_insert(Value::Null)
            };
        }
        *place = Value::String(value.into_owned());
    }
    root
}
