//! Every bad configuration, file or request gets a clear error and loses nothing.

mod support;

use std::fs;
use std::path::Path;

use support::gateway::{Folder, Gateway, finish, tollgate};
use support::http::{curl, raw};
use support::token::client_credentials;
use support::yaml::standard;

/// What `run` says of a configuration it refuses; `check` must say the same.
fn refused(name: &str, yaml: &[u8], prepare: impl Fn(&Path)) -> String {
    let folder = Folder::new(name);
    fs::write(folder.path().join("gateway.yaml"), yaml).expect("the configuration");
    prepare(folder.path());
    let (code, out, err) = finish(&mut tollgate(folder.path(), &["run"]));
    assert_eq!(code, 1, "{name}: {out}{err}");
    assert!(!err.contains("panicked"), "{name}: {err}");
    err
}

#[test]
fn configurations() {
    let good = standard("builtin:echo");
    let cases: [(&str, String, &[&str]); 6] = [
        ("malformed", good.replace("version: 1", "version: [1"), &["gateway.yaml:"]),
        ("unknown-key", good.replace("address:", "adress:"), &["adress", "address", "gateway.yaml:3:"]),
        (
            "missing-file",
            good.replace("tls: self-signed", "tls: { certificates: [{ cert: no.crt, key: no.key }] }"),
            &["no.crt"],
        ),
        ("dangling", good.replace("upstream: backend", "upstream: bakend"), &["bakend", "backend"]),
        ("no-access", good.replace(", access: public", ""), &["access", "open"]),
        (
            "two-mistakes",
            good.replace("version: 1", "version: 2").replace("host: any", "hosts: any"),
            &["version", "hosts"],
        ),
    ];
    for (name, yaml, wanted) in cases {
        assert_ne!(yaml, good, "{name}");
        let said = refused(name, yaml.as_bytes(), |_| ());
        for word in wanted {
            assert!(said.contains(word), "{name} should speak of `{word}`: {said}");
        }
        let folder = Folder::new(name);
        fs::write(folder.path().join("gateway.yaml"), &yaml).expect("the configuration");
        let (code, out, err) = finish(&mut tollgate(folder.path(), &["check"]));
        assert_eq!(code, 1, "{name}");
        assert!((out + &err).contains(wanted[0]), "{name}: check says what run says");
        assert!(!folder.path().join("state").exists(), "check writes nothing");
    }
    let said = refused("non-utf8", &[good.as_bytes(), b"# \xff\xfe\n"].concat(), |_| ());
    assert!(said.contains("UTF-8"), "{said}");
}

#[test]
fn state_folders() {
    let yaml = standard("builtin:echo");
    let said = refused("corrupt", yaml.as_bytes(), |folder| {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        let state = folder.join("state");
        fs::DirBuilder::new().mode(0o700).create(&state).expect("the state folder");
        let mut file = fs::OpenOptions::new();
        let mut file = file.create_new(true).write(true).mode(0o600).open(state.join("tollgate.db")).expect("a file");
        std::io::Write::write_all(&mut file, &[b'x'; 8192]).expect("bytes that are no database");
    });
    assert!(said.contains("tollgate.db"), "{said}");

    let said =
        refused("unwritable", yaml.as_bytes(), |folder| fs::write(folder.join("state"), "a file").expect("a file"));
    assert!(said.contains("state"), "{said}");

    let said = refused("too-open", yaml.as_bytes(), |folder| {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().mode(0o755).create(folder.join("state")).expect("the state folder");
    });
    assert!(said.contains("0700") || said.contains("700"), "{said}");
}

#[test]
fn requests() {
    let gateway = Gateway::start("bad-requests", &standard("builtin:echo"));
    let base = gateway.https("public");
    let token = client_credentials(&gateway, "shop:shop-secret", "read write");
    let bearer = format!("Authorization: Bearer {token}");
    let url = format!("{base}/oauth2/token");
    let form = |body: &str| curl(&["-u", "shop:shop-secret", "--data-binary", body, &url]);

    let cases = [
        ("grant_type=make_me_king", "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&scope=%zz", "invalid_request"),
        ("grant_type=client_credentials&scope=%ff", "invalid_request"),
        ("grant_type=client_credentials&scope=admin", "invalid_scope"),
        ("scope=read", "invalid_request"),
    ];
    for (body, error) in cases {
        let answer = form(body);
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{body}: {answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{body}");
    }
    let wrong = curl(&["-u", "shop:wrong", "-d", "grant_type=client_credentials", &url]);
    let unknown = curl(&["-u", "nobody:wrong", "-d", "grant_type=client_credentials", &url]);
    assert_eq!((wrong.status, wrong.body == unknown.body), (401, true), "{wrong:?} {unknown:?}");
    assert!(wrong.header("www-authenticate").is_some_and(|v| v.starts_with("Basic")), "{wrong:?}");

    let big = format!("X-Big: {}", "x".repeat(64 * 1024));
    assert_eq!(curl(&["-H", &bearer, "-H", &big, "--http1.1", &format!("{base}/things/1")]).status, 431);
    let huge = "x".repeat(9 * 1024 * 1024);
    let path = gateway.folder.path().join("huge");
    fs::write(&path, huge).expect("a large body");
    let data = format!("@{}", path.display());
    assert_eq!(
        curl(&["--http1.1", "-X", "POST", "-H", &bearer, "--data-binary", &data, &format!("{base}/things/1")]).status,
        413
    );

    let clear = gateway.address("clear");
    for (name, bytes) in [
        ("bare LF", &b"GET /open/a HTTP/1.1\nHost: a\n\n"[..]),
        ("obs-fold", b"GET /open/a HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"),
        (
            "CL and TE",
            b"POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("two hosts", b"GET /open/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("no host", b"GET /open/a HTTP/1.1\r\n\r\n"),
    ] {
        let answer = raw(clear, bytes);
        assert!(answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
    }
    assert!(!gateway.stderr().contains(&token), "no token in the log");
}
