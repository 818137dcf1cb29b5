//! From a transport error to the error code of an attempt.
//!
//! What is no transport error has its code elsewhere, and `BAD_RESPONSE` is never given: a destination that
//! answers with a bad status has a status and no code, as recorded replies show it.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use super::address::{AddressRefused, NameNotFound};
use super::tls::Untrusted;
use crate::wire::ErrorCode;

/// The error code for a request that got no answer.
pub(super) fn code_of(error: &(dyn Error + 'static)) -> ErrorCode {
    chain(error).unwrap_or(ErrorCode::NetworkError)
}

/// The code of the innermost cause that has one: it knows best.
fn chain(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    let mut cause = Some(error);
    let mut code = None;
    while let Some(error) = cause {
        code = specific(error).or(code);
        cause = error.source();
    }
    code
}

fn specific(error: &(dyn Error + 'static)) -> Option<ErrorCode> {
    if error.is::<AddressRefused>() {
        return Some(ErrorCode::HostUnreachable);
    }
    if let Some(lookup) = error.downcast_ref::<NameNotFound>() {
        return Some(if lookup.definite {
            ErrorCode::NotFound
        } else {
            ErrorCode::DnsLookupFailed
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
            return Some(ErrorCode::ProtocolError);
        }
        if hyper.is_incomplete_message() {
            return Some(ErrorCode::SocketClosed);
        }
    }
    None
}

fn io_code(kind: io::ErrorKind) -> Option<ErrorCode> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => ErrorCode::ConnectionReset,
        io::ErrorKind::HostUnreachable => ErrorCode::HostUnreachable,
        io::ErrorKind::NetworkUnreachable => ErrorCode::NetworkUnreachable,
        io::ErrorKind::TimedOut => ErrorCode::Timeout,
        io::ErrorKind::UnexpectedEof => ErrorCode::SocketClosed,
        _ => return None,
    })
}

fn tls_code(error: &rustls::Error) -> ErrorCode {
    match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_code(certificate),
        // What came was no TLS, most likely plain HTTP, or none of a version that is spoken here.
        rustls::Error::InvalidMessage(_)
        | rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            ErrorCode::ErrSslWrongVersionNumber
        }
        // The server asks for a certificate of an authority it knows, and deliveries have none.
        rustls::Error::AlertReceived(AlertDescription::UnknownCA) => ErrorCode::SslErrorCaUnknown,
        _ => ErrorCode::ProtocolError,
    }
}

fn certificate_code(error: &CertificateError) -> ErrorCode {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ErrorCode::SslCertExpired
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ErrorCode::ErrTlsCertAltnameInvalid
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<Untrusted>() {
            Some(Untrusted::SelfSigned) => ErrorCode::SelfSignedCert,
            Some(Untrusted::Authority) => ErrorCode::SslErrorCaUnknown,
            Some(Untrusted::NoIssuer) | None => ErrorCode::UnableToGetIssuerCert,
        },
        // Not valid yet, badly encoded, revoked, for another purpose: there is no code of its own.
        _ => ErrorCode::UnableToGetIssuerCert,
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

    fn code(error: impl Into<Box<dyn Error + Send + Sync>>) -> Option<ErrorCode> {
        chain(&Around(error.into()))
    }

    #[test]
    fn every_cause_a_socket_gives_has_its_code() {
        for (kind, expected) in [
            (
                io::ErrorKind::ConnectionRefused,
                Some(ErrorCode::ConnectionRefused),
            ),
            (
                io::ErrorKind::ConnectionReset,
                Some(ErrorCode::ConnectionReset),
            ),
            (
                io::ErrorKind::ConnectionAborted,
                Some(ErrorCode::ConnectionReset),
            ),
            (io::ErrorKind::BrokenPipe, Some(ErrorCode::ConnectionReset)),
            (
                io::ErrorKind::HostUnreachable,
                Some(ErrorCode::HostUnreachable),
            ),
            (
                io::ErrorKind::NetworkUnreachable,
                Some(ErrorCode::NetworkUnreachable),
            ),
            (io::ErrorKind::TimedOut, Some(ErrorCode::Timeout)),
            (io::ErrorKind::UnexpectedEof, Some(ErrorCode::SocketClosed)),
            (io::ErrorKind::PermissionDenied, None),
        ] {
            assert_eq!(code(io::Error::from(kind)), expected, "{kind}");
        }
    }

    #[test]
    fn names_tell_apart_what_is_not_there_from_what_could_not_be_asked() {
        assert_eq!(
            code(NameNotFound { definite: true }),
            Some(ErrorCode::NotFound)
        );
        assert_eq!(
            code(NameNotFound { definite: false }),
            Some(ErrorCode::DnsLookupFailed)
        );
        let host = "169.254.169.254".to_owned();
        assert_eq!(
            code(AddressRefused { host }),
            Some(ErrorCode::HostUnreachable)
        );
    }

    #[test]
    fn every_fault_of_tls_has_its_code() {
        let certificate = rustls::Error::InvalidCertificate;
        let untrusted = |why| certificate(CertificateError::Other(OtherError(Arc::new(why))));
        for (error, expected) in [
            (
                certificate(CertificateError::Expired),
                ErrorCode::SslCertExpired,
            ),
            (
                certificate(CertificateError::NotValidForName),
                ErrorCode::ErrTlsCertAltnameInvalid,
            ),
            (untrusted(Untrusted::SelfSigned), ErrorCode::SelfSignedCert),
            (
                untrusted(Untrusted::Authority),
                ErrorCode::SslErrorCaUnknown,
            ),
            (
                untrusted(Untrusted::NoIssuer),
                ErrorCode::UnableToGetIssuerCert,
            ),
            (
                certificate(CertificateError::BadEncoding),
                ErrorCode::UnableToGetIssuerCert,
            ),
            (
                rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
                ErrorCode::ErrSslWrongVersionNumber,
            ),
            (
                rustls::Error::PeerIncompatible(
                    PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
                ),
                ErrorCode::ErrSslWrongVersionNumber,
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::ProtocolVersion),
                ErrorCode::ErrSslWrongVersionNumber,
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::UnknownCA),
                ErrorCode::SslErrorCaUnknown,
            ),
            (
                rustls::Error::AlertReceived(AlertDescription::HandshakeFailure),
                ErrorCode::ProtocolError,
            ),
        ] {
            // It arrives wrapped in an I/O error.
            let text = error.to_string();
            assert_eq!(code(io::Error::other(error)), Some(expected), "{text}");
        }
    }
}
