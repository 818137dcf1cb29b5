//! Events and their attempts.

use super::words;

words! {
    /// Where an event stands.
    pub enum EventStatus {
        /// It waits for the end of its delay.
        Scheduled = "SCHEDULED",
        /// It is ready for its destination.
        Queued = "QUEUED",
        /// Its connection is paused.
        Hold = "HOLD",
        /// An attempt succeeded.
        Successful = "SUCCESSFUL",
        /// The last attempt failed; a retry may follow.
        Failed = "FAILED",
        /// Nothing follows, because somebody said so.
        Cancelled = "CANCELLED",
    }
}

impl EventStatus {
    /// Those of events that can be cancelled: they still owe an attempt and have not failed.
    pub const CANCELLABLE: [Self; 3] = [Self::Queued, Self::Scheduled, Self::Hold];
}

words! {
    /// What an attempt came to.
    pub enum AttemptStatus {
        /// The destination answered with a status from 200 to 299.
        Successful = "SUCCESSFUL",
        /// It did not.
        Failed = "FAILED",
    }
}

words! {
    /// What made an attempt happen.
    pub enum AttemptTrigger {
        /// The first attempt of the event.
        Initial = "INITIAL",
        /// The retry rule.
        Automatic = "AUTOMATIC",
        /// Somebody asked for this event.
        Manual = "MANUAL",
        /// The connection is no longer paused.
        Unpause = "UNPAUSE",
        /// A bulk retry.
        BulkRetry = "BULK_RETRY",
    }
}

impl AttemptTrigger {
    /// Whether somebody asked for the attempt, so that its failure does not use up the retry rule.
    pub const fn is_asked_for(self) -> bool {
        matches!(self, Self::Manual | Self::BulkRetry)
    }
}

words! {
    /// Why an attempt has no usable answer. The document says what each means.
    pub enum ErrorCode {
        BadResponse = "BAD_RESPONSE",
        BulkRetryCancelled = "BULK_RETRY_CANCELLED",
        Cancelled = "CANCELLED",
        CancelledPastRetention = "CANCELLED_PAST_RETENTION",
        Cli = "CLI",
        /// The client is too old for a body that is no text.
        CliBinaryUnsupported = "CLI_BINARY_UNSUPPORTED",
        CliUnavailable = "CLI_UNAVAILABLE",
        ConnectionRefused = "CONNECTION_REFUSED",
        ConnectionReset = "CONNECTION_RESET",
        DataArchived = "DATA_ARCHIVED",
        DnsLookupFailed = "DNS_LOOKUP_FAILED",
        ErrSslWrongVersionNumber = "ERR_SSL_WRONG_VERSION_NUMBER",
        ErrTlsCertAltnameInvalid = "ERR_TLS_CERT_ALTNAME_INVALID",
        HostUnreachable = "HOST_UNREACHABLE",
        InternalError = "INTERNAL_ERROR",
        InvalidCharacter = "INVALID_CHARACTER",
        InvalidUrl = "INVALID_URL",
        MissingUrl = "MISSING_URL",
        NetworkError = "NETWORK_ERROR",
        NetworkRequestCanceled = "NETWORK_REQUEST_CANCELED",
        NetworkUnreachable = "NETWORK_UNREACHABLE",
        NotFound = "NOT_FOUND",
        Oauth2HandshakeFailed = "OAUTH2_HANDSHAKE_FAILED",
        PayloadMissing = "PAYLOAD_MISSING",
        ProtocolError = "PROTOCOL_ERROR",
        SelfSignedCert = "SELF_SIGNED_CERT",
        SocketClosed = "SOCKET_CLOSED",
        SslCertExpired = "SSL_CERT_EXPIRED",
        SslErrorCaUnknown = "SSL_ERROR_CA_UNKNOWN",
        Timeout = "TIMEOUT",
        TooManyRedirects = "TOO_MANY_REDIRECTS",
        UnableToGetIssuerCert = "UNABLE_TO_GET_ISSUER_CERT",
        Unknown = "UNKNOWN",
        ZDataError = "Z_DATA_ERROR",
    }
}
