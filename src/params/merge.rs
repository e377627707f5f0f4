//! How a layer's value joins the value of the layers below it.

use super::decl::{Merge, ParamDecl};
use super::value::{ParamValue, Table};

/// `above` on top of `below`: tables merge key by key, lists as `decl` says, everything else is replaced.
pub(super) fn merge(decl: &ParamDecl, below: &ParamValue, above: &ParamValue) -> ParamValue {
    match (&decl.merge, below, above) {
        (Merge::Append, ParamValue::List(below), ParamValue::List(above)) => {
            ParamValue::List(below.iter().chain(above).cloned().collect())
        }
        (Merge::By(key), ParamValue::List(below), ParamValue::List(above)) => {
            ParamValue::List(merge_by(key, below, above))
        }
        _ => merge_tables(below, above),
    }
}

fn merge_tables(below: &ParamValue, above: &ParamValue) -> ParamValue {
    let (ParamValue::Table(below), ParamValue::Table(above)) = (below, above) else { return above.clone() };
    let mut merged: Table = below.clone();
    for (key, value) in above {
        let value = match below.get(key) {
            Some(old) => merge_tables(old, value),
            None => value.clone(),
        };
        merged.insert(key.clone(), value);
    }
    ParamValue::Table(merged)
}

/// Items with an equal value under `key` merge where the lower one stands; others follow in their order.
fn merge_by(key: &str, below: &[ParamValue], above: &[ParamValue]) -> Vec<ParamValue> {
    let mut merged = below.to_vec();
    for item in above {
        let name = field(item, key);
        match merged.iter_mut().find(|old| name.is_some() && field(old, key) == name) {
            Some(old) => *old = merge_tables(old, item),
            None => merged.push(item.clone()),
        }
    }
    merged
}

fn field<'v>(item: &'v ParamValue, key: &str) -> Option<&'v ParamValue> {
    match item {
        ParamValue::Table(table) => table.get(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, port: i64) -> ParamValue {
        let entries = [("name", ParamValue::String(name.into())), ("port", ParamValue::Integer(port))];
        ParamValue::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn items_merge_where_the_lower_one_stands() {
        let below = [item("a", 1), item("b", 2)];
        let above = [item("c", 3), item("b", 4)];
        assert_eq!(merge_by("name", &below, &above), [item("a", 1), item("b", 4), item("c", 3)]);
        assert_eq!(merge_by("name", &[], &above), above);
        assert_eq!(merge_by("name", &below, &[]), below);
    }

    #[test]
    fn only_tables_merge() {
        let (one, two) = (ParamValue::Integer(1), ParamValue::List(vec![ParamValue::Integer(2)]));
        assert_eq!(merge_tables(&one, &two), two);
        assert_eq!(merge_tables(&item("a", 1), &one), one);
    }
}
