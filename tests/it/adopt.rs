//! `import --from`: what runs becomes files of clients.

use serde_json::{Value, json};

use crate::support::fleet::{Fleet, Ran};

/// What must never be shown.
const PASSWORD: &str = "Pa55-w0rd-in-the-clear";
const SEED: &str = "5eed5eed5eed5eed";

/// The repository's stack and environments, without clients.
fn fleet() -> Fleet {
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "templates"]);
    fleet.write("clients/C1.toml", "name = \"One\"\n\n[environments.lms-dev]\n");
    fleet
}

fn import(fleet: &Fleet, dump: &Value, args: &[&str]) -> Ran {
    std::fs::write(fleet.home().join("dump.json"), dump.to_string()).unwrap();
    let path = fleet.home().join("dump.json");
    fleet.run(&[&["import", "--from", path.to_str().unwrap()], args].concat())
}

fn list(items: &[Value]) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "items": items })
}

/// The objects of one client, as people made them from the team's document: `id` in names as they got past the API server.
fn by_hand(id: &str, sender: &str, tag: &str, replicas: i32) -> Vec<Value> {
    let slug = id.to_lowercase();
    let meta = |name: &str| {
        json!({ "name": format!("{name}-{slug}"), "namespace": "lms-dev", "uid": "1", "resourceVersion": "7",
        "creationTimestamp": "2024-04-02T08:12:25Z", "managedFields": [{ "manager": "curl" }] })
    };
    let dsn = |kind: &str| format!("{kind}://{id}:{PASSWORD}@db:1/{id}");
    let config = json!({
        "LMS_CLIENT_ID": id, "LMS_SERVER_DEBUG": "true", "LMS_SERVER_PORT": ":8080", "LMS_SERVER_STATIC": "/mnt/image/static",
        "LMS_KEYS_SECRET_SEED": SEED, "LMS_KEYS_TOKEN_TTL_HOURS": "12", "LMS_KEYS_PRIVATE_KEY_PATH": "/etc/lms/rsa_key",
        "LMS_LOGS_DIRECTORY": "logs", "LMS_NOTIFICATIONS_SMS4B_SENDER": sender, "LMS_STORAGE_POSTGRES_DSN": dsn("postgres"),
        "LMS_STORAGE_POSTGRES_UPDATE_ATTEMPTS": "3", "LMS_STORAGE_CLICKHOUSE_UPDATE_ATTEMPTS": "3",
    });
    let container = json!({
        "name": "lms", "image": format!("registry.example/rarus-lms/backend:{tag}"), "imagePullPolicy": "Always",
        "envFrom": [{ "configMapRef": { "name": format!("lms-config-{slug}") } }],
        "volumeMounts": [{ "mountPath": "/etc/lms", "name": "key" },
                         { "mountPath": "/mnt/image/static", "name": "data", "subPath": id }],
    });
    let labels = json!({ "app": format!("{slug}-lms") });
    let job = json!({ "template": { "spec": { "restartPolicy": "Never", "containers": [{ "name": "psql", "image": "postgres:latest",
        "env": [{ "name": "LMS_DB_ROLE", "value": id }, { "name": "LMS_DB_NAME", "value": id },
                { "name": "PGPASSWORD", "value": PASSWORD }] }] } } });
    vec![
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("lms-config"), "data": config }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": meta("rsa-secret"), "type": "Opaque",
                "data": { "rsa_key": "UEFTU1dPUkQtaW4ta2V5" } }),
        json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": meta("postgres-setup"), "spec": job,
                "status": { "succeeded": 1 } }),
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("lms-deployment"), "spec": {
            "replicas": replicas, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [container] } } },
            "status": { "readyReplicas": 1 } }),
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": meta("lms-service"), "spec": {
            "clusterIP": "10.0.0.1", "ports": [{ "port": 8080, "protocol": "TCP", "targetPort": 8080 }], "selector": labels } }),
    ]
}

#[test]
fn objects_made_by_hand_become_files_with_what_differs_only() {
    let fleet = fleet();
    let mut items = by_hand("C7", "ROMASHKA", "1.4.1", 2);
    items.extend(by_hand("C8", "1C-RARUS", "dev", 1));
    items.push(
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "other", "namespace": "lms-dev" } }),
    );
    let before = fleet.snapshot();
    let ran = import(&fleet, &list(&items), &[]).exits(0).says("Found 2 clients; with --write");
    before.assert_same(&fleet.snapshot());
    for secret in [PASSWORD, SEED, "UEFTU1dPUkQtaW4ta2V5", "PASSWORD-in-key"] {
        assert!(!ran.all().contains(secret), "{}", ran.out);
    }
    let of = |id: &str| {
        ran.out.split(&format!("--- clients/{id}.toml\n")).nth(1).unwrap().split("\n\n--- ").next().unwrap().to_owned()
    };
    let first = of("C7");
    for line in [
        "[environments.lms-dev]",
        "params.image.tag = \"1.4.1\"",
        "params.keys.token-ttl = 12",
        "params.replicas = 2",
        "params.sms4b.sender = \"ROMASHKA\"",
        "params.postgres.database = \"C7\"",
        "params.postgres.role = \"C7\"",
        "params.static-files.sub-path = \"C7\"",
        "params.postgres.update-attempts = 3",
        "+ secret lms-dev/C7 rsa-secret: rsa_key",
    ] {
        assert!(first.lines().any(|one| one == line), "no `{line}` in\n{}", ran.out);
    }
    assert!(first.contains("Secret lms-secret-c7 is not in the dump"), "{first}");
    let second = of("C8");
    for path in ["replicas", "image.tag", "sms4b.sender", "server.debug", "names."] {
        assert!(!second.split("Would still").next().unwrap().contains(&format!("params.{path}")), "{second}");
    }
    assert!(ran.out.contains("1 object of no client that was found:\n    Service lms-dev/other\n"), "{}", ran.out);
    assert!(ran.out.contains("Would still differ from what runs:"), "{}", ran.out);
}

#[test]
fn what_is_written_renders_and_what_is_secret_is_in_the_store() {
    let fleet = fleet();
    let mut items = by_hand("C7", "ROMASHKA", "1.4.1", 2);
    let key = fleet.home().join("rsa.key");
    let made =
        std::process::Command::new("openssl").args(["genrsa", "-traditional", "-out"]).arg(&key).arg("2048").output();
    assert!(made.is_ok_and(|made| made.status.success()));
    let pem = std::fs::read_to_string(&key).unwrap();
    items[1]["data"] = json!({});
    items[1]["stringData"] = json!({ "rsa_key": pem });
    import(&fleet, &list(&items), &["--write"]).exits(0).says("Wrote 1 client, imported 1 Secret");
    assert!(fleet.read("clients/C7.toml").contains("params.sms4b.sender = \"ROMASHKA\"\n"));
    let stored = fleet.read("secrets/lms-dev/C7/rsa-secret.yaml");
    assert!(stored.contains("rsa_key: ENC[") && !stored.contains("BEGIN RSA"), "{stored}");
    fleet.run(&["render"]).exits(0);
    let config = fleet.read("rendered/lms-dev/C7/app/configmap-lms-config-c7.yaml");
    assert!(config.contains("LMS_NOTIFICATIONS_SMS4B_SENDER: ROMASHKA\n"), "{config}");
    let again = import(&fleet, &list(&items), &[]).exits(2);
    assert!(again.err.contains("no object's name in the dump holds an id of a client that is new"), "{}", again.err);
}

#[test]
fn a_client_whose_secret_does_not_fit_gets_no_file() {
    let fleet = fleet();
    let mut items = by_hand("C7", "ROMASHKA", "1.4.1", 2);
    items.extend(by_hand("C8", "LUCH", "1.4.1", 2));
    for (id, value) in [("c7", "no key"), ("c8", "no key either")] {
        let is_it = |item: &&mut Value| item["kind"] == "Secret" && item["metadata"]["name"].to_string().contains(id);
        let item = items.iter_mut().find(is_it).unwrap();
        item["data"] = json!({});
        item["stringData"] = json!({ "rsa_key": value });
    }
    let before = fleet.snapshot();
    let ran = import(&fleet, &list(&items), &["--write"]);
    assert!(ran.code != 0 && !ran.all().contains("no key either"), "{}", ran.all());
    before.assert_same(&fleet.snapshot());
    // Nothing stands in the way of the next attempt.
    import(&fleet, &list(&items), &[]).exits(0).says("Found 2 clients");
}

#[test]
fn what_lmsgen_renders_comes_back_as_a_file_without_parameters() {
    let fleet = Fleet::of_repository(&["lmsgen.toml", "environments", "clients", "templates", "secrets"]);
    let stream = fleet.run(&["manifests", "-q", "-e", "lms-dev", "C1"]).exits(0).out;
    let mut items: Vec<Value> = Vec::new();
    for document in stream.split("\n---\n") {
        let mut object: Value = serde_norway::from_str(document.trim_start_matches("---\n")).unwrap();
        object["metadata"]["uid"] = json!("1");
        object["metadata"]["resourceVersion"] = json!("9");
        object["status"] = json!({ "observedGeneration": 1 });
        items.push(object);
    }
    fleet.remove("clients/C1.toml");
    let ran = import(&fleet, &list(&items), &["-e", "lms-dev"]).exits(0);
    assert!(
        ran.out.contains("--- clients/C1.toml\nname = \"ООО «Первый клиент»\"\n\n[environments.lms-dev]\n! "),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("params."), "{}", ran.out);
    assert!(ran.out.contains("Nothing would differ from what runs\n"), "{}", ran.out);
}

#[test]
fn places_that_disagree_are_said_and_not_guessed() {
    let fleet = fleet();
    let mut items = by_hand("C7", "A", "dev", 1);
    items[0]["data"]["LMS_SERVER_STATIC"] = json!("/srv/other");
    let ran = import(&fleet, &list(&items), &[]).exits(0);
    assert!(ran.out.contains("! lms-dev/C7: static-files.mount-path is not the same at "), "{}", ran.out);
    assert!(!ran.out.contains("params.static-files.mount-path"), "{}", ran.out);
    // Twice the same name.
    let mut twice = by_hand("C7", "A", "dev", 1);
    twice.extend(by_hand("C7", "B", "dev", 1));
    let ran = import(&fleet, &list(&twice), &[]).exits(0);
    assert!(ran.out.contains("several could be ConfigMap lms-config-c7"), "{}", ran.out);
    assert!(!ran.out.contains("params.sms4b.sender"), "{}", ran.out);
}

#[test]
fn a_dump_that_is_none_is_refused_without_being_repeated() {
    let fleet = fleet();
    for (text, message) in [
        (format!("{{ \"kind\": \"Secret\", {PASSWORD}"), "is not YAML or JSON that can be read"),
        ("{}".to_owned(), "holds no objects"),
        ("[1, 2]".to_owned(), "holds no objects"),
        (
            list(&[json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x", "namespace": "lms-dev" } })])
                .to_string(),
            "no object's name in the dump",
        ),
    ] {
        let path = fleet.home().join("dump.json");
        std::fs::write(&path, text).unwrap();
        let ran = fleet.run(&["import", "--from", path.to_str().unwrap()]).exits(2).says(message);
        assert!(!ran.all().contains(PASSWORD), "{}", ran.err);
    }
    let many: Vec<Value> = (0..4000)
        .map(|n| json!({ "apiVersion": "v1", "kind": "Endpoints", "metadata": { "name": format!("x-y-z-{n}"), "namespace": "lms-dev" } }))
        .collect();
    import(&fleet, &list(&many), &[]).exits(2).says("no object's name in the dump");
    import(&fleet, &list(&by_hand("C7", "A", "dev", 1)), &["--stack", "other"])
        .exits(2)
        .says("there is no stack `other`");
    import(&fleet, &list(&by_hand("C7", "A", "dev", 1)), &["-e", "other"])
        .exits(2)
        .says("there is no environment `other`");
}
