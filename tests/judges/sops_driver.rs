//! The SOPS engine for `sops_trees.py` and `age_vectors.py`: reads a batch of jobs as JSON from standard input and prints their results.
#![expect(clippy::disallowed_macros, reason = "it is no part of the program; it prints for the judge")]

use std::io::Read;

use base64::prelude::{BASE64_STANDARD, Engine};
use lmsgen::sops::{
    Document, Identities, Kind, Plaintext, Recipient, Rule, Step, encrypt_document, new_key, open_protected,
    parse_recipient,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let batch: Value = serde_json::from_str(&text)?;
    let mut identities = Identities::new();
    for identity in batch["identities"].as_array().into_iter().flatten() {
        identities.add("judge", identity.as_str().unwrap_or_default())?;
    }
    let jobs = batch["jobs"].as_array().ok_or("no jobs")?;
    let results: Vec<Value> = jobs
        .iter()
        .map(|job| run(job, &identities).unwrap_or_else(|error| json!({ "error": error.to_string() })))
        .collect();
    println!("{}", Value::from(results));
    Ok(())
}

fn run(job: &Value, identities: &Identities) -> Result<Value, Box<dyn std::error::Error>> {
    let word = |name: &str| job[name].as_str().unwrap_or_default();
    let text = word("text");
    let recipients = job["recipients"].as_array().into_iter().flatten();
    let recipients: Vec<Recipient> =
        recipients.map(|one| parse_recipient(one.as_str().unwrap_or_default())).collect::<Result<_, _>>()?;
    let now = word("now");
    Ok(match word("op") {
        "encrypt" => {
            let rule = rule(word("field"), word("rule")).ok_or("no such rule")?;
            let mac_only = job["mac_only"].as_bool().unwrap_or(false);
            json!({ "text": encrypt_document(text, &rule, mac_only, &recipients, now)? })
        }
        "keygen" => {
            let key = new_key(now);
            json!({ "recipient": key.recipient, "text": *key.text })
        }
        "open" => open(text, identities)?,
        "set" => {
            let (kind, value) = (kind(word("kind")).ok_or("no such kind")?, Plaintext::new(word("value").into()));
            json!({ "text": Document::parse(text)?.set((&steps(&job["path"]), kind), &value, (identities, now))? })
        }
        "unset" => json!({ "text": Document::parse(text)?.unset(&steps(&job["path"]), (identities, now))? }),
        "age" => age(job)?,
        "rekey" => json!({ "text": Document::parse(text)?.rekey(&recipients, (identities, now))? }),
        "rewrap" => json!({ "text": Document::parse(text)?.rewrap(&recipients, identities)? }),
        op => return Err(format!("no such job: {op}").into()),
    })
}

/// Opens an age file as key files are opened, with a passphrase, or as data keys are, with a key.
fn age(job: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    let word = |name: &str| job[name].as_str();
    let shown = |bytes: &[u8]| {
        let digest: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "sha256": digest.concat() })
    };
    let file = word("file").unwrap_or_default();
    if let Some(passphrase) = word("passphrase") {
        let text = open_protected(&BASE64_STANDARD.decode(file)?, passphrase)?;
        return Ok(shown(text.as_bytes()));
    }
    let mut identities = Identities::new();
    identities.add("vector", word("identity").unwrap_or_default())?;
    let opened = identities.open_armored(file).ok_or("does not open")?;
    Ok(shown(opened.expose()))
}

fn rule(field: &str, text: &str) -> Option<Rule> {
    let text = text.to_owned();
    Some(match field {
        "" => Rule::default(),
        "unencrypted_suffix" => Rule::UnencryptedSuffix(text),
        "encrypted_suffix" => Rule::EncryptedSuffix(text),
        "unencrypted_regex" => Rule::UnencryptedRegex(text),
        "encrypted_regex" => Rule::EncryptedRegex(text),
        "unencrypted_comment_regex" => Rule::UnencryptedCommentRegex(text),
        "encrypted_comment_regex" => Rule::EncryptedCommentRegex(text),
        _ => return None,
    })
}

fn kind(name: &str) -> Option<Kind> {
    [Kind::Str, Kind::Int, Kind::Float, Kind::Bool, Kind::Time].into_iter().find(|kind| kind.name() == name)
}

fn steps(path: &Value) -> Vec<Step> {
    let step = |step: &Value| match step.as_u64() {
        Some(index) => Step::Index(usize::try_from(index).unwrap_or(usize::MAX)),
        None => Step::Key(step.as_str().unwrap_or_default().to_owned()),
    };
    path.as_array().into_iter().flatten().map(step).collect()
}

fn open(text: &str, identities: &Identities) -> Result<Value, Box<dyn std::error::Error>> {
    let opened = Document::parse(text)?.open(identities)?;
    let path = |steps: &[Step]| -> Vec<Value> {
        let step = |step: &Step| match step {
            Step::Key(key) => json!(key),
            Step::Index(index) => json!(index),
        };
        steps.iter().map(step).collect()
    };
    let shown = |value: &Plaintext| String::from_utf8_lossy(value.expose()).into_owned();
    let kind = |kind: Kind| kind.name();
    let values: Vec<Value> = opened
        .values
        .iter()
        .map(|one| json!([one.document, path(&one.path), kind(one.kind), one.encrypted, shown(&one.value)]))
        .collect();
    let comments: Vec<Value> =
        opened.comments.iter().map(|one| json!([one.document, path(&one.path), shown(&one.text)])).collect();
    Ok(json!({ "values": values, "comments": comments }))
}
