use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use tokio::net::{TcpListener, UnixListener};

use super::*;

fn app() -> Router {
    Router::new()
        .route("/echo", post(|body: String| async move { (StatusCode::CREATED, body) }))
        .route("/token", get(|h: HeaderMap| async move { h.get("authorization").cloned().into_response_body() }))
        .route("/away", get(|| async { Redirect::temporary("/token") }))
        .route("/big", get(|| async { vec![b'x'; 64 << 10] }))
}

trait IntoResponseBody {
    fn into_response_body(self) -> axum::response::Response;
}
impl IntoResponseBody for Option<axum::http::HeaderValue> {
    fn into_response_body(self) -> axum::response::Response {
        self.map(|v| v.as_bytes().to_vec()).unwrap_or_default().into_response()
    }
}

async fn on_loopback() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, app()).await });
    address
}

fn client(address: Address) -> Client {
    Client::new(address, Some(SecretString::from("sesame"))).unwrap()
}

#[tokio::test]
async fn a_call_carries_body_and_token_and_brings_the_answer() {
    let client = client(on_loopback().await);
    let answer = client.call(Method::POST, "/echo", &[], b"{}".to_vec()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice(), answer.is_success()), (201, &b"{}"[..], true));
    let answer = client.call(Method::GET, "/token", &[], Vec::new()).await.unwrap();
    assert_eq!(answer.body, b"Bearer sesame");
}

#[tokio::test]
async fn a_unix_socket_serves_like_any_other_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move { axum::serve(listener, app()).await });
    let answer = client(Address::unix(&path)).call(Method::GET, "/token", &[], Vec::new()).await.unwrap();
    assert_eq!(answer.body, b"Bearer sesame");
}

#[tokio::test]
async fn redirects_are_answers_and_carry_the_token_nowhere() {
    let answer = client(on_loopback().await).call(Method::GET, "/away", &[], Vec::new()).await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("location"), Some("/token"));
}

#[tokio::test]
async fn a_body_past_the_limit_is_a_fault() {
    let client = client(on_loopback().await).with_limit(1 << 10);
    assert!(matches!(
        client.call(Method::GET, "/big", &[], Vec::new()).await,
        Err(Fault::TooLarge { limit: 1024, .. })
    ));
}

#[tokio::test]
async fn a_stream_comes_in_pieces() {
    let mut stream = client(on_loopback().await).stream("/big", &[]).await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut all = 0;
    while let Some(piece) = stream.next().await.unwrap() {
        all += piece.len();
    }
    assert_eq!(all, 64 << 10);
}

#[tokio::test]
async fn nobody_there_is_told_from_no_answer() {
    let gone = Client::new(Address::unix("/nonexistent/socket"), None).unwrap();
    let fault = gone.call(Method::GET, "/", &[], Vec::new()).await.unwrap_err();
    assert!(fault.never_sent(), "{fault}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { drop(listener.accept().await) });
    let fault = client(address).call(Method::POST, "/", &[], b"x".to_vec()).await.unwrap_err();
    assert!(matches!(fault, Fault::NoAnswer { .. }), "{fault}");
}

#[test]
fn a_token_that_fits_no_header_is_refused_without_showing_it() {
    let error = Client::new(Address::unix("/s"), Some(SecretString::from("a\nb"))).err().unwrap();
    assert!(!error.to_string().contains("a\nb"));
}
