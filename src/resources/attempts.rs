//! Attempts: each try at delivering an event.

use crate::call::{Call, List};
use crate::models::{Attempt, AttemptFilter};
use crate::operation::ops;

super::resource! {
    /// Attempts: each try at delivering an event, and how the destination answered.
    Attempts, attempts
}

impl Attempts {
    /// Lists attempts, newest first; of one event or several.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for attempt in client.attempts().list().event_id("evt_1").await?.items {
    ///     println!("{:?} {}", attempt.response_status, attempt.status);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> List<AttemptFilter> {
        List::new(self.prepare(&ops::GET_ATTEMPTS, &[]))
    }

    /// An attempt by its id, with the destination's answer.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let attempt = client.attempts().get("atm_1").await?;
    /// println!("{:?}", attempt.body);
    /// # Ok(()) }
    /// ```
    pub fn get(&self, id: impl AsRef<str>) -> Call<Attempt> {
        Call::new(self.prepare(&ops::GET_ATTEMPT, &[id.as_ref()]))
    }
}
