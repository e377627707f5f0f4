//! The state of the secret store as text and as JSON, format `lmsgen.secrets-status/v1`: fields are added, never renamed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::{printable, printable_json};
use super::table::Table;
use super::{count, counted};
use crate::secret::{EnvironmentStatus, MissingValue};
use crate::sops::short;

/// Places that a line names.
const NAMED: usize = 4;

/// A line for each environment, and below it what is not in order, each with what to do.
#[must_use]
pub fn secret_status_text(statuses: &[EnvironmentStatus]) -> String {
    let mut table = Table::default();
    for status in statuses {
        let keys = status.present + status.missing.len();
        let mut notes = notes(status);
        if status.missing.is_empty() && status.broken.is_empty() {
            notes.insert(0, "all present".into());
        }
        let first = notes.remove(0);
        let (instances, keys) = (counted(status.instances, "instance"), counted(keys, "key"));
        let (keys, first) =
            if status.form == "external" { (String::new(), "kept outside of the fleet".into()) } else { (keys, first) };
        table.push(vec![status.environment.clone(), instances, keys, first]);
        for note in notes {
            table.push(vec![String::new(), String::new(), String::new(), note]);
        }
    }
    table.lines(0, None)
}

fn notes(status: &EnvironmentStatus) -> Vec<String> {
    let environment = &status.environment;
    let mut notes = Vec::new();
    let given: Vec<&MissingValue> = status.missing.iter().filter(|one| !one.generated && !one.gone).collect();
    if let Some(first) = given.first() {
        let set = format!("lmsgen secrets set {} {} {}", first.place, first.secret, first.key);
        notes.push(format!("{} missing: {}   -> {set}", count(given.len()), places(&given)));
    }
    let made: Vec<&MissingValue> = status.missing.iter().filter(|one| one.generated && !one.gone).collect();
    if !made.is_empty() {
        let generate = format!("lmsgen secrets generate -e {environment}");
        notes.push(format!("{} to be generated: {}   -> {generate}", count(made.len()), places(&made)));
    }
    if let Some(first) = status.gone.first() {
        let files = counted(status.gone.len(), "file");
        let at = and_more(first, status.gone.len());
        notes.push(format!("{files} with values that only the last commit has: {at}   -> git checkout -- {first}"));
    }
    let rewrap = format!("lmsgen secrets rewrap -e {environment}");
    for (recipient, files) in &status.stale_recipients {
        let who = short(recipient);
        notes.push(format!("recipients: {} still encrypted to {who}…   -> {rewrap}", counted(*files, "file")));
    }
    for (recipient, files) in &status.new_recipients {
        let who = short(recipient);
        notes.push(format!("recipients: {} not yet encrypted to {who}…   -> {rewrap}", counted(*files, "file")));
    }
    let lists = [
        (&status.other_form, "in another form than declared", "convert"),
        (&status.unbound, "not bound to their place", "bind"),
        (&status.unraised, "changed since the last commit without a new revision", "bind"),
    ];
    for (paths, what, command) in lists {
        if let Some(first) = paths.first() {
            let files = counted(paths.len(), "file");
            notes.push(format!(
                "{files} {what}: {}   -> lmsgen secrets {command} -e {environment}",
                and_more(first, paths.len())
            ));
        }
    }
    if let Some(first) = status.undeclared.first() {
        let files = counted(status.undeclared.len(), "file");
        notes.push(format!("{files} with keys that no stack declares: {}", and_more(first, status.undeclared.len())));
    }
    for broken in status.broken.iter().take(NAMED) {
        notes.push(format!("broken: {}: {}   -> git checkout -- {0}", broken.path, broken.fault));
    }
    if status.broken.len() > NAMED {
        notes.push(format!("broken: {} more; `lmsgen validate` says all", count(status.broken.len() - NAMED)));
    }
    notes.iter().map(|note| printable(note).into_owned()).collect()
}

fn and_more(first: &str, n: usize) -> String {
    if n == 1 { first.to_owned() } else { format!("{first} and {} more", count(n - 1)) }
}

/// `C7 C9 C11 (sms4b-token, 3), …`: places by the key that they lack.
fn places(missing: &[&MissingValue]) -> String {
    let mut by_key: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in missing {
        let place = one.place.split_once('/').map_or(one.place.as_str(), |(_, client)| client);
        by_key.entry(&one.key).or_default().push(place);
    }
    let named = by_key.iter().take(2).map(|(key, places)| {
        let more = if places.len() > NAMED { " …" } else { "" };
        let first = places.iter().take(NAMED).copied().collect::<Vec<_>>().join(" ");
        format!("{first}{more} ({key}, {})", count(places.len()))
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if by_key.len() > 2 {
        text.push_str(", …");
    }
    text
}

/// One JSON document with a final newline.
#[must_use]
pub fn secret_status_json(statuses: &[EnvironmentStatus]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: &'static str,
        environments: &'a [EnvironmentStatus],
    }
    let document = Document { format: "lmsgen.secrets-status/v1", environments: statuses };
    printable_json(&serde_json::to_string_pretty(&document).expect("the document holds strings and numbers only"))
}
