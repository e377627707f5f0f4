//! The store as people use it: values set, files that do not belong there.

use lmsgen::secret::decrypt;
use sha2::{Digest, Sha256};

use super::demo;
use crate::support::fleet::{Fleet, repository};
use crate::support::git_server::GitServer;

const PARTS: [&str; 5] = ["lmsgen.toml", "environments", "clients", "templates", "secrets"];
const STORE: &str = "secrets/lms-dev/C1/lms-secret.yaml";

fn value(fleet: &Fleet, key: &str) -> String {
    let values = decrypt(fleet.read(STORE).as_bytes(), &demo()).unwrap();
    let (_, value) = values.into_iter().find(|(known, _)| known == key).unwrap();
    String::from_utf8(value.expose().to_vec()).unwrap()
}

#[test]
fn a_digest_follows_the_value_it_is_made_of() {
    let fleet = Fleet::of_repository(&PARTS);
    let key = repository().join("tests/keys/demo.agekey");
    let set = |name: &str, value: &str| {
        let args = ["secrets", "set", "lms-dev/C1", "lms-secret", name, "--age-key-file", key.to_str().unwrap()];
        fleet.prepare(&args).input(value).go()
    };
    let before = value(&fleet, "pg-password");
    set("ch-password", "a new password").exits(0).says("revision 2");
    let digest = lmsgen::template::hex(&Sha256::digest("a new password"));
    assert_eq!(value(&fleet, "ch-password"), "a new password");
    assert_eq!(value(&fleet, "ch-password-sha256"), digest);
    assert_eq!(value(&fleet, "pg-password"), before);

    let kept = fleet.snapshot();
    set("ch-password-sha256", "00").exits(2).says("is the SHA-256 of `ch-password`");
    kept.assert_same(&fleet.snapshot());
}

/// Whatever lies in `secrets/` is published, ignored by Git or not: so nothing in the clear may lie there.
#[test]
fn what_is_not_encrypted_is_never_published() {
    let server = GitServer::start();
    let fleet = Fleet::of_repository(&PARTS);
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.git(&["remote", "add", "origin", &server.url()]);
    fleet.write("secrets/.gitignore", "*.dec.yaml\n");
    fleet.write("secrets/lms-dev/C1/lms-secret.dec.yaml", "password: hunter2\n");
    for command in [&["validate"][..], &["render"], &["publish"]] {
        let ran = fleet.run(command).exits(4).says("error[LMS443]: `secrets/lms-dev/C1/lms-secret.dec.yaml`");
        assert!(!ran.all().contains("hunter2"), "{command:?}");
    }
    assert_eq!(server.tip("main"), "");
    fleet.remove("secrets/lms-dev/C1/lms-secret.dec.yaml");

    // What is said to be ignored stays here, too.
    let ignored = ["secrets/.env", "secrets/lms-dev/C1/lms-secret.yaml.bak", "clients/.env", "clients/C1.toml.orig"];
    for path in ignored {
        fleet.write(path, "password = hunter2\n");
    }
    for name in ["pg-admin", "ch-admin"] {
        for environment in ["lms-dev", "lms-prod"] {
            if !fleet.has(&format!("secrets/{environment}/environment/{name}.yaml")) {
                fleet.prepare(&["secrets", "set", environment, name, "password"]).input("x").go().exits(0);
            }
        }
    }
    fleet.run(&["publish"]).exits(0);
    let published = fleet.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
    assert!(published.contains("secrets/lms-dev/C1/lms-secret.yaml"), "{published}");
    for path in ignored {
        assert!(!published.lines().any(|line| line == path), "{path}");
        assert!(fleet.has(path), "{path}");
    }
}

/// Nobody's missing value keeps the rest of the fleet from being rendered.
#[test]
fn a_digest_waits_for_the_value_that_a_person_gives() {
    let stack = "phases = [\"app\"]\n[secrets.s.a]\nprovided = \"x\"\noptional = true\n[secrets.s.b]\nsha256-of = \"a\"\n\
                 [secrets.r.d]\ngenerate = \"hex\"\n";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: dev}\n";
    let fleet = Fleet::tiny(&[("templates/t/stack.toml", stack), ("templates/t/app/a.yaml", object)]);
    fleet.run(&["render"]).exits(0).says("Generated 1 secret for dev/C1");
    assert!(!fleet.has("secrets/dev/C1/s.yaml"));
    fleet.run(&["render", "--locked"]).exits(0);
    let set = fleet.prepare(&["secrets", "set", "dev/C1", "s", "a"]).input("x").go().exits(0);
    set.says("generated 1 value along with it");
    fleet.run(&["render"]).exits(0);
    assert!(fleet.has("rendered/dev/C1/app/secret-s-c1.yaml"));
}
