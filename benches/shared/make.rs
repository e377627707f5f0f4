//! Makes a fleet of any size from this repository's environments and templates, its secrets included.
//!
//! All instances share one RSA key: making 10,000 would take minutes and is not what is measured. Every store file is
//! encrypted for itself and valid for its instance.

#![expect(clippy::disallowed_methods, reason = "a benchmark writes its own input")]

use std::fmt::Write;
use std::path::Path;

use lmsgen::files::Root;
use lmsgen::fleet::{self, Fleet, SecretDecl, SecretSource, Sources};
use lmsgen::names::ClientId;
use lmsgen::params::Params;
use lmsgen::render::object_name;
use lmsgen::secret::{Form, Generator, RsaFormat, RsaKey, RsaSize, SecretSpec, encrypt, generate, place};
use lmsgen::sops::{Plaintext, parse_recipient};
use rayon::prelude::*;

use super::Result;

/// Clients differ from each other in this many ways.
pub const OVERRIDE_SETS: usize = 100;
/// The time that store files carry.
const NOW: &str = "2026-11-20T00:00:00Z";

/// Writes a fleet of `clients` to the new folder `root`; gives the number of its instances.
pub fn fleet(root: &Path, clients: usize) -> Result<usize> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(root.join("clients"))?;
    std::fs::copy(repository.join("lmsgen.toml"), root.join("lmsgen.toml"))?;
    for folder in ["environments", "templates"] {
        super::measure::copy(&repository.join(folder), &root.join(folder))?;
    }
    let names = environment_names(&root.join("environments"))?;
    for name in &names {
        let path = root.join(format!("environments/{name}.toml"));
        std::fs::write(&path, without_quota(&std::fs::read_to_string(&path)?))?;
    }
    for n in 0..clients {
        let environment = &names[n % names.len()];
        std::fs::write(client_path(root, n), client(n, environment, "as made"))?;
    }
    let loaded = fleet::load(&Sources::from_disk(&Root::open(root)?)?);
    let fleet =
        loaded.fleet.filter(|_| !loaded.found.has_errors()).ok_or("the fleet has faults: see lmsgen validate")?;
    secrets(root, &fleet)?;
    Ok(fleet.instances.len())
}

/// So many clients are more than the environments of this repository allow.
fn without_quota(text: &str) -> String {
    let mut is_quota = false;
    let mut keep = |line: &&str| {
        if line.starts_with('[') {
            is_quota = *line == "[quota]";
        }
        !is_quota
    };
    text.lines().filter(|line| keep(line)).flat_map(|line| [line, "\n"]).collect()
}

fn environment_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.extend(entry?.file_name().to_str().and_then(|name| name.strip_suffix(".toml")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The id of client number `n`.
pub fn client_id(n: usize) -> String {
    format!("C{}", n + 1)
}

fn client_path(root: &Path, n: usize) -> std::path::PathBuf {
    root.join(format!("clients/{}.toml", client_id(n)))
}

/// Gives client number `n` another setting, told by `mark`, which shows in two of its objects.
pub fn edit(root: &Path, n: usize, mark: &str) -> Result<()> {
    let environments = environment_names(&root.join("environments"))?;
    Ok(std::fs::write(client_path(root, n), client(n, &environments[n % environments.len()], mark))?)
}

/// A client file; `mark` stands in its sender.
fn client(n: usize, environment: &str, mark: &str) -> String {
    let set = n % OVERRIDE_SETS;
    let mut text = format!(
        "name = \"ООО «Клиент № {n}»\"\nlabels = {{ tier = \"t{}\" }}\n\n[[contacts]]\nperson = \"Анна Иванова\"\n\
         phones = [\"+7 495 000-00-00\"]\nemails = [\"c{n}@example.org\"]\n\n[params]\n\
         sms4b.sender = \"{set} {mark}\"\nkeys.token-ttl = {}\n",
        set % 3,
        set + 1,
    );
    let overrides = [
        (2, format!("replicas = {}", set % 4)),
        (3, format!("resources.requests = {{ cpu = \"{}m\", memory = \"256Mi\" }}", set + 50)),
        (4, "node-selector = { zone = \"b\" }".to_owned()),
        (5, "tolerations = [{ key = \"dedicated\", operator = \"Exists\" }]".to_owned()),
        (6, "probes = { path = \"/healthz\", liveness = true }".to_owned()),
        (7, "logs = { to-file = true, max-size = 20 }".to_owned()),
        (9, format!("image.tag = \"1.5.{set}\"")),
        (11, "security.read-only-root = true".to_owned()),
    ];
    for (every, line) in overrides.iter().filter(|(every, _)| set.is_multiple_of(*every)) {
        writeln!(text, "{line} # every {every}").expect("writing to a String does not fail");
    }
    text.push_str(&format!("\n[environments.{environment}]\n"));
    text
}

/// Writes every Secret that the fleet declares.
fn secrets(root: &Path, fleet: &Fleet) -> Result<()> {
    let wanted = RsaKey { size: RsaSize::Bits2048, format: RsaFormat::Pkcs8, public: false };
    let rsa = generate(&[("key", &Generator::Rsa(wanted))], &[])?.pop().ok_or("no key was made")?.1;
    for part in &fleet.environment_parts {
        let environment = &fleet.environments[part.environment];
        let folder = root.join(format!("secrets/{}/environment", environment.name));
        std::fs::create_dir_all(&folder)?;
        for decl in &fleet.stacks[part.stack].environment_secrets {
            let text = store_file(fleet, (part.environment, None), decl, &part.params, &rsa)?;
            std::fs::write(folder.join(format!("{}.yaml", decl.name)), text)?;
        }
    }
    fleet.instances.par_iter().try_for_each(|instance| {
        let client = &fleet.clients[instance.client];
        let environment = &fleet.environments[instance.environment];
        let folder = root.join(format!("secrets/{}/{}", environment.name, client.id));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        for decl in &fleet.stacks[client.stack].secrets {
            let text = store_file(fleet, (instance.environment, Some(&client.id)), decl, &instance.params, &rsa)
                .map_err(|error| error.to_string())?;
            std::fs::write(folder.join(format!("{}.yaml", decl.name)), text).map_err(|error| error.to_string())?;
        }
        Ok::<(), String>(())
    })?;
    Ok(())
}

fn store_file(
    fleet: &Fleet,
    (environment, client): (usize, Option<&ClientId>),
    decl: &SecretDecl,
    params: &Params,
    rsa: &Plaintext,
) -> Result<Vec<u8>> {
    let environment = &fleet.environments[environment];
    let value = |plain: &Plaintext| Plaintext::new(plain.expose().to_vec());
    let mut values = Vec::new();
    let mut random = Vec::new();
    for key in &decl.keys {
        match &key.source {
            SecretSource::Generate(Generator::Rsa(_)) => values.push((key.key.clone(), value(rsa))),
            SecretSource::Generate(generator) => random.push((key.key.as_str(), generator)),
            SecretSource::Provided { .. } => values.push((key.key.clone(), Plaintext::from("given".to_owned()))),
        }
    }
    let made = generate(&random, &values)?;
    values.extend(made);
    let mut labels = vec![("app.kubernetes.io/managed-by".to_owned(), "lmsgen".to_owned())];
    let slug = client.map(ClientId::slug);
    labels.extend(slug.clone().map(|slug| ("app.kubernetes.io/instance".to_owned(), slug)));
    let folder = client.map_or("environment", ClientId::as_str);
    let spec = SecretSpec {
        form: Form::Secret,
        place: place(environment.name.as_str(), folder, decl.name.as_str()),
        public: Vec::new(),
        name: object_name(decl, params, slug.as_deref()),
        namespace: environment.namespace.clone(),
        labels,
        values,
        revision: 1,
    };
    let recipients = environment.recipients.iter().map(|text| parse_recipient(text));
    Ok(encrypt(&spec, &recipients.collect::<std::result::Result<Vec<_>, _>>()?, NOW)?)
}
