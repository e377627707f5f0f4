//! An image whose name may come to mean another one: without tag, with `latest`, or without digest where the
//! environment asks for one.

use crate::checks::model::{Found, Group};
use crate::checks::walk::{each_container, each_pod};
use crate::diagnostic::{Class, Code};

/// An image without a tag that means something.
const LATEST: Code = Code::new("LMS812", Class::Input);
/// An image without digest.
const NO_DIGEST: Code = Code::new("LMS830", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    each_pod(group, |at, _, spec| {
        each_container(spec, |container| {
            let Some(image) = container.text("image").filter(|image| !image.is_empty() && !image.contains('@')) else {
                return;
            };
            let path = container.path_to("image");
            let shown = image.escape_debug();
            if group.policy.requires_digest {
                let message = format!("image `{shown}` has no digest, and the environment requires one");
                let help = "write `NAME:TAG@sha256:…`; `digests = \"required\"` in `[policy]` asks for it";
                found.push(Found::error(NO_DIGEST, at, path, message).help(help));
                return;
            }
            let name = image.rsplit('/').next().unwrap_or(image);
            let message = match name.split_once(':') {
                None => format!("image `{shown}` has no tag, which means `latest`"),
                Some((_, "latest")) => format!("image `{shown}` is whatever was pushed last"),
                Some(_) => return,
            };
            found.push(Found::warning(LATEST, at, path, message).help("name the version: `NAME:TAG`, or a digest"));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, pod};

    fn given(image: &str) -> Given {
        Given::open(&[&pod(&format!("containers: [{{name: a, image: \"{image}\"}}]\n"))])
    }

    #[test]
    fn an_image_has_a_version() {
        let look = |image: &str| given(image).look(check);
        let at = "warning LMS812 spec.containers[0].image: image";
        assert_eq!(look("registry:5000/app"), [format!("{at} `registry:5000/app` has no tag, which means `latest`")]);
        assert_eq!(look("app:latest"), [format!("{at} `app:latest` is whatever was pushed last")]);
        for good in ["app:1", "registry:5000/a/app:1", "app@sha256:0", "app:latest@sha256:0"] {
            assert_eq!(look(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn an_environment_may_require_digests() {
        let look = |image: &str| given(image).policy(|policy| policy.requires_digest = true).look(check);
        let message = "image `app:1` has no digest, and the environment requires one";
        assert_eq!(look("app:1"), [format!("LMS830 spec.containers[0].image: {message}")]);
        assert_eq!(look("app:1@sha256:0"), [""; 0]);
    }
}
