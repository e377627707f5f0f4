//! A status as `JUnit` XML: a suite for each environment, a case for each instance, which fails when the instance is not ready.

use super::junit::{attribute, escaped, head};
use super::status_text::{sentence, subject};
use crate::status::{EnvironmentStatus, Part, State, Status};

pub(super) fn status_junit(status: &Status) -> String {
    let parts = || status.environments.iter().flat_map(|one| &one.parts);
    let failures = parts().filter(|part| part.state != State::Ready).count();
    let tests = parts().count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!(
        "<testsuites name=\"lmsgen status\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n"
    ));
    for environment in &status.environments {
        let failures = environment.parts.iter().filter(|part| part.state != State::Ready).count();
        out.push_str(&head(&environment.name, environment.parts.len(), failures, 0));
        for part in &environment.parts {
            case(&mut out, environment, part);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, environment: &EnvironmentStatus, part: &Part) {
    let name = attribute(part.client.as_deref().unwrap_or("environment"));
    let class = attribute(&environment.name);
    out.push_str(&format!("    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\""));
    let Some(first) = part.troubles.first() else {
        out.push_str("/>\n");
        return;
    };
    let mut lines = Vec::new();
    for one in &part.troubles {
        let phase = one.phase.as_deref().map(|phase| format!("{phase}: ")).unwrap_or_default();
        lines.push(escaped(&format!("{phase}{}{}", subject(one), sentence(one, environment.at))));
        lines.extend(one.next.as_ref().map(|next| escaped(&format!("-> {next}"))));
    }
    let message = attribute(&format!("{}: {}{}", part.state.word(), subject(first), sentence(first, environment.at)));
    out.push_str(&format!(
        ">\n      <failure message=\"{message}\" type=\"{}\">{}</failure>\n    </testcase>\n",
        attribute(&first.reason),
        lines.join("\n")
    ));
}
