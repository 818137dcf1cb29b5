//! From a transport error to the error code of an attempt.

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
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut code = None;
    while let Some(error) = cause {
        // The innermost cause that says something knows best.
        code = specific(error).or(code);
        cause = error.source();
    }
    code.unwrap_or("NETWORK_ERROR")
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
