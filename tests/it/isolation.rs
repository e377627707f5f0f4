//! The closed world: whatever one client's file holds, it is refused and nothing is written, or nothing but that client's
//! folders changes.

use std::collections::BTreeMap;

use lmsgen::delivery;
use lmsgen::diagnostic::{Class, Diagnostic, Sink};
use lmsgen::files::Root;
use lmsgen::fleet::{self, Content, Sources};
use lmsgen::names::RelPath;
use lmsgen::render::{Engines, Inspector, Secrets, Sentry, Watch, render};
use lmsgen::tree::RECORD;
use proptest::prelude::*;

use crate::support::fleet::{Fleet, hostile_strings, repository, toml_string};

type Output = BTreeMap<String, Vec<u8>>;

/// A fleet in memory, and one of its clients.
struct World {
    sources: Sources,
    client: RelPath,
    /// `/C42/`: what every path of the client's output holds.
    mine: String,
    id: String,
    output: Output,
    text: String,
    /// Parameters that take any text, as lines with `@` for it.
    fits: &'static [&'static str],
}

impl World {
    fn of(folder: &std::path::Path, client: &str, fits: &'static [&'static str]) -> Self {
        let sources = Sources::from_disk(&Root::open(folder).unwrap()).unwrap();
        let path = RelPath::new(&format!("clients/{client}.toml")).unwrap();
        let Some(Content::File(bytes)) = sources.get(&path) else { panic!("no {path}") };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let output = rendered(&sources).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert!(output.len() > 20);
        Self { sources, client: path, mine: format!("/{client}/"), id: client.into(), output, text, fits }
    }

    /// Renders with another text in the client's file and checks what may follow; `true` if it was accepted.
    fn judge(&self, text: &[u8]) -> Result<bool, TestCaseError> {
        let mut sources = self.sources.clone();
        sources.insert(self.client.clone(), Content::File(text.to_vec().into()));
        let shown = String::from_utf8_lossy(text).into_owned();
        let output = match rendered(&sources) {
            Ok(output) => output,
            Err(faults) => {
                for fault in &faults {
                    let class = fault.code.class;
                    prop_assert!(
                        matches!(class, Class::Input | Class::Secret | Class::Guard | Class::Limit),
                        "{fault:?}"
                    );
                    prop_assert!(fault.primary.is_some(), "no place: {fault:?} of\n{shown}");
                }
                return Ok(false);
            }
        };
        for path in self.output.keys().chain(output.keys()) {
            if self.output.get(path) != output.get(path) {
                prop_assert!(is_of(path, &self.id), "{path} changes through\n{shown}");
            }
        }
        for (path, bytes) in output.iter().filter(|(path, _)| path.contains(&self.mine)) {
            prop_assert!(is_tame(path, bytes), "{path} through\n{shown}\n{}", String::from_utf8_lossy(bytes));
        }
        Ok(true)
    }
}

/// One object, in its namespace, of a kind that clients may have, and nothing in it that only a cluster sets.
fn is_tame(path: &str, bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap();
    let Ok(object) = serde_norway::from_str::<serde_json::Value>(text) else { return false };
    let kind = object["kind"].as_str().unwrap_or_default();
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let environment = path.split('/').nth(1).unwrap();
    let expected = match environment {
        "europe" => "shops-eu",
        "asia" => "shops-asia",
        same => same,
    };
    let metadata = object["metadata"].as_object().map(|metadata| metadata.keys().cloned().collect::<Vec<_>>());
    let known = |key: &String| ["name", "namespace", "labels", "annotations"].contains(&key.as_str());
    kind == "Kustomization"
        || (namespace == expected
            && [
                "ConfigMap",
                "CronJob",
                "Deployment",
                "Echo",
                "HTTPRoute",
                "Ingress",
                "Job",
                "Service",
                "StatefulSet",
                "Storefront",
            ]
            .contains(&kind)
            && metadata.is_some_and(|keys| keys.iter().all(known)))
}

/// The whole output without Secrets, or the errors.
fn rendered(sources: &Sources) -> Result<Output, Vec<Diagnostic>> {
    let loaded = fleet::load(sources);
    let (map, mut found) = (loaded.sources, loaded.found);
    let errors = |found: Sink| found.into_vec().into_iter().filter(Diagnostic::is_error).collect::<Vec<_>>();
    let fleet = match loaded.fleet {
        Some(fleet) if !found.has_errors() => fleet,
        _ => return Err(errors(found)),
    };
    let engines = Engines::compile(&fleet, &map, &mut found);
    let all: Vec<usize> = (0..fleet.instances.len()).collect();
    let (sentry, inspector) = (Sentry::default(), Inspector::new(&fleet));
    let watch = Watch { sentry: &sentry, inspector: &inspector };
    let rendered = render(&fleet, &engines, &Secrets::default(), &all, watch, &mut found);
    if found.has_errors() {
        return Err(errors(found));
    }
    let environments: Vec<usize> = (0..fleet.environments.len()).collect();
    let delivered = delivery::folders(&fleet, &environments, &rendered.tree, &mut found);
    let tree = rendered.tree.with(delivered);
    let files = tree.folders().iter().flat_map(|folder| {
        folder.files.iter().map(|(name, bytes)| (format!("{}/{name}", folder.path), bytes.to_vec()))
    });
    Ok(files.collect())
}

/// Pieces of files that try something.
const TRICKS: [&str; 42] = [
    "stack = \"lms\"\n",
    "stack = \"../lms\"\n",
    "stack = \"shop\"\n",
    "namespace = \"kube-system\"\n",
    "id = \"../C1\"\n",
    "slug = \"c1\"\n",
    "kind = \"ClusterRole\"\n",
    "unset = [\"image.tag\"]\n",
    "unset = [\"names.session\", \"regions\"]\n",
    "unset = [\"postgres.host\"]\n",
    "labels = { \"argocd.argoproj.io/sync-options\" = \"Prune=false\" }\n",
    "labels = { tier = \"x\\n---\\nkind: ClusterRole\" }\n",
    "state = \"suspended\"\n",
    "state = \"archived\"\n",
    "state = \"deprovisioned\"\n",
    "state = \"deprovisioned\"\nconfirm-data-loss = \"C70\"\n",
    "state = \"deprovisioned\"\nconfirm-data-loss = \"bolt-and-co\"\n",
    "confirm-data-loss = \"C1\"\n",
    "[environments.lms-dev]\nstate = \"archived\"\n",
    "[environments.asia]\nstate = \"suspended\"\n",
    "[environments.lms-prod]\n",
    "[environments.lms-dev]\n",
    "[environments.europe]\n",
    "[environments.asia]\n",
    "[environments.\"../asia\"]\n",
    "[environments.environment]\n",
    "[environments.lms-dev.params]\nreplicas = 3\n",
    "[environments.lms-dev.params]\nnames.database = \"c1\"\n",
    "[params]\nnames.session = \"mail\"\n",
    "[params]\nnames.session = \"corner-session\"\n",
    "[params]\nregions = [{ name = \"a\", host = \"b\" }, { name = \"a\", host = \"c\" }]\n",
    "[params]\ntasks = [{ name = \"x\", schedule = \"* * * * *\", command = [\"a\"], env = 1 }]\n",
    "[params]\nimage = { repository = \"registry.example/rarus-lms/evil\", tag = \"1\" }\n",
    "[params]\nnfs = { server = \"10.0.0.1\", path = \"/etc\" }\n",
    "[params]\nsettings = { \"metadata\" = { namespace = \"kube-system\" } }\n",
    "[secrets.lms-secret.x]\nprovided = \"x\"\n",
    "[[contacts]]\nperson = \"x\"\n",
    "[params]\nresources.limits = { cpu = \"1\", memory = \"1Gi\", \"x\\n---\\n\" = \"y\" }\n",
    "<<<<<<< HEAD\n=======\n>>>>>>> other\n",
    "name = \"{{ secret(name='lms-secret', key='pg-password') }}\"\n",
    "name = \"{% include '/etc/passwd' %}\"\n",
    "\u{feff}",
];

/// A value in TOML, of any type and as hostile as can be.
fn value(strings: Vec<String>) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => prop::sample::select(strings).prop_map(|text| toml_string(&text)),
        2 => any::<String>().prop_map(|text| toml_string(&text)),
        2 => "[a-z0-9.:/-]{0,12}".prop_map(|text| toml_string(&text)),
        1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => (-3_i64..70_000).prop_map(|n| n.to_string()),
        1 => any::<bool>().prop_map(|b| b.to_string()),
        1 => prop::sample::select(vec!["inf", "nan", "-0.0", "1e3", "0x1f", "2001-01-01", "0o777", "1_000"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((any::<u8>(), "[a-z-]{1,8}", inner), 0..3).prop_map(|entries| {
                let entries: Vec<String> =
                    entries.into_iter().map(|(n, key, value)| format!("{key}{n} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

/// One edit of a client's file.
#[derive(Clone, Debug)]
enum Edit {
    /// A parameter that takes any text, set to a text.
    Fit(usize, String),
    /// Another file altogether.
    Whole(String),
    /// A parameter set, for all environments or one.
    Set(Option<usize>, usize, String),
    /// A piece put at a place.
    Insert(usize, String),
    /// Bytes taken away.
    Cut(usize, usize),
    /// A part written twice.
    Double(usize, usize),
    /// A byte that is another one.
    Byte(usize, u8),
    /// The name of the client.
    Name(String),
}

fn edit() -> impl Strategy<Value = Edit> {
    let strings = hostile_strings();
    let tricks: Vec<String> = TRICKS.iter().map(|trick| (*trick).to_owned()).chain(strings.clone()).collect();
    prop_oneof![
        6 => (prop::option::of(any::<prop::sample::Index>()), any::<prop::sample::Index>(), value(strings.clone()))
            .prop_map(|(environment, param, value)| Edit::Set(environment.map(|one| one.index(2)), param.index(10_000), value)),
        3 => (any::<u16>(), prop::sample::select(tricks)).prop_map(|(at, trick)| Edit::Insert(at.into(), trick)),
        1 => (any::<u16>(), any::<String>()).prop_map(|(at, text)| Edit::Insert(at.into(), text)),
        1 => (any::<u16>(), 1_usize..60).prop_map(|(at, n)| Edit::Cut(at.into(), n)),
        1 => (any::<u16>(), 1_usize..200).prop_map(|(at, n)| Edit::Double(at.into(), n)),
        1 => (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at.into(), byte)),
        2 => (any::<u8>(), prop::sample::select(strings.clone())).prop_map(|(which, text)| Edit::Fit(which.into(), text)),
        2 => (any::<u8>(), any::<String>()).prop_map(|(which, text)| Edit::Fit(which.into(), text)),
        2 => prop::sample::select(strings).prop_map(Edit::Name),
        1 => any::<String>().prop_map(Edit::Whole),
    ]
}

/// Applies edits to a client's text; `params` are the paths that its stack declares.
fn apply(world: &World, edits: &[Edit], params: &[String], environments: &[&str; 2]) -> Vec<u8> {
    let mut bytes = world.text.as_bytes().to_vec();
    for edit in edits {
        let clamp = |at: usize, bytes: &[u8]| if bytes.is_empty() { 0 } else { at % bytes.len() };
        match edit {
            Edit::Whole(text) => bytes = text.clone().into_bytes(),
            Edit::Set(environment, param, value) => {
                let path = &params[param % params.len()];
                set(&mut bytes, environment.map(|which| environments[which]), &format!("{path} = {value}"));
            }
            Edit::Fit(which, text) => {
                let line = world.fits[which % world.fits.len()].replace('@', &toml_string(text));
                set(&mut bytes, None, &line);
            }
            Edit::Insert(at, piece) => {
                let at = clamp(*at, &bytes);
                // At the start of a line, where a piece of TOML may stand.
                let at = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                bytes.splice(at..at, piece.bytes());
            }
            Edit::Cut(at, n) => {
                let at = clamp(*at, &bytes);
                let end = (at + n).min(bytes.len());
                bytes.drain(at..end);
            }
            Edit::Double(at, n) => {
                let at = clamp(*at, &bytes);
                let end = (at + n).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(end..end, part);
            }
            Edit::Byte(at, byte) => {
                let at = clamp(*at, &bytes);
                if let Some(old) = bytes.get_mut(at) {
                    *old = *byte;
                }
            }
            Edit::Name(name) => {
                let line = format!("name = {}\n", toml_string(name));
                let text = String::from_utf8_lossy(&bytes).into_owned();
                bytes = text
                    .lines()
                    .map(|old| if old.starts_with("name = ") { line.clone() } else { format!("{old}\n") })
                    .collect::<String>()
                    .into_bytes();
            }
        }
    }
    bytes
}

/// Puts a parameter's line into the table it belongs to, or in front of the first table, where it belongs to the root.
fn set(bytes: &mut Vec<u8>, environment: Option<&str>, line: &str) {
    let (header, inside, path) = match environment {
        None => ("\n[params]\n".to_owned(), "", "params".to_owned()),
        Some(name) => (format!("\n[environments.{name}]\n"), "params.", format!("environments.{name}.params")),
    };
    let found = bytes.windows(header.len()).position(|window| window == header.as_bytes());
    let (at, line) = match found {
        Some(at) => (at + header.len(), format!("{inside}{line}\n")),
        None => (0, format!("{path}.{line}\n")),
    };
    bytes.splice(at..at, line.into_bytes());
}

/// Paths of all parameters of a stack.
fn params(stack: &str) -> Vec<String> {
    let text = std::fs::read_to_string(stack).unwrap();
    let mut paths: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("[params.")?.strip_suffix(']')).map(str::to_owned).collect();
    paths.extend(["nothing", "regions.items", "names", "image"].map(str::to_owned));
    assert!(paths.len() > 10);
    paths
}

/// Runs `cases` random edits of one client.
fn closed_world(world: &World, stack: &str, environments: &[&str; 2], cases: u32) {
    let params = params(stack);
    let mut accepted = 0;
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    });
    let counted = std::cell::Cell::new(0);
    let result = runner.run(&prop::collection::vec(edit(), 1..3), |edits| {
        if world.judge(&apply(world, &edits, &params, environments))? {
            counted.set(counted.get() + 1);
        }
        Ok(())
    });
    accepted += counted.get();
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(accepted > cases / 50, "only {accepted} of {cases} edits were accepted: nothing was tested");
}

#[test]
fn a_client_of_the_lms_changes_only_its_own() {
    let root = repository();
    let world = World::of(&root, "C70", &["sms4b.sender = @", "log.level = @", "names.database = @"]);
    let stack = root.join("templates/lms/stack.toml");
    closed_world(&world, stack.to_str().unwrap(), &["lms-dev", "lms-prod"], 200);
}

#[test]
fn a_shop_changes_only_its_own() {
    let root = repository().join("tests/fixtures/shop-stack");
    let world = World::of(
        &root,
        "corner",
        &["title = @", "echo = [@]", "banners = [@, @]", "settings = { a = @, \"b c\" = [@] }", "names.session = @"],
    );
    let stack = root.join("templates/shop/stack.toml");
    closed_world(&world, stack.to_str().unwrap(), &["asia", "europe"], 400);
}

/// Every single trick and hostile string, one after another.
#[test]
fn every_trick() {
    for (folder, client, strings) in
        [("", "C70", Vec::new()), ("tests/fixtures/shop-stack", "bolt-and-co", hostile_strings())]
    {
        let world = World::of(&repository().join(folder), client, &[]);
        for trick in TRICKS.iter().map(|trick| (*trick).to_owned()).chain(strings) {
            for text in [format!("{trick}{}", world.text), format!("{}\n{trick}", world.text), trick.clone()] {
                world.judge(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}

/// A client that comes, goes or moves changes its own folders and nobody else's, not even the environment's.
#[test]
fn clients_come_and_go() {
    for (folder, environments) in [("", ["lms-dev", "lms-prod"]), ("tests/fixtures/shop-stack", ["asia", "europe"])] {
        let root = Root::open(&repository().join(folder)).unwrap();
        let sources = Sources::from_disk(&root).unwrap();
        let all = rendered(&sources).unwrap();
        let clients: Vec<RelPath> =
            sources.iter().map(|(path, _)| path.clone()).filter(|path| path.as_str().starts_with("clients/")).collect();
        for client in &clients {
            let id = client.file_name().strip_suffix(".toml").unwrap();
            let mut others = sources.clone();
            let own = others.remove(client).unwrap();
            let Content::File(own) = own else { panic!("{client}") };
            let left = rendered(&others).unwrap();
            assert_only(&all, &left, id);
            // Alone in the fleet.
            let mut alone = others.clone();
            for other in clients.iter().filter(|other| *other != client) {
                alone.remove(other);
            }
            alone.insert(client.clone(), Content::File(own.clone()));
            let alone = rendered(&alone).unwrap();
            for (path, bytes) in alone.iter().filter(|(path, _)| !is_of(path, id)) {
                assert_eq!(all.get(path), Some(bytes), "{path} is the environment's");
            }
            // In no environment, and in the other one.
            let text = String::from_utf8(own.to_vec()).unwrap();
            for environment in environments {
                let moved = text.replace(&format!("[environments.{environment}"), "[environments.elsewhere");
                others.insert(client.clone(), Content::File(moved.into_bytes().into()));
                if let Ok(output) = rendered(&others) {
                    assert_only(&all, &output, id);
                }
            }
        }
    }
}

/// In the client's folders, or what delivers it: files that are named after it, and the lists that they stand in.
fn is_of(path: &str, id: &str) -> bool {
    let delivers =
        path.contains("/delivery/") && (path.contains(&format!("-{}-", id.to_lowercase())) || path.ends_with(RECORD));
    delivers || path.contains(&format!("/{id}/"))
}

#[track_caller]
fn assert_only(before: &Output, after: &Output, id: &str) {
    for path in before.keys().chain(after.keys()) {
        assert!(before.get(path) == after.get(path) || is_of(path, id), "{path} changes through {id}");
    }
}

/// A new file below `clients/`, whatever its name: refused, or a client with folders of its own.
#[test]
fn new_files() {
    for (folder, environment) in [("", "lms-dev"), ("tests/fixtures/shop-stack", "asia")] {
        let root = Root::open(&repository().join(folder)).unwrap();
        let sources = Sources::from_disk(&root).unwrap();
        let all = rendered(&sources).unwrap();
        let names = [
            "C70",
            "c70",
            "C700",
            "corner",
            "CORNER",
            "corner-2",
            "environment",
            "delivery",
            "default",
            "kube-system",
            "flux-system",
            "asia",
            "lms-dev",
            "sub/x",
            ".hidden",
            "x~",
            "..",
            "-x",
            "x-",
            "a.b",
            "a b",
            "C1\u{200b}",
            "С1",
            "K",
        ];
        let mut accepted = 0;
        // The LMS is slow to render so often; a name is a name.
        let more = if folder.is_empty() { Vec::new() } else { hostile_strings() };
        for name in names.iter().map(|name| (*name).to_owned()).chain(more) {
            for extension in [".toml", ".TOML", ""] {
                let Ok(path) = RelPath::new(&format!("clients/{name}{extension}")) else { continue };
                let mut changed = sources.clone();
                let text = format!("name = \"New\"\n\n[environments.{environment}]\n");
                if changed.insert(path.clone(), Content::File(text.into_bytes().into())).is_some() {
                    continue;
                }
                if let Ok(output) = rendered(&changed) {
                    accepted += usize::from(output != all);
                    assert_only(&all, &output, &name);
                }
            }
        }
        assert!(accepted >= 1, "no new client was accepted in {folder}");
    }
}

/// The program itself, on disk, with the store: refused and untouched, or only the client's own folders.
#[test]
fn on_disk_too() {
    let original = Fleet::shops();
    original.run(&["render"]).exits(0);
    let before = original.snapshot();
    let text = original.read("clients/corner.toml");
    let strings = hostile_strings();
    let texts = TRICKS
        .iter()
        .map(|trick| format!("{trick}{text}"))
        .chain(TRICKS.iter().step_by(3).map(|trick| format!("{text}\n{trick}")))
        .chain(strings.iter().step_by(9).map(|one| format!("params.title = {}\n{text}", toml_string(one))));
    let (mut accepted, mut refused) = (0, 0);
    for text in texts {
        let fleet = Fleet::empty();
        crate::support::fleet::copy(&original.root(), &fleet.root());
        fleet.write("clients/corner.toml", &text);
        let ran = fleet.run(&["render"]);
        let changed = before.differences(&fleet.snapshot());
        let others = changed.iter().filter(|path| *path != "clients/corner.toml");
        match ran.code {
            0 => {
                accepted += 1;
                for path in others {
                    assert!(path.contains("/corner/"), "{path} changes through\n{text}");
                }
            }
            3 | 4 | 8 | 9 => {
                refused += 1;
                assert_eq!(others.count(), 0, "{text}\n{}", ran.err);
                assert!(ran.err.contains("error"), "{}", ran.err);
            }
            code => panic!("{code}: {}\n{text}", ran.err),
        }
    }
    assert!(accepted > 5 && refused > 20, "{accepted} {refused}");
}
