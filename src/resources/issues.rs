//! Issues: troubles the gateway noticed, one for all occurrences of the same kind.

use crate::call::{Call, Count, List, Write};
use crate::models::{Issue, IssueFilter, IssueStatus, IssueUpdate};
use crate::operation::ops;

super::resource! {
    /// Issues: failing deliveries and transformations, rejected requests and queues that grow, each
    /// kind of trouble gathered in one issue. [Issue triggers](crate::resources::IssueTriggers) say
    /// what opens them.
    Issues, issues
}

impl Issues {
    /// Lists issues, newest first, each with the objects it refers to where they are still kept.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{IssueStatus, IssueType};
    ///
    /// let mut open = client
    ///     .issues()
    ///     .list()
    ///     .status([IssueStatus::Opened, IssueStatus::Acknowledged])
    ///     .kind(IssueType::Delivery)
    ///     .items();
    /// while let Some(issue) = open.try_next().await? {
    ///     println!("{} since {}", issue.id, issue.first_seen_at);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<IssueFilter> {
        List::new(self.prepare(&ops::GET_ISSUES, &[]))
    }

    /// How many issues there are, or how many a filter lets through.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::{IssueFilter, IssueStatus};
    ///
    /// let open = IssueFilter::new().status(IssueStatus::Opened);
    /// let issues: u64 = client.issues().count().filter(&open).await?;
    /// # Ok(()) }
    /// ```
    pub fn count(&self) -> Count<IssueFilter> {
        Count::new(
            self.prepare(&ops::GET_ISSUE_COUNT, &[]),
            &[
                "aggregation_keys",
                "created_at",
                "dismissed_at",
                "first_seen_at",
                "id",
                "issue_trigger_id",
                "last_seen_at",
                "merged_with",
                "status",
                "type",
            ],
        )
    }

    /// An issue by its id, with the objects it refers to in `data` where they are still kept.
    ///
    /// Fails with [`is_not_found`](crate::Error::is_not_found) if there is none.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let issue = client.issues().get("iss_1").await?;
    /// if let Some(event) = issue.data.and_then(|data| data.trigger_event) {
    ///     println!("first failed: {}", event.id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Issue> {
        Call::new(self.prepare(&ops::GET_ISSUE, &[id.as_ref()]))
    }

    /// Sets an issue's status: acknowledges, resolves, ignores or reopens it.
    ///
    /// An ignored issue stays quiet when the trouble comes back; a resolved one opens again.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::IssueStatus;
    ///
    /// client.issues().update("iss_1", IssueStatus::Acknowledged).await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>, status: IssueStatus) -> Write<IssueUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_ISSUE, &[id.as_ref()]),
            IssueUpdate::new(status),
        )
    }

    /// Dismisses an issue, which sets its `dismissed_at`. Unless it is ignored, it opens again when
    /// the trouble comes back.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let issue = client.issues().dismiss("iss_1").await?;
    /// assert!(issue.dismissed_at.is_some());
    /// # Ok(()) }
    /// ```
    pub fn dismiss(&self, id: impl AsRef<str>) -> Call<Issue> {
        Call::new(self.prepare(&ops::DISMISS_ISSUE, &[id.as_ref()]))
    }
}
