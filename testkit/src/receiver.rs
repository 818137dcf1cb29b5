//! A destination that records what it gets and answers as the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

/// A request as a [`Receiver`] got it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Delivery {
    /// A header, or `(absent)`.
    ///
    /// # Panics
    /// When it is no text.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("(absent)", |value| value.to_str().unwrap())
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is none.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// A field of a body that is a form.
    pub fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What a [`Receiver`] answers.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Answer {
    /// A status and nothing else; a number will do as well.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// 200 with a JSON body.
    pub fn json(value: &Value) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(value.to_string())
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self::status(status)
    }
}

type Script = Arc<dyn Fn(&Delivery, usize) -> Answer + Send + Sync>;

/// An HTTP server on loopback: a destination, or whatever else a gateway calls.
///
/// It answers what is queued for it with [`answer`](Self::answer), and after that 200 or what it was
/// told last: a status of its own, or a script.
pub struct Receiver {
    /// Its address, without a path.
    pub url: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    queued: Mutex<VecDeque<Answer>>,
    script: Mutex<Script>,
    deliveries: Mutex<Vec<Delivery>>,
    /// How many deliveries have arrived.
    arrived: watch::Sender<usize>,
    /// How many of them the test has looked at one by one.
    taken: Mutex<usize>,
    gate: Semaphore,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl AsRef<str> for Receiver {
    fn as_ref(&self) -> &str {
        &self.url
    }
}

impl Receiver {
    /// One that answers 200.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Self {
        Self::scripted(|_, _| Answer::status(200)).await
    }

    /// One that always gives this answer.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn answering(answer: impl Into<Answer>) -> Self {
        let answer = answer.into();
        Self::scripted(move |_, _| answer.clone()).await
    }

    /// One that answers as the script says, which is told how many deliveries came before.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn scripted(
        script: impl Fn(&Delivery, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            queued: Mutex::default(),
            script: Mutex::new(Arc::new(script)),
            deliveries: Mutex::default(),
            arrived: watch::Sender::default(),
            taken: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let app = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shared, task }
    }

    /// A path of this receiver, such as `/hook`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Queues answers for the next deliveries.
    ///
    /// # Panics
    /// When a script has panicked.
    pub fn answer<A: Into<Answer>>(&self, answers: impl IntoIterator<Item = A>) {
        let answers = answers.into_iter().map(Into::into);
        self.shared.queued.lock().unwrap().extend(answers);
    }

    /// Gives this answer from now on, after those that are queued.
    ///
    /// # Panics
    /// When a script has panicked.
    pub fn always(&self, answer: impl Into<Answer>) {
        let answer = answer.into();
        *self.shared.script.lock().unwrap() = Arc::new(move |_, _| answer.clone());
    }

    /// Makes every answer wait for [`release`](Self::release).
    pub fn hold(&self) {
        self.shared.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets this many answers go, those that wait first.
    pub fn release(&self, count: usize) {
        self.shared.gate.add_permits(count);
    }

    /// Lets every answer go, as before a [`hold`](Self::hold).
    pub fn release_all(&self) {
        // Half of what there may be at most, for some may be left.
        self.release(Semaphore::MAX_PERMITS / 2);
    }

    /// Everything that has arrived, answered or not.
    ///
    /// # Panics
    /// When a script has panicked.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.deliveries.lock().unwrap().clone()
    }

    /// Waits until this many deliveries have arrived in all.
    ///
    /// # Panics
    /// When a script has panicked.
    pub async fn arrived(&self, count: usize) {
        let mut arrived = self.shared.arrived.subscribe();
        arrived.wait_for(|all| *all >= count).await.unwrap();
    }

    /// Waits for the next delivery that was not looked at.
    ///
    /// # Panics
    /// When a script has panicked.
    pub async fn next(&self) -> Delivery {
        let index = *self.shared.taken.lock().unwrap();
        self.arrived(index + 1).await;
        *self.shared.taken.lock().unwrap() = index + 1;
        self.shared.deliveries.lock().unwrap()[index].clone()
    }

    /// What has arrived and was not looked at; meant for after a settle.
    ///
    /// # Panics
    /// When a script has panicked.
    pub fn rest(&self) -> Vec<Delivery> {
        let deliveries = self.shared.deliveries.lock().unwrap();
        let mut taken = self.shared.taken.lock().unwrap();
        let rest = deliveries[*taken..].to_vec();
        *taken = deliveries.len();
        rest
    }
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let delivery = Delivery {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    };
    let (before, queued, script) = {
        let mut deliveries = shared.deliveries.lock().unwrap();
        deliveries.push(delivery.clone());
        let queued = shared.queued.lock().unwrap().pop_front();
        let script = Arc::clone(&shared.script.lock().unwrap());
        shared.arrived.send_replace(deliveries.len());
        (deliveries.len() - 1, queued, script)
    };
    shared.gate.acquire().await.unwrap().forget();
    let answer = queued.unwrap_or_else(|| script(&delivery, before));
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}
