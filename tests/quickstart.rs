//! The newcomer's way: the top-level gateway.yaml on free ports, and the very lines
//! that README.md shows, run by a shell one after the other.

mod support;

use std::fs;
use std::process::Command;

use support::gateway::{Folder, Gateway};
use support::http::{series, until};

fn start() -> Gateway {
    let yaml = include_str!("../gateway.yaml");
    let folder = Folder::new("quickstart");
    let free = yaml.replace("127.0.0.1:8443\"", "127.0.0.1:0\"").replace("127.0.0.1:9464", "127.0.0.1:0");
    assert_ne!(free, yaml, "gateway.yaml names the ports that README.md speaks of");
    fs::write(folder.path().join("gateway.yaml"), free).expect("the configuration");
    Gateway::start_in(folder)
}

/// The shell lines of README.md, with the ports this test got.
fn readme_lines(gateway: &Gateway) -> String {
    let readme = include_str!("../README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a sh block");
    block
        .replace("127.0.0.1:8443", &gateway.address("public").to_string())
        .replace("127.0.0.1:9464", &gateway.address("metrics").to_string())
}

#[test]
fn the_lines_of_the_readme_do_what_they_say() {
    let gateway = start();
    let (client, secret) = gateway.generated_client();
    let script = format!("set -eu\n{}", readme_lines(&gateway));
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("CLIENT", client)
        .env("SECRET", secret)
        .output()
        .expect("bash, curl and jq are installed by tests/run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");

    let statuses: Vec<&str> = text.split("HTTP/2 ").skip(1).filter_map(|rest| rest.get(..3)).collect();
    assert_eq!(statuses, ["403", "401"], "one refusal for the scope, one for the revocation: {text}");
    assert!(text.contains("error=\"insufficient_scope\"") && text.contains("hello:write"), "{text}");
    assert!(text.contains("\"path\": \"/hello/world\""), "the echo shows what the backend saw: {text}");
    assert!(text.contains("\"refresh_token\""), "a person gets a refresh token: {text}");
    assert!(text.contains("tollgate_auth_decisions_total{") && text.contains("result=\"ok\""), "{text}");
    // The last refusal may be counted a moment after its caller has it.
    let revoked = "tollgate_auth_decisions_total{result=\"revoked\"";
    until("it is counted", || series(gateway.address("metrics"), revoked) == 1);
}

#[test]
fn the_shortest_file_of_the_readme_has_no_mistake() {
    let readme = include_str!("../README.md");
    let yaml = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a yaml block");
    let folder = Folder::new("shortest");
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let mut check = support::gateway::tollgate(folder.path(), &["check", "--strict"]);
    check.env("DEMO_SECRET", "as-long-as-a-secret-has-to-be-0123456789");
    let (code, out, err) = support::gateway::finish(&mut check);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn without_a_file_every_command_says_how_to_name_one() {
    let folder = Folder::new("nothing");
    for command in [&["run"][..], &["client", "list"], &["explain", "GET", "/"]] {
        let (code, out, err) = support::gateway::finish(&mut support::gateway::tollgate(folder.path(), command));
        assert_eq!((code, out.as_str()), (1, ""), "{command:?}: {err}");
        assert!(err.starts_with("error[TG0001]") && err.contains("--config FILE"), "{command:?}: {err}");
    }
}

#[test]
fn a_second_run_on_the_same_state_is_refused_and_the_client_is_kept() {
    let gateway = start();
    let second = gateway.cli(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("state") && said.contains("in use"), "{said}");

    let (code, folder) = gateway.stop();
    assert_eq!(code, Some(0), "TERM ends with success");
    let again = Gateway::start_in(folder);
    assert!(!again.banner.iter().any(|l| l.contains("CLIENT SECRET")), "shown once only: {:#?}", again.banner);
    assert!(!again.stderr().contains("CLIENT SECRET"), "logged once only");
    assert!(again.banner.iter().any(|l| l.contains("curl -sk -u $CLIENT:$SECRET ")), "{:#?}", again.banner);
}

#[test]
fn a_taken_port_is_an_error_with_the_address_in_it() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = holder.local_addr().expect("its address").port();
    let folder = Folder::new("taken");
    let yaml = include_str!("../gateway.yaml")
        .replace("127.0.0.1:8443\"", &format!("127.0.0.1:{port}\""))
        .replace("127.0.0.1:9464", "127.0.0.1:0");
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    let (code, out, err) = support::gateway::finish(&mut support::gateway::tollgate(folder.path(), &["run"]));
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains(&format!("127.0.0.1:{port}")) && err.contains("taken"), "{err}");
}
