//! A gateway with its own time, and everything that has to do with it.

use std::fmt::Display;
use std::time::Duration;

use hookdeck::models::Event;
use hookdeck::types::Timestamp;
use hookdeck::{Client, Retry};
use hookdeck_gateway::{Advanced, Gateway, GatewayBuilder, RateLimit};

use crate::{Api, Connect, Hook, Receiver, Webhook};

/// Where the clocks start: 2027-01-15T08:00:00Z, in seconds.
pub const START: i64 = 1_800_000_000;

/// What a [`World`] starts: a gateway in memory with a manual clock at [`START`], always the same
/// ids, and no quota.
pub fn gateway() -> GatewayBuilder {
    Gateway::builder()
        .seed(1)
        .manual_clock(Timestamp::from_unix_seconds(START))
        .rate_limit(RateLimit::off())
}

/// A client of the SDK that makes one attempt and tells what came of it.
///
/// # Panics
/// When the address or the key cannot be one.
pub fn client(base_url: &str, key: &str) -> Client {
    Client::builder(key)
        .base_url(base_url)
        .rate_limit(hookdeck::RateLimit::off())
        .retry(Retry::off())
        .build()
        .unwrap()
}

/// A span of time.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A gateway in this process, and those who have to do with it.
pub struct World {
    /// The gateway.
    pub gateway: Gateway,
    /// A client of the SDK, with the gateway's first key.
    pub client: Client,
    /// A client of bare HTTP, with the same key.
    pub api: Api,
    /// Where [`connect`](Self::connect) leads to.
    pub receiver: Receiver,
    /// The gateway's time when this world began.
    pub(crate) began: Timestamp,
}

impl World {
    /// One with the gateway of [`gateway`].
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        Self::of(gateway()).await
    }

    /// One whose clock starts at this moment, such as `2026-09-01T12:00:00Z`.
    ///
    /// # Panics
    /// When it is none.
    pub async fn at(moment: &str) -> Self {
        Self::of(gateway().manual_clock(moment.parse().unwrap())).await
    }

    /// One with a gateway that differs: `World::of(gateway().control(true))`.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn of(builder: GatewayBuilder) -> Self {
        let gateway = builder.start().await.unwrap();
        Self {
            client: client(gateway.api_url(), gateway.api_key()),
            api: Api::at(gateway.api_url(), gateway.api_key()),
            receiver: Receiver::start().await,
            began: gateway.now(),
            gateway,
        }
    }

    /// A client of the SDK with another key.
    pub fn client_with(&self, key: &str) -> Client {
        client(self.gateway.api_url(), key)
    }

    /// A connection to be made; by itself to [`receiver`](Self::receiver).
    pub fn connect(&self, name: impl Into<String>) -> Connect<'_> {
        self.api.connect(name).to(&self.receiver)
    }

    /// A webhook to be sent.
    pub fn webhook(&self, hook: &(impl Hook + ?Sized)) -> Webhook {
        Webhook::by(self.api.http.clone(), hook)
    }

    /// Posts JSON, as a value or as text, and answers the id of the request; it must be taken.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn post(&self, hook: &(impl Hook + ?Sized), body: impl Display) -> String {
        self.webhook(hook).json(body).taken().await
    }

    /// Posts JSON and waits for all that is due.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn deliver(&self, hook: &(impl Hook + ?Sized), body: impl Display) -> String {
        let request_id = self.post(hook, body).await;
        self.settle().await;
        request_id
    }

    /// Delivers JSON, and answers the one event that it became.
    ///
    /// # Panics
    /// When it became none, or several.
    pub async fn event(&self, hook: &(impl Hook + ?Sized), body: impl Display) -> Event {
        let request_id = self.deliver(hook, body).await;
        self.event_of(&request_id).await
    }

    /// Waits until the gateway has nothing left to do at this moment.
    ///
    /// # Panics
    /// When it would go on for ever.
    pub async fn settle(&self) {
        self.gateway.settle().await.unwrap();
    }

    /// Lets time pass, with everything that becomes due in it.
    ///
    /// # Panics
    /// When the clock is the system's, or deliveries would go on for ever.
    pub async fn advance(&self, span: Duration) -> Advanced {
        self.gateway.advance(span).await.unwrap()
    }
}
