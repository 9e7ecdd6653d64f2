//! A small HTTPS client over rustls, so that handshakes with and without certificates are really made.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use crate::described;

/// Who connects.
pub(crate) struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    asks: Asks,
}

/// Whom it asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// The ledger, whose routes are described.
    Ledger,
    /// Another program of ours.
    Another,
}

/// A certificate and the PKCS#8 key it is for.
pub(crate) type Identity = (Vec<u8>, Vec<u8>);

/// Status, headers, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, authority: &[u8], identity: Option<Identity>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.to_vec())).unwrap();
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let key: PrivateKeyDer<'static> = PrivatePkcs8KeyDer::from(key).into();
                config.with_client_auth_cert(vec![CertificateDer::from(certificate)], key).unwrap()
            }
        };
        Self { address, config: Arc::new(config), asks: Asks::Ledger }
    }

    /// The same for a program whose routes the description is not about.
    pub(crate) fn of_another(self) -> Self {
        Self { asks: Asks::Another, ..self }
    }

    fn connect(&self) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::clone(&self.config), name).map_err(std::io::Error::other)?;
        let socket = TcpStream::connect(self.address)?;
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(StreamOwned::new(tls, socket))
    }

    /// A connection on which this much of a request has been sent, and that waits for the rest of it for a minute.
    pub(crate) fn begin(&self, part: &[u8]) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut stream = self.connect()?;
        stream.write_all(part)?;
        stream.flush()?;
        stream.sock.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(stream)
    }

    /// What is answered to somebody who says that nothing more will come, and listens on.
    pub(crate) fn half_close(&self, request: &[u8]) -> String {
        let mut stream = self.begin(request).unwrap();
        stream.conn.send_close_notify();
        drop(stream.flush());
        stream.sock.shutdown(std::net::Shutdown::Write).unwrap();
        let mut bytes = Vec::new();
        // How the other side closes is its own affair.
        drop(stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, request: &[u8]) -> std::io::Result<Answer> {
        let mut stream = self.connect()?;
        // A server that has heard enough answers and closes: what it said is still to be read.
        drop(stream.write_all(request));
        drop(stream.flush());
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(_) if !bytes.is_empty() => {}
            Err(error) => return Err(error),
        }
        parse(&bytes).ok_or_else(|| std::io::Error::other("no answer"))
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
        request += &format!("Content-Length: {}\r\n\r\n", body.len());
        let answer = self.send(&[request.as_bytes(), body].concat()).unwrap();
        // Whatever a test asks: it is described, and so is what comes.
        if self.asks == Asks::Ledger {
            described::hold(method, path, body, &answer);
        }
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], b"")
    }

    pub(crate) fn get_as(&self, path: &str, token: &str) -> Answer {
        self.request("GET", path, &[("Authorization", &format!("Bearer {token}"))], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, &[], body.to_string().as_bytes())
    }

    pub(crate) fn post_as(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.request("POST", path, &[("Authorization", &format!("Bearer {token}"))], body.to_string().as_bytes())
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// The JSON of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The code of a problem, once it is a whole one.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert!(self.head.to_lowercase().contains("content-type: application/problem+json"), "{}", self.head);
        let body = self.json();
        for key in ["detail", "detail_ja", "next_step", "next_step_ja"] {
            assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {body}");
        }
        (self.status, body["code"].as_str().unwrap().to_owned())
    }
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head, body: bytes[end + 4..].to_vec() })
}
