//! Notifications: webhooks about what happens in the project itself.

use crate::call::Write;
use crate::models::{NotificationTopic, SourceId, WebhookNotificationsInput};
use crate::operation::ops;

super::resource! {
    /// Notifications: the project's own webhooks, such as for an issue that was opened. They are sent
    /// to a source of the project, to be routed like any other request.
    Notifications, notifications
}

impl Notifications {
    /// Turns webhook notifications on or off, and says which topics go to which source. Replaces
    /// what was set before.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::NotificationTopic;
    ///
    /// let topics = [NotificationTopic::IssueOpened, NotificationTopic::IssueUpdated];
    /// client.notifications().set_webhooks(true, "src_1", topics).await?;
    /// # Ok(()) }
    /// ```
    pub fn set_webhooks(
        &self,
        enabled: bool,
        source: impl Into<SourceId>,
        topics: impl IntoIterator<Item = NotificationTopic>,
    ) -> Write<WebhookNotificationsInput> {
        Write::new(
            self.prepare(&ops::TOGGLE_WEBHOOK_NOTIFICATIONS, &[]),
            WebhookNotificationsInput::new(enabled, source, topics),
        )
    }
}
