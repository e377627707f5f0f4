//! Why an image cannot be had, told by what registries and container runtimes say.

/// Reasons of a waiting container that are about its image.
pub(super) const REASONS: [&str; 7] = [
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// The sentence about an image, and whether it may help to name another.
pub(super) fn sentence(image: &str, reason: &str, message: &str, clean: impl Fn(&str) -> String) -> (String, bool) {
    // Its own name may hold any of the words.
    let lower = if image.is_empty() { message.to_lowercase() } else { message.replace(image, "").to_lowercase() };
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let image = clean(image);
    if reason == "InvalidImageName" {
        return (format!("`{image}` is no name of an image"), true);
    }
    if reason == "ErrImageNeverPull" {
        return (format!("image {image} is not on the node, and may not be pulled"), true);
    }
    if says(&["unauthorized", "denied", "forbidden", "authentication required", " 401", " 403", "no basic auth"]) {
        return (format!("the registry refuses to give image {image}: credentials are missing or wrong"), false);
    }
    if says(&["toomanyrequests", "too many requests", " 429"]) {
        return (format!("the registry gives no more images for now: {image}"), false);
    }
    if says(&["manifest unknown", "not found", "name unknown", "does not exist", "notfound"]) {
        return (format!("image {image} does not exist"), true);
    }
    if says(&["no such host", "i/o timeout", "connection refused", "deadline exceeded", "x509", "tls:", "no route"]) {
        return (format!("the registry of image {image} cannot be reached"), false);
    }
    if says(&["no match for platform", "no matching manifest"]) {
        return (format!("image {image} is not made for the nodes' processors"), true);
    }
    (format!("image {image} cannot be pulled"), true)
}

/// Tag and digest apart from the rest: `registry.example/lms`, `1.4.2`, `sha256:…`.
#[must_use]
pub fn parts(image: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    match rest.rsplit_once(':') {
        // A port has a path behind it.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag), digest),
        _ => (rest, None, digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_registries_say_is_put_into_words() {
        let say = |message: &str| sentence("r/a:1", "ErrImagePull", message, str::to_owned).0;
        for (message, words) in [
            (
                "rpc error: code = NotFound desc = failed to pull and unpack image \"r/a:1\": r/a:1: not found",
                "image r/a:1 does not exist",
            ),
            ("manifest for r/a:1 not found: manifest unknown: manifest unknown", "image r/a:1 does not exist"),
            ("pull access denied, repository does not exist or may require authorization", "credentials"),
            ("failed to authorize: unexpected status: 401 Unauthorized", "credentials"),
            ("dial tcp: lookup r on 10.0.0.10:53: no such host", "cannot be reached"),
            ("toomanyrequests: You have reached your pull rate limit", "no more images"),
            ("Back-off pulling image \"r/a:1\"", "image r/a:1 cannot be pulled"),
        ] {
            assert!(say(message).contains(words), "{message}: {}", say(message));
        }
    }

    #[test]
    fn an_image_is_taken_apart() {
        assert_eq!(parts("r:5000/a/b"), ("r:5000/a/b", None, None));
        assert_eq!(parts("r:5000/a/b:1.4@sha256:00"), ("r:5000/a/b", Some("1.4"), Some("sha256:00")));
        assert_eq!(parts("postgres:17"), ("postgres", Some("17"), None));
    }
}
