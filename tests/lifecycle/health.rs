//! `tollgate healthcheck` beside a gateway that runs, runs badly, or does not run.

use std::fs;

use crate::support::gateway::{Gateway, finish, tollgate};
use crate::support::yaml::standard;

fn asked(gateway: &Gateway, more: &[&str]) -> (i32, String, String) {
    finish(&mut tollgate(gateway.folder.path(), &[&["healthcheck"], more].concat()))
}

#[test]
fn it_says_what_a_gateway_says_of_itself() {
    let gateway = Gateway::start("health", &standard("builtin:echo"));
    let metrics = gateway.address("metrics").to_string();
    assert_eq!(asked(&gateway, &["--address", &metrics]), (0, format!("ready at {metrics}\n"), String::new()));

    // The file says where, whatever else it says: this one has a secret that cannot be had.
    let file = gateway.folder.path().join("gateway.yaml");
    let said = |listen: &str| {
        format!("observability: {{ metrics: {{ listen: {listen} }} }}\nstore: {{ key: \"${{file:nowhere}}\" }}\n")
    };
    let port = gateway.address("metrics").port();
    fs::write(&file, said(&format!("\"0.0.0.0:{port}\""))).expect("a file");
    assert_eq!(asked(&gateway, &[]).0, 0);
    for (text, why) in [
        (said("\"127.0.0.1:0\""), "nobody knows where `127.0.0.1:0` is; give --address"),
        ("version: 1\n".to_owned(), "does not say where metrics and health are served; give --address"),
    ] {
        fs::write(&file, text).expect("a file");
        let (code, out, err) = asked(&gateway, &[]);
        assert!(code == 1 && out.is_empty() && err.contains(why) && err.lines().count() == 1, "{err}");
    }

    // Not ready, and why, in one line.
    let state = gateway.folder.path().join("state");
    fs::rename(&state, gateway.folder.path().join("elsewhere")).expect("moved");
    let (code, out, err) = asked(&gateway, &["--address", &metrics]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("not ready at") && err.contains("state: the folder was removed or replaced"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");

    let folder = gateway.kill();
    let (code, _, err) = finish(&mut tollgate(folder.path(), &["healthcheck", "--address", &metrics]));
    assert!(code == 1 && err.starts_with(&format!("error: no answer from {metrics}: ")), "{code} {err}");
}
