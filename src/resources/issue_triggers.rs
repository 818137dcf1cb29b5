//! Issue triggers: what opens issues, and who is told.

use crate::call::{Call, List, Write};
use crate::models::{
    Deleted, IssueTrigger, IssueTriggerChannels, IssueTriggerConfigs, IssueTriggerFilter,
    IssueTriggerInput, IssueTriggerStrategy, IssueTriggerUpdate, IssueTriggerUpsert, IssueType,
    LogLevel, RejectionCause, RejectionCauseOrAny,
};
use crate::operation::ops;
use crate::query::OneOrMany;

super::resource! {
    /// Issue triggers: what opens an issue, and where it is announced. A new project has four, one a
    /// type, that watch everything. Where several match, the most specific one opens the issue.
    IssueTriggers, issue_triggers
}

impl IssueTriggers {
    /// Lists issue triggers, newest first.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::IssueType;
    ///
    /// for trigger in client.issue_triggers().list().kind(IssueType::Delivery).await?.items {
    ///     println!("{} {:?}", trigger.id, trigger.configs.strategy);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<IssueTriggerFilter> {
        List::new(self.prepare(&ops::GET_ISSUE_TRIGGERS, &[]))
    }

    /// An issue trigger by its id.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let trigger = client.issue_triggers().get("it_1").await?;
    /// println!("{:?}", trigger.channels);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<IssueTrigger> {
        Call::new(self.prepare(&ops::GET_ISSUE_TRIGGER, &[id.as_ref()]))
    }

    /// Creates an issue trigger that announces its issues in the channels, or nowhere for `None`.
    ///
    /// Its `configs` must be those of its type; [`IssueTriggerConfigs`] has a function for each.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{
    ///     IssueTriggerChannels, IssueTriggerConfigs, IssueTriggerEmailChannel,
    ///     IssueTriggerStrategy, IssueType,
    /// };
    ///
    /// let everybody = IssueTriggerChannels::new().email(IssueTriggerEmailChannel::new());
    /// client
    ///     .issue_triggers()
    ///     .create(IssueType::Delivery, everybody)
    ///     .name("orders are lost")
    ///     .configs(IssueTriggerConfigs::delivery(
    ///         IssueTriggerStrategy::FinalAttempt,
    ///         ["web_1", "web_2"],
    ///     ))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn create(
        &self,
        kind: IssueType,
        channels: impl Into<Option<IssueTriggerChannels>>,
    ) -> Write<IssueTriggerInput> {
        Write::new(
            self.prepare(&ops::CREATE_ISSUE_TRIGGER, &[]),
            IssueTriggerInput::new(channels, kind),
        )
    }

    /// Creates the issue trigger of that name, or changes it if it exists.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{IssueTriggerConfigs, IssueType};
    ///
    /// client
    ///     .issue_triggers()
    ///     .upsert("queues grow", IssueType::Backpressure, None)
    ///     .configs(IssueTriggerConfigs::backpressure(300_000, "*"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn upsert(
        &self,
        name: impl Into<String>,
        kind: IssueType,
        channels: impl Into<Option<IssueTriggerChannels>>,
    ) -> Write<IssueTriggerUpsert> {
        Write::new(
            self.prepare(&ops::UPSERT_ISSUE_TRIGGER, &[]),
            IssueTriggerUpsert::new(channels, name, kind),
        )
    }

    /// Changes an issue trigger, for issues to come. What is not set stays as it is; `configs` and
    /// `channels` each replace the whole of it.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.issue_triggers().update("it_1").clear_channels().await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<IssueTriggerUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_ISSUE_TRIGGER, &[id.as_ref()]),
            IssueTriggerUpdate::new(),
        )
    }

    /// Deletes an issue trigger **and the issues it opened**.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.issue_triggers().delete("it_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_ISSUE_TRIGGER, &[id.as_ref()]))
    }

    /// Disables an issue trigger: it opens no more issues.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let trigger = client.issue_triggers().disable("it_1").await?;
    /// assert!(trigger.disabled_at.is_some());
    /// # Ok(()) }
    /// ```
    pub fn disable(&self, id: impl AsRef<str>) -> Call<IssueTrigger> {
        Call::new(self.prepare(&ops::DISABLE_ISSUE_TRIGGER, &[id.as_ref()]))
    }

    /// Enables a disabled issue trigger.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.issue_triggers().enable("it_1").await?;
    /// # Ok(()) }
    /// ```
    pub fn enable(&self, id: impl AsRef<str>) -> Call<IssueTrigger> {
        Call::new(self.prepare(&ops::ENABLE_ISSUE_TRIGGER, &[id.as_ref()]))
    }
}

/// One function a type of trigger. What a trigger watches is a name pattern, in which `*` stands for
/// anything, or a list of ids.
impl IssueTriggerConfigs {
    /// For [`IssueType::Delivery`]: which failed attempt opens an issue, on which connections.
    ///
    /// ```
    /// use hookdeck::models::{IssueTriggerConfigs, IssueTriggerStrategy};
    ///
    /// IssueTriggerConfigs::delivery(IssueTriggerStrategy::FirstAttempt, "payments-*");
    /// ```
    #[must_use]
    pub fn delivery(
        strategy: IssueTriggerStrategy,
        connections: impl Into<OneOrMany<String>>,
    ) -> Self {
        Self::new().strategy(strategy).connections(connections)
    }

    /// For [`IssueType::Transformation`]: the level of a run's log that opens an issue, for which
    /// transformations.
    ///
    /// ```
    /// use hookdeck::models::{IssueTriggerConfigs, LogLevel};
    ///
    /// IssueTriggerConfigs::transformation(LogLevel::Error, "*");
    /// ```
    #[must_use]
    pub fn transformation(
        log_level: LogLevel,
        transformations: impl Into<OneOrMany<String>>,
    ) -> Self {
        Self::new()
            .log_level(log_level)
            .transformations(transformations)
    }

    /// For [`IssueType::Backpressure`]: how many milliseconds an event may wait, from 60,000 (a
    /// minute) to 86,400,000 (a day), for which destinations.
    ///
    /// ```
    /// use hookdeck::models::IssueTriggerConfigs;
    ///
    /// IssueTriggerConfigs::backpressure(300_000, ["des_1"]);
    /// ```
    #[must_use]
    pub fn backpressure(delay: u64, destinations: impl Into<OneOrMany<String>>) -> Self {
        Self::new().delay(delay).destinations(destinations)
    }

    /// For [`IssueType::Request`]: requests rejected for whatever cause, at which sources.
    ///
    /// ```
    /// use hookdeck::models::{IssueTriggerConfigs, RejectionCause};
    ///
    /// IssueTriggerConfigs::request("*").excluded_rejection_causes([RejectionCause::NoConnection]);
    /// ```
    #[must_use]
    pub fn request(sources: impl Into<OneOrMany<String>>) -> Self {
        Self::new()
            .rejection_causes(RejectionCauseOrAny::Any)
            .sources(sources)
    }

    /// For [`IssueType::Request`]: requests rejected for one of these causes, at which sources.
    ///
    /// ```
    /// use hookdeck::models::{IssueTriggerConfigs, RejectionCause};
    ///
    /// IssueTriggerConfigs::request_for([RejectionCause::VerificationFailed], "*");
    /// ```
    #[must_use]
    pub fn request_for(
        causes: impl IntoIterator<Item = RejectionCause>,
        sources: impl Into<OneOrMany<String>>,
    ) -> Self {
        // The API takes a list here even for one cause.
        let causes: Vec<_> = causes
            .into_iter()
            .map(|cause| RejectionCauseOrAny::from(cause.as_str()))
            .collect();
        Self::new().rejection_causes(causes).sources(sources)
    }
}
