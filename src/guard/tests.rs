//! What is found, where; and what is not. Tokens are put together here, so that no program takes this file for a leak.

use base64::Engine as _;
use proptest::prelude::*;

use super::{Guard, Rule, TextKind};

/// Random text as tokens have it.
const RANDOM: &str = "k3Jq9ZxT7vB2mN8pL5wR1cY6dH4gF0sAeUiOoQyXzWjVbKnMtPrScDfGhEaLuI2x9C7v5B3n1M8q6W4e";

fn guard() -> Guard {
    Guard::new(["rsa_key", "pg-user", "key"])
}

/// `line:column code key` of every finding, the column in characters.
fn found(text: &str, kind: TextKind) -> Vec<String> {
    let shown = guard().scan(text, kind).into_iter().map(|finding| {
        let before = &text[..finding.range.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{line}:{column} {} {}", finding.rule.code(), finding.key.unwrap_or_default()).trim_end().to_owned()
    });
    shown.collect()
}

#[track_caller]
fn assert_found(text: &str, expected: &[&str]) {
    assert_eq!(found(text, TextKind::Data), expected, "{text}");
}

fn pem(title: &str) -> String {
    let line = &RANDOM[..64];
    format!("-----BEGIN {title}-----\n{line}\n{line}\n-----END {title}-----\n")
}

#[test]
fn private_keys() {
    for title in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
        assert_found(&format!("# ключ\n{}", pem(title)), &["2:1 LMS450"]);
    }
    let indented = pem("PRIVATE KEY").replace('\n', "\n    ");
    assert_found(&format!("data:\n  rsa.pem: |\n    {indented}"), &["3:5 LMS450"]);
    let escaped = pem("RSA PRIVATE KEY").replace('\n', "\\n");
    assert_found(&format!("{{\"private_key\": \"{escaped}\"}}"), &["1:18 LMS450"]);
    let old = pem("RSA PRIVATE KEY").replacen('\n', "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1);
    assert_found(&old, &["1:1 LMS450"]);
    let age = format!("AGE-SECRET-KEY-1{}", &RANDOM[..58].to_uppercase());
    assert_found(&format!("x = 1\n{age}\n"), &["2:1 LMS450"]);
    assert_found(&age.replace("KEY-1", "KEY-PQ-1"), &["1:1 LMS450"]);
    assert_found(&age.to_lowercase(), &["1:1 LMS450"]);
    let encoded = base64::engine::general_purpose::STANDARD.encode(pem("PRIVATE KEY"));
    assert_found(&format!("a: {encoded}\n"), &["1:4 LMS450"]);
    let putty = format!("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\n{RANDOM}\nPrivate-MAC: 0\n");
    assert_found(&putty, &["1:1 LMS450"]);

    for clean in [
        pem("PUBLIC KEY"),
        pem("CERTIFICATE"),
        base64::engine::general_purpose::STANDARD.encode(pem("CERTIFICATE")),
        "grep -q -- '-----BEGIN PRIVATE KEY-----' \"$file\"\n".into(),
        "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n".into(),
        "if text.startswith(\"-----BEGIN RSA PRIVATE KEY-----\"): return\n".into(),
        "starts with AGE-SECRET-KEY-1\n".into(),
        "recipients = [\"age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6\"]\n".into(),
    ] {
        assert_found(&clean, &[]);
    }
}

#[test]
fn tokens() {
    let hex = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
    for (start, rest) in [
        ("glpat-", &RANDOM[..20]),
        ("gldt-", &RANDOM[..20]),
        ("glrt-", &RANDOM[..20]),
        ("ghp_", &RANDOM[..36]),
        ("gho_", &RANDOM[..36]),
        ("ghs_", &RANDOM[..36]),
        ("github_pat_", &RANDOM[..70]),
        ("xoxb-", &RANDOM[..40]),
        ("AIza", &RANDOM[..35]),
        ("sk_live_", &RANDOM[..24]),
        ("npm_", &RANDOM[..36]),
        ("pypi-AgE", &RANDOM[..60]),
        ("dckr_pat_", &RANDOM[..27]),
        ("hvs.", &RANDOM[..30]),
        ("hf_", &RANDOM[..34]),
        ("sntryu_", hex),
        ("dop_v1_", hex),
        ("y0_", &RANDOM[..58]),
        ("AQVN", &RANDOM[..36]),
        ("vk1.a.", &RANDOM[..70]),
        ("12345678:AA", &RANDOM[..33]),
    ] {
        for (line, column) in [("note: {}\n", 7), ("ключ = \"{}\" # x\n", 9), ("curl -H 'X: {}'\n", 13), ("({})", 2)]
        {
            let text = line.replace("{}", &format!("{start}{rest}"));
            assert_found(&text, &[&format!("1:{column} LMS451")]);
        }
    }
    let token = format!("eyJ{}.eyJ{}.{}", &RANDOM[..30], &RANDOM[..40], &RANDOM[..43]);
    assert_found(&format!("Authorization: Bearer {token}\n"), &["1:23 LMS451"]);
    assert_found(&format!("id: AKIA{}\nkey: {}\n", "Q3X7MZ9K2LP5RT8W", &RANDOM[..40]), &["2:6 LMS451"]);

    for clean in [
        format!("glpat-{}", "x".repeat(20)),
        format!("ghp_{}", "EXAMPLE".repeat(6).get(..36).unwrap_or_default()),
        "glpat-… starts a token".into(),
        "chf_count npm_config_registry hf_hub SG.x t1.micro y0_ AIzawa dapi".into(),
        "AKIAIOSFODNN7EXAMPLE".into(),
        "AKIAQ3X7MZ9K2LP5RT8W alone is a name".into(),
        "eyJhbGciOiJIUzI1NiJ9 is a header".into(),
        "kube_hf_abcdefghijklmnopqrstuvwxyz01234567".into(),
        format!("sha256:{hex}"),
        "10:AAA 12345678:AAA".into(),
    ] {
        assert_found(&clean, &[]);
    }
}

#[test]
fn logins_of_programs() {
    let password = &RANDOM[..20];
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("robot:{password}"));
    assert_found(&format!("{{\"auths\": {{\"registry.example\": {{\"auth\": \"{base64}\"}}}}}}\n"), &["1:42 LMS451"]);
    assert_found(&format!("Authorization: Basic {base64}\n"), &["1:22 LMS451"]);
    assert_found(&format!("Authorization: Bearer {}\n", &RANDOM[..40]), &["1:23 LMS451"]);
    assert_found(&format!("machine git.example login robot password {password}\n"), &["1:42 LMS454 password"]);
    assert_found(&format!("machine git.example\nlogin robot\npassword {password}\n"), &["3:10 LMS454 password"]);
    assert_found(&format!("<server><password>{password}</password></server>\n"), &["1:19 LMS454 password"]);

    let example = base64::engine::general_purpose::STANDARD.encode("user:password");
    for clean in [
        format!("Authorization: Basic {example}\n"),
        "Authorization: Bearer $TOKEN and Bearer <token>, or Bearer authentication-of-the-server\n".into(),
        "then type login robot\nand the password that you were given\n".into(),
        "<password>{{ params.x }}</password><label>Password</label>\n".into(),
        "{\"auth\": \"required\"}\n".into(),
    ] {
        assert_found(&clean, &[]);
    }
}

/// A path that begins with two slashes is no comment, and its value no example.
#[test]
fn an_npmrc_is_no_comment() {
    assert_found(&format!("//registry.npmjs.org/:_authToken={}\n", &RANDOM[..20]), &["1:34 LMS454 _authToken"]);
    assert_found("// password = \"changeit\"\n", &[]);
}

#[test]
fn urls() {
    for (text, place) in [
        ("dsn: postgres://lms:hunter2@db.example:5432/lms\n", "1:21"),
        ("url = \"https://bot:t0ken@git.example/x.git\"\n", "1:20"),
        ("редис = redis://:s3cr3t@cache:6379/0\n", "1:18"),
        ("amqp://guest:guest@mq\n", "1:14"),
        ("x: clickhouse://{{ ch_user }}:hunter2@{{ host }}:9000\n", "1:31"),
        ("mongodb+srv://u:p@ss@host/db\n", "1:17"),
    ] {
        assert_found(text, &[&format!("{place} LMS452")]);
    }
    for clean in [
        "postgres://u:$(LMS_PG_PASSWORD)@{{ params.host }}:5432/x",
        "value: postgres://{{ pg_role }}:$(LMS_PG_PASSWORD)@{{ params.postgres.host }}:{{ params.postgres.port }}/x",
        "postgres://u:${PGPASSWORD}@host",
        "postgres://u:$PGPASSWORD@host",
        "postgres://u:{{ params.password }}@host",
        "https://user:***@host/",
        "https://user:xxxx@host/",
        "https://user:<password>@host/",
        "https://host:8080/a@b",
        "https://host:8080?mail=a@b.example",
        "http://[::1]:80/x@y",
        "https://user@host/",
        "ssh://git@host:22/x.git",
        "docker://nginx:1.27@sha256:0f1e",
        "oci://registry.example/x:1@sha256:0f1e",
        "see https://a.example: mail me@example.com",
        "file:///run/x",
        "f'{scheme}://{user}:{password}@{host}'",
        "# such as https://user:password@host/x",
    ] {
        assert_found(clean, &[]);
    }
    assert_eq!(found("Use `postgres://user:password@host/db`.", TextKind::Prose), [""; 0]);
}

#[test]
fn secrets_of_kubernetes() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  user: lms\n  pin: \"4711\"\n";
    assert_found(secret, &["6:9 LMS453 user", "7:8 LMS453 pin"]);
    assert_found(&secret.replace("lms", "{{ x }}"), &["7:8 LMS453 pin"]);
    assert_found(
        &secret.replace("kind: Secret", "kind: \"Secret\"").replace("stringData", "data"),
        &["6:9 LMS453 user", "7:8 LMS453 pin"],
    );
    let json = r#"{"kind":"List","items":[{"kind":"Secret","data":{"a":"aHVudGVyMg=="}},{"kind":"ConfigMap","data":{"b":"c"}}]}"#;
    assert_found(json, &["1:54 LMS453 a"]);
    assert_found(&format!("kind: ConfigMap\ndata:\n  a: b\n---\n{secret}"), &["10:9 LMS453 user", "11:8 LMS453 pin"]);
    let sops = "kind: SopsSecret\nspec:\n  secretTemplates:\n    - name: x\n      stringData:\n        a: open\n";
    assert_found(sops, &["6:12 LMS453 a"]);
    // Everything is a value: placeholders of blanks, text around an expression, lists, and names that lead elsewhere.
    for (value, place) in [
        ("\"0000\"", "7:8"),
        ("vault:secret/x#y", "7:8"),
        ("$name", "7:8"),
        ("a{{ x }}", "7:8"),
        ("postgres://u:{{ x }}@h", "7:8"),
        ("[\"4711\"]", "7:9"),
        ("{ b: 4711 }", "7:13"),
    ] {
        assert_found(
            &secret.replace("lms", "\"{{ x }}\"").replace("\"4711\"", value),
            &[&format!("{place} LMS453 pin")],
        );
    }
    let flow = "{% if x %}\nkind: Secret\nstringData: {pin: \"4711\"}\n{% endif %}\n";
    assert_found(flow, &["3:13 LMS453 stringData"]);
    let block = "{% if x %}\nkind: Secret\nstringData:\n  pin: |\n    {{ x }}\n    4711\n{% endif %}\n";
    assert_found(block, &["6:5 LMS453 pin"]);
    let list = "kind: SecretList\nitems:\n  - stringData: {pin: \"4711\"}\n";
    assert_found(list, &["3:23 LMS453 pin"]);
    // No YAML: an anchor, and a template.
    assert_found(&format!("{secret}x: &a b\n"), &["6:9 LMS453 user", "7:8 LMS453 pin"]);
    assert_found(&format!("{{% if x %}}\n{secret}{{% endif %}}\n"), &["7:9 LMS453 user", "8:8 LMS453 pin"]);

    let sealed = "ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]";
    for clean in [
        secret.replace("lms", sealed).replace("\"4711\"", sealed),
        secret.replace("lms", "").replace("\"4711\"", "\"\""),
        "kind: Secret\nmetadata:\n  name: x\ntype: Opaque\n".into(),
        secret.replace("lms", "\"{{ x }}\"").replace("\"4711\"", "${PIN}"),
        secret.replace("lms", "$(USER)").replace("\"4711\"", "\"{{ a }}:{{ b }}\""),
        secret.replace("lms", "\"<user>\"").replace("\"4711\"", "null"),
        secret.replace("lms", "\"***\"").replace("\"4711\"", "..."),
        "{% if x %}\nkind: Secret\nstringData:\n  a: \"\" # none\n  b: {{ x }} # given\n{{- if .y }}\n  c: |\n    \
         {{ z }}\n{{- end }}\ndata: {}\n"
            .into(),
        secret.replace("kind: Secret", "kind: ConfigMap"),
        "kinds = [\"ConfigMap\", \"Secret\"]\n[data]\na = \"b\"\n".into(),
        "kind: Secret\n---\nkind: ConfigMap\ndata:\n  a: b\n".into(),
        "kind: ExternalSecret\nspec:\n  data:\n    - secretKey: password\n      remoteRef: {key: lms/pg, property: password}\n"
            .into(),
    ] {
        assert_found(&clean, &[]);
    }
}

#[test]
fn values_under_names_of_secrets() {
    for (text, expected) in [
        ("password = \"hunter2\"\n", "1:13 LMS454 password"),
        ("[params.postgres]\npassword = \"correct horse battery\"\n", "2:13 LMS454 password"),
        ("postgres.password = 'hunter2' # dev only\n", "1:22 LMS454 postgres.password"),
        ("пароль: x\npassword: пароль123\n", "2:11 LMS454 password"),
        ("passwords = [\"hunter2\"]\n", "1:15 LMS454 passwords"),
        ("admin-password: hunter2\n", "1:17 LMS454 admin-password"),
        ("  adminPassword: \"hunter2\"\n", "1:19 LMS454 adminPassword"),
        ("password: |\n  hunter2\n", "2:3 LMS454 password"),
        ("password:\n  hunter2\n", "2:3 LMS454 password"),
        ("password = \"\"\"\nhunter2\"\"\"\n", "2:1 LMS454 password"),
        ("export DB_PASSWORD=hunter2\n", "1:20 LMS454 DB_PASSWORD"),
        ("MYSQL_PWD='hunter2'\n", "1:12 LMS454 MYSQL_PWD"),
        ("SMTP_PASS=hunter2\n", "1:11 LMS454 SMTP_PASS"),
        ("args: [--password=hunter2]\n", "1:19 LMS454 password"),
        ("{\"db\":{\"password\":\"hunter2\"}}\n", "1:20 LMS454 password"),
        ("x: \"{\\\"password\\\":\\\"hunter2\\\"}\"\n", "1:21 LMS454 password"),
        ("{user: a, password: hunter2, x: y}\n", "1:21 LMS454 password"),
        ("url: jdbc:x;User=sa;Password=hunter2;x=y\n", "1:30 LMS454 Password"),
        ("api-key = \"0f1e2d3c4b5a6978\"\n", "1:12 LMS454 api-key"),
        ("token: k3Jq9ZxT7vB2mN8p\n", "1:8 LMS454 token"),
        ("token = \"hunter2\"\n", "1:10 LMS454 token"),
        ("client_secret: 0f1e2d3c4b5a69788796a5b4\n", "1:16 LMS454 client_secret"),
        ("secret: k3Jq9ZxT7vB2mN8pL5wR1c\n", "1:9 LMS454 secret"),
        ("seed.LMS_KEYS_SECRET_SEED = \"0f1e2d3c\"\n", "1:30 LMS454 seed.LMS_KEYS_SECRET_SEED"),
        ("- name: LMS_PG_PASSWORD\n  value: hunter2\n", "2:10 LMS454 LMS_PG_PASSWORD"),
        ("- { name: LMS_PG_PASSWORD, value: hunter2 }\n", "1:35 LMS454 LMS_PG_PASSWORD"),
        ("{\"name\": \"DB_PASSWORD\", \"value\": \"hunter2\"}\n", "1:35 LMS454 DB_PASSWORD"),
        ("- value: hunter2\n  name: DB_PASSWORD\n", "1:10 LMS454 DB_PASSWORD"),
        ("[[env]]\nname = \"DB_PASSWORD\"\nvalue = \"hunter2\"\n", "3:10 LMS454 DB_PASSWORD"),
        ("rsa-key = \"0f1e2d3c4b5a6978\"\n", "1:12 LMS454 rsa-key"),
        ("\"rsa_key\": \"0f1e2d3c4b5a6978\"\n", "1:13 LMS454 rsa_key"),
        ("password: ENC[hunter2\n", "1:11 LMS454 password"),
        ("# password: \"kR7wQ2xZ9\"\n", "1:14 LMS454 password"),
    ] {
        assert_found(text, &[expected]);
    }
}

/// Passwords that start with a mark, or have one in them. None of it means anything in quotes.
#[test]
fn marks_make_no_reference_of_a_value() {
    for value in [
        "@hunter2Hunter2x9",
        "!Secr3tPassw0rd9",
        "*Kq9zLm2Vx7Rt81",
        "&Kq9zLm2Vx7Rt81",
        "<Kq9zLm2Vx7Rt81",
        "<Kq9zLm2Vx7Rt81>",
        "{Kq9zLm2Vx7Rt81",
        "{Kq9zLm2Vx7Rt81}",
        "{{Kq9zLm2Vx7Rt81",
        "$ecr3tPassw0rd9",
        "$ecretPassword",
        "Sup3r$ecret",
        "Kq9zLm2Vx7$HOME",
        "/Kq9zLm2Vx7Rt81ab",
        "/Kq9z/Lm2Vx7/Rt81ab",
        "/etc/Kq9zLm2Vx7Rt81ab",
        "./Kq9zLm2Vx7Rt81ab",
        "Kq9z`Lm2Vx7Rt81",
        "`Kq9zLm2Vx7Rt81`",
        "Kq9z://Lm2Vx7Rt81",
        "https://Kq9zLm2Vx7Rt81",
        "%Kq9zLm2Vx7Rt81%",
        "__Kq9zLm2Vx7Rt81__",
        "%(Kq9zLm2Vx7Rt81",
        "vault:Kq9zLm2Vx7Rt81",
        "env:Kq9zLm2Vx7Rt81",
        "file:Kq9zLm2Vx7Rt81",
        "arn:Kq9zLm2Vx7Rt81",
        "ref+Kq9zLm2Vx7Rt81",
        "ENC[Kq9zLm2Vx7Rt81",
        "ENC[Kq9zLm2Vx7Rt81]",
        "ENC[AES256_GCM,data:YQ==,type:str]Kq9zLm2Vx7Rt81",
        "hunter2{{ params.x }}",
        "{{ params.x }}hunter2",
        "${X}Kq9zLm2Vx7Rt81",
        "${DB_PASSWORD:-Kq9zLm2Vx7Rt81}",
        "{{ x | default('Kq9zLm2Vx7Rt81') }}",
    ] {
        for key in ["DB_PASSWORD", "password", "api_token"] {
            let column = key.len() + 4;
            assert_found(&format!("{key}: \"{value}\"\n"), &[&format!("1:{column} LMS454 {key}")]);
        }
        let secret = format!("kind: Secret\nstringData:\n  x: \"{value}\"\n");
        assert_found(&secret, &["3:6 LMS453 x"]);
        assert_found(&format!("{{% if x %}}\n{secret}{{% endif %}}\n"), &["4:6 LMS453 x"]);
    }
    for (text, expected) in [
        ("password: !Secr3tPassw0rd9\n", "1:11 LMS454 password"),
        ("password: !unsafe hunter2\n", "1:11 LMS454 password"),
        ("password: &pw Kq9zLm2Vx7Rt81\n", "1:11 LMS454 password"),
        ("password: *Kq9zLm2Vx7Rt81\n", "1:11 LMS454 password"),
        ("password: -Kq9zLm2Vx7Rt81\n", "1:11 LMS454 password"),
        ("password: Kq9(zLm2Vx7Rt81\n", "1:11 LMS454 password"),
        ("password: Kq9zLm2Vx7Rt81,\n", "1:11 LMS454 password"),
        ("DB_PASSWORD=@Kq9zLm2Vx7Rt81\n", "1:13 LMS454 DB_PASSWORD"),
        ("DB_PASSWORD=Kq9zLm2.Vx7Rt81\n", "1:13 LMS454 DB_PASSWORD"),
        ("DB_PASSWORD=${DB_PASSWORD:-hunter2}\n", "1:13 LMS454 DB_PASSWORD"),
        ("dsn: postgres://u:$ecr3tPw9@h/x\n", "1:19 LMS452"),
        ("dsn: postgres://u:!Secr3t@h/x\n", "1:19 LMS452"),
        ("dsn: postgres://u:{{ x }}hunter2@h/x\n", "1:19 LMS452"),
        ("DB_PASSWORD: \"postgres://u:hunter2@h/x\"\n", "1:28 LMS452"),
    ] {
        assert_found(text, &[expected]);
    }
}

/// Texts that speak of secrets and hold none.
const CLEAN: &[&str] = &[
    "password = \"\"",
    "password: ",
    "password: null",
    "password: ~",
    "password: true",
    "password: 5",
    "token-ttl = 24",
    "LMS_KEYS_TOKEN_TTL_HOURS: \"24\"",
    "LMS_KEYS_PRIVATE_KEY_PATH: /etc/keys/rsa_key",
    "secretName: lms-secret-c42",
    "secretKeyRef: {name: lms-secret-c42, key: pg-password}",
    "tokenSecretRef: a-b",
    "password-file = \"/run/secrets/x\"",
    "password: /run/secrets/x",
    "automountServiceAccountToken: false",
    "imagePullSecrets: [{name: repository-token}]",
    "pull-secrets = [\"repository-token\", \"orion-registry\"]",
    "secret = \"orion-tls\"",
    "lms-secret = \"orion-passwords\"",
    "rsa-secret = \"orion-key\"",
    "names.session = \"{client}-session\"",
    "token = { env = \"LMS_DEV_TOKEN\" }",
    "secrets.recipients = [\"age1xyz\"]",
    "kinds = [\"Secret\", \"Service\"]",
    "form = \"sops\"",
    "[secrets.lms-secret.pg-password]",
    "[secrets.session.key-id]\nsha256-of = \"key\"",
    "provided = \"API token of the SMS4B account\"",
    "description = \"password of the administrator\"",
    "password: {{ params.x }}",
    "password: \"{{ params.x }}\"",
    "DB_PASSWORD=$OTHER",
    "DB_PASSWORD=${OTHER}",
    "DB_PASSWORD=$(cat /x)",
    "DB_PASSWORD=`cat /x`",
    "password: $1",
    "password: <your password>",
    "password: ***",
    "password: xxxxxxxx",
    "password: \"...\"",
    "password: string",
    "password: ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]",
    "password: !vault |",
    "password: op://a/b/c",
    "token: vault:secret/data/x#token",
    "password = settings.PASSWORD",
    "password = getpass.getpass()",
    "password = os.environ[\"X\"]",
    "token = request.headers.get(name)",
    "let password = read_value(target)?;",
    "if token == other {",
    "fn password(value: &str)",
    "password: &str,",
    "token: String,",
    "password: Password,",
    "ALTER ROLE %I LOGIN PASSWORD %L",
    "\\getenv pw LMS_DB_PASSWORD",
    "echo 'Password: enter it'",
    "title: \"Token: how to get one\"",
    "password-label: \"Your password\"",
    "\"password\": \"Password\"",
    "\"password\": \"Введите пароль\"",
    "public-key = \"0f1e2d3c4b5a69788796\"",
    "key: config.yaml",
    "key: pg-password",
    "{ key: rsa_key, path: rsa_key }",
    "- name: LMS_PG_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: a, key: b}",
    "- name: LMS_PG_PASSWORD\n- name: X\n  value: y",
    "- name: DB_PASSWORD\n  value: $(OTHER)",
    "- name: TOKEN_URL\n  value: abc",
    "name: token-controller\nvalue: k3Jq9ZxT7vB2mN8p",
    "lmsgen.dev/secret-rev: \"3\"",
    "max_tokens: 4096",
    "tokenizer: bert-base",
    "secret_id: a1b2c3d4e5f6",
    "existingSecret: keycloak-db",
    "existingSecretPasswordKey: password",
    "secretKey: db_url",
    "credentials: include",
    "credentialsSecret: { name: x }",
    "PWD=/app",
    "compass = \"north\"",
    "https://x.example/?token=$TOKEN",
    "passwordPolicy: strong12",
    "cluster-token: token",
    "token: 24h",
    "# password: as given by the administrator",
    "# the token is abc",
    "; password = x1y2z3",
    "// token: abcdef",
    "auth-type: token",
    "authorization: Bearer",
    "kind: Secret",
    "resources: [secrets, tokens]",
    "verbs: get # secrets: read1only",
    "tls: {secretName: a-tls}",
    "bearerTokenFile: /var/run/x",
    "app.kubernetes.io/name: token-service",
    "password:\n  type: string",
    "id-token: write # OIDC",
    "type SecretKey = other::SecretKey<Curve>;",
    "Self::Password => Self::Password,",
    "request->credentials = transport->server.cred;",
    "psql(query, password=hard, user=name)",
    "cli-passphrase-confirm = Подтвердить",
    "passwordSecretRef: name",
    "token: ${TOKEN}",
    "token: \"${TOKEN}\"",
    "token: $TOKEN",
    "token: \"$TOKEN\"",
    "PASSWORD=\"$password\"",
    "credentials=\"$user:$password\"",
    "password: ${DB_PASSWORD:?is not set}",
    "password: ${DB_PASSWORD:-}",
    "password: ${A:-$B}",
    "password: ${{ secrets.DB_PASSWORD }}",
    "password: \"{{ a }}-{{ b }}\"",
    "password: \"$(A)$(B)\"",
    "password: \"{{ params[\"x\"] }}\"",
    "password: '{{ x | default(\"none\") }}'",
    "password: {{ .Values.password | quote }}",
    "password: {{- .Values.password | b64enc }}",
    "token: \"Bearer {{ token }}\"",
    "secret: \"lms-{{ client.slug }}\"",
    "- { name: DB_PASSWORD, value: \"{{ x }}\" }",
    "- { name: DB_PASSWORD, value: {{ x }} }",
    "PASSWORD_FILE: /run/secrets/password",
    "password: ./secrets/pg-password",
    "password: ~/.pgpass",
    "PASSWORD=@/run/secrets/password",
    "curl --data password=@password.txt",
    "password: ${DIR}/pg/password.txt",
    "token: /var/run/secrets/kubernetes.io/serviceaccount/token",
    "token: \"/api/v1/token\"",
    "authUrl: https://login.example/oauth",
    "token: https://login.example/oauth?x=1",
    "token: \"https://{{ host }}/oauth\"",
    "password: https://u@git.example/x.git",
    "secret: file:///run/secrets/x",
    "secretName: lms-tls",
    "password-policy: strong",
    "password: \"<your password>\"",
    "password: \"<пароль>\"",
    "password: <%= x %>",
    "password: %{hiera('x')}",
    "password: %(DB_PASSWORD)s",
    "password: \"%DB_PASSWORD%\"",
    "password: __DB_PASSWORD__",
    "password: \"{password}\"",
    "f\"password={self.password!r}\"",
    "password: *default-password",
    "password: &pw ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]",
    "password: !Ref DbPassword",
    "password: !secret db_password",
    "password: !vault",
    "password: ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoIIBajCCAWYCAQAxggEhMII=]",
    "password: arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
    "password: ref+vault://secret/db#/password",
    "password: projects/p/secrets/db/versions/latest",
    "password: @Microsoft.KeyVault(SecretUri=https://x.example/secrets/y)",
    "token: Option<SecretV1Beta1>,",
    "password: Arc<Mutex<Option<Zeroizing<[u8;32]>>>>,",
    "password: &mut Plaintext",
    "token: sha256.Sum256(data),",
    "token = *self.token",
    "secret = &config.secret",
    "secret: $this->secret",
    "clientSecret: \"$oidc.okta.clientSecret\"",
    "clientSecret: $lms-dex:oidc.clientSecret",
    "spec.CredentialSpec = *other.GMSACredentialSpec",
    "\"ListX$NextToken\": \"<p>The token for the next <code>page</code>.</p>\"",
    "password = os.Args[4]",
    "token := jwt.NewWithClaims(jwt.SigningMethodRS512, claims)",
    "token: &auth.Token{Value: x},",
    "provider: v1.FinalizerToken,",
    "credentials: v4aCredentialProvider,",
    "const token = req.headers[\"x-token\"]",
    "--password-stdin",
    "password: -p",
    "password:\n  - a",
    "passwords: {}",
];

#[test]
fn what_only_looks_like_a_secret() {
    for clean in CLEAN {
        assert_found(clean, &[]);
    }
    let prose = "Set `password: hunter2`.\n\n```\npassword = \"my-password\"\nAPI_TOKEN=your-token-1\n```\n";
    assert_eq!(found(prose, TextKind::Prose), [""; 0]);
    assert_eq!(TextKind::of("a/README.md"), TextKind::Prose);
    assert_eq!(TextKind::of("a/x.toml"), TextKind::Data);
}

/// What people note beside ciphertext is no example.
#[test]
fn notes_in_the_secret_store() {
    assert_eq!(TextKind::of("secrets/lms-dev/C70/README.md"), TextKind::Store);
    for (text, expected) in [
        ("# C70\n\nPGPASSWORD=Zx81kQpL0mmv\n", "3:12 LMS454 PGPASSWORD"),
        ("password: Tr0ub4dor3xyzQ\n", "1:11 LMS454 password"),
        ("password = hunter2\n", "1:12 LMS454 password"),
        ("# admin password = \"Tr0ub4dor&3xyz\"\nkind: x\n", "1:21 LMS454 password"),
        ("# password: hunter2\n", "1:13 LMS454 password"),
        ("- Password: `Tr0ub4dor3xyzQ` (the old one)\n", "1:13 LMS454 Password"),
        ("**Password:** Tr0ub4dor3xyzQ\n", "1:15 LMS454 Password"),
        ("**password**: my-password-1\n", "1:15 LMS454 password"),
        ("https://user:password@host/\n", "1:14 LMS452"),
    ] {
        assert_eq!(found(text, TextKind::Store), [expected], "{text}");
    }
    for clean in [
        "# Secrets of C70\n\nThe administrator has the password: ask her.\n",
        "`pg-password`: made by `lmsgen secrets generate`, 32 letters and digits\n",
        "- password: generated\n- token: see the vault of C70\n",
        "lmsgen secrets set lms-dev/C70 lms-secret sms4b-token\n",
        "PGPASSWORD=$(lmsgen secrets show lms-dev/C70 lms-secret pg-password) psql\n",
        "PGPASSWORD=\"$pw\" psql\n",
        "*.yaml diff=sops\n",
    ] {
        assert_eq!(found(clean, TextKind::Store), [""; 0], "{clean}");
    }
}

#[test]
fn values_that_are_known_are_passed_over() {
    let guard = guard().knowing(["hunter2".to_owned()]);
    assert_eq!(guard.scan("a: postgres://u:hunter2@h\npassword: hunter2\n", TextKind::Data), []);
    assert_eq!(guard.scan("password: other7\n", TextKind::Data).len(), 1);
}

#[test]
fn one_value_is_found_once() {
    let text = format!("kind: Secret\nstringData:\n  gitlab-token: glpat-{}\n", &RANDOM[..20]);
    let found = guard().scan(&text, TextKind::Data);
    assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::Token]);
}

/// The end of a reference is looked for near by only: a long line takes no longer than many short ones.
#[test]
fn references_are_short() {
    let ends = |length: usize| {
        let text = format!("{{{{{}}}}}", "x".repeat(length));
        super::reference::find_outside(&text, |c| c == '}')
    };
    assert_eq!(ends(900), None);
    assert_eq!(ends(2000), Some(2002));
}

/// Pieces that begin something.
const PIECES: [&str; 30] = [
    "password",
    "token",
    ":",
    "=",
    " ",
    "\n",
    "\"",
    "'",
    "[",
    "{{",
    "}}",
    "://",
    "@",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "kind: Secret\n",
    "data:\n  ",
    "ENC[",
    "я",
    "🔑",
    "\\",
    "name: ",
    "value: ",
    "AKIA",
    "eyJ",
    ".",
    "|",
    "AGE-SECRET-KEY-",
    "LS0tLS1CRUdJTi",
    "$(",
];

proptest! {
    #[test]
    fn any_text_is_scanned(text in "\\PC*") {
        for finding in guard().scan(&text, TextKind::Data) {
            prop_assert!(text.get(finding.range).is_some());
        }
    }

    #[test]
    fn any_mix_of_pieces_is_scanned(pieces in proptest::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|at| PIECES[at]).collect();
        for finding in guard().scan(&text, TextKind::Data) {
            prop_assert!(text.get(finding.range).is_some());
        }
    }
}
