//! A Job that deletes itself in a cluster where a controller makes again what is gone: it would run again and again.

use crate::checks::model::{Found, Group};
use crate::diagnostic::{Class, Code};

/// A Job with `ttlSecondsAfterFinished` under GitOps.
const LIFETIME: Code = Code::new("LMS813", Class::Input);

pub fn check(group: &Group<'_>, found: &mut Vec<Found>) {
    if !group.policy.is_reconciled {
        return;
    }
    for (at, object) in group.objects.iter().enumerate().filter(|(_, object)| object.is("batch/v1", "Job")) {
        let root = object.spot();
        let Some(spec) = root.get("spec").filter(|spec| spec.has("ttlSecondsAfterFinished")) else { continue };
        let message = "the Job deletes itself, and is then made and run again from Git";
        let fault = Found::warning(LIFETIME, at, spec.path_to("ttlSecondsAfterFinished"), message);
        found.push(fault.help("remove the field: finished Jobs stay until their name changes"));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::checks::testing::{Given, object};

    #[test]
    fn a_job_of_git_stays() {
        let job = |rest: &str| object("batch/v1", "Job", "j", &format!("spec: {{backoffLimit: 1{rest}}}\n"));
        let look = |text: &str, is_reconciled| {
            Given::closed(&[text]).policy(|policy| policy.is_reconciled = is_reconciled).look(check)
        };
        let ttl = job(", ttlSecondsAfterFinished: 60");
        let message = "the Job deletes itself, and is then made and run again from Git";
        assert_eq!(look(&ttl, true), [format!("warning LMS813 spec.ttlSecondsAfterFinished: {message}")]);
        assert_eq!(look(&ttl, false), [""; 0], "kubectl applies it when somebody says so");
        assert_eq!(look(&job(""), true), [""; 0]);
    }
}
