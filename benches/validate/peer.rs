//! kubeconform, with the schemas that are embedded here, written out as files of JSON Schema.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark starts programs and writes files"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::measure::{command, run};
use super::{KUBERNETES, Result};

pub const VERSION: &str = "v0.7.0";

/// The program, and what it is given.
pub struct Peer {
    program: PathBuf,
    folder: PathBuf,
    list: Vec<String>,
}

impl Peer {
    /// Writes the schemas to `folder`; installs the program if it is not there.
    pub fn new(folder: &Path, files: &[PathBuf]) -> Result<Self> {
        let schemas = folder.join("schemas");
        std::fs::create_dir_all(&schemas)?;
        for pack in ["kubernetes", "crds"] {
            write_schemas(pack, &schemas)?;
        }
        let sample = folder.join("sample");
        std::fs::create_dir_all(&sample)?;
        for (at, file) in files.iter().enumerate() {
            std::fs::copy(file, sample.join(format!("{at}.yaml")))?;
        }
        let list = vec!["sample".to_owned()];
        Ok(Self { program: program()?, folder: folder.to_owned(), list })
    }

    /// Milliseconds for the sample.
    pub fn run(&self, threads: usize) -> Result<f64> {
        let threads = threads.to_string();
        let location = "schemas/{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json";
        let mut arguments = vec!["-strict", "-n", &threads, "-schema-location", location];
        arguments.extend(self.list.iter().map(String::as_str));
        Ok(run(command(&self.program, &self.folder, &arguments))?.millis)
    }
}

fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("KUBECONFORM") {
        return Ok(named.into());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    let program = folder.join("kubeconform");
    if !program.is_file() {
        let package = format!("github.com/yannh/kubeconform/cmd/kubeconform@{VERSION}");
        let status = Command::new("go").args(["install", &package]).env("GOBIN", &folder).status()?;
        if !status.success() {
            return Err("kubeconform cannot be installed: name one in KUBECONFORM".into());
        }
    }
    Ok(program)
}

/// One file for each kind of the pack, with every definition that it leads to.
fn write_schemas(pack: &str, folder: &Path) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{pack}.jsonl.gz"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let lines: Vec<&str> = text.lines().collect();
    let index: Value = serde_json::from_str(lines[0])?;
    let minors = index["minors"].as_array();
    let at = minors.and_then(|minors| minors.iter().position(|minor| minor == KUBERNETES)).unwrap_or_default();
    for kind in index["kinds"].as_array().into_iter().flatten() {
        let Some(line) = kind["lines"][at].as_u64().filter(|line| *line != 0) else { continue };
        let mut definitions = BTreeMap::new();
        define(line, &lines, &mut definitions)?;
        let word = |key: &str| kind[key].as_str().unwrap_or_default().to_owned();
        // Of the core group it knows the version only.
        let group = Some(word("group")).filter(|group| !group.is_empty()).unwrap_or_else(|| word("version"));
        let name = format!("{}_{group}_{}.json", word("kind").to_lowercase(), word("version"));
        let schema = json!({"$ref": reference(line), "definitions": definitions});
        std::fs::write(folder.join(name), serde_json::to_vec(&schema)?)?;
    }
    Ok(())
}

fn reference(line: u64) -> String {
    format!("#/definitions/n{line}")
}

/// The schema of a line, and of all lines that it names.
fn define(line: u64, lines: &[&str], definitions: &mut BTreeMap<String, Value>) -> Result<()> {
    let name = format!("n{line}");
    if definitions.contains_key(&name) {
        return Ok(());
    }
    definitions.insert(name.clone(), Value::Null);
    let mut schema: Value = serde_json::from_str(lines[usize::try_from(line)?])?;
    let mut linked = Vec::new();
    translate(&mut schema, &mut linked);
    definitions.insert(name, schema);
    linked.into_iter().try_for_each(|line| define(line, lines, definitions))
}

/// `OpenAPI` as Kubernetes uses it into JSON Schema, strict: what is not declared is not allowed.
fn translate(schema: &mut Value, linked: &mut Vec<u64>) {
    let Value::Object(map) = schema else { return };
    if let Some(line) = map.get("$ref").and_then(Value::as_u64) {
        linked.push(line);
        *schema = json!({"$ref": reference(line)});
        return;
    }
    if map.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true))
        || map.get("format") == Some(&json!("int-or-string"))
    {
        *schema = json!({"type": ["string", "integer"]});
        return;
    }
    // Formats of numbers are none of JSON Schema's.
    map.remove("format");
    let is_open = map.contains_key("additionalProperties") || map.contains_key("x-kubernetes-preserve-unknown-fields");
    if map.contains_key("properties") && !is_open {
        map.insert("additionalProperties".into(), Value::Bool(false));
    }
    each(map, linked);
}

fn each(map: &mut Map<String, Value>, linked: &mut Vec<u64>) {
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        for schema in properties.values_mut() {
            translate(schema, linked);
        }
    }
    for key in ["items", "additionalProperties", "not"] {
        if let Some(schema) = map.get_mut(key) {
            translate(schema, linked);
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(list)) = map.get_mut(key) {
            for schema in list {
                translate(schema, linked);
            }
        }
    }
}
