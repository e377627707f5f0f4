//! From source files to texts: what cannot be read as text is reported here, and no private key gets further.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::layout::{Place, Wrong, ignored, place};
use super::sources::{Content, Sources};
use crate::diagnostic::{Class, Code, Diagnostic, FileId, Sink, SourceMap, Span};
use crate::document::{MAX_FILE_BYTES, decode, escaped, quoted};
use crate::names::RelPath;

const NOT_REGULAR: Code = Code::new("LMS120", Class::Input);
const TOO_LARGE: Code = Code::new("LMS121", Class::Limit);
const ENCODING: Code = Code::new("LMS122", Class::Input);
const PRIVATE_KEY: Code = Code::new("LMS123", Class::Input);
const BAD_PATH: Code = Code::new("LMS124", Class::Input);

/// A file that could be read.
pub(super) struct SourceText {
    pub(super) file: FileId,
    pub(super) text: Arc<str>,
    pub(super) path: RelPath,
}

/// What decoding one file gave.
struct Decoded {
    text: String,
    /// Offset of the first byte that is no UTF-8.
    broken_at: Option<usize>,
    /// Where private keys stand.
    keys: Vec<std::ops::Range<usize>>,
}

/// Puts every file into `map`, reports what cannot be used, and returns what there is by path; `None` where there
/// is no text.
pub(super) fn read(sources: &Sources, map: &mut SourceMap, sink: &mut Sink) -> Vec<(Place, Option<SourceText>)> {
    for shown in sources.refused() {
        let message = format!("{} has a name that no file of a fleet may have", quoted(shown));
        sink.push(Diagnostic::error(BAD_PATH, message).help("rename it: UTF-8 without control characters and `\\`"));
    }
    let places: Vec<_> = sources.iter().map(|(path, content)| (path, content, place(path))).collect();
    let decoded: Vec<Option<Decoded>> = places
        .par_iter()
        .with_min_len(64)
        .map(|(_, content, place)| match (content, place) {
            (_, Place::Nothing | Place::Ignored | Place::Wrong(_)) => None,
            (Content::File(bytes), _) if bytes.len() as u64 <= MAX_FILE_BYTES => Some(decode_all(bytes)),
            _ => None,
        })
        .collect();
    let mut texts = Vec::with_capacity(places.len());
    let mut below: HashMap<String, usize> = HashMap::new();
    for (path, ..) in places.iter().filter(|(.., place)| matches!(place, Place::Wrong(Wrong::Below))) {
        *below.entry(folder(path)).or_default() += 1;
    }
    for ((path, content, place), decoded) in places.into_iter().zip(decoded) {
        if matches!(place, Place::Nothing) {
            continue;
        }
        let text: Arc<str> = decoded.as_ref().map_or("", |decoded| &decoded.text).into();
        let file = map.add(escaped(path.as_str()), text);
        let text = map.get(file).text.clone();
        let start = Span::file_start(file);
        match place {
            Place::Ignored => sink.push(ignored(path, start)),
            // A folder with a whole repository in it is one mistake.
            Place::Wrong(Wrong::Below) => {
                let folder = folder(path);
                if let Some(n) = below.remove(&folder) {
                    sink.push(in_folder(n, &folder, path, start));
                }
            }
            Place::Wrong(wrong) => sink.push(wrong.fault(path, start)),
            place => match decoded {
                None => {
                    sink.push(unreadable(path, content).at(start, ""));
                    texts.push((place, None));
                }
                Some(decoded) => {
                    report(file, &decoded, sink);
                    let text = SourceText { file, text, path: path.clone() };
                    texts.push((place, decoded.broken_at.is_none().then_some(text)));
                }
            },
        }
    }
    texts
}

/// One fault for `n` files of a folder that is none of the fleet's; `path` is the first of them.
fn in_folder(n: usize, folder: &str, path: &RelPath, start: Span) -> Diagnostic {
    let fault = Wrong::Below.fault(path, start);
    match n {
        1 => fault,
        n => Diagnostic { message: format!("{n} files of {} do not belong here", quoted(folder)), ..fault },
    }
}

/// `clients/sub` of everything below it.
fn folder(path: &RelPath) -> String {
    path.as_str().split('/').take(2).collect::<Vec<_>>().join("/")
}

fn unreadable(path: &RelPath, content: &Content) -> Diagnostic {
    let name = quoted(path.as_str());
    match content {
        // Where a link leads is nobody's business: it may name a file the reader of the report cannot see.
        Content::NotRegular => Diagnostic::error(NOT_REGULAR, format!("{name} is not a regular file"))
            .help("put a file there; links and special files are never followed"),
        Content::File(_) | Content::TooLarge => {
            Diagnostic::error(TOO_LARGE, format!("{name} is larger than {} KiB", MAX_FILE_BYTES >> 10))
        }
    }
}

fn decode_all(bytes: &[u8]) -> Decoded {
    let (text, broken_at) = match decode(bytes) {
        Ok(text) => (text, None),
        Err(fault) => (String::from_utf8_lossy(bytes).into_owned(), Some(fault.at)),
    };
    Decoded { keys: find_keys(&text), text, broken_at }
}

/// Every private key. The source map masks them, so that no report can show one.
fn find_keys(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut keys = Vec::new();
    for mark in ["AGE-SECRET-KEY-", "age-secret-key-"] {
        for (at, _) in text.match_indices(mark) {
            let rest = text[at + mark.len()..].bytes();
            let length = rest.take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
            if length > 0 {
                keys.push(at..at + mark.len() + length);
            }
        }
    }
    keys
}

fn report(file: FileId, decoded: &Decoded, sink: &mut Sink) {
    if let Some(at) = decoded.broken_at {
        let at = decoded.text.floor_char_boundary(at);
        sink.push(Diagnostic::error(ENCODING, "not UTF-8").at(Span::new(file, at..at), "first wrong byte"));
    }
    for key in &decoded.keys {
        let span = Span::new(file, key.clone());
        sink.push(
            Diagnostic::error(PRIVATE_KEY, "a private age key stands in the fleet")
                .at(span, "")
                .help("remove it, make a new key and rewrap the secrets: whoever can read the repository has this one"),
        );
    }
}
