//! The folders of every environment, whatever its engine.

use rayon::prelude::*;

use super::{argocd, flux, name};
use crate::diagnostic::{Diagnostic, Sink};
use crate::fleet::{Delivery, Fleet};
use crate::tree::{Folder, Tree};

/// The folder of an environment that its engine reads.
pub const DELIVERY: &str = "delivery";

/// The folders of `environments` (indices into the fleet). `rendered`: their other output, for the kinds that the
/// environment's own objects have. Faults go to `sink`.
pub fn folders(fleet: &Fleet, environments: &[usize], rendered: &Tree, sink: &mut Sink) -> Vec<Folder> {
    let made: Vec<(Vec<Folder>, Vec<Diagnostic>)> = environments
        .par_iter()
        .map(|&at| match &fleet.environments[at].delivery {
            Delivery::Flux(flux) => flux::folders(fleet, at, flux),
            Delivery::ArgoCd(argocd) => argocd::folders(fleet, at, argocd, rendered),
            Delivery::Kubectl => Default::default(),
        })
        .collect();
    let mut folders = Vec::new();
    for (mut some, faults) in made {
        folders.append(&mut some);
        for fault in faults {
            sink.push(fault);
        }
    }
    name::check(fleet, sink);
    folders
}
