//! Which servers deliveries over TLS trust, and what is wrong with the others.
//!
//! The roots are the system's and those the gateway was started with. A certificate given at the start is also
//! trusted itself, as a server's own: that is how one made for a single test host is used. Certificates are
//! judged by the system's time whatever clock the gateway has, because their servers live in that time too.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use webpki::EndEntityCert;

/// Reads the certificates of a PEM file.
///
/// # Errors
/// Why there are none to trust, as a sentence without an end.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("it is not PEM: {error}"))?;
    if found.is_empty() {
        return Err("it holds no certificate in PEM".to_owned());
    }
    for certificate in &found {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| format!("a certificate in it cannot be trusted: {error}"))?;
    }
    Ok(found)
}

/// The TLS of deliveries that trusts the system's roots and `trusted`.
pub(crate) fn config(trusted: &[CertificateDer<'static>]) -> Result<ClientConfig, Error> {
    let provider = provider();
    let platform = Verifier::new_with_extra_roots(trusted.iter().cloned(), Arc::clone(&provider))?;
    let verifier = PlatformVerifier {
        platform,
        trusted: trusted.to_vec(),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// A TLS that trusts nobody, for clients that never speak it: reading the system's roots takes longer than
/// most tests.
pub(crate) fn nobody() -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Why nobody vouches for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untrusted {
    /// It vouches for itself.
    SelfSigned,
    /// The server sent its authority's certificate too, and that authority is not trusted.
    Authority,
    /// The certificate of whoever issued it is neither sent nor known.
    NoIssuer,
}

impl std::fmt::Display for Untrusted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::SelfSigned => "the server's certificate is signed by itself",
            Self::Authority => "the authority of the server's certificate is not trusted",
            Self::NoIssuer => "the issuer of the server's certificate is not known",
        })
    }
}

impl std::error::Error for Untrusted {}

impl Untrusted {
    fn of(server: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Self {
        if is_self_issued(server) {
            Self::SelfSigned
        } else if others.iter().any(is_self_issued) {
            Self::Authority
        } else {
            Self::NoIssuer
        }
    }
}

fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate)
        .is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

/// Asks the platform, and says more exactly why a certificate is not trusted.
#[derive(Debug)]
struct PlatformVerifier {
    platform: Verifier,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for PlatformVerifier {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let error = match self
            .platform
            .verify_server_cert(server, others, name, ocsp, now)
        {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        match &error {
            // A signature that does not hold comes of an authority of the same name as a trusted one.
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => Err(untrusted(Untrusted::of(server, others))),
            // Most self-signed certificates are marked as authorities, which no server's may be.
            Error::InvalidCertificate(CertificateError::Other(_)) if is_self_issued(server) => {
                if self.trusted.contains(server) {
                    valid_for(server, name)
                } else {
                    Err(untrusted(Untrusted::SelfSigned))
                }
            }
            _ => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.platform
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.platform
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.platform.supported_verify_schemes()
    }
}

fn untrusted(why: Untrusted) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

/// Whether a certificate that is trusted itself is the one of this server.
fn valid_for(
    server: &CertificateDer<'_>,
    name: &ServerName<'_>,
) -> Result<ServerCertVerified, Error> {
    EndEntityCert::try_from(server)
        .and_then(|certificate| certificate.verify_is_valid_for_subject_name(name))
        .map(|()| ServerCertVerified::assertion())
        .map_err(|_| Error::InvalidCertificate(CertificateError::NotValidForName))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_said() {
        for (pem, reason) in [
            ("", "it holds no certificate in PEM"),
            ("hello", "it holds no certificate in PEM"),
            (
                "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
                "it is not PEM",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "a certificate in it cannot be trusted",
            ),
        ] {
            let refused = certificates(pem.as_bytes()).unwrap_err();
            assert!(refused.starts_with(reason), "{pem:?}: {refused}");
        }
    }
}
