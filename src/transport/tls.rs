//! TLS set up here and not by reqwest: with the provider the crate chose, without touching the
//! process-wide default, and the platform's roots read once.

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

fn provider() -> Arc<CryptoProvider> {
    // A program that installed a provider meant it for every connection it makes.
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(ring::default_provider()))
}

/// What the client offers to speak, best first. reqwest leaves a configuration it is given as it
/// is, so without this no server would ever be asked for HTTP/2.
fn protocols() -> Vec<Vec<u8>> {
    let mut protocols = vec![b"http/1.1".to_vec()];
    if cfg!(feature = "http2") {
        protocols.insert(0, b"h2".to_vec());
    }
    protocols
}

/// The configuration for a client of an `https` address.
pub(super) fn with_platform_roots() -> Result<ClientConfig, rustls::Error> {
    static SHARED: OnceLock<Result<ClientConfig, rustls::Error>> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            let provider = provider();
            let verifier = Arc::new(Verifier::new(provider.clone())?);
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth();
            config.alpn_protocols = protocols();
            Ok(config)
        })
        .clone()
}

/// The configuration for a client of an `http` address, such as a local gateway: it trusts nobody,
/// for it never speaks TLS, and so works on machines without any roots installed.
pub(super) fn without_roots() -> Result<ClientConfig, rustls::Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}
