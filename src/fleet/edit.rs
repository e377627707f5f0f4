//! Writing client files back: what `client new` puts on disk.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use super::Contact;

/// A client to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewClient {
    /// The organisation's name.
    pub name: String,
    /// The stack, when it is not the default one.
    pub stack: Option<String>,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// People.
    pub contacts: Vec<Contact>,
    /// Environments it runs in, in order.
    pub environments: Vec<String>,
}

/// The text of `clients/<id>.toml`; loading it gives back what went in.
///
/// Checks nothing: what no file may hold is reported when the text is loaded.
#[must_use]
pub fn new_client_text(client: &NewClient) -> String {
    let mut document = DocumentMut::new();
    document["name"] = value(&client.name);
    if let Some(stack) = &client.stack {
        document["stack"] = value(stack);
    }
    if !client.labels.is_empty() {
        let labels: InlineTable = client.labels.iter().map(|(key, text)| (key, text)).collect();
        document["labels"] = value(labels);
    }
    if !client.contacts.is_empty() {
        let contacts: ArrayOfTables = client.contacts.iter().map(contact_table).collect();
        document["contacts"] = Item::ArrayOfTables(contacts);
    }
    if !client.environments.is_empty() {
        let mut environments = Table::new();
        environments.set_implicit(true);
        for name in &client.environments {
            environments.insert(name, Item::Table(Table::new()));
        }
        document["environments"] = Item::Table(environments);
    }
    document.to_string()
}

fn contact_table(contact: &Contact) -> Table {
    let list = |texts: &[String]| value(texts.iter().collect::<Array>());
    let mut table = Table::new();
    table.insert("person", value(&contact.person));
    if !contact.phones.is_empty() {
        table.insert("phones", list(&contact.phones));
    }
    if !contact.emails.is_empty() {
        table.insert("emails", list(&contact.emails));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_client_reads_like_one_written_by_hand() {
        let client = NewClient {
            name: "ООО «Ромашка»".into(),
            stack: None,
            labels: vec![("tier".into(), "gold".into())],
            contacts: vec![Contact {
                person: "Анна Иванова".into(),
                phones: vec!["+7 495 000-00-00".into()],
                emails: vec!["anna@romashka.example".into()],
            }],
            environments: vec!["lms-dev".into(), "lms-prod".into()],
        };
        let text = r#"name = "ООО «Ромашка»"
labels = { tier = "gold" }

[[contacts]]
person = "Анна Иванова"
phones = ["+7 495 000-00-00"]
emails = ["anna@romashka.example"]

[environments.lms-dev]

[environments.lms-prod]
"#;
        assert_eq!(new_client_text(&client), text);
    }
}
