//! From a transport error to the error code of an attempt.

use std::error::Error;
use std::io;

use super::address::{AddressRefused, NameNotFound};

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
    use rustls::CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            Certificate::Expired | Certificate::ExpiredContext { .. } => "SSL_CERT_EXPIRED",
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "ERR_TLS_CERT_ALTNAME_INVALID"
            }
            Certificate::UnknownIssuer => "SSL_ERROR_CA_UNKNOWN",
            _ => "UNABLE_TO_GET_ISSUER_CERT",
        },
        rustls::Error::InvalidMessage(_) => "ERR_SSL_WRONG_VERSION_NUMBER",
        _ => "PROTOCOL_ERROR",
    }
}
