//! API keys of the organization and its projects.

use crate::call::{Call, Write};
use crate::models::{ApiKey, ApiKeyInput, ApiKeyReach, ApiKeyRoll, ApiKeyUpdate, Deleted};
use crate::operation::ops;

super::resource! {
    /// API keys of the organization that the key in use belongs to, and of its projects.
    ApiKeys, api_keys
}

/// How long the old secret of a rolled key stays valid beside the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OldSecret {
    /// It ends at once.
    EndsNow,
    /// It stays valid for an hour.
    LastsAnHour,
    /// It stays valid for a day.
    LastsADay,
}

impl OldSecret {
    /// The seconds the old secret has left.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::EndsNow => 0,
            Self::LastsAnHour => 3_600,
            Self::LastsADay => 86_400,
        }
    }
}

impl ApiKeys {
    /// Every API key, in one reply.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// for key in client.api_keys().list().await? {
    ///     println!("{} {} {:?}", key.id, key.label, key.scopes);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list(&self) -> Call<Vec<ApiKey>> {
        Call::new(self.prepare(&ops::LIST_API_KEYS, &[]))
    }

    /// Creates a key for the whole organization or, with `team_id`, for a project.
    ///
    /// Keep the secret of the reply: nothing says that it can be read again. Not repeated when its
    /// outcome is unknown, for that could leave a key nobody knows.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::models::ApiKeyReach;
    ///
    /// let key = client
    ///     .api_keys()
    ///     .create("reports", ApiKeyReach::Project)
    ///     .team_id("tm_1")
    ///     .scopes(["gateway.events.read"])
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn create(&self, label: impl Into<String>, reach: ApiKeyReach) -> Write<ApiKeyInput> {
        Write::new(
            self.prepare(&ops::CREATE_API_KEY, &[]),
            ApiKeyInput::new(label, reach),
        )
    }

    /// Replaces the scopes or grants of a key. Its secret stays.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.api_keys().update("the-key's-id").scopes(["gateway.events.read"]).await?;
    /// # Ok(()) }
    /// ```
    pub fn update(&self, id: impl AsRef<str>) -> Write<ApiKeyUpdate> {
        Write::new(
            self.prepare(&ops::UPDATE_API_KEY, &[id.as_ref()]),
            ApiKeyUpdate::new(),
        )
    }

    /// Gives a key a new secret, which the reply holds. The old one can stay valid for a while.
    ///
    /// Not repeated when its outcome is unknown, for that would make the new secret old.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::resources::OldSecret;
    ///
    /// let key = client.api_keys().roll("the-key's-id", OldSecret::LastsAnHour).await?;
    /// # Ok(()) }
    /// ```
    pub fn roll(&self, id: impl AsRef<str>, old_secret: OldSecret) -> Write<ApiKeyRoll> {
        Write::new(
            self.prepare(&ops::ROLL_API_KEY, &[id.as_ref()]),
            ApiKeyRoll::new(old_secret.seconds()),
        )
    }

    /// Deletes a key: calls with it are refused from then on.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// client.api_keys().delete("the-key's-id").await?;
    /// # Ok(()) }
    /// ```
    pub fn delete(&self, id: impl AsRef<str>) -> Call<Deleted> {
        Call::new(self.prepare(&ops::DELETE_API_KEY, &[id.as_ref()]))
    }
}
