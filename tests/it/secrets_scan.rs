//! `secrets scan`: over the fleet, over files and folders, and as a hook of Git.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::canary::assert_without;
use crate::support::fleet::{Fleet, Ran, lmsgen, repository};
use crate::support::git_server::VARIABLES;

const VALUE: &str = "Zw9-kestrel-41";

fn leak() -> String {
    format!("# ключ\nпароль = 1\npassword = \"{VALUE}\"\n")
}

#[track_caller]
fn hidden(ran: Ran) -> Ran {
    assert_without(&[VALUE], "what the program says", ran.all().as_bytes());
    ran
}

#[test]
fn files_and_folders() {
    let fleet = Fleet::shops();
    fleet.write("notes/a/leak.toml", leak());
    fleet.write("notes/clean.env", "PASSWORD=$OTHER\n");
    fleet.write("notes/binary", b"\x00password = \"Zw9-kestrel-41\"\n");
    fleet.write("notes/large", vec![b'x'; (5 << 20) + 1]);
    std::os::unix::fs::symlink(fleet.root().join("notes/a/leak.toml"), fleet.root().join("notes/link")).unwrap();
    // What publish does not commit is not looked at unless it is named.
    fleet.run(&["secrets", "scan"]).exits(0).says("Nothing in the clear in ");
    let said = "error[LMS454]: a secret value stands in the clear under `password`";
    let ran = hidden(fleet.run(&["secrets", "scan", "notes"])).exits(4).says(said).says("notes/a/leak.toml:3:13");
    ran.says("Looked at 2 files (1 more is no text: only keys and tokens were looked for); left out: 1 over 5 MiB");
    hidden(fleet.run(&["secrets", "scan", "-v", "notes/a/leak.toml"])).exits(4).says("Looked at 1 file\n");
    let json = hidden(fleet.run(&["secrets", "scan", "-o", "json", "notes"])).exits(4);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let primary = &json["diagnostics"][0]["primary"];
    assert_eq!((&primary["line"], &primary["column"], &primary["end_column"]), (&3.into(), &13.into(), &13.into()));
    fleet.run(&["secrets", "scan", "notes/clean.env", "clients"]).exits(0).says("Nothing in the clear in ");
    fleet.run(&["secrets", "scan", "notes/link"]).exits(2).says("links are not followed");
    fleet.run(&["secrets", "scan", "nowhere"]).exits(2).says("is not there");
    fleet.run(&["secrets", "scan", "--staged", "notes"]).exits(2);

    let allow = "\n[[allow]]\ncode = \"LMS454\"\npath = \"notes/**\"\nreason = \"made up for a test\"\n";
    fleet.write("lmsgen.toml", format!("{}{allow}", fleet.read("lmsgen.toml")));
    fleet.run(&["secrets", "scan", "notes"]).exits(0);
    // It is not about the fleet's own files, so validating them says nothing about it.
    let ran = fleet.run(&["validate"]).exits(0);
    assert!(!ran.err.contains("LMS461"), "{}", ran.err);
    fleet.write("clients/corner.toml", format!("{}\n{}", fleet.read("clients/corner.toml"), leak()));
    hidden(fleet.run(&["secrets", "scan"])).exits(4).says("clients/corner.toml");
}

#[test]
fn files_that_are_no_text_or_too_large() {
    let fleet = Fleet::empty();
    let random = "k3Jq9ZxT7vB2mN8pL5wR1cY6dH4gF0sAeUiOoQyXzWjVbKnMtPrScDfGhEaLuI2x9C7v5B3n1M8q6W4e";
    let binary = |inside: &str| [b"\x7fELF\0\xff\xfe", inside.as_bytes(), b"\0\xff\n"].concat();
    let key = format!("-----BEGIN PRIVATE KEY-----\n{0}\n{0}\n-----END PRIVATE KEY-----\n", &random[..64]);
    let age = format!("AGE-SECRET-KEY-1{}", random[..58].to_uppercase());
    for (inside, said) in [
        (key.as_str(), "error[LMS450]: a private key stands in the clear"),
        (&age, "error[LMS450]: a private age key"),
        (&format!("glpat-{}", &random[..20]), "error[LMS451]: a GitLab personal access token"),
    ] {
        fleet.write("x.bin", binary(inside));
        let ran = fleet.run(&["secrets", "scan", "x.bin"]).exits(4).says(said).says("x.bin:1:1");
        assert_without(&[&random[..20]], "what the program says", ran.all().as_bytes());
    }
    fleet.write("x.bin", binary("password = \"x\""));
    fleet
        .run(&["secrets", "scan", "x.bin"])
        .exits(0)
        .says("0 files (1 more is no text: only keys and tokens were looked for)");
    // Windows writes text in two bytes a letter.
    let wide = |mark: [u8; 2], unit: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(leak().replace('\n', "\r\n").encode_utf16().flat_map(unit)).collect::<Vec<u8>>()
    };
    for bytes in [wide([0xff, 0xfe], u16::to_le_bytes), wide([0xfe, 0xff], u16::to_be_bytes)] {
        fleet.write("x.reg", bytes);
        hidden(fleet.run(&["secrets", "scan", "x.reg"])).exits(4).says("x.reg:3:13");
    }
    fleet.remove("x.reg");
    fleet.write("large", vec![b'x'; (5 << 20) + 1]);
    let said = "warning[LMS478]: `large` is over 5 MiB and was not looked at";
    fleet.run(&["secrets", "scan", "."]).exits(0).says(said).says("1 over 5 MiB");
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.git(&["add", "-A"]);
    fleet.run(&["secrets", "scan", "--staged"]).exits(0).says(said);
}

#[test]
fn without_a_fleet() {
    let fleet = Fleet::empty();
    fleet.write("x.toml", leak());
    fleet.run(&["secrets", "scan"]).exits(2).says("there is no lmsgen.toml");
    hidden(fleet.run(&["secrets", "scan", "."])).exits(4).says("x.toml:3:13");
    fleet.git(&["init", "-q", "--initial-branch=main"]);
    fleet.run(&["secrets", "scan", "--staged"]).exits(0).says("Nothing in the clear in 0 files");
    fleet.git(&["add", "-A"]);
    hidden(fleet.run(&["secrets", "scan", "--staged"])).exits(4).says("x.toml:3:13");
}

#[test]
fn what_is_staged_and_not_what_is_on_disk() {
    let fleet = Fleet::shops();
    fleet.commit_all();
    fleet.write("other/x.toml", leak());
    fleet.run(&["secrets", "scan", "--staged"]).exits(0).says("Nothing in the clear in 0 files");
    fleet.git(&["add", "-A"]);
    fleet.remove("other/x.toml");
    hidden(fleet.run(&["secrets", "scan", "--staged"])).exits(4).says("other/x.toml:3:13").says("Looked at 1 file");
    fleet.git(&["rm", "-q", "--cached", "other/x.toml"]);
    fleet.run(&["secrets", "scan", "--staged"]).exits(0);
}

/// The hook of the README, in a repository whose top is above the fleet.
#[test]
fn the_hook_refuses_a_commit() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let hook =
        readme.split("```sh\n").find(|block| block.starts_with("#!/bin/sh")).unwrap().split("```").next().unwrap();
    assert_eq!(hook.lines().count(), 2, "{hook}");
    let outer = Fleet::empty();
    let inner = outer.root().join("fleets/shop");
    crate::support::fleet::copy(&repository().join("tests/fixtures/shop-stack"), &inner);
    outer.commit_all();
    let path = outer.root().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, hook).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();

    outer.write("fleets/shop/clients/x.toml", leak());
    outer.write("outside.env", format!("DB_PASSWORD={VALUE}\n"));
    let head = outer.git(&["rev-parse", "HEAD"]);
    let commit = |args: &[&str]| git_commit(&outer.root(), &outer.home(), args);
    outer.git(&["add", "-A"]);
    let (done, said) = commit(&[]);
    assert!(!done && said.contains("LMS454") && said.contains("clients/x.toml:3:13"), "{said}");
    assert!(said.contains("outside.env:1:13") && !said.contains("kestrel"), "{said}");
    // `commit -a` has an index of its own.
    outer.git(&["reset", "-q", "--hard"]);
    outer.write("fleets/shop/clients/corner.toml", leak());
    let (done, said) = commit(&["-a"]);
    assert!(!done && said.contains("clients/corner.toml:3:13"), "{said}");
    assert_eq!(outer.git(&["rev-parse", "HEAD"]), head);

    outer.git(&["reset", "-q", "--hard"]);
    outer.write("fine.env", "DB_PASSWORD=$OTHER\n");
    outer.git(&["add", "-A"]);
    let (done, said) = commit(&[]);
    assert!(done, "{said}");
    assert!(said.contains("Nothing in the clear in 1 file"), "{said}");
    assert_ne!(outer.git(&["rev-parse", "HEAD"]), head);
}

/// `git commit` with this `lmsgen` on the path.
fn git_commit(folder: &Path, home: &Path, args: &[&str]) -> (bool, String) {
    let program = lmsgen(folder, home, &[]).into_command();
    let bin = Path::new(program.get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin).chain(std::env::split_paths(&path));
    let output = Command::new("git")
        .args(["commit", "-m", "x"])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(VARIABLES)
        .env("HOME", home)
        .env("PATH", std::env::join_paths(paths).unwrap())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}
