//! The book on a server that is reached by TLS, as one on another machine is.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sekisho_ledger::command;
use sekisho_ledger::config::Config;
use sekisho_ledger::store::{PostgresStore, Server};

use crate::town::{Town, scratch};

/// An authority, and a key with a certificate for this host, as files of PEM.
fn certificates(folder: &Path, host: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    std::fs::write(folder.join("server.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

/// The server of these tests is told to speak TLS, with this certificate.
fn speak_tls(place: &str, folder: &Path) {
    let config: postgres::Config = place.parse().unwrap();
    let mut client = config.connect(postgres::NoTls).unwrap();
    let data: String = client.query_one("SHOW data_directory", &[]).unwrap().get(0);
    let owner = std::fs::metadata(&data).unwrap();
    for name in ["server.pem", "server.key"] {
        let there = Path::new(&data).join(name);
        std::fs::copy(folder.join(name), &there).unwrap();
        std::fs::set_permissions(&there, PermissionsExt::from_mode(0o600)).unwrap();
        chown(&there, Some(std::os::unix::fs::MetadataExt::uid(&owner)), None).unwrap();
    }
    for set in ["ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"] {
        client.batch_execute(&format!("ALTER SYSTEM SET {set}")).unwrap();
    }
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    crate::served::until(|| client.query_one("SHOW ssl", &[]).unwrap().get::<_, String>(0) == "on");
}

#[test]
fn a_server_elsewhere_shows_who_it_is_before_it_is_asked_for_anything() {
    let place = crate::postgres::database();
    let (ours, others) = (scratch(), scratch());
    certificates(&ours, "localhost");
    certificates(&others, "localhost");
    speak_tls(&place, &ours);
    let (_, rest) = place.split_once(' ').unwrap();
    let at = |host: &str| format!("host={host} {rest}");
    let (authority, other) = (ours.join("authority.pem"), others.join("authority.pem"));
    let opens = |host: &str, authority: &Path| {
        let server = Server::at(&at(host), Some(authority)).unwrap();
        PostgresStore::open_existing(server).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(opens("localhost", &authority).contains("has no tables"), "{}", opens("localhost", &authority));
    assert!(opens("localhost", &other).contains("certificate"), "{}", opens("localhost", &other));
    // Its certificate is for another name.
    assert!(opens("127.0.0.1", &authority).contains("certificate"), "{}", opens("127.0.0.1", &authority));
    // What cannot be meant is refused before anything is reached.
    assert!(Server::at(&at("db.example"), None).unwrap_err().contains("postgres_authority"));
    assert!(Server::at(&place, Some(&authority)).unwrap_err().contains("socket"));
    assert!(Server::at(&at("localhost"), Some(&ours.join("server.key"))).unwrap_err().contains("no certificate"));
    assert!(Server::at(&at("localhost"), Some(Path::new("/nowhere.pem"))).unwrap_err().contains("/nowhere.pem"));

    // A whole ledger over it.
    let root = scratch();
    let listen = "127.0.0.1:9".parse().unwrap();
    command::init(
        &root,
        "ledger.test",
        listen,
        vec!["localhost".into()],
        Some(at("localhost")),
        Some(authority.clone()),
    )
    .unwrap();
    let data = sekisho_ledger::data::DataDir::new(&root);
    let config = Config::read(&data.config()).unwrap();
    assert_eq!(config.postgres_authority.as_deref(), Some(authority.as_path()));
    config.book(&data).unwrap().open_existing().unwrap();
    let mut town = Town::on_server_by_tls(&authority);
    town.send(3);
    town.publish();
    town.reopen();
    town.send(3);
    let database: postgres::Config = place.parse().unwrap();
    let mut client = database.connect(postgres::NoTls).unwrap();
    let plain =
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl";
    assert_eq!(client.query_one(plain, &[]).unwrap().get::<_, i64>(0), 0, "nothing goes over the line in the clear");
    // A copy of it lies in a file and is reached by nobody's line.
    let copy = scratch();
    sekisho_ledger::backup::backup(&town.root, &copy).unwrap();
    let copied = sekisho_ledger::data::DataDir::new(&copy);
    let config = Config::read(&copied.config()).unwrap();
    assert_eq!((&config.postgres, &config.postgres_authority), (&None, &None));
    let offices = config.book(&copied).unwrap().open_existing().unwrap().offices().unwrap();
    assert_eq!(offices.len(), 1);
}
