//! From a transport error to the error code of an attempt.
//!
//! What is no transport error has its code elsewhere, and `BAD_RESPONSE` is never given: a destination that
//! answers with a bad status has a status and no code, as recorded replies show it.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use super::address::{AddressRefused, NameNotFound};
use super::tls::Untrusted;

/// The error code for a request that got no answer.
pub(super) fn code_of(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "TIMEOUT";
    }
    chain(error).unwrap_or("NETWORK_ERROR")
}

/// The code of the innermost cause that has one: it knows best.
fn chain(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    let mut code = None;
    while let Some(error) = cause {
        code = specific(error).or(code);
        cause = error.source();
    }
    code
}

fn specific(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if error.is::<AddressRefused>() {
        return Some("HOST_UNREACHABLE");
    }
    if let Some(lookup) = error.downcast_ref::<NameNotFound>() {
        return Some(if lookup.definite {
            "NOT_FOUND"
        } else {
            "DNS_LOOKUP_FAILED"
        });
    }
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls_code(tls));
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        // An error wrapped in an io::Error is not its source, so it is looked at here.
        let wrapped = io.get_ref().and_then(|inner| specific(inner));
        return wrapped.or_else(|| io_code(io.kind()));
    }
    if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
        if hyper.is_parse() {
            return Some("PROTOCOL_ERROR");
        }
        if hyper.is_incomplete_message() {
            return Some("SOCKET_CLOSED");
        }
    }
    None
}

fn io_code(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => "CONNECTION_REFUSED",
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => "CONNECTION_RESET",
        io::ErrorKind::HostUnreachable => "HOST_UNREACHABLE",
        io::ErrorKind::NetworkUnreachable => "NETWORK_UNREACHABLE",
        io::ErrorKind::TimedOut => "TIMEOUT",
        io::ErrorKind::UnexpectedEof => "SOCKET_CLOSED",
        _ => return None,
    })
}

fn tls_code(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_code(certificate),
        // What came was no TLS, most likely plain HTTP, or none of a version that is spoken here.
        rustls::Error::InvalidMessage(_)
        | rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "ERR_SSL_WRONG_VERSION_NUMBER"
        }
        // The server asks for a certificate of an authority it knows, and deliveries have none.
        rustls::Error::AlertReceived(AlertDescription::UnknownCA) => "SSL_ERROR_CA_UNKNOWN",
        _ => "PROTOCOL_ERROR",
    }
}

fn certificate_code(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "SSL_CERT_EXPIRED",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "ERR_TLS_CERT_ALTNAME_INVALID"
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<Untrusted>() {
            Some(Untrusted::SelfSigned) => "SELF_SIGNED_CERT",
            Some(Untrusted::Authority) => "SSL_ERROR_CA_UNKNOWN",
            Some(Untrusted::NoIssuer) | None => "UNABLE_TO_GET_ISSUER_CERT",
        },
        // Not valid yet, badly encoded, revoked, for another purpose: there is no code of its own.
        _ => "UNABLE_TO_GET_ISSUER_CERT",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{OtherError, PeerIncompatible};

    use super::*;

    /// What stands around the cause by the time it comes here.
    #[derive(Debug)]
    struct Around(Box<dyn Error + Send + Sync>);

    impl std::fmt::Display for Around {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("around")
        }
    }

    impl Error for Around {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    fn code(error: impl Into<Box<dyn Error + Send + Sync>>) -> Option<&'static str> {
        chain(&Around(error.into()))
    }

    #[test]
    fn every_cause_a_socket_gives_has_its_code() {
        for (kind, expected) in [
            (io::ErrorKind::ConnectionRefused, Some("CONNECTION_REFUSED")),
            (io::ErrorKind::ConnectionReset, Some("CONNECTION_RESET")),
            (io::ErrorKind::ConnectionAborted, Some("CONNECTION_RESET")),
            (io::ErrorKind::BrokenPipe, Some("CONNECTION_RESET")),
            (io::ErrorKind::HostUnreachable, Some("HOST_UNREACHABLE")),
            (
                io::ErrorKind::NetworkUnreachable,
                Some("NETWORK_UNREACHABLE"),
            ),
            (io::ErrorKind::TimedOut, Some("TIMEOUT")),
            (io::ErrorKind::UnexpectedEof, Some("SOCKET_CLOSED")),
            (io::ErrorKind::PermissionDenied, None),
        ] {
            assert_eq!(code(io::Error::from(kind)), expected, "{kind}");
        }
    }

    #[test]
    fn names_tell_apart_what_is_not_there_from_what_could_not_be_asked() {
        assert_eq!(code(NameNotFound { definite: true }), Some("NOT_FOUND"));
        assert_eq!(
            code(NameNotFound { definite: false }),
            Some("DNS_LOOKUP_FAILED")
        );
        let host = "169.254.169.254".to_owned();
        assert_eq!(code(AddressRefused { host }), Some("HOST_UNREACHABLE"));
    }

    #[test]
    fn every_fault_of_tls_has_its_code() {
        let certificate = rustls::Error::InvalidCertificate;
        let untrusted = |why| certificate(CertificateError::Other(OtherError(Arc::new(why))));
        for (error, expected) in [
            (certificate(CertificateError::Expired), "SSL_CERT_EXPIRED"),
            (
                certificate(CertificateError::NotValidForName),
                "ERR_TLS_CERT_ALTNAME_INVALID",
            ),
            (untrusted(Untrusted::SelfSigned), "SELF_SIGNED_CERT"),
            (untrusted(Untrusted::Authority), "SSL_ERROR_CA_UNKNOWN"),
            (untrusted(Untrusted::NoIssuer), "UNABLE_TO_GET_ISSUER_CERT"),
            (
                certificate(CertificateError::BadEncoding),
                "UNABLE_TO_GET_ISSUER_CERT",
            ),
            (
                rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                "ERR_SSL_WRONG_VERSION_NUMBER",
            ),
            (
                rustls::Error::PeerIncompatible(
                    PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
                ),
                "ERR_SSL_WRONG_VERSION_NUMBER",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::ProtocolVersion),
                "ERR_SSL_WRONG_VERSION_NUMBER",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::UnknownCA),
                "SSL_ERROR_CA_UNKNOWN",
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::HandshakeFailure),
                "PROTOCOL_ERROR",
            ),
        ] {
            // It arrives wrapped in an I/O error.
            let text = error.to_string();
            assert_eq!(code(io::Error::other(error)), Some(expected), "{text}");
        }
    }
}
