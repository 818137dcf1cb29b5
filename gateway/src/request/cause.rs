//! Why requests are rejected.

/// Why a request was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    SourceDisabled,
    NoConnection,
    VerificationFailed,
    UnsupportedHttpMethod,
    UnsupportedContentType,
    UnparsableJson,
    PayloadTooLarge,
    IngestionFatal,
    Unknown,
}

impl Cause {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SourceDisabled => "SOURCE_DISABLED",
            Self::NoConnection => "NO_CONNECTION",
            Self::VerificationFailed => "VERIFICATION_FAILED",
            Self::UnsupportedHttpMethod => "UNSUPPORTED_HTTP_METHOD",
            Self::UnsupportedContentType => "UNSUPPORTED_CONTENT_TYPE",
            Self::UnparsableJson => "UNPARSABLE_JSON",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::IngestionFatal => "INGESTION_FATAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}
