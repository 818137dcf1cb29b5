//! The handle to a running gateway.

use std::sync::Arc;
use std::time::Duration;

use hookdeck::types::Timestamp;

use crate::builder::{DirectoryLock, GatewayBuilder, StartError};
use crate::engine::{EngineError, FiredAttempt};
use crate::faults::{ArmedFault, Fault, FaultError, FaultId};
use crate::journal::JournalEntry;
use crate::project::{Project, Projects};
use crate::server::Server;

/// How long deliveries in flight may take to finish at a shutdown.
const GRACE: Duration = Duration::from_secs(30);

/// How often projects may set each other to work before a settle refuses to go on.
const PASSES: usize = 1_000;

/// A running gateway. Dropping it closes its port and abandons its deliveries; with a data
/// directory, what was in flight is delivered again by the next one.
#[derive(Debug)]
pub struct Gateway {
    projects: Arc<Projects>,
    server: Server,
    base_url: String,
    seed: u64,
    _lock: Option<DirectoryLock>,
}

/// One attempt that [`Gateway::advance`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fired {
    /// The event.
    pub event_id: String,
    /// Its connection.
    pub connection_id: String,
    /// The gateway's time when it ended.
    pub at: Timestamp,
    /// What made it happen, as the API names it, such as `INITIAL` or `AUTOMATIC`.
    pub trigger: &'static str,
    /// Which attempt of the event it was, from 1.
    pub attempt_number: u32,
}

/// What [`Gateway::advance`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advanced {
    /// The gateway's time now.
    pub now: Timestamp,
    /// The attempts made on the way, in order.
    pub fired: Vec<Fired>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Connections hold the projects too and are closed a moment later; deliveries end now.
        for (_, project) in self.projects.iter() {
            project.engine.abort();
            project.hub().stop();
        }
    }
}

impl Gateway {
    pub(crate) fn new(
        projects: Arc<Projects>,
        server: Server,
        base_url: String,
        seed: u64,
        lock: Option<DirectoryLock>,
    ) -> Self {
        Self {
            projects,
            server,
            base_url,
            seed,
            _lock: lock,
        }
    }

    /// What a gateway can be started with.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// Starts a gateway in memory on a free port of loopback, with the system's clock and one project.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// The address of the API without a version, such as `http://127.0.0.1:41000`.
    pub fn api_url(&self) -> &str {
        &self.base_url
    }

    /// The first API key.
    pub fn api_key(&self) -> &str {
        self.projects.iter().next().map_or("", |(key, _)| key)
    }

    /// The secret deliveries are signed with.
    pub fn signing_secret(&self) -> &str {
        self.projects
            .iter()
            .next()
            .map_or("", |(_, project)| &project.settings().signing_secret)
    }

    /// What ids are drawn from; give it to [`GatewayBuilder::seed`] to get the same ids again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The gateway's time: that of its first project, should several have been moved apart.
    pub fn now(&self) -> Timestamp {
        let project = self.projects.iter().next();
        project.map_or_else(Timestamp::now, |(_, project)| project.clock().now().into())
    }

    /// Waits until nothing is being ingested, no delivery is in flight and nothing is due now.
    /// Events that wait for a later moment or for the rate of their destination may remain.
    ///
    /// # Errors
    /// [`EngineError::Runaway`] when deliveries keep causing deliveries, and store failures.
    pub async fn settle(&self) -> Result<(), EngineError> {
        for _ in 0..PASSES {
            let before: Vec<u64> = self.attempts();
            for project in self.projects() {
                project.settle().await?;
            }
            // A delivery of one project may have been a webhook to another that was quiet already.
            if self.attempts() == before {
                return Ok(());
            }
        }
        Err(EngineError::Runaway {
            connections: Vec::new(),
        })
    }

    fn attempts(&self) -> Vec<u64> {
        let projects = self.projects();
        projects.map(|project| project.engine.attempts()).collect()
    }

    /// Moves a manual clock forward by `span`, or to the first whole millisecond behind it. It stops at
    /// every moment something becomes due and goes on when what that caused is done; a retry scheduled
    /// by a retry fires within the same call when it falls into the span. Several projects are moved one
    /// after the other.
    ///
    /// # Errors
    /// [`EngineError::SystemClock`] without a manual clock, and as [`settle`](Gateway::settle).
    pub async fn advance(&self, span: Duration) -> Result<Advanced, EngineError> {
        let mut fired = Vec::new();
        for project in self.projects() {
            fired.extend(project.advance(span).await?.into_iter().map(Fired::from));
        }
        if self.projects().nth(1).is_some() {
            // What one has caused in another that had been moved before it.
            self.settle().await?;
        }
        // Attempts of one project are in order already; this sorts those of several into each other.
        fired.sort_by_key(|attempt| attempt.at);
        Ok(Advanced {
            now: self.now(),
            fired,
        })
    }

    /// Arms a fault in the first project. It strikes until it is used up or disarmed.
    ///
    /// # Errors
    /// When the fault could never strike as it is.
    pub fn arm(&self, fault: Fault) -> Result<FaultId, FaultError> {
        self.first().faults().arm(fault)
    }

    /// Disarms a fault; calls it has stalled go on. Answers whether it was armed.
    pub fn disarm(&self, fault: FaultId) -> bool {
        self.first().faults().disarm(fault)
    }

    /// The faults armed in the first project, and how often each has struck.
    pub fn faults(&self) -> Vec<ArmedFault> {
        self.first().faults().list()
    }

    /// What happened in the first project, oldest first: calls of the API, webhooks, attempts. The last ten
    /// thousand entries are kept.
    ///
    /// ```
    /// use hookdeck::Client;
    /// use hookdeck_gateway::Gateway;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let gateway = Gateway::start().await?;
    /// let client = Client::builder(gateway.api_key()).base_url(gateway.api_url()).build()?;
    /// client.sources().create("shop").await?;
    /// let journal = gateway.journal();
    /// assert_eq!((journal[0].what.as_str(), journal[0].status), ("createSource", Some(200)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.first().journal().after(0)
    }

    /// Everything the first project keeps, as the bytes of an SQLite database: to start other tests from.
    ///
    /// # Errors
    /// When the copy cannot be made.
    pub async fn snapshot(&self) -> Result<Vec<u8>, EngineError> {
        Ok(self.first().snapshot().await?)
    }

    /// Takes a snapshot in place of what the first project keeps, in one step, after giving up deliveries in
    /// flight. Its key, its id and its clock stay; faults and journal start empty.
    ///
    /// ```
    /// use hookdeck::Client;
    /// use hookdeck_gateway::Gateway;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let first = Gateway::start().await?;
    /// let client = Client::builder(first.api_key()).base_url(first.api_url()).build()?;
    /// client.sources().create("shop").await?;
    /// let snapshot = first.snapshot().await?;
    ///
    /// let second = Gateway::start().await?;
    /// second.restore(snapshot).await?;
    /// let client = Client::builder(second.api_key()).base_url(second.api_url()).build()?;
    /// assert_eq!(client.sources().count().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the bytes are no snapshot of this version; nothing is changed then.
    pub async fn restore(&self, snapshot: Vec<u8>) -> Result<(), EngineError> {
        self.first().restore(snapshot).await
    }

    #[allow(clippy::expect_used, reason = "a gateway starts with a project")]
    fn first(&self) -> &Project {
        let mut projects = self.projects.iter();
        &projects.next().expect("a project").1
    }

    /// Accepts nothing more, lets requests and deliveries in flight finish, for a limited time, and
    /// ends. Deliveries that are due but not in flight stay due.
    pub async fn shutdown(mut self) {
        for project in self.projects() {
            // Nobody waits for calls that a fault has stalled.
            project.faults().forget();
        }
        self.server.shutdown().await;
        let drains = self.projects().map(|project| project.engine.drain());
        if tokio::time::timeout(GRACE, futures_util::future::join_all(drains))
            .await
            .is_err()
        {
            tracing::warn!("deliveries still in flight are abandoned; they stay due");
        }
        // Not before: an attempt in flight may be with one of them.
        for project in self.projects() {
            project.hub().stop();
        }
    }

    pub(crate) fn projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        self.projects.iter().map(|(_, project)| project)
    }
}

impl From<FiredAttempt> for Fired {
    fn from(attempt: FiredAttempt) -> Self {
        Self {
            event_id: attempt.event_id,
            connection_id: attempt.connection_id,
            at: attempt.at.into(),
            trigger: attempt.trigger.as_str(),
            attempt_number: u32::try_from(attempt.attempt_number).unwrap_or(u32::MAX),
        }
    }
}
