//! The link against a small TLS server of our own: every way a conversation can go.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use sekisho_link::{
    CertificateFault, Identity, Language, Link, LinkConfig, LinkError, MediaType, Options, Unreachable,
};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issued(by: &Authority, name: &str, usage: ExtendedKeyUsagePurpose) -> (CertificateDer<'static>, Vec<u8>) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, by).unwrap().der().clone(), key.serialize_der())
}

fn identity(by: &Authority) -> Identity {
    let (certificate, key) = issued(by, "madoguchi-1", ExtendedKeyUsagePurpose::ClientAuth);
    Identity { certificate: certificate.to_vec(), key: key.into() }
}

/// Whether the server asks clients for a certificate.
enum Clients<'a> {
    Anybody,
    IssuedBy(&'a Authority),
}

fn tls(by: &Authority, name: &str, clients: &Clients<'_>) -> Arc<ServerConfig> {
    let (certificate, key) = issued(by, name, ExtendedKeyUsagePurpose::ServerAuth);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Clients::Anybody => builder.with_no_client_auth(),
        Clients::IssuedBy(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    builder.with_single_cert(vec![certificate], key).unwrap().into()
}

/// What the server does with each request.
#[derive(Clone)]
enum Manner {
    /// Sends these bytes.
    Answers(Vec<u8>),
    /// Reads the request and says nothing for so long.
    IsSilent(Duration),
    /// Reads the request and hangs up.
    HangsUp,
}

/// Runs until its listener's thread is dropped with the process; hands out every request it saw.
fn serve(config: Arc<ServerConfig>, manner: Manner) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requests, seen) = channel();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            converse(StreamOwned::new(connection, socket), &manner, |request| {
                // A test that does not look at requests has dropped the other end.
                let _ = requests.send(request);
            });
        }
    });
    (port, seen)
}

fn converse(mut stream: StreamOwned<ServerConnection, TcpStream>, manner: &Manner, seen: impl Fn(String)) {
    let Some(request) = read_request(&mut stream) else { return };
    seen(request);
    match manner {
        Manner::Answers(bytes) => {
            // The client may have had enough before everything is written.
            let _ = stream.write_all(bytes).and_then(|()| stream.flush());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        Manner::IsSilent(time) => thread::sleep(*time),
        Manner::HangsUp => {}
    }
}

/// The head, and as much body as it announces; nothing when the handshake or the client gives up.
fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let n = stream.read(&mut chunk).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

fn answer(status: &str, extra: &str, body: &[u8]) -> Manner {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Manner::Answers(bytes)
}

fn link(port: u16, trusted: &Authority) -> Link {
    Link::new(LinkConfig::new(format!("https://localhost:{port}"), trusted.der().to_vec())).unwrap()
}

/// A server under the right authority and name, and a link to it.
fn right(manner: Manner) -> (Link, Receiver<String>) {
    let authority = authority("the ledger's");
    let (port, seen) = serve(tls(&authority, "localhost", &Clients::Anybody), manner);
    (link(port, &authority), seen)
}

#[test]
fn a_request_carries_path_token_and_body_and_the_answer_comes_back() {
    let (link, seen) = right(answer("200 OK", "", br#"{"size":7}"#));
    let options = Options::bearer("abc123");
    let answer: serde_json::Value =
        link.post_json("/v1/x/acts", &serde_json::json!({"act": "AA=="}), &options).unwrap();
    assert_eq!(answer["size"], 7);
    let request = seen.recv().unwrap();
    assert!(request.starts_with("POST /v1/x/acts HTTP/1.1\r\n"), "{request}");
    let lower = request.to_ascii_lowercase();
    assert!(lower.contains("authorization: bearer abc123\r\n") && lower.contains("content-type: application/json\r\n"));
    assert!(request.ends_with(r#"{"act":"AA=="}"#), "{request}");
}

#[test]
fn a_gap_comes_back_as_a_problem_with_its_facts() {
    let body = br#"{"code":"gap","detail":"records 3 to 6 are missing","next_step":"send from 3","expected":3}"#;
    let (link, _) = right(answer("409 Conflict", "content-type: application/problem+json\r\n", body));
    let error = link.post("/v1/terminal/batches", MediaType::OctetStream, &[1, 2], &Options::default()).unwrap_err();
    let problem = error.problem().expect("a refusal");
    assert_eq!((problem.status, problem.code.as_str(), problem.number("expected")), (409, "gap", Some(3)));
    assert_eq!(error.to_string(), "the ledger refused: records 3 to 6 are missing (gap)");
    assert_eq!(error.next_step(Language::English), "send from 3");
    assert!(!error.is_passing());
}

#[test]
fn a_busy_ledger_says_when_to_come_back() {
    let (link, _) =
        right(answer("429 Too Many Requests", "retry-after: 12\r\n", br#"{"code":"busy","detail":"busy"}"#));
    let error = link.get("/v1/x", &Options::default()).unwrap_err();
    assert_eq!(error.problem().unwrap().retry_after, Some(12));
    assert!(error.is_passing());
}

#[test]
fn a_redirect_is_refused_not_followed() {
    let (link, _) = right(answer("302 Found", "location: https://elsewhere.example/\r\n", b""));
    let error = link.get("/v1/x", &Options::default()).unwrap_err();
    assert_eq!(error.problem().unwrap().code, "http_302");
}

#[test]
fn a_server_of_another_authority_is_not_our_ledger() {
    let (ours, theirs) = (authority("the ledger's"), authority("somebody's"));
    let (port, seen) = serve(tls(&theirs, "localhost", &Clients::Anybody), answer("200 OK", "", b"{}"));
    let error = link(port, &ours).get("/v1/x", &Options::bearer("secret")).unwrap_err();
    assert!(matches!(error, LinkError::WrongCertificate { fault: CertificateFault::OtherAuthority, .. }), "{error}");
    assert!(error.to_string().contains(&format!("localhost:{port}")), "{error}");
    assert!(seen.try_recv().is_err(), "the token must not have been sent");
}

#[test]
fn an_authority_that_only_has_the_same_name_is_another() {
    let (ours, theirs) = (authority("the ledger's"), authority("the ledger's"));
    let (port, _) = serve(tls(&theirs, "localhost", &Clients::Anybody), answer("200 OK", "", b"{}"));
    let error = link(port, &ours).get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::WrongCertificate { fault: CertificateFault::OtherAuthority, .. }), "{error}");
}

#[test]
fn a_certificate_for_another_name_names_what_was_expected() {
    let authority = authority("the ledger's");
    let (port, _) = serve(tls(&authority, "ledger.example", &Clients::Anybody), answer("200 OK", "", b"{}"));
    let error = link(port, &authority).get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::WrongCertificate { fault: CertificateFault::OtherName, .. }), "{error}");
    assert!(error.to_string().contains("'localhost', the name we expect"), "{error}");
}

#[test]
fn nobody_there_says_where() {
    let authority = authority("the ledger's");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = link(port, &authority).get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::Unreachable { cause: Unreachable::ConnectionRefused, .. }), "{error}");
    assert_eq!(error.to_string(), format!("cannot reach the ledger at localhost:{port}: nobody listens there"));
    assert!(error.is_passing());
}

#[test]
fn an_answer_that_does_not_come_is_given_up() {
    let (link, _) = right(Manner::IsSilent(Duration::from_secs(20)));
    let options = Options { within: Duration::from_millis(300), ..Options::default() };
    let error = link.get("/v1/x", &options).unwrap_err();
    assert!(matches!(error, LinkError::Unreachable { cause: Unreachable::AnswerTimeout, .. }), "{error}");
}

#[test]
fn a_server_that_hangs_up_is_unreachable() {
    let (link, _) = right(Manner::HangsUp);
    let error = link.get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::Unreachable { cause: Unreachable::Disconnected, .. }), "{error}");
}

#[test]
fn a_body_may_fill_the_limit_but_not_pass_it() {
    for (size, fits) in [(1000, true), (1001, false)] {
        let (link, _) = right(answer("200 OK", "", &vec![b'x'; size]));
        let options = Options { limit: 1000, ..Options::default() };
        let outcome = link.get("/v1/x?operator=tanaka", &options);
        match outcome {
            Ok(answer) => assert!(fits && answer.body.len() == size),
            Err(LinkError::TooLarge { path, limit }) => assert!(!fits && path == "/v1/x" && limit == 1000),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn endless_headers_are_too_large() {
    let (link, _) = right(answer("200 OK", &format!("x-padding: {}\r\n", "y".repeat(32 * 1024)), b"{}"));
    let error = link.get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::TooLarge { .. }), "{error}");
}

#[test]
fn what_is_not_http_or_not_json_is_malformed() {
    let (link, _) = right(Manner::Answers(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()));
    let error = link.get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::Malformed { .. }), "{error}");
    let (link, _) = right(answer("200 OK", "", b"<html>"));
    let error = link.get_json::<serde_json::Value>("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::Malformed { .. }), "{error}");
}

#[test]
fn a_port_without_tls_is_said_to_be_none() {
    let authority = authority("the ledger's");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut hello = [0; 512];
        let _ = socket.read(&mut hello);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let error = link(port, &authority).get("/v1/x", &Options::default()).unwrap_err();
    assert!(matches!(error, LinkError::Unreachable { cause: Unreachable::NotTls(_), .. }), "{error}");
}

#[test]
fn a_terminal_shows_its_certificate() {
    let authority = authority("the ledger's");
    let clients = Clients::IssuedBy(&authority);
    let (port, _) = serve(tls(&authority, "localhost", &clients), answer("200 OK", "", b"{}"));
    let config = LinkConfig::new(format!("https://localhost:{port}"), authority.der().to_vec());
    let link = Link::new(config.with_identity(identity(&authority))).unwrap();
    assert_eq!(link.get("/v1/terminal/cursor?epoch=0", &Options::default()).unwrap().body, b"{}");
}

#[test]
fn a_certificate_the_ledger_does_not_know_is_our_fault() {
    let (ledgers, strange) = (authority("the ledger's"), authority("somebody's"));
    for who in [Some(identity(&strange)), None] {
        let clients = Clients::IssuedBy(&ledgers);
        let (port, _) = serve(tls(&ledgers, "localhost", &clients), answer("200 OK", "", b"{}"));
        let config = LinkConfig::new(format!("https://localhost:{port}"), ledgers.der().to_vec());
        let link = Link::new(LinkConfig { identity: who, ..config }).unwrap();
        let error = link.get("/v1/x", &Options::default()).unwrap_err();
        assert!(matches!(error, LinkError::IdentityRefused { .. }), "{error}");
    }
}

#[test]
fn bad_certificates_are_found_before_anything_is_sent() {
    let authority = authority("the ledger's");
    let url = || "https://localhost:1".to_owned();
    let error = Link::new(LinkConfig::new(url(), vec![1, 2, 3])).unwrap_err();
    assert!(matches!(error, LinkError::BadAuthority(_)), "{error}");
    let (certificate, _) = issued(&authority, "a", ExtendedKeyUsagePurpose::ClientAuth);
    let (_, key) = issued(&authority, "b", ExtendedKeyUsagePurpose::ClientAuth);
    for key in [key, vec![0; 20]] {
        let mixed = Identity { certificate: certificate.to_vec(), key: key.into() };
        let error = Link::new(LinkConfig::new(url(), authority.der().to_vec()).with_identity(mixed)).unwrap_err();
        assert!(matches!(error, LinkError::BadIdentity(_)), "{error}");
    }
}

#[test]
fn every_error_has_words_and_a_next_step_in_both_languages() {
    let authority = authority("the ledger's");
    let (port, _) = serve(tls(&authority, "ledger.example", &Clients::Anybody), Manner::HangsUp);
    let errors = [
        link(port, &authority).get("/v1/x", &Options::default()).unwrap_err(),
        right(Manner::HangsUp).0.get("/v1/x", &Options::default()).unwrap_err(),
        right(answer("500 Internal Server Error", "", b"")).0.get("/v1/x", &Options::default()).unwrap_err(),
        Link::new(LinkConfig::new("ledger".to_owned(), Vec::new())).unwrap_err(),
    ];
    for error in errors {
        for language in [Language::English, Language::Japanese] {
            assert!(!error.in_words(language).is_empty() && !error.next_step(language).is_empty(), "{error}");
        }
        assert_ne!(error.in_words(Language::English), error.in_words(Language::Japanese));
    }
}
