//! "Did you mean": the known name nearest to one that is unknown.

/// The candidate nearest to `name`, if it is near enough to be what was meant.
///
/// Of equally near ones the first wins, so the answer does not depend on anything but the order given.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Longer names cannot be near to any of ours, and the distance is quadratic in them.
    if name.len() > 128 {
        return None;
    }
    let folded = fold(name);
    let length = folded.chars().count();
    let most = if length < 2 { 0 } else { (length / 3).clamp(1, 4) };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(&folded, &fold(candidate));
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Case and the choice between `-` and `_` are the commonest slips: they count as nothing.
fn fold(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// "did you mean `x`?", if a candidate is near enough.
#[must_use]
pub fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let near = nearest(name, candidates)?;
    let foreign = name.chars().filter(|c| !c.is_ascii()).collect::<String>();
    Some(match foreign.as_str() {
        "" => format!("did you mean `{near}`?"),
        // Letters of other alphabets look the same.
        foreign => format!("did you mean `{near}`? `{foreign}` is not of the Latin alphabet"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["namespace", "kubernetes", "delivery", "a"];
        assert_eq!(nearest("namspace", known), Some("namespace"));
        assert_eq!(nearest("Name_Space", known), Some("namespace"));
        assert_eq!(nearest("delivrey", known), Some("delivery"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("public_dns", ["public-dns"]), Some("public-dns"));
        assert_eq!(nearest(&"n".repeat(100_000), known), None);
    }

    #[test]
    fn letters_that_only_look_right_are_named() {
        let said = did_you_mean("nаmespace", ["namespace"]);
        assert_eq!(said.unwrap(), "did you mean `namespace`? `а` is not of the Latin alphabet");
    }
}
