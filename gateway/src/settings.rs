//! What holds for a project from its start to its end.

/// What holds for a project from its start to its end.
pub struct Settings {
    /// `http://host:port` of this gateway, without a trailing slash.
    pub base_url: String,
    /// The key that signs deliveries.
    pub signing_secret: String,
    /// Whether only this machine can reach the gateway.
    pub loopback: bool,
    /// The key before it, while it is being rotated.
    pub previous_signing_secret: Option<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The URL producers post to for the source `source_id`.
    pub fn source_url(&self, source_id: &str) -> String {
        format!(
            "{}/e/{}",
            self.base_url,
            source_id.strip_prefix("src_").unwrap_or(source_id)
        )
    }
}
