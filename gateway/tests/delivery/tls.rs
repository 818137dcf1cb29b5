//! Destinations over TLS: whom the gateway trusts, and what it says of the others.

use std::sync::Arc;

use hookdeck_gateway::StartError;
use hookdeck_testkit::{World, gateway};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{code, only_attempt};

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str, common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    Authority {
        certificate,
        issuer: Issuer::new(params, key),
    }
}

/// What a server presents: its chain and its key.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Authority {
    fn identity(&self, params: &CertificateParams, with_root: bool) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        if with_root {
            chain.push(self.certificate.der().clone());
        }
        (chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }
}

fn self_signed(params: &CertificateParams) -> (Certificate, Identity) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let chain = vec![certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    (certificate, (chain, key))
}

fn server_config(identity: Identity) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.0, identity.1)
        .unwrap()
}

/// An HTTPS server that answers `ok`; its URL.
async fn serve(config: ServerConfig) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/in", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust us breaks off here.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut buffer = vec![0; 64 * 1024];
            let _ = stream.read(&mut buffer).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    url
}

async fn serve_as(identity: Identity) -> String {
    serve(server_config(identity)).await
}

#[tokio::test]
async fn a_server_of_a_trusted_authority_is_delivered_to() {
    let authority = authority("ours");
    let url = serve_as(authority.identity(&params("127.0.0.1", "server"), false)).await;
    let world = World::of(gateway().trust_certificate(authority.certificate.pem())).await;
    let attempt = only_attempt(&world, "a", json!({"url": url})).await;
    assert_eq!((attempt.response_status, code(&attempt)), (Some(200), ""));
    assert_eq!(attempt.body.unwrap().as_str(), "\"ok\"");
}

#[tokio::test]
async fn a_servers_own_certificate_can_be_trusted_too() {
    // Marked as an authority, as most tools make them, and not.
    for is_ca in [IsCa::Ca(BasicConstraints::Unconstrained), IsCa::NoCa] {
        let mut params = params("127.0.0.1", "server");
        params.is_ca = is_ca;
        let (certificate, identity) = self_signed(&params);
        let (_, impostor) = self_signed(&params);
        let url = serve_as(identity).await;
        let world = World::of(gateway().trust_certificate(certificate.pem())).await;
        let attempt = only_attempt(&world, "a", json!({"url": url})).await;
        assert_eq!((attempt.response_status, code(&attempt)), (Some(200), ""));
        // Under the same name with another key it is somebody else.
        let url = serve_as(impostor).await;
        let attempt = only_attempt(&world, "b", json!({"url": url})).await;
        assert_eq!(
            (attempt.response_status, attempt.delivered_at),
            (None, None)
        );
    }
    // It holds for its own names only.
    let mut params = params("other.test", "server");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (certificate, identity) = self_signed(&params);
    let url = serve_as(identity).await;
    let world = World::of(gateway().trust_certificate(certificate.pem())).await;
    let attempt = only_attempt(&world, "a", json!({"url": url})).await;
    assert_eq!(code(&attempt), "ERR_TLS_CERT_ALTNAME_INVALID");
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_its_code() {
    let trusted = authority("ours");
    let world = World::of(gateway().trust_certificate(trusted.certificate.pem())).await;
    let mut expired = params("127.0.0.1", "server");
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut marked = params("127.0.0.1", "server");
    marked.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let good = params("127.0.0.1", "server");
    let unknown = authority("somebody else's");
    for (name, identity, expected) in [
        ("own", self_signed(&good).1, "SELF_SIGNED_CERT"),
        ("own-marked", self_signed(&marked).1, "SELF_SIGNED_CERT"),
        (
            "name",
            trusted.identity(&params("other.test", "server"), false),
            "ERR_TLS_CERT_ALTNAME_INVALID",
        ),
        (
            "expired",
            trusted.identity(&expired, false),
            "SSL_CERT_EXPIRED",
        ),
        (
            "root-sent",
            unknown.identity(&good, true),
            "SSL_ERROR_CA_UNKNOWN",
        ),
        (
            "root-kept",
            unknown.identity(&good, false),
            "UNABLE_TO_GET_ISSUER_CERT",
        ),
        // An authority made anew under its old name.
        (
            "namesake",
            authority("ours").identity(&good, true),
            "SSL_ERROR_CA_UNKNOWN",
        ),
    ] {
        let url = serve_as(identity).await;
        let attempt = only_attempt(&world, name, json!({"url": url})).await;
        assert_eq!(code(&attempt), expected, "{name}");
        assert_eq!(attempt.delivered_at, None, "{name}");
    }
}

#[tokio::test]
async fn plain_http_behind_an_https_url_is_the_wrong_version() {
    let world = World::start().await;
    let url = world.receiver.url.replace("http:", "https:");
    let attempt = only_attempt(&world, "a", json!({"url": url})).await;
    assert_eq!(code(&attempt), "ERR_SSL_WRONG_VERSION_NUMBER");
    assert!(world.receiver.deliveries().is_empty());
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_of_ours_is_a_protocol_error() {
    let authority = authority("ours");
    let (chain, key) = authority.identity(&params("127.0.0.1", "server"), false);
    let mut clients = RootCertStore::empty();
    clients.add(authority.certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(clients),
        Arc::clone(&provider),
    )
    .build()
    .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let url = serve(config).await;
    let world = World::of(gateway().trust_certificate(authority.certificate.pem())).await;
    let attempt = only_attempt(&world, "a", json!({"url": url})).await;
    assert_eq!(code(&attempt), "PROTOCOL_ERROR");
}

#[tokio::test]
async fn a_redirect_from_tls_to_plain_http_takes_no_credentials_along() {
    let authority = authority("ours");
    let (chain, key) = authority.identity(&params("127.0.0.1", "server"), false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/in", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(server_config((chain, key))));
    let world = World::of(gateway().trust_certificate(authority.certificate.pem())).await;
    let next = world.receiver.at("/on");
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let _ = stream.read(&mut buffer).await.unwrap();
        let answer = format!("HTTP/1.1 307 Go\r\nlocation: {next}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    });
    let config = json!({"url": url, "auth_type": "BEARER_TOKEN", "auth": {"token": "t"}});
    let attempt = only_attempt(&world, "a", config).await;
    assert_eq!(attempt.response_status, Some(200));
    let received = world.receiver.deliveries();
    assert_eq!(received[0].header("authorization"), "(absent)");
    assert_eq!(received[0].uri.path(), "/on");
}

#[tokio::test]
async fn a_gateway_does_not_start_with_a_certificate_that_is_none() {
    let refused = gateway().trust_certificate("nonsense").start().await;
    assert!(matches!(refused, Err(StartError::Certificate { .. })));
}
