//! The way into an environment's cluster: where its token is comes from the fleet, the token from the environment of the
//! program or a file.

use std::path::Path;

use lmsgen::cluster::{Access, Cluster, Token};
use lmsgen::files::Root;
use lmsgen::fleet::{self, Environment, Fleet, Sources, TokenSource};
use lmsgen::ops::Error;

use super::environment::variable;
use super::exit::Exit;
use super::outside::{into_text, read_regular};
use super::show::failed;
use super::ui::Ui;

/// Larger than any token, and any list of certificates.
const LARGEST: usize = 1 << 20;

/// Opens the way into the cluster of `environment`.
///
/// # Errors
/// The exit code, after a message.
pub fn of_environment(environment: &Environment, fleet: &Fleet, root: &Root, ui: &Ui) -> Result<Cluster, Exit> {
    let name = &environment.name;
    let usage = |why: String, help: String| {
        ui.complain(&format!("error: {why}\n  = help: {help}"));
        Exit::Usage
    };
    let access = match &environment.cluster {
        None => {
            return Err(usage(
                format!("environments/{name}.toml does not say how its cluster is reached"),
                "write `[cluster]` with `context`, or with `url` and `token`; or read a saved dump with --from".into(),
            ));
        }
        Some(fleet::Cluster::Context(context)) => Access::Context(context.clone()),
        Some(fleet::Cluster::Server { url, token, authority }) => {
            let text = match token {
                TokenSource::Variable(variable_name) => {
                    let value = variable(variable_name).and_then(|value| value.into_string().ok());
                    value.map(zeroize::Zeroizing::new).ok_or_else(|| {
                        let help = "set it to the token; it is not passed on in any environment or argument".to_owned();
                        usage(format!("the variable {variable_name} of environments/{name}.toml is not set"), help)
                    })?
                }
                TokenSource::File(path) => read(&root.path().join(path), ui)?,
            };
            let token = Token::new(&text).map_err(|error| failed(ui, &Error::from(error)))?;
            let authority = match authority {
                Some(path) => Some(read(&root.path().join(path), ui)?.as_bytes().to_vec()),
                None => None,
            };
            Access::Token { url: url.clone(), token, authority }
        }
    };
    Ok(Cluster::new(access, token_variables(fleet)))
}

fn read(path: &Path, ui: &Ui) -> Result<zeroize::Zeroizing<String>, Exit> {
    let told = |error: &dyn std::fmt::Display| {
        ui.complain(&format!("error: {}: {error}", path.display()));
        Exit::Io
    };
    let bytes = read_regular(path, LARGEST).map_err(|error| told(&error))?;
    into_text(bytes).map_err(|_| told(&"is no text"))
}

/// Variables that hold tokens of any cluster of the fleet at `root`, as far as it can be read.
pub fn token_variables_at(root: &Root) -> Vec<String> {
    let fleet = Sources::from_disk(root).ok().and_then(|sources| fleet::load(&sources).fleet);
    fleet.as_ref().map(token_variables).unwrap_or_default()
}

/// Variables that hold tokens of any cluster of the fleet.
fn token_variables(fleet: &Fleet) -> Vec<String> {
    let name = |environment: &Environment| match &environment.cluster {
        Some(fleet::Cluster::Server { token: TokenSource::Variable(name), .. }) => Some(name.clone()),
        _ => None,
    };
    fleet.environments.iter().filter_map(name).collect()
}
