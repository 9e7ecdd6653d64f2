use super::*;

fn refused(text: &str) -> String {
    Config::parse(Path::new("agent.toml"), text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_a_good_one() {
    let config = Config::parse(Path::new("agent.toml"), "").unwrap();
    assert_eq!(config.agent_socket(), Path::new("/run/sekisho/agent.sock"));
    assert_eq!(config.card.deadline(), Duration::from_secs(10));
}

#[test]
fn the_example_in_the_readme_is_a_good_one() {
    let readme = include_str!("../../README.md");
    let example = readme.split("    link = ").nth(1).and_then(|rest| rest.split("\n\nA change").next()).unwrap();
    let mut text = format!("link = {example}");
    // Users of a machine that has them.
    for (uid, name) in
        ["sekisho-card-worker", "sekisho-forwarder", "tanaka", "suzuki", "kanri", "www-data"].iter().enumerate()
    {
        text = text.replace(&format!("\"{name}\""), &(1000 + uid).to_string());
    }
    text = text.replace("kiroku = \"kiroku\"", "kiroku = 2000");
    let config = Config::parse(Path::new("agent.toml"), &text).unwrap();
    assert_eq!((config.peers.prompt.len(), config.applications.len()), (2, 2));
}

#[test]
fn every_mistake_names_file_line_and_key() {
    for (text, expected) in [
        ("state = \"/x\"\nsate = 1\n", &["agent.toml", "line 2", "sate"][..]),
        ("state = \"var\"\n", &["line 1", "'state'", "absolute path"]),
        ("\n[card]\nsharing = \"mine\"\n", &["line 3", "exclusive"]),
        ("[card]\ndeadline_seconds = 0\n", &["line 2", "'deadline_seconds'", "from 1 to 600"]),
        ("[card]\nwatch_seconds = 21\n", &["line 2", "'watch_seconds'"]),
        ("[journal]\ndays_unsent = 0\n", &["line 2", "'days_unsent'", "from 1 to 365"]),
        ("[card]\ndeadline_seconds = \"ten\"\n", &["line 2", "invalid type"]),
        ("link = \"link\"\n", &["line 1", "'link'", "absolute path"]),
        ("[peers]\nworker = \"nobody-of-that-name\"\n", &["line 2", "'worker'", "nobody-of-that-name", "/etc/passwd"]),
        ("[peers]\nprompt = [true]\n", &["line 2", "'prompt'", "a uid, or a name"]),
        ("[applications]\nJumin = 1000\n", &["line 2", "'Jumin'", "a code"]),
        ("[applications]\na = 1000\nb = 1000\n", &["'b'", "told apart"]),
        ("[applications]\na = 1\nb = 1\n[units]\na = \"x.service\"\nb = \"x.service\"\n", &["'b'", "told apart"]),
        ("[units]\na = \"x.service\"\n", &["'a'", "[applications]"]),
        ("[applications]\na = 1\n[units]\na = \"x.socket\"\n", &["'a'", "a service"]),
        ("[applications]\na = 1\n[units]\na = \"user@1.service\"\n", &["'a'", "a service"]),
        ("[lock]\nscreen = \"x11\"\n", &["line 2", "logind"]),
        ("[lock]\nseat = \"\"\n", &["line 2", "'seat'", "seat0"]),
        ("[lock]\non_failure = \"ignore\"\n", &["line 2", "terminate"]),
        ("state = \n", &["line 1"]),
    ] {
        let message = refused(text);
        for part in expected {
            assert!(message.contains(part), "{text:?}: {message}");
        }
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Path::new("/nowhere/agent.toml")).unwrap_err();
    assert!(error.to_string().contains("/nowhere/agent.toml"));
    assert!(error.next_step().contains("--config"));
}

#[test]
fn a_user_is_a_number_or_a_name() {
    let text = "[peers]\nworker = \"root\"\nprompt = [1001, \"root\"]\n";
    let peers = Config::parse(Path::new("agent.toml"), text).unwrap().peers;
    assert_eq!((peers.worker, peers.prompt), (Some(User(0)), vec![User(1001), User(0)]));
    let passwd = "root:x:0:0:root:/root:/bin/sh\nsekisho-agent:x:998:998::/:/usr/sbin/nologin\n";
    assert_eq!(uid_of(passwd, "sekisho-agent"), Some(998));
    assert_eq!(uid_of(passwd, "sekisho"), None);
}

#[test]
fn an_application_is_known_by_its_uid() {
    let config = Config::parse(Path::new("agent.toml"), "[applications]\ncounter = 1001\n").unwrap();
    let named = |uid| config.applications_of(uid).map(|(code, _)| code.to_string()).collect::<Vec<_>>();
    assert_eq!((named(1001), named(1002)), (vec!["counter".to_owned()], vec![]));
}
