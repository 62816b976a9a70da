//! Beyond this machine: TLS, and nothing in the clear.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::broker::{StartError, TlsFiles};

/// Certificates that serve nothing but this test.
fn files(folder: &std::path::Path) -> TlsFiles {
    let (cert, key) = (folder.join("leaf.pem"), folder.join("leaf.key"));
    std::fs::write(&cert, include_str!("../../../tests/data/tls/leaf.pem")).unwrap();
    std::fs::write(&key, include_str!("../../../tests/data/tls/leaf.key")).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    TlsFiles { cert, key }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_may_be_listened_on_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let tls = files(folder.path());
    let house = House::with(TEAM, |o| {
        o.listen = "0.0.0.0:0".parse().unwrap();
        o.tls = Some(tls);
    })
    .await;
    // Makes sure that the provider is installed.
    drop(Client::new("http://127.0.0.1:1".parse().unwrap(), None));
    let ca = reqwest::Certificate::from_pem(include_bytes!("../../../tests/data/tls/ca.pem")).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([ca]).no_proxy().build().unwrap();
    let port = house.address().rsplit(':').next().unwrap().to_owned();
    assert!(house.address().starts_with("https://"));
    // Somebody who never ends the handshake keeps nobody waiting.
    let _silent = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let answer = client.get(format!("https://127.0.0.1:{port}/healthz")).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "ok\n");
    assert!(client.get(format!("http://127.0.0.1:{port}/healthz")).send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_serve_are_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let good = files(folder.path());
    let open = folder.path().join("open.key");
    std::fs::copy(&good.key, &open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o640)).unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let cases: [(PathBuf, PathBuf, &str); 3] = [
        (good.cert.clone(), open, "chmod 600"),
        (empty, good.key.clone(), "holds no certificate"),
        (good.cert.clone(), good.cert.clone(), "others may read it"),
    ];
    for (cert, key, expected) in cases {
        let error = TlsFiles { cert, key }.load().err().unwrap();
        assert!(matches!(error, StartError::Tls { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
}
