//! kubectl: a plan as a shell script that a person can read before it runs.
//!
//! POSIX shell. Names of objects are quoted: those to delete come from a commit, which may hold anything.

use std::fmt::Write as _;

use crate::manifest::ObjectRef;

/// What is applied in one go, and what must be ready before the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The phase.
    pub phase: String,
    /// Jobs that must complete, by name.
    pub jobs: Vec<String>,
    /// Workloads whose rollout must end: `deployment/lms-c42`.
    pub rollouts: Vec<String>,
}

/// A client's steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSteps {
    /// The client's id.
    pub client: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// The plan of one environment.
#[derive(Debug)]
pub struct ApplyPlan {
    /// The environment.
    pub environment: String,
    /// Its namespace.
    pub namespace: String,
    /// Whether there is anything that clients share.
    pub is_shared: bool,
    /// Clients in order.
    pub clients: Vec<ClientSteps>,
    /// The id of the commit that the plan is of; `None` outside of Git.
    pub commit: Option<String>,
    /// `false` if what would be applied is not what that commit holds.
    pub is_committed: bool,
    /// The id of the commit that was applied last, if one was named.
    pub base: Option<String>,
    /// Objects to delete, what depends on others first.
    pub deleted: Vec<ObjectRef>,
    /// Objects that are gone from the tree and stay in the cluster, with the reason.
    pub kept: Vec<(ObjectRef, &'static str)>,
}

/// What the script can do, in its own words.
const FUNCTIONS: &str = r#"
# apply PHASE [CLIENT]: Secrets are decrypted on the way to kubectl and written nowhere.
apply() {
  phase=$1
  shift
  $LMSGEN manifests "$@" -e "$environment" --phase "$phase" --decrypt --in-ci |
    $KUBECTL apply --server-side --force-conflicts --field-manager=lmsgen -f -
}

# job NAME: waits until the Job has ended, one way or the other.
job() {
  until=$(($(date +%s) + WAIT))
  while [ "$(date +%s)" -lt "$until" ]; do
    ended=$($KUBECTL -n "$namespace" get job "$1" -o 'jsonpath={range .status.conditions[?(@.status=="True")]}{.type} {end}') || return 1
    case " $ended" in
    *" Complete "*) return 0 ;;
    *" Failed "*)
      echo "Job $1 failed: $KUBECTL -n $namespace logs job/$1" >&2
      return 1
      ;;
    esac
    sleep 2
  done
  echo "Job $1 has not ended in $WAIT s" >&2
  return 1
}

rollout() { $KUBECTL -n "$namespace" rollout status "$1" --timeout="${WAIT}s"; }
"#;

/// The script.
#[must_use]
pub fn apply_script(plan: &ApplyPlan) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "#!/bin/sh");
    let _ = writeln!(
        out,
        "# Applies environment {} with kubectl: {}. Written by lmsgen; read it, then run it in the fleet's folder.",
        plan.environment,
        match plan.clients.len() {
            1 => "1 client".to_owned(),
            n => format!("{n} clients"),
        }
    );
    out.push_str(
        "# A client that fails stops no other; if one fails, nothing is deleted and the exit code is 1.\nset -u\n",
    );
    out.push_str(": \"${KUBECTL:=kubectl}\" \"${LMSGEN:=lmsgen}\" \"${WAIT:=600}\"\n");
    let _ = writeln!(out, "environment={}", quoted(&plan.environment));
    let _ = writeln!(out, "namespace={}", quoted(&plan.namespace));
    if let Some(commit) = &plan.commit {
        let _ = writeln!(
            out,
            "[ \"$(git rev-parse HEAD)\" = {commit} ] || {{\n  echo 'the fleet is at another commit by now: make the plan anew' >&2\n  exit 1\n}}"
        );
    }
    out.push_str("failed=\n");
    out.push_str(FUNCTIONS);
    if plan.is_shared {
        out.push_str("\necho 'Shared by all clients'\napply environment || exit 1\n");
    }
    for client in &plan.clients {
        client_lines(&mut out, client);
    }
    out.push_str("\nif [ -n \"$failed\" ]; then\n  echo \"failed:$failed; nothing was deleted\" >&2\n  exit 1\nfi\n");
    prune_lines(&mut out, plan);
    out
}

fn client_lines(out: &mut String, client: &ClientSteps) {
    let name = quoted(&client.client);
    let _ = writeln!(out, "\necho {name}");
    let mut steps = Vec::new();
    for step in &client.steps {
        steps.push(format!("apply {} {name}", quoted(&step.phase)));
        steps.extend(step.jobs.iter().map(|job| format!("job {}", quoted(job))));
        steps.extend(step.rollouts.iter().map(|one| format!("rollout {}", quoted(one))));
    }
    if steps.is_empty() {
        out.push_str("# nothing to apply\n");
        return;
    }
    let _ = writeln!(out, "{{\n  {}\n}} || failed=\"$failed {}\"", steps.join(" &&\n  "), client.client);
}

fn prune_lines(out: &mut String, plan: &ApplyPlan) {
    let Some(base) = &plan.base else {
        out.push_str("\necho 'What is gone from the fleet was not looked for: a plan with --base, the commit applied last, deletes it'\n");
        return;
    };
    let _ = writeln!(out, "\n# In commit {}, and gone since.", &base[..12.min(base.len())]);
    for object in &plan.deleted {
        let scope = object.namespace.as_ref().map_or(String::new(), |namespace| format!("-n {} ", quoted(namespace)));
        let _ = writeln!(out, "$KUBECTL {scope}delete --ignore-not-found {} || exit 1", quoted(&address(object)));
    }
    for (object, reason) in &plan.kept {
        let _ = writeln!(out, "# stays, for {reason}: {}", address(object).escape_debug());
    }
    if plan.deleted.is_empty() && plan.kept.is_empty() {
        out.push_str("# Nothing.\n");
    }
}

/// `deployment.apps/lms-c42`.
fn address(object: &ObjectRef) -> String {
    let kind = object.kind.to_ascii_lowercase();
    match object.group() {
        // With kubectl it was applied as the Secret that it stands for.
        _ if kind == "sopssecret" => format!("secret/{}", object.name),
        "" => format!("{kind}/{}", object.name),
        group => format!("{kind}.{group}/{}", object.name),
    }
}

/// A word for the shell that is nothing but itself.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_of_the_shell_is_nothing_but_itself() {
        assert_eq!(quoted("job.batch/a-1"), "job.batch/a-1");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a; rm -rf / 'b' $(c)\n"), "'a; rm -rf / '\\''b'\\'' $(c)\n'");
    }
}
