//! From a YAML tree to a [`StoreFile`], with every fault named and placed.
//!
//! The slow and exact reader: `scan` must agree with it on every file it takes. No message holds a value.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Fault, PLAINTEXT_SECRET, SHAPE};
use super::file::{
    Entry, Form, Leaf, PLACE, PUBLIC, Places, REVISION, Section, StoreFile, is_label_value, is_public_half,
    is_secret_key, parse_revision,
};
use super::sops_block::Block;
use super::yaml::{self, Document, Node, Scalar, ambiguous};

pub(super) type Map<'t> = [(Scalar<'t>, Node<'t>)];
pub(super) type Labels<'t> = Vec<(Cow<'t, str>, Cow<'t, str>)>;

/// Reads `text`, or says everything that is wrong with it.
pub(super) fn read(text: &str) -> Result<StoreFile<'_>, Vec<Fault>> {
    let document = yaml::parse(text).map_err(|fault| vec![fault])?;
    if !document.root.iter().any(|(key, _)| key.text == "sops") {
        return Err(vec![not_sops(&document)]);
    }
    let mut reader = Reader { text, ..Reader::default() };
    reader.root(&document.root);
    reader.compare_template();
    reader.comments(&document);
    reader.finish()
}

/// The file has no SOPS block: a Secret in the clear, or something else altogether.
fn not_sops(document: &Document<'_>) -> Fault {
    let section = document.root.iter().find(|(key, _)| key.text == "data" || key.text == "stringData");
    match section {
        Some((key, _)) => Fault::new(
            PLAINTEXT_SECRET,
            key.span.clone(),
            "a plaintext Secret where a SOPS file is expected",
        )
        .help(
            "take every value in it as known to others: make new values, encrypt the file with `sops encrypt -i FILE`, \
                 and remove the plaintext from the history of the repository",
        ),
        None => Fault::new(PLAINTEXT_SECRET, 0..0, "not encrypted with SOPS")
            .help("store files are Secrets encrypted with SOPS: this one has no `sops` block"),
    }
}

#[derive(Default)]
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) faults: Vec<Fault>,
    pub(super) form: Form,
    pub(super) name: Option<Cow<'t, str>>,
    /// With the places of the key and of the value.
    pub(super) namespace: Option<(Cow<'t, str>, Range<usize>, Range<usize>)>,
    pub(super) labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    pub(super) place: Option<(Cow<'t, str>, Range<usize>)>,
    pub(super) public: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    pub(super) public_at: Vec<(String, Range<usize>)>,
    pub(super) comments_at: Vec<(Range<usize>, String)>,
    pub(super) revision: Option<(u64, Range<usize>)>,
    pub(super) labels_at: Option<usize>,
    pub(super) annotations: Option<usize>,
    /// Name and labels of the template of a `SopsSecret`, and its place.
    pub(super) template: Option<(Option<Cow<'t, str>>, Labels<'t>, Range<usize>)>,
    /// Where `data` and `stringData` stand.
    pub(super) sections: Vec<(Section, Range<usize>)>,
    pub(super) entries: Vec<Entry<'t>>,
    pub(super) leaves: Vec<Leaf<'t>>,
    /// Where the key `sops` stands, and what is under it.
    pub(super) sops: usize,
    pub(super) block: Block<'t>,
}

impl<'t> Reader<'t> {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(super) fn shape(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.fault(Fault::new(SHAPE, span.clone(), message));
    }

    fn root(&mut self, root: &Map<'t>) {
        let is_kind = |kind: &str| {
            root.iter().any(|(key, node)| key.text == "kind" && matches!(node, Node::Scalar(text) if text.text == kind))
        };
        self.form = if is_kind(Form::SopsSecret.object().1) { Form::SopsSecret } else { Form::Secret };
        let (api_version, kind) = self.form.object();
        self.require(root, 0..0, "", &["apiVersion", "kind", "metadata"]);
        match self.form {
            Form::Secret => self.require_section(root, &(0..0)),
            Form::SopsSecret => self.require(root, 0..0, "", &["spec"]),
        }
        for (key, node) in root {
            match (&*key.text, self.form) {
                ("apiVersion", _) => self.constant(key, node, api_version),
                ("kind", _) => self.constant(key, node, kind),
                ("metadata", _) => {
                    let map = self.map(key, node);
                    self.metadata(map, &key.span);
                }
                ("spec", Form::SopsSecret) => {
                    let map = self.map(key, node);
                    self.spec(map, &key.span);
                }
                ("type" | "data" | "stringData", Form::Secret) => self.body(key, node),
                ("sops", _) => {
                    self.sops = key.span.start;
                    self.block = Block::read(self.text, key, node, &mut self.faults);
                }
                (other, _) => {
                    let message = format!("unknown key `{other}` in a stored Secret");
                    self.shape(&key.span, message);
                }
            }
        }
    }

    /// A section of values under `map`, which stands at `at`.
    fn require_section(&mut self, map: &Map<'t>, at: &Range<usize>) {
        if !map.iter().any(|(key, _)| matches!(&*key.text, "data" | "stringData")) {
            self.shape(at, "the file has no `stringData`");
        }
    }

    /// What a Secret and a template of a `SopsSecret` share.
    fn body(&mut self, key: &Scalar<'t>, node: &Node<'t>) {
        match &*key.text {
            "data" => self.section(Section::Data, key, node),
            "stringData" => self.section(Section::StringData, key, node),
            _ => self.constant(key, node, "Opaque"),
        }
    }

    /// The `spec` of a `SopsSecret`: one template, named and labelled as the object.
    fn spec(&mut self, map: &Map<'t>, at: &Range<usize>) {
        self.require(map, at.clone(), "spec.", &["secretTemplates"]);
        for (key, node) in map {
            match (&*key.text, node) {
                ("secretTemplates", Node::List(items, span)) => match items.as_slice() {
                    [template] => {
                        let map = self.map(key, template);
                        self.template(map, span);
                    }
                    _ => self.shape(span, "a stored SopsSecret makes one Secret"),
                },
                ("secretTemplates", _) => self.shape(&node.span(), "`secretTemplates` is no list"),
                (other, _) => {
                    let message = format!("unknown key `spec.{other}` in a stored SopsSecret");
                    self.shape(&key.span, message);
                }
            }
        }
    }

    fn template(&mut self, map: &Map<'t>, at: &Range<usize>) {
        self.require(map, at.clone(), "spec.secretTemplates[0].", &["name"]);
        self.require_section(map, at);
        let (mut own, mut labels) = (None, Vec::new());
        for (key, node) in map {
            match &*key.text {
                "name" => own = self.clear(key, node),
                "labels" => {
                    for (name, node) in self.map(key, node) {
                        labels.extend(self.label(name, node));
                    }
                }
                "type" | "data" | "stringData" => self.body(key, node),
                other => {
                    let message = format!("unknown key `spec.secretTemplates[0].{other}` in a stored SopsSecret");
                    self.shape(&key.span, message);
                }
            }
        }
        self.template = Some((own, labels, at.clone()));
    }

    /// The Secret that the operator makes is named and labelled as what is reviewed.
    fn compare_template(&mut self) {
        if let Some((name, labels, at)) = self.template.take()
            && self.faults.is_empty()
            && (name != self.name || labels != self.labels)
        {
            self.shape(&at, "the template has another name or other labels than the SopsSecret");
        }
    }

    fn require(&mut self, map: &Map<'t>, at: Range<usize>, prefix: &str, keys: &[&str]) {
        for missing in keys.iter().filter(|key| !map.iter().any(|(present, _)| present.text == **key)) {
            self.shape(&at, format!("the file has no `{prefix}{missing}`"));
        }
    }

    fn metadata(&mut self, map: &Map<'t>, at: &Range<usize>) {
        self.require(map, at.clone(), "metadata.", &["name", "namespace"]);
        for (key, node) in map {
            match &*key.text {
                "name" => self.name = self.clear(key, node),
                "namespace" => {
                    self.namespace = self.clear(key, node).map(|text| (text, key.span.clone(), node.span()));
                }
                "labels" => {
                    self.labels_at = Some(key.span.start);
                    for (name, node) in self.map(key, node) {
                        let label = self.label(name, node);
                        self.labels.extend(label);
                    }
                }
                "annotations" => {
                    for (name, node) in self.map(key, node) {
                        self.annotation(name, node);
                    }
                }
                other => {
                    let message = format!("unknown key `metadata.{other}` in a stored Secret");
                    self.shape(&key.span, message);
                }
            }
        }
    }

    fn label(&mut self, key: &Scalar<'t>, node: &Node<'t>) -> Option<(Cow<'t, str>, Cow<'t, str>)> {
        if matches!(&*key.text, "data" | "stringData" | "") {
            let message = format!("a label named `{}`: SOPS would encrypt it", key.text);
            self.shape(&key.span, message);
        }
        let value = self.clear(key, node)?;
        if !is_label_value(&value) {
            let message = format!("the value of label `{}` is none that Kubernetes takes", key.text);
            self.shape(&node.span(), message);
        }
        Some((key.text.clone(), value))
    }

    fn annotation(&mut self, key: &Scalar<'t>, node: &Node<'t>) {
        let Some(value) = self.clear(key, node) else { return };
        self.annotations.get_or_insert(key.span.start);
        if &*key.text == REVISION {
            match parse_revision(&value) {
                Some(revision) => self.revision = Some((revision, node.span())),
                None => self.shape(&node.span(), format!("`{REVISION}` is no number from 1")),
            }
        } else if &*key.text == PLACE {
            // Other texts before it hold no slash, so nothing can be moved from them into it.
            if !self.public.is_empty() {
                self.shape(&key.span, format!("`{PLACE}` stands behind other annotations"));
            }
            self.place = Some((value, node.span()));
        } else if let Some(public) = key.text.strip_prefix(PUBLIC).filter(|name| is_secret_key(name)) {
            if is_public_half(&value) {
                self.public.push((public.to_owned().into(), value));
                self.public_at.push((public.to_owned(), node.span()));
            } else {
                self.shape(&node.span(), format!("`{}` is no public half of a key", key.text));
            }
        } else {
            let message = format!("unknown annotation `{}` on a stored Secret", key.text);
            self.shape(&key.span, message);
        }
    }

    pub(super) fn map<'n>(&mut self, key: &Scalar<'t>, node: &'n Node<'t>) -> &'n Map<'t> {
        let Node::Map(map, _) = node else {
            self.shape(&node.span(), format!("`{}` is no mapping", key.text));
            return &[];
        };
        map
    }

    /// A string that is not encrypted and that every reader takes for a string; part of the MAC.
    fn clear(&mut self, key: &Scalar<'t>, node: &Node<'t>) -> Option<Cow<'t, str>> {
        match node {
            Node::Scalar(value) if value.plain && ambiguous(&value.text) => {
                self.fault(
                    Fault::new(SHAPE, value.span.clone(), format!("`{}` is not certainly a string", key.text))
                        .help("quote the value"),
                );
                None
            }
            Node::Scalar(value) => {
                self.leaves.push(Leaf::Clear(value.text.clone()));
                Some(value.text.clone())
            }
            _ => {
                self.shape(&node.span(), format!("`{}` is no string", key.text));
                None
            }
        }
    }

    fn constant(&mut self, key: &Scalar<'t>, node: &Node<'t>, expected: &str) {
        if self.clear(key, node).is_some_and(|value| value != expected) {
            self.shape(&node.span(), format!("`{}` of a stored Secret must be `{expected}`", key.text));
        }
    }

    fn finish(self) -> Result<StoreFile<'t>, Vec<Fault>> {
        // Whatever is missing here has been reported.
        let (Some(name), Some(namespace), Some(last_modified), Some(mac), true) =
            (self.name, self.namespace, self.block.last_modified, self.block.mac, self.faults.is_empty())
        else {
            return Err(self.faults);
        };
        let (revision, revision_at) = self.revision.map_or((1, None), |(number, at)| (number, Some(at)));
        let (place, place_at) = self.place.unzip();
        Ok(StoreFile {
            text: self.text,
            form: self.form,
            place,
            public: self.public,
            name,
            namespace: namespace.0,
            labels: self.labels,
            revision,
            entries: self.entries,
            leaves: self.leaves,
            wraps: self.block.wraps,
            last_modified: last_modified.0,
            mac: mac.0,
            places: Places {
                revision: revision_at,
                place: place_at,
                public: self.public_at,
                labels: self.labels_at,
                annotations: self.annotations,
                namespace: (namespace.1, namespace.2),
                sops: self.sops,
                age: self.block.age,
                comments: self.comments_at,
                last_modified: last_modified.1,
                mac: mac.1,
            },
        })
    }
}
