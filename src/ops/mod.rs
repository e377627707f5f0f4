//! Use cases, one file each: they return outcomes and print nothing.
//!
//! Every use case that works from a fleet's files returns [`Checked`]: all faults at once, and an outcome only when
//! none of them is an error.

mod adopt;
mod adopt_propose;
mod apply_plan;
mod bind;
mod causes;
mod clients;
mod committed;
mod convert;
mod diff;
mod error;
mod explain;
mod generate;
mod interrupted;
mod manifests;
mod named_files;
mod orphans;
mod pipeline;
mod places;
mod plaintext;
mod prepare;
mod publish;
mod publish_guards;
mod publish_message;
mod render;
mod rewrap;
mod rotate;
mod scan;
mod scope;
mod secret_place;
mod secret_status;
mod secret_verify;
mod secrets;
mod sops_yaml;
mod status;
mod status_hints;
mod store;
mod store_change;
mod store_copies;
mod store_files;
mod store_guard;
mod store_history;
mod typed_key;
mod validate;
mod validate_file;
mod validate_files;

pub use adopt::{AdoptOptions, Adoption, adopt, write_adoption};
pub use apply_plan::apply_plan;
pub use bind::bind_secrets;
pub use clients::{
    ClientLine, EnvironmentLine, NewClientOutcome, Settings, client_settings, clients, environments, new_client,
};
pub use convert::convert_secrets;
pub use diff::{DiffOutcome, diff};
pub use error::Error;
pub use explain::{Explained, explain};
pub use generate::Generated;
pub use interrupted::finish_interrupted;
pub use manifests::{Document, Manifests, ManifestsOptions, manifests};
pub use pipeline::{PipelineFile, Runner, pipeline, write_pipeline};
pub use places::{Place, Places, secret_places};
pub use prepare::{Checked, Prepared};
pub use publish::{Allowed, PublishOptions, PublishOutcome, publish};
pub use publish_message::Summary;
pub use render::{RenderOptions, RenderOutcome, Watch, render};
pub use rewrap::{RecipientChange, rewrap_secrets};
pub use rotate::{RotateTarget, Rotated, rotate_secrets};
pub use scan::{ScanTarget, Scanned, scan};
pub use scope::outside_clients;
pub use secret_status::secret_status;
pub use secret_verify::{Verified, verify_secrets};
pub use secrets::{
    EditOutcome, Editing, GenerateOutcome, Import, SecretRef, SetOutcome, SetTarget, Shown, apply_edit,
    generate_secrets, import_secret, open_for_edit, set_everywhere, set_secret, settable_places, show_secret,
};
pub use status::{Answer, EnvironmentQuestion, Question, ask_cluster, status_question};
pub use store::{Missing, MissingKey};
pub use store_change::{Change, ChangedFile, ChangedFiles};
pub use typed_key::could_be_key;
pub use validate::{Validated, validate};
pub use validate_files::{FileTarget, Input, MAX_FILE, Rules, validate_files};
