//! The manifests of `deploy/kubernetes` say what the configuration beside them does: the
//! same ports, pages that there are, and more time to end than the drain takes. No cluster
//! is at hand here; what it would refuse is not found.

use std::fs;

use serde::Deserialize as _;
use serde_json::Value;

use crate::authority::Authority;
use crate::support::gateway::{Folder, finish, tollgate};

const GATEWAY: &str = include_str!("../../deploy/kubernetes/gateway.yaml");

/// Every document of the folder's manifests.
fn manifests() -> Vec<Value> {
    let files = [
        include_str!("../../deploy/kubernetes/tollgate.yaml"),
        include_str!("../../deploy/kubernetes/servicemonitor.yaml"),
        include_str!("../../deploy/kubernetes/kustomization.yaml"),
    ];
    let documents = files.iter().flat_map(|text| serde_yaml::Deserializer::from_str(text));
    documents.map(|document| Value::deserialize(document).expect("a manifest")).collect()
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
    all.iter().filter(|manifest| manifest["kind"] == kind).collect()
}

fn seconds(value: &Value) -> u64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.trim_end_matches('s').parse().expect("seconds")
}

#[test]
fn the_configuration_of_the_config_map_has_no_mistake() {
    let folder = Folder::new("kubernetes");
    Authority::new("roots of the test").issue("gateway.example", &["gateway.example"]).write(folder.path());
    let here = GATEWAY.replace("/etc/tollgate-tls", &folder.path().display().to_string());
    assert_ne!(here, GATEWAY);
    fs::write(folder.path().join("gateway.yaml"), here).expect("the configuration");
    let mut check = tollgate(folder.path(), &["check"]);
    check.env("DEMO_SECRET", "as-long-as-a-secret-has-to-be-0123456789");
    let (code, out, err) = finish(&mut check);
    assert_eq!(code, 0, "{out}{err}");
    // The one warning is that metrics are reached from outside, which is what they are for.
    assert!(!format!("{out}{err}").contains("error"), "{out}{err}");
}

#[test]
fn manifests_and_configuration_agree() {
    let (all, gateway) = (manifests(), serde_yaml::from_str::<Value>(GATEWAY).expect("YAML"));
    let deployment = of_kind(&all, "Deployment")[0];
    let pod = &deployment["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let port = |value: &Value| {
        let address = value.as_str().expect("an address");
        address.rsplit(':').next().and_then(|port| port.parse::<u64>().ok()).expect("a port")
    };
    let ports = container["ports"].as_array().expect("ports");
    let named = |name: &str| ports.iter().find(|port| port["name"] == name).expect("a port")["containerPort"].as_u64();
    assert_eq!(named("https"), Some(port(&gateway["listeners"]["public"]["address"])));
    assert_eq!(named("metrics"), Some(port(&gateway["observability"]["metrics"]["listen"])));
    for service in of_kind(&all, "Service") {
        let target = service["spec"]["ports"][0]["targetPort"].as_str().expect("a name");
        assert!(named(target).is_some(), "{target}");
        assert_eq!(service["spec"]["selector"], deployment["spec"]["selector"]["matchLabels"]);
    }
    for (probe, page) in [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
        assert_eq!(
            (&container[probe]["httpGet"]["path"], &container[probe]["httpGet"]["port"]),
            (&page.into(), &"metrics".into())
        );
    }

    // Time for the pause before TERM, the drain, and the logs.
    let pause = seconds(&container["lifecycle"]["preStop"]["exec"]["command"][1]);
    let grace = pod["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    assert!(grace > pause + seconds(&gateway["shutdown"]["drain"]), "{grace} s");

    // One owner of the state at a time, which is where the gateway looks for it.
    assert_eq!(
        (&deployment["spec"]["replicas"], &deployment["spec"]["strategy"]["type"]),
        (&1.into(), &"Recreate".into())
    );
    let variables = container["env"].as_array().expect("variables");
    let state = &variables.iter().find(|variable| variable["name"] == "TOLLGATE_STATE").expect("it")["value"];
    let mounts = container["volumeMounts"].as_array().expect("mounts");
    let mounted =
        |path: &str| mounts.iter().any(|mount| path.starts_with(mount["mountPath"].as_str().expect("a path")));
    assert!(mounted(state.as_str().expect("a path")) && mounted("/etc/tollgate-tls/") && mounted("/etc/tollgate/"));
    let made = pod["initContainers"][0]["command"].as_array().and_then(|command| command.last());
    assert_eq!(made, Some(state), "made with the mode it needs");

    // Nothing that could be done without.
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    for container in [container, &pod["initContainers"][0]] {
        let confined = &container["securityContext"];
        assert_eq!(
            (&confined["readOnlyRootFilesystem"], &confined["allowPrivilegeEscalation"]),
            (&true.into(), &false.into())
        );
    }
    for kind in ["PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor", "PersistentVolumeClaim", "Kustomization"] {
        assert_eq!(of_kind(&all, kind).len(), 1, "{kind}");
    }
}
