//! Adding a label or an annotation to an object's text, and changing nothing else of it.

use std::cmp::Ordering;

use super::emit_string;

/// Where an object's metadata holds its annotations.
pub const ANNOTATIONS: &str = "annotations";
/// Where it holds its labels.
pub const LABELS: &str = "labels";

/// `text`, an object as [`super::emit_document`] writes it, with `key: value` in `section` of its metadata; unchanged if the key
/// is there. Keys keep their canonical order.
#[must_use]
pub fn with_metadata(mut text: String, section: &str, key: &str, value: &str) -> String {
    const METADATA: &str = "metadata:\n";
    let Some(start) = find_line(&text, 0, METADATA).map(|at| at + METADATA.len()) else { return text };
    let end = text[start..].lines().take_while(|line| line.starts_with(' ')).map(|line| line.len() + 1).sum::<usize>();
    let end = (start + end).min(text.len());
    let mut line = format!("    {key}: ");
    emit_string(&mut line, value, 4);
    line.push('\n');
    let block = &text[start..end];
    let (head, none) = (format!("  {section}:\n"), format!("  {section}: {{}}\n"));
    match find_line(block, 0, &head).map(|at| start + at + head.len()) {
        Some(first) => {
            let mut at = first;
            for known in text[first..end].split_inclusive('\n').take_while(|line| line.starts_with("    ")) {
                // A value of several lines is indented further.
                if !known.starts_with("     ") {
                    let own = known.trim_start().trim_start_matches('"').split([':', '"']).next().unwrap_or_default();
                    match own.cmp(key) {
                        Ordering::Less => {}
                        Ordering::Equal => return text,
                        Ordering::Greater => break,
                    }
                }
                at += known.len();
            }
            text.insert_str(at, &line);
        }
        None => {
            let line = head + &line;
            if let Some(empty) = find_line(block, 0, &none) {
                text.replace_range(start + empty..start + empty + none.len(), &line);
                return text;
            }
            // Keys of metadata: `name`, `namespace`, then by their bytes; deeper lines belong to the key above.
            let is_before = |line: &str| {
                let own = line.trim_start_matches(' ').split(':').next().unwrap_or_default();
                line.starts_with("   ") || matches!(own, "name" | "namespace") || own < section
            };
            let at = block.split_inclusive('\n').take_while(|line| is_before(line)).map(str::len).sum::<usize>();
            text.insert_str(start + at, &line);
        }
    }
    text
}

/// Where the line `line` starts, from `from` on.
fn find_line(text: &str, from: usize, line: &str) -> Option<usize> {
    let mut at = from;
    for one in text[from..].split_inclusive('\n') {
        if one == line {
            return Some(at);
        }
        at += one.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Value, canonical_order, emit_document, parse_documents};
    use super::*;

    fn canonical(text: &str) -> String {
        let mut object: Value = parse_documents(text).unwrap().pop().unwrap();
        canonical_order(&mut object);
        let mut again = String::new();
        emit_document(&mut again, &object);
        again
    }

    #[test]
    fn what_is_added_stands_where_it_would_be_written() {
        let metadata = [
            "",
            "  annotations: {}\n",
            "  annotations:\n    a: b\n",
            "  annotations:\n    z.example/x: |\n      a\n      k.example/y: no\n",
            "  annotations:\n    a: b\n    zz: c\n",
            "  labels:\n    a: b\n    k.example: c\n    k.example/yz: d\n",
            "  annotations:\n    \"0\": b\n  labels:\n    a: b\n",
            "  annotations:\n    a: b\n  generation: 1\n  labels: {}\n  uid: x\n",
        ];
        for body in metadata {
            let text = format!("apiVersion: v1\nkind: A\nmetadata:\n  name: x\n{body}spec: {{}}\n");
            assert_eq!(canonical(&text), text);
            for section in [ANNOTATIONS, LABELS] {
                for value in ["a", "2", "a: b", "Delete=false,Prune=false", ""] {
                    let found = with_metadata(text.clone(), section, "k.example/y", value);
                    assert_eq!(canonical(&found), found);
                    let object = parse_documents(&found).unwrap().pop().unwrap();
                    assert_eq!(object.str_at(&["metadata", section, "k.example/y"]), Some(value), "{found}");
                    assert_eq!(with_metadata(found.clone(), section, "k.example/y", "other"), found, "it is there");
                }
            }
        }
    }

    #[test]
    fn an_object_without_metadata_stays() {
        for text in ["", "kind: A\n", "kind: A\nmetadata: {}\n"] {
            assert_eq!(with_metadata(text.to_owned(), LABELS, "a", "b"), text);
        }
    }
}
