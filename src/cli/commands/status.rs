//! `lmsgen status`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use lmsgen::cluster;
use lmsgen::files::Root;
use lmsgen::ops::{self, Answer, Error, Question};
use lmsgen::report::{Base, StatusFormat, status_report};
use lmsgen::status::{Seen, State, Status as Judged, parse_time};

use crate::cli::app::Select;
use crate::cli::clock::Watch;
use crate::cli::duration::Span;
use crate::cli::exit::Exit;
use crate::cli::show::{failed, outcome};
use crate::cli::targets::{Planned, Said, Target};
use crate::cli::ui::Ui;
use crate::cli::{cluster as way, dumps};

/// Say whether what is committed runs: ready, progressing or failed, and why.
///
/// Compares the tree at HEAD with objects of the cluster, which `kubectl` reads: at most a few runs for each environment,
/// however many clients there are. `[cluster]` of the environment says how the cluster is reached. Secrets are never asked for,
/// and nothing is changed.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    select: Select,
    /// Read a saved `kubectl get … -o json` instead of a cluster; `-` is stdin; may be given several times
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch", "wait"])]
    from: Vec<PathBuf>,
    /// When the dump was made [default: when its file was written]
    #[arg(long, requires = "from", value_name = "TIME", value_parser = time)]
    at: Option<i64>,
    /// Look again and again, until interrupted
    #[arg(long, conflicts_with_all = ["wait", "output", "exit_code"])]
    watch: bool,
    /// Wait until everything is ready; exit with 1 if it is not in time
    #[arg(long)]
    wait: bool,
    /// How long to wait: 90s, 10m, 1h
    #[arg(long, requires = "wait", default_value = "10m", value_name = "TIME")]
    timeout: Span,
    /// How often to look
    #[arg(long, default_value = "5s", value_name = "TIME")]
    every: Span,
    /// Exit with 1 when anything is not ready
    #[arg(long)]
    exit_code: bool,
    /// How to say it, and where: text, json, html or junit, to stdout or to a file; may be given several times
    #[arg(short, long, value_name = "FORMAT[=PATH]")]
    output: Vec<Target<StatusFormat>>,
}

fn time(text: &str) -> Result<i64, &'static str> {
    parse_time(text).ok_or("write a time such as 2026-01-02T03:04:05Z")
}

pub fn run(command: &Status, root: &Root, ui: &Ui) -> Result<Exit, Exit> {
    let reports = Planned::new(&command.output, ui)?;
    let mut question = question(command, root, ui)?;
    if !command.from.is_empty() {
        let status = from_dump(command, &mut question, ui)?;
        return report(command, &reports, &question, &status, ui);
    }
    let without = question.leave_out_unreachable();
    if !without.is_empty() {
        ui.say(&format!("Left out, they have no `[cluster]`: {}", without.join(", ")));
    }
    let clusters = question.environments.iter().map(|one| &question.fleet.environments[one.environment]);
    let clusters = clusters.map(|one| way::of_environment(one, &question.fleet, root, ui));
    let clusters: Vec<cluster::Cluster> = clusters.collect::<Result<_, Exit>>()?;
    let mut status = look(&question, &clusters, ui).map_err(|error| failed(ui, &error))?;
    if command.watch {
        return watch(command, question, &clusters, status, (root, ui));
    }
    if command.wait {
        status = wait(command, &question, &clusters, status, ui)?;
    }
    report(command, &reports, &question, &status, ui)
}

fn question(command: &Status, root: &Root, ui: &Ui) -> Result<Question, Exit> {
    let checked = ops::status_question(root, &command.select.clone().into()).map_err(|error| failed(ui, &error))?;
    outcome(ui, checked)
}

fn from_dump(command: &Status, question: &mut Question, ui: &Ui) -> Result<Judged, Exit> {
    let dumps = dumps::read(&command.from, ui)?;
    let namespaces: Vec<String> = question.namespaces().map(str::to_owned).collect();
    let absent = question.leave_out_absent(&dumps.dump);
    if question.environments.is_empty() {
        ui.complain(&format!(
            "error: the dump holds nothing of the namespaces {}\n  = help: name an environment with -e if its namespace is empty",
            namespaces.join(", ")
        ));
        return Err(Exit::Usage);
    }
    if !absent.is_empty() {
        ui.say(&format!("Left out, the dump holds nothing of them: {}", absent.join(", ")));
    }
    let written = command.at.or(dumps.written).unwrap_or(ui.page().now);
    // Nothing of it can have happened after it was made.
    let at = if command.at.is_some() { written } else { dumps.dump.latest().map_or(written, |one| one.max(written)) };
    let answer = Answer { seen: Seen::in_dump(&dumps.dump), dump: dumps.dump, refused: Vec::new() };
    let answers: Vec<&Answer> = question.environments.iter().map(|_| &answer).collect();
    Ok(question.judge(&answers, at))
}

/// Asks all clusters at once.
fn look(question: &Question, clusters: &[cluster::Cluster], ui: &Ui) -> Result<Judged, Error> {
    let answers: Vec<Result<Answer, Error>> = std::thread::scope(|scope| {
        let asked: Vec<_> = question
            .environments
            .iter()
            .zip(clusters)
            .map(|(one, cluster)| scope.spawn(|| ops::ask_cluster(cluster, &one.queries)))
            .collect();
        asked.into_iter().map(|one| one.join().expect("asking does not panic")).collect()
    });
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    for (one, answer) in question.environments.iter().zip(&answers) {
        if !answer.refused.is_empty() {
            let name = &question.fleet.environments[one.environment].name;
            ui.detail(&format!("{name}: the cluster does not give {}", answer.refused.join(", ")));
        }
    }
    Ok(question.judge(&answers.iter().collect::<Vec<_>>(), ui.page().now))
}

fn report(
    command: &Status,
    reports: &Planned<StatusFormat>,
    question: &Question,
    status: &Judged,
    ui: &Ui,
) -> Result<Exit, Exit> {
    let base = question.revision.as_ref().map(Base::from);
    let text = |format, page: &_| status_report(status, base.as_ref(), format, page);
    if reports.write(text, Exit::Done, ui)? == Said::InFiles {
        ui.print(&text(StatusFormat::Text, &ui.page()))?;
    }
    for one in status.environments.iter().filter(|one| !one.unseen.is_empty()) {
        ui.detail(&format!("{}: not looked at: {}", one.name, one.unseen.join(", ")));
    }
    let is_asked = command.exit_code || command.wait;
    Ok(if is_asked && !status.is_ready() { Exit::Differences } else { Exit::Done })
}

/// Looks until everything is ready or the time is over. A cluster that cannot be read for a while is asked again.
fn wait(
    command: &Status,
    question: &Question,
    clusters: &[cluster::Cluster],
    mut status: Judged,
    ui: &Ui,
) -> Result<Judged, Exit> {
    let clock = Watch::start();
    let timeout = u64::try_from(command.timeout.0.as_millis()).unwrap_or(u64::MAX);
    let mut said = String::new();
    let mut broken: Option<Error> = None;
    loop {
        let now = counts(&status);
        if now != said && broken.is_none() {
            ui.say(&format!("{now} ({})", clock.shown()));
            said = now;
        }
        if status.is_ready() && broken.is_none() {
            return Ok(status);
        }
        let left = timeout.saturating_sub(clock.millis());
        if left == 0 {
            return broken.map_or(Ok(status), |error| Err(failed(ui, &error)));
        }
        std::thread::sleep(command.every.0.min(Duration::from_millis(left)));
        match look(question, clusters, ui) {
            Ok(next) => (status, broken) = (next, None),
            Err(error) => {
                if broken.is_none() {
                    ui.say(&format!("{error}; asking again"));
                }
                broken = Some(error);
            }
        }
    }
}

fn counts(status: &Judged) -> String {
    let n = |state| status.environments.iter().map(|one| one.n(state)).sum::<usize>();
    let [failed, progressing, ready] = [State::Failed, State::Progressing, State::Ready].map(n);
    format!("{failed} failed · {progressing} progressing · {ready} ready")
}

/// Draws again and again, and follows new commits.
fn watch(
    command: &Status,
    mut question: Question,
    clusters: &[cluster::Cluster],
    mut status: Judged,
    (root, ui): (&Root, &Ui),
) -> Result<Exit, Exit> {
    loop {
        let base = question.revision.as_ref().map(Base::from);
        ui.redraw(&status_report(&status, base.as_ref(), StatusFormat::Text, &ui.page()))?;
        std::thread::sleep(command.every.0);
        let next = self::question(command, root, ui)?;
        // Other environments would need other ways into clusters.
        let is_same = next.environments.len() == question.environments.len();
        question = if is_same { next } else { question };
        match look(&question, clusters, ui) {
            Ok(next) => status = next,
            Err(error) => ui.say(&format!("{error}; asking again")),
        }
    }
}
