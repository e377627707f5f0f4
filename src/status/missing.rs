//! Objects that are committed and not in the cluster: because their turn has not come, or because nobody applied them.

use super::expected::Expected;
use super::judge::Asked;
use super::model::{State, Trouble};

/// Objects that a sentence names.
const NAMED: usize = 3;

/// One trouble for all objects of a phase that are missing. `all` is how many objects the phase has, and `before` what keeps
/// an earlier phase from being ready.
pub(super) fn missing(
    objects: &[&Expected],
    all: usize,
    before: Option<&Trouble>,
    client: Option<&str>,
    asked: &Asked<'_>,
) -> Trouble {
    let first = objects[0];
    let mut trouble = Trouble {
        state: State::Progressing,
        phase: first.phase.clone(),
        kind: first.object.kind.clone(),
        name: first.object.name.clone(),
        ..Trouble::default()
    };
    if let Some(before) = before {
        trouble.reason = "Waiting".into();
        trouble.message = format!("waits for {} {}", before.kind, before.name);
        trouble.since = before.since;
        return trouble;
    }
    trouble.reason = "Missing".into();
    trouble.message = match objects.len() {
        1 => format!("not applied yet: {}", first.object),
        n if n == all => format!("nothing of it is applied yet ({n} objects)"),
        n => {
            let named: Vec<String> = objects.iter().take(NAMED).map(|one| one.object.to_string()).collect();
            let more = if n > NAMED { format!(" and {} more", n - NAMED) } else { String::new() };
            format!("not applied yet: {}{more}", named.join(", "))
        }
    };
    trouble.next = apply(first, client, asked);
    trouble
}

/// How it gets there, where a person has to do it.
pub(super) fn apply(first: &Expected, client: Option<&str>, asked: &Asked<'_>) -> Option<String> {
    let environment = &asked.name;
    if first.is_delivery {
        // Of what an environment's engine starts from; the rest it applies itself.
        let folder = first.path.rsplit_once('/').map(|(folder, _)| folder)?;
        let is_shared = client.is_none() && folder.matches('/').count() == 3;
        return is_shared.then(|| format!("kubectl apply --server-side -k {folder}"));
    }
    if asked.delivery != "kubectl" {
        return None;
    }
    let whose = client.map_or_else(|| "--phase environment".to_owned(), str::to_owned);
    Some(format!("lmsgen manifests {whose} -e {environment} --decrypt | kubectl apply --server-side -f -"))
}
