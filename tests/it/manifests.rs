//! `manifests`: one stream in the order to apply it, with Secrets decrypted only on request and only into a pipe.

use base64::Engine as _;
use serde_norway::Value;

use crate::support::fleet::{Fleet, repository};

fn fleet() -> Fleet {
    Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets", "rendered"])
}

fn key() -> String {
    repository().join("tests/keys/demo.agekey").to_str().unwrap().to_owned()
}

fn documents(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_norway::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

fn kinds(documents: &[Value]) -> Vec<&str> {
    documents.iter().map(|document| document["kind"].as_str().unwrap()).collect()
}

#[test]
fn phases_follow_each_other_and_encrypted_secrets_are_left_out() {
    let fleet = fleet();
    let before = fleet.snapshot();
    let ran =
        fleet.run(&["manifests", "C1", "-e", "lms-dev"]).exits(0).says("Left out 2 encrypted Secrets: add --decrypt");
    let found = documents(&ran.out);
    assert_eq!(kinds(&found), ["Job", "Job", "ConfigMap", "Service", "Deployment", "Ingress"]);
    let provision = documents(&fleet.run(&["manifests", "C1", "-e", "lms-dev", "--phase", "provision"]).exits(0).out);
    assert_eq!(provision, found[..2]);
    let shared = documents(&fleet.run(&["manifests", "C1", "-e", "lms-dev", "--phase", "environment"]).exits(0).out);
    assert_eq!(kinds(&shared)[0], "Namespace");
    // Every object is the one in the output.
    let deployment = fleet.read("rendered/lms-dev/C1/app/deployment-lms-deployment-c1.yaml");
    assert!(documents(&deployment)[0] == found[4] && ran.out.contains(&deployment));
    let unknown = fleet.run(&["manifests", "C1", "--phase", "ap"]).exits(2);
    unknown.says("there is no phase `ap`; phases are `environment`, `provision`, `app`");
    before.assert_same(&fleet.snapshot());
}

#[test]
fn what_kubectl_applies_is_an_apply_set() {
    let fleet = fleet();
    fleet.edit("environments/lms-dev.toml", "delivery = \"flux\"", "delivery = \"kubectl\"");
    let shared = fleet.run(&["manifests", "-e", "lms-dev", "--phase", "environment"]).exits(0);
    let shared = documents(&shared.out);
    let parent = &shared[0]["metadata"];
    assert_eq!(parent["name"], "lmsgen-lms-dev");
    let id = parent["labels"]["applyset.kubernetes.io/id"].as_str().unwrap();
    let kinds = "ConfigMap,Deployment.apps,Ingress.networking.k8s.io,Job.batch,Namespace,\
                 NetworkPolicy.networking.k8s.io,PersistentVolume,PersistentVolumeClaim,Secret,Service,ServiceAccount";
    assert_eq!(parent["annotations"]["applyset.kubernetes.io/contains-group-kinds"], kinds);
    let key = key();
    let of_client = ["manifests", "C1", "-e", "lms-dev", "--decrypt", "--age-key-file", &key];
    let members = documents(&fleet.run(&of_client).exits(0).out);
    assert_eq!(members.len(), 8);
    for member in shared[1..].iter().chain(&members) {
        assert_eq!(member["metadata"]["labels"]["applyset.kubernetes.io/part-of"], id, "{member:?}");
    }
    // Of one client nobody knows all kinds; and an engine that is not kubectl has no such set.
    let one = fleet.run(&["manifests", "C1", "-e", "lms-dev", "--phase", "environment"]).exits(0);
    assert!(!one.out.contains("contains-group-kinds"), "{}", one.out);
    assert!(!fleet.run(&["manifests", "-e", "lms-prod"]).exits(0).out.contains("applyset"));
    fleet.run(&["render"]).exits(0);
    assert!(!fleet.read("rendered/lms-dev/C1/app/service-lms-service-c1.yaml").contains("applyset"));
}

#[test]
fn secrets_are_decrypted_into_a_pipe() {
    let fleet = fleet();
    let before = fleet.snapshot();
    let args = ["manifests", "C1", "-e", "lms-dev", "--decrypt"];
    fleet.run(&args).exits(4).says("no identity opens the file");
    let with_key: Vec<&str> = args.iter().copied().chain(["--age-key-file"]).collect();
    let key = key();
    let with_key: Vec<&str> = with_key.into_iter().chain([key.as_str()]).collect();
    let ran = fleet.run(&with_key).exits(0);
    let found = documents(&ran.out);
    assert_eq!(kinds(&found)[..4], ["Secret", "Secret", "Job", "Job"]);
    let secret = &found[0];
    assert_eq!(secret["metadata"]["name"], "lms-secret-c1");
    assert_eq!(secret["metadata"]["namespace"], "lms-dev");
    assert_eq!(secret["metadata"]["annotations"]["lmsgen.dev/revision"], "1");
    assert!(secret.get("sops").is_none() && secret.get("stringData").is_none());
    let shown = ["secrets", "show", "lms-dev/C1", "lms-secret", "pg-password", "--age-key-file", key.as_str()];
    let value = fleet.run(&shown).exits(0).out;
    let encoded = secret["data"]["pg-password"].as_str().unwrap();
    let decoded = base64::prelude::BASE64_STANDARD.decode(encoded).unwrap();
    assert!(decoded == value.as_bytes(), "the value is not what `secrets show` shows");
    let in_ci = |args: &[&str]| fleet.prepare(args).env("CI", "true").go();
    in_ci(&with_key).exits(8).prints_nothing().says("stdout of a pipeline's job is its log");
    let allowed: Vec<&str> = with_key.iter().copied().chain(["--in-ci"]).collect();
    in_ci(&allowed).exits(0);
    before.assert_same(&fleet.snapshot());
}
