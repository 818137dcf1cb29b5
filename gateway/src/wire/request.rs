//! Requests that led to no event.

use super::words;

words! {
    /// Why a request was rejected.
    pub enum RejectionCause {
        SourceDisabled = "SOURCE_DISABLED",
        NoConnection = "NO_CONNECTION",
        VerificationFailed = "VERIFICATION_FAILED",
        UnsupportedHttpMethod = "UNSUPPORTED_HTTP_METHOD",
        UnsupportedContentType = "UNSUPPORTED_CONTENT_TYPE",
        UnparsableJson = "UNPARSABLE_JSON",
        PayloadTooLarge = "PAYLOAD_TOO_LARGE",
        IngestionFatal = "INGESTION_FATAL",
        Unknown = "UNKNOWN",
    }
}

impl RejectionCause {
    /// Whether it says something about the request itself: another try would end the same way.
    pub const fn is_final(self) -> bool {
        match self {
            Self::UnsupportedHttpMethod
            | Self::UnsupportedContentType
            | Self::UnparsableJson
            | Self::PayloadTooLarge
            | Self::Unknown => true,
            Self::SourceDisabled
            | Self::NoConnection
            | Self::VerificationFailed
            | Self::IngestionFatal => false,
        }
    }
}

words! {
    /// Why a connection ignored a request.
    pub enum IgnoredCause {
        Disabled = "DISABLED",
        Filtered = "FILTERED",
        TransformationFailed = "TRANSFORMATION_FAILED",
        CliDisconnected = "CLI_DISCONNECTED",
        /// A deduplicate rule has seen the same request before.
        Duplicate = "DUPLICATE",
    }
}
