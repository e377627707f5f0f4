//! Values of type `name`: DNS labels with placeholders for the client and the environment.

use super::decl::Shape;
use super::value::ParamValue;

/// What placeholders stand for at one place.
#[derive(Clone, Copy, Debug)]
pub struct Placeholders<'a> {
    /// `{client}`: the client's slug; `None` where there is no client.
    pub client: Option<&'a str>,
    /// `{environment}`: the environment's name.
    pub environment: &'a str,
}

/// `true` for a DNS label: what Kubernetes accepts as the name of anything.
pub(super) fn is_name(text: &str) -> bool {
    crate::names::SecretName::new(text).is_ok()
}

/// Checks a name as it is written: right if every placeholder is known and a short value in it gives a DNS label.
pub(super) fn check_template(text: &str) -> Result<(), String> {
    let filled = text.replace("{client}", "a").replace("{environment}", "a");
    if filled.contains(['{', '}']) {
        return Err("holds a placeholder other than `{client}` and `{environment}`".into());
    }
    crate::names::SecretName::new(&filled).map(|_| ()).map_err(|fault| fault.to_string())
}

/// `value` with the placeholders of all names in it filled in; `None` when it needs a client and there is none.
pub(super) fn fill(shape: &Shape, value: &ParamValue, with: Placeholders<'_>) -> Option<ParamValue> {
    Some(match (shape, value) {
        (Shape::Name, ParamValue::String(text)) if text.contains('{') => {
            let mut text = text.replace("{environment}", with.environment);
            if text.contains("{client}") {
                text = text.replace("{client}", with.client?);
            }
            ParamValue::String(text)
        }
        (Shape::List { items, .. }, ParamValue::List(list)) => {
            ParamValue::List(list.iter().map(|item| fill(items, item, with)).collect::<Option<_>>()?)
        }
        (Shape::Record(fields), ParamValue::Table(table)) => {
            let fill_field = |(key, value): (&String, &ParamValue)| {
                let filled = match fields.iter().find(|field| field.name == *key) {
                    Some(field) => fill(&field.shape, value, with)?,
                    None => value.clone(),
                };
                Some((key.clone(), filled))
            };
            ParamValue::Table(table.iter().map(fill_field).collect::<Option<_>>()?)
        }
        (Shape::Table(Some(values)), ParamValue::Table(table)) => {
            let fill_value = |(key, value): (&String, &ParamValue)| Some((key.clone(), fill(values, value, with)?));
            ParamValue::Table(table.iter().map(fill_value).collect::<Option<_>>()?)
        }
        _ => value.clone(),
    })
}

/// `true` if a name in `value` has a placeholder.
pub(super) fn has_placeholder(shape: &Shape, value: &ParamValue) -> bool {
    match (shape, value) {
        (Shape::Name, ParamValue::String(text)) => text.contains('{'),
        (Shape::List { items, .. }, ParamValue::List(list)) => list.iter().any(|item| has_placeholder(items, item)),
        (Shape::Record(fields), ParamValue::Table(table)) => {
            fields.iter().any(|field| table.get(&field.name).is_some_and(|value| has_placeholder(&field.shape, value)))
        }
        (Shape::Table(Some(values)), ParamValue::Table(table)) => {
            table.values().any(|value| has_placeholder(values, value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_once() {
        let name = |text: &str| ParamValue::String(text.into());
        let both = Placeholders { client: Some("c1"), environment: "dev" };
        assert_eq!(fill(&Shape::Name, &name("{client}-x-{environment}"), both), Some(name("c1-x-dev")));
        let none = Placeholders { client: None, environment: "dev" };
        assert_eq!(fill(&Shape::Name, &name("x-{environment}"), none), Some(name("x-dev")));
        assert_eq!(fill(&Shape::Name, &name("x-{client}"), none), None);
        // Other strings are not names: what they hold is theirs.
        let string = Shape::String(super::super::StringShape::default());
        assert_eq!(fill(&string, &name("{client}"), both), Some(name("{client}")));
        let list = Shape::List { items: Box::new(Shape::Name), min_items: 0, max_items: 9 };
        assert!(has_placeholder(&list, &ParamValue::List(vec![name("a"), name("{client}")])));
    }

    #[test]
    fn only_known_placeholders_are_right() {
        for good in ["a", "{client}", "x-{client}-{environment}", "{client}{environment}"] {
            assert_eq!(check_template(good), Ok(()), "{good}");
        }
        for bad in ["", "-{client}", "{Client}", "{{client}}", "{}", "a_b", "A", "{client"] {
            assert!(check_template(bad).is_err(), "{bad}");
        }
    }
}
