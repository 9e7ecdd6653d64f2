//! A stranger's Varlink client: Python's package introspects the socket and calls it.

use std::process::Command;

use sekisho_tests::binaries::checkout;
use sekisho_tests::clerk::{insert, login};
use sekisho_tests::scene::Scene;

const SCRIPT: &str = r#"
import sys, varlink
with varlink.Client.new_with_address("unix:" + sys.argv[1]) as client:
    info = client.get_interfaces()
    assert "io.sekisho" in info, info
    interface = client.get_interface("io.sekisho")
    assert interface.get_method("Authorize") is not None
    with client.open("io.sekisho") as sekisho:
        state = sekisho.Status()["state"]
        print("state", state["state"], state["session"]["operator"])
        answer = sekisho.Authorize("juminhyo.issue", None, "R8-0001", None)
        print("granted", answer["verdict"]["granted"], answer["record"]["seq"] >= 0)
        answer = sekisho.Authorize("zei.certificate", None, None, None)
        print("refused", answer["verdict"]["code"])
        try:
            sekisho.Authorize("NOT A CODE", None, None, None)
        except varlink.error.VarlinkError as error:
            print("error", error.error())
"#;

#[test]
fn python_introspects_the_socket_and_calls_it() {
    let mut scene = Scene::new("python");
    insert(&scene.terminal, &mut scene.clerk);
    login(&scene.terminal, &scene.clerk);
    let python = checkout().join("target/python/bin/python");
    let output = Command::new(python).args(["-c", SCRIPT]).arg(scene.terminal.socket()).output().unwrap();
    let said = sekisho_tests::ledger::both(&output);
    assert!(output.status.success(), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "state open 10023",
            "granted True True",
            "refused function_not_for_terminal",
            "error io.sekisho.InvalidArgument"
        ]
    );
}
