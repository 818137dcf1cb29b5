//! Faults that a test asks for: in replies of the API, in ingestion and in deliveries.
//!
//! A fault is looked at by every call of its plane. The first that fits and is not used up strikes, and is
//! counted. What it does is said by its [`Effect`]; whether the work behind the call is done is part of that.

mod effect;
mod registry;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use effect::Effect;
pub use registry::{ArmedFault, FaultId};
pub(crate) use registry::{FaultTarget, Faults, InjectedFault};

/// The body of a failure of the API itself.
const FATAL_ERROR: &str = r#"{"code":"FATAL_ERROR","status":500,"message":"Fatal Error"}"#;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Plane {
    /// Replies of the REST API.
    Api,
    /// What producers get for their webhooks.
    Ingest,
    /// Attempts to deliver an event.
    Delivery,
}

/// A fault to be armed: where, on what, how often, and what it does.
///
/// Without a condition it strikes every call of its plane, without a limit until it is disarmed.
///
/// ```
/// use hookdeck::Client;
/// use hookdeck_gateway::{Effect, Fault, Gateway};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gateway = Gateway::start().await?;
/// let client = Client::builder(gateway.api_key()).base_url(gateway.api_url()).build()?;
///
/// // The source is created, but the reply never arrives.
/// let fault = gateway.arm(Fault::api(Effect::LostReply).operation("createSource").times(1))?;
/// let error = client.sources().create("shop").await.unwrap_err();
/// assert_eq!(error.sent(), hookdeck::Sent::Maybe);
/// assert_eq!(client.sources().count().await?, 1);
/// assert_eq!(gateway.faults()[0].struck, 1);
/// gateway.disarm(fault);
/// # Ok(())
/// # }
/// ```
///
/// Over the control API the same is
/// `{"plane": "api", "operation": "createSource", "times": 1, "effect": "lost_reply"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// Where it strikes.
    pub plane: Plane,
    /// Only calls of this operation, by its id in the contract. API only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Only webhooks to this source. Ingestion only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Only attempts for this destination. Deliveries only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<String>,
    /// Only attempts of this connection. Deliveries only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// How many fitting calls pass before the first is struck; 0 unless set.
    #[serde(default)]
    pub after: u64,
    /// How many are struck; all unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// The share of fitting calls that is struck, from 0 to 1, drawn from the gateway's seed; all unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What it does.
    pub effect: Effect,
}

impl Fault {
    fn new(plane: Plane, effect: Effect) -> Self {
        Self {
            plane,
            operation: None,
            source_id: None,
            destination_id: None,
            webhook_id: None,
            after: 0,
            times: None,
            probability: None,
            effect,
        }
    }

    /// A fault of the REST API.
    #[must_use]
    pub fn api(effect: Effect) -> Self {
        Self::new(Plane::Api, effect)
    }

    /// A fault of ingestion.
    #[must_use]
    pub fn ingest(effect: Effect) -> Self {
        Self::new(Plane::Ingest, effect)
    }

    /// A fault of deliveries.
    #[must_use]
    pub fn delivery(effect: Effect) -> Self {
        Self::new(Plane::Delivery, effect)
    }

    /// What the live API does to one of several upserts of connections that run side by side and bring the same new
    /// source along: it ends in a 500. Here the second upsert is struck, once, and nothing of it is done. Over the
    /// control API it is `{"preset": "upsert_race"}`.
    ///
    /// ```
    /// use hookdeck_gateway::{Fault, Gateway};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let gateway = Gateway::start().await?;
    /// gateway.arm(Fault::upsert_race())?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn upsert_race() -> Self {
        let effect = Effect::Status {
            status: 500,
            body: FATAL_ERROR.to_owned(),
            headers: BTreeMap::from([(
                "content-type".to_owned(),
                "application/json; charset=utf-8".to_owned(),
            )]),
        };
        Self::api(effect)
            .operation("upsertConnection")
            .after(1)
            .times(1)
    }

    /// The fault that goes by this name.
    pub(crate) fn preset(name: &str) -> Option<Self> {
        (name == "upsert_race").then(Self::upsert_race)
    }

    /// Strikes only calls of this operation of the API, by its id in the contract such as `getEvents`.
    #[must_use]
    pub fn operation(mut self, id: impl Into<String>) -> Self {
        self.operation = Some(id.into());
        self
    }

    /// Strikes only webhooks to this source.
    #[must_use]
    pub fn source(mut self, id: impl Into<String>) -> Self {
        self.source_id = Some(id.into());
        self
    }

    /// Strikes only attempts for this destination.
    #[must_use]
    pub fn destination(mut self, id: impl Into<String>) -> Self {
        self.destination_id = Some(id.into());
        self
    }

    /// Strikes only attempts of this connection.
    #[must_use]
    pub fn connection(mut self, id: impl Into<String>) -> Self {
        self.webhook_id = Some(id.into());
        self
    }

    /// Lets so many fitting calls pass first.
    #[must_use]
    pub fn after(mut self, calls: u64) -> Self {
        self.after = calls;
        self
    }

    /// Strikes so many times and is used up then.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes this share of the fitting calls, from 0 to 1. Which ones follows from the gateway's seed.
    #[must_use]
    pub fn probability(mut self, share: f64) -> Self {
        self.probability = Some(share);
        self
    }

    /// What speaks against arming it.
    fn problem(&self) -> Option<String> {
        let of_other_planes = [
            ("operation", self.operation.is_some(), Plane::Api),
            ("source_id", self.source_id.is_some(), Plane::Ingest),
            (
                "destination_id",
                self.destination_id.is_some(),
                Plane::Delivery,
            ),
            ("webhook_id", self.webhook_id.is_some(), Plane::Delivery),
        ];
        if let Some((name, ..)) = of_other_planes
            .iter()
            .find(|(_, is_set, plane)| *is_set && *plane != self.plane)
        {
            return Some(format!("`{name}` is no condition of this plane"));
        }
        if let Some(id) = &self.operation
            && crate::contract::Contract::get().operation(id).is_none()
        {
            return Some(format!("the API has no operation {id:?}"));
        }
        if let Some(share) = self.probability
            && !(0.0..=1.0).contains(&share)
        {
            return Some("`probability` must be from 0 to 1".to_owned());
        }
        self.effect.problem(self.plane)
    }
}

/// Why a fault could not be armed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError(String);

impl std::fmt::Display for FaultError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the fault cannot be armed: {}", self.0)
    }
}

impl std::error::Error for FaultError {}
