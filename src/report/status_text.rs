//! A status for people: failed first, then progressing, ready as a count; the same trouble of many clients once.

use std::collections::HashMap;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::page::{GREEN, RED, YELLOW};
use super::table::wrap;
use super::{Base, Page, count, printable};
use crate::status::{EnvironmentStatus, Foreign, Part, State, Status, Trouble};

/// Troubles of one instance that are shown.
const MOST_TROUBLES: usize = 3;

/// Clients that a line names.
const NAMED: usize = 12;

/// Columns that a client's name may take.
const WIDEST: usize = 16;

/// Columns between two cells.
const GAP: usize = 3;

/// Reasons of Kubernetes that are shown: people look for them.
const SHOWN: [&str; 9] = [
    "CreateContainerConfigError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "FailedMount",
    "ImageInspectError",
    "ImagePullBackOff",
    "OOMKilled",
    "RegistryUnavailable",
    "Unschedulable",
];

/// Kinds whose name says nothing beside what their Pods say.
const PLAIN: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// The same trouble of some clients.
struct Group<'a> {
    clients: Vec<&'a str>,
    /// The first one's.
    trouble: &'a Trouble,
    /// The same in all of them, with `*` for what differs.
    shape: Shape,
    /// Since the earliest.
    since: Option<i64>,
}

/// What makes troubles the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Shape {
    phase: Option<String>,
    subject: String,
    text: String,
    next: Option<String>,
}

pub(super) fn status_text(status: &Status, base: Option<&Base>, page: &Page) -> String {
    let mut out = String::new();
    for (at, environment) in status.environments.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        one(&mut out, environment, base, page);
    }
    out
}

fn one(out: &mut String, environment: &EnvironmentStatus, base: Option<&Base>, page: &Page) {
    out.push_str(&header(environment, base, page));
    let sections = [(State::Failed, "FAILED", RED), (State::Progressing, "PROGRESSING", YELLOW)];
    for (state, title, style) in sections {
        let groups = groups(environment, state);
        if !groups.is_empty() {
            out.push_str(&format!("\n{}\n", page.paint.paint(style.bold(), title)));
            section(out, &groups, environment.at, page);
        }
    }
    foreign(out, environment, page);
}

/// `3 failed · 2 progressing · 2,995 ready          lms-prod, commit 9d03e1f, 12 s ago`
fn header(environment: &EnvironmentStatus, base: Option<&Base>, page: &Page) -> String {
    let plain = summary(environment);
    let painted: Vec<String> =
        pieces(environment).into_iter().map(|(style, text)| page.paint.paint(style, &text)).collect();
    let mut place = printable(&environment.name).into_owned();
    match base {
        Some(base) => {
            let commit = base.commit.get(..7).unwrap_or(&base.commit);
            let age = duration(page.now.saturating_sub(base.time));
            place.push_str(&format!(", commit {commit}, {age} ago"));
        }
        None => place.push_str(", nothing is committed"),
    }
    // A saved dump is told with its age.
    if page.now.saturating_sub(environment.at) > 60 {
        place.push_str(&format!(", as of {} ago", duration(page.now - environment.at)));
    }
    let room = page.width.saturating_sub(plain.width() + place.width());
    let gap = if room >= GAP { " ".repeat(room) } else { "\n".to_owned() };
    format!("{}{gap}{place}\n", painted.join(" · "))
}

fn pieces(environment: &EnvironmentStatus) -> Vec<(Style, String)> {
    let mut pieces = Vec::new();
    let shared = environment.parts.iter().find(|part| part.client.is_none());
    if let Some(shared) = shared.filter(|part| part.state != State::Ready) {
        pieces.push((style(shared.state), format!("environment {}", shared.state.word())));
    }
    for state in [State::Failed, State::Progressing, State::Ready] {
        let n = environment.n(state);
        if n > 0 || state == State::Ready {
            pieces.push((if n > 0 { style(state) } else { Style::new() }, format!("{} {}", count(n), state.word())));
        }
    }
    pieces
}

/// `3 failed · 2 progressing · 2,995 ready`
pub(super) fn summary(environment: &EnvironmentStatus) -> String {
    pieces(environment).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" · ")
}

const fn style(state: State) -> Style {
    match state {
        State::Failed => RED,
        State::Progressing => YELLOW,
        State::Ready => GREEN,
    }
}

fn groups(environment: &EnvironmentStatus, state: State) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: HashMap<Shape, usize> = HashMap::new();
    for part in environment.parts.iter().filter(|part| part.state == state) {
        for trouble in told(part) {
            let shape = shape(part, trouble);
            let client = part.client.as_deref().unwrap_or("environment");
            match known.get(&shape) {
                Some(&at) if groups[at].clients.last() != Some(&client) => {
                    groups[at].clients.push(client);
                    groups[at].since = [groups[at].since, trouble.since].into_iter().flatten().min();
                }
                Some(_) => {}
                None => {
                    known.insert(shape.clone(), groups.len());
                    groups.push(Group { clients: vec![client], trouble, shape, since: trouble.since });
                }
            }
        }
    }
    // What many have comes first; what is alike in that stays in the order of the clients.
    groups.sort_by_key(|group| std::cmp::Reverse(group.clients.len()));
    groups
}

/// Troubles of an instance's own state; what only waits for another is left out.
fn told(part: &Part) -> impl Iterator<Item = &Trouble> {
    let own = || part.troubles.iter().filter(|one| one.state == part.state);
    let waits = |one: &Trouble| matches!(one.reason.as_str(), "Waiting" | "DependencyNotReady");
    let waits_only = own().all(waits);
    own().filter(move |one| waits_only || !waits(one)).take(MOST_TROUBLES)
}

fn shape(part: &Part, trouble: &Trouble) -> Shape {
    let generic = |text: &str| part.client.as_deref().map_or_else(|| text.to_owned(), |client| without(text, client));
    Shape {
        phase: trouble.phase.clone(),
        subject: without_digest(&generic(&subject(trouble))),
        text: generic(&format!("{}\n{}", trouble.message, trouble.said.as_deref().unwrap_or_default())),
        next: trouble.next.as_deref().map(|next| without_digest(&generic(next))),
    }
}

/// `*` for the client's id and its slug, where they stand as words.
fn without(text: &str, client: &str) -> String {
    let slug = client.to_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        out.push_str(if *word == client || *word == slug { "*" } else { word });
        word.clear();
    };
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            flush(&mut word, &mut out);
            out.push(c);
        }
    }
    flush(&mut word, &mut out);
    out
}

/// `*` for the digest at the end of a Job's name.
fn without_digest(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let (word, end) = word.strip_suffix(':').map_or((word, ""), |word| (word, ":"));
        match word.rsplit_once('-') {
            Some((stem, digest)) if digest.len() == 8 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!("{stem}-*{end}")
            }
            _ => format!("{word}{end}"),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn section(out: &mut String, groups: &[Group<'_>], now: i64, page: &Page) {
    let shown = &groups[..groups.len().min(page.limit.unwrap_or(usize::MAX))];
    let first = |group: &Group<'_>| match group.clients.as_slice() {
        [only] => super::table::cut(&printable(only), WIDEST),
        several => format!("{} clients", count(several.len())),
    };
    let phase = |group: &Group<'_>| group.trouble.phase.clone().unwrap_or_default();
    let widest = |cell: &dyn Fn(&Group<'_>) -> String| shown.iter().map(|group| cell(group).width()).max().unwrap_or(0);
    let (left, middle) = (widest(&first), widest(&phase));
    let indent = 2 + left + GAP + if middle > 0 { middle + GAP } else { 0 };
    let room = page.width.saturating_sub(indent).max(24);
    for group in shown {
        let (name, phase) = (first(group), phase(group));
        let mut head = format!("  {name}{}", " ".repeat(left - name.width() + GAP));
        if middle > 0 {
            head.push_str(&format!("{phase}{}", " ".repeat(middle - phase.width() + GAP)));
        }
        let several = group.clients.len() > 1;
        let subject = if several { group.shape.subject.clone() } else { subject(group.trouble) };
        let text = sentence(&Trouble { since: group.since, ..group.trouble.clone() }, now);
        let mut lines = wrap(&printable(&format!("{subject}{text}")), room);
        if several {
            lines.extend(wrap(&printable(&names(&group.clients, room)), room));
        }
        for (at, line) in lines.iter().enumerate() {
            let start = if at == 0 { head.clone() } else { " ".repeat(indent) };
            out.push_str(format!("{start}{line}").trim_end());
            out.push('\n');
        }
        // The first client's, and never broken: a command is there to be copied.
        if let Some(next) = group.trouble.next.as_deref().map(printable) {
            let fits = next.width() + 3 <= room;
            out.push_str(&format!("{}-> {next}\n", " ".repeat(if fits { indent } else { 4 })));
        }
    }
    let left_out: usize = groups[shown.len()..].iter().map(|group| group.clients.len()).sum();
    if left_out > 0 {
        out.push_str(&format!("  and {} more; -v shows all\n", count(left_out)));
    }
}

/// `C1 C2 C3 and 297 more`
fn names(clients: &[&str], room: usize) -> String {
    let mut text = String::new();
    let mut n = 0;
    for client in clients.iter().take(NAMED) {
        if text.width() + client.width() + 18 > room && n > 0 {
            break;
        }
        text.push_str(client);
        text.push(' ');
        n += 1;
    }
    if n < clients.len() {
        text.push_str(&format!("and {} more", count(clients.len() - n)));
    }
    text.trim_end().to_owned()
}

/// `Job postgres-setup-c17-1f0a9c3e: `; nothing where the sentence says enough.
pub(super) fn subject(trouble: &Trouble) -> String {
    let is_told = matches!(trouble.reason.as_str(), "Missing" | "Waiting" | "Unpublished");
    if is_told || trouble.kind.is_empty() || PLAIN.contains(&trouble.kind.as_str()) {
        return String::new();
    }
    format!("{} {}: ", trouble.kind, trouble.name)
}

/// The message with how long and how often, and a container's last words.
pub(super) fn sentence(trouble: &Trouble, now: i64) -> String {
    let age = trouble.since.map(|since| duration(now.saturating_sub(since)));
    let mut beside = Vec::new();
    match (SHOWN.contains(&trouble.reason.as_str()), age) {
        (true, Some(age)) if trouble.restarts.is_none() => beside.push(format!("{} for {age}", trouble.reason)),
        (true, _) => beside.push(trouble.reason.clone()),
        (false, Some(age)) if trouble.state == State::Progressing && trouble.restarts.is_none() => beside.push(age),
        (false, _) => {}
    }
    match trouble.restarts {
        Some(1) => beside.push("1 restart".to_owned()),
        Some(n) => beside.push(format!("{n} restarts")),
        None => {}
    }
    let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join(", ")) };
    let said = trouble.said.as_ref().map(|said| format!(": \"{said}\"")).unwrap_or_default();
    format!("{}{beside}{said}", trouble.message)
}

/// `48 s`, `6 min`, `3 h`, `2 days`
fn duration(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86400),
    }
}

/// Objects whose loss is the loss of what is in them.
const KEPT: [&str; 4] = ["Namespace", "PersistentVolume", "PersistentVolumeClaim", "Secret"];

fn foreign(out: &mut String, environment: &EnvironmentStatus, page: &Page) {
    if environment.foreign.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", page.paint.paint(YELLOW.bold(), "NOT COMMITTED")));
    let mut rest = environment.foreign.as_slice();
    while let Some(first) = rest.first() {
        let n = rest.iter().take_while(|one| one.kind == first.kind).count();
        let (of_kind, others) = rest.split_at(n);
        rest = others;
        let names: Vec<&str> = of_kind.iter().map(|one| one.name.as_str()).collect();
        let room = page.width.saturating_sub(first.kind.width() + 5).max(24);
        let line = format!("  {}   {}", first.kind, self::names(&names, room));
        out.push_str(&format!("{}\n", super::table::cut(&printable(&line), page.width.max(40))));
        if let Some(next) = delete(first, of_kind.len(), &environment.namespace) {
            out.push_str(&format!("    -> {next}\n"));
        }
    }
}

fn delete(first: &Foreign, n: usize, namespace: &str) -> Option<String> {
    let may = first.is_plain && !KEPT.contains(&first.kind.as_str()) && first.kind != "Kustomization";
    let each = if n > 1 { ", and so on" } else { "" };
    may.then(|| {
        format!("if nobody needs it: kubectl delete -n {namespace} {}/{}{each}", first.kind.to_lowercase(), first.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_s_own_names_are_no_difference() {
        assert_eq!(without("Job a-c17-1f0a9c3e of C17, not C170", "C17"), "Job a-*-1f0a9c3e of *, not C170");
        assert_eq!(without_digest("Job a-c17-1f0a9c3e: x"), "Job a-c17-*: x");
    }

    #[test]
    fn durations_are_told_in_one_unit() {
        let all = [0, 119, 120, 7199, 7200, 172_799, 172_800].map(duration);
        assert_eq!(all, ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}
