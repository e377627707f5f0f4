//! Selections over a small fleet, and new clients that load again.

use lmsgen::fleet::{Contact, Fleet, NewClient, Selection, empty_fleet, new_client_text};
use proptest::prelude::*;

use super::{file, fleet, said, sources};

fn three_clients() -> Fleet {
    fleet(&[
        ("environments/prod.toml", "namespace = \"app-prod\"\nkubernetes = \"1.35\"\nparams.image.tag = \"1\"\n"),
        ("clients/C1.toml", "name = \"One\"\nlabels.tier = \"gold\"\n[environments.dev]\n[environments.prod]\n"),
        ("clients/C12.toml", "name = \"Two\"\nlabels.tier = \"silver\"\n[environments.prod]\n"),
        ("clients/C2.toml", "name = \"Three\"\nlabels.tier = \"gold\"\n[environments.dev]\n"),
    ])
    .0
}

fn select(fleet: &Fleet, clients: &[&str], environments: &[&str], labels: &[&str]) -> Result<String, String> {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let selection = Selection { clients: own(clients), environments: own(environments), labels: own(labels) };
    let name = |index: usize| {
        let instance = &fleet.instances[index];
        format!("{}/{}", fleet.environments[instance.environment].name, fleet.clients[instance.client].id)
    };
    let found = selection.instances(fleet).map_err(|fault| fault.to_string())?;
    Ok(found.into_iter().map(name).collect::<Vec<_>>().join(" "))
}

#[test]
fn what_is_asked_is_what_is_selected() {
    let fleet = three_clients();
    let select = |clients: &[&str], environments: &[&str], labels: &[&str]| {
        select(&fleet, clients, environments, labels).unwrap()
    };
    assert_eq!(select(&[], &[], &[]), "dev/C1 dev/C2 prod/C1 prod/C12");
    assert_eq!(select(&["C1"], &[], &[]), "dev/C1 prod/C1");
    assert_eq!(select(&["C1*"], &["prod"], &[]), "prod/C1 prod/C12");
    assert_eq!(select(&["C2", "prod/C1"], &[], &[]), "dev/C2 prod/C1");
    assert_eq!(select(&[], &["d*"], &[]), "dev/C1 dev/C2");
    assert_eq!(select(&[], &[], &["tier=gold"]), "dev/C1 dev/C2 prod/C1");
    assert_eq!(select(&["*"], &["*"], &["tier=silver"]), "prod/C12");
}

#[test]
fn a_selection_that_matches_nothing_says_what_was_asked() {
    let fleet = three_clients();
    let refused = |clients: &[&str], environments: &[&str], labels: &[&str]| {
        select(&fleet, clients, environments, labels).unwrap_err()
    };
    assert_eq!(refused(&["c12"], &[], &[]), "no client matches `c12`; did you mean `C12`?");
    assert_eq!(refused(&["X*"], &[], &[]), "no client matches `X*`");
    assert_eq!(refused(&[], &["nope"], &[]), "no environment matches `nope`; there are `dev`, `prod`");
    assert_eq!(refused(&["nope/C1"], &[], &[]), "no environment matches `nope`; there are `dev`, `prod`");
    assert_eq!(refused(&["C2"], &["prod"], &[]), "no instance matches all of `C2`, `prod`; client `C2` runs in `dev`");
    assert_eq!(refused(&[], &[], &["tier"]), "`tier` is no label selector: write `key=value`");
    assert_eq!(
        refused(&[], &[], &["tier=bronze"]),
        "no client matches `tier=bronze`; values of `tier` are `gold`, `silver`"
    );
    assert_eq!(refused(&[], &[], &["teir=gold"]), "no client matches `teir=gold`; did you mean `tier`?");
    // One pattern that matches nothing is a typing error, whatever the others match.
    assert!(select(&fleet, &["C1", "C77"], &[], &[]).is_err());
}

#[test]
fn an_empty_fleet_is_a_matter_for_a_person() {
    let loaded = lmsgen::fleet::load(&sources(&[("clients/C1.toml", None)]));
    let fault = empty_fleet(&loaded.fleet.unwrap()).unwrap();
    assert_eq!(fault.code.class, lmsgen::diagnostic::Class::Guard);
    assert!(empty_fleet(&three_clients()).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever people are called, a new client's file gives back what went in.
    #[test]
    fn a_new_client_loads_as_it_was_given(
        name in "[^\\p{Cc}\\p{Cf}]{0,20}[^\\p{Cc}\\p{Cf}\\s][^\\p{Cc}\\p{Cf}]{0,20}",
        person in "[^\\p{Cc}\\p{Cf}]{1,20}",
        phones in prop::collection::vec("[^\\p{Cc}\\p{Cf}]{0,20}", 0..3),
        tier in "[a-z]{1,8}",
    ) {
        let contact = Contact { person, phones, emails: vec!["a@b.example".into()] };
        let client = NewClient {
            name: name.clone(),
            stack: Some("app".into()),
            labels: vec![("tier".into(), tier.clone())],
            contacts: vec![contact.clone()],
            environments: vec!["dev".into()],
        };
        let loaded = lmsgen::fleet::load(&sources(&[("clients/C1.toml", Some(file(&new_client_text(&client))))]));
        prop_assert_eq!(said(loaded.found.into_sorted(&loaded.sources), &loaded.sources), "");
        let fleet = loaded.fleet.unwrap();
        prop_assert_eq!(&fleet.clients[0].name, &name);
        prop_assert_eq!(&fleet.clients[0].contacts, &vec![contact]);
        prop_assert_eq!(fleet.clients[0].labels.get("tier"), Some(&tier));
        prop_assert_eq!(fleet.instances.len(), 1);
    }
}
