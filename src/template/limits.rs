//! How much a template may do and make. An author is trusted not to harm, but nobody's loop may stop everybody's
//! pipeline.
//!
//! Tera bounds recursion and the size of expressions. Loops and components call [`TICK_FUNCTION`], what is kept in a
//! variable goes through [`SIZE_FILTER`], and filters that multiply text are replaced: together they bound time and
//! memory. Knows nothing of what is rendered.

use tera::{Error, Kwargs, State, Tera, Value};

use super::functions::with_budget;

/// Called once for every turn of a loop and every use of a component.
pub const TICK_FUNCTION: &str = "lmsgen_tick";
/// What is set to a variable goes through this filter.
pub const SIZE_FILTER: &str = "lmsgen_size";
/// Every message about a limit starts with this.
pub const BEYOND: &str = "the template goes beyond a limit: ";

/// Turns of loops and uses of components while one template is rendered once.
const MAX_STEPS: usize = 1_000_000;
/// Size of one value in a variable, in bytes of text.
const MAX_VALUE: usize = 1 << 20;
/// Size of all values that one rendering prints.
const MAX_PRINTED: usize = 8 << 20;
/// What a value costs besides its text.
const NODE: usize = 8;
/// Looking at this many bytes costs as much as a turn of a loop.
const BYTES_PER_STEP: usize = 64;

/// What is left for one rendering of one template.
#[derive(Debug)]
pub struct Budget {
    steps: usize,
    printed: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: MAX_STEPS, printed: MAX_PRINTED }
    }
}

impl Budget {
    fn take_steps(&mut self, steps: usize) -> Result<(), Error> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            beyond(&format!("its loops take more than {MAX_STEPS} turns"), "look for a loop over too many items")
        })?;
        Ok(())
    }

    /// Takes a value that is kept.
    fn keep(&mut self, value: &Value) -> Result<(), Error> {
        let size = size(value, MAX_VALUE).ok_or_else(too_large)?;
        self.take_steps(size / BYTES_PER_STEP)
    }

    /// Takes a value that is printed.
    ///
    /// # Errors
    /// When values larger than 8 MiB have been printed.
    pub fn print(&mut self, value: &Value) -> Result<(), Error> {
        let left = size(value, self.printed).and_then(|size| self.printed.checked_sub(size));
        self.printed = left
            .ok_or_else(|| beyond(&format!("it prints more than {} MiB of values", MAX_PRINTED >> 20), "print less"))?;
        Ok(())
    }
}

fn beyond(what: &str, help: &str) -> Error {
    Error::message(format!("{BEYOND}{what}; {help}"))
}

fn too_large() -> Error {
    beyond(&format!("a value becomes larger than {} MiB", MAX_VALUE >> 20), "look for a text or list that grows")
}

/// Size of a value in bytes, or `None` above `limit`; looks at no more than that.
fn size(value: &Value, limit: usize) -> Option<usize> {
    let mut left = limit;
    measure(value, &mut left)?;
    Some(limit - left)
}

fn measure(value: &Value, left: &mut usize) -> Option<()> {
    let own = NODE + value.as_str().map_or(0, str::len);
    *left = left.checked_sub(own)?;
    for item in value.as_array().unwrap_or_default() {
        measure(item, left)?;
    }
    for (key, item) in value.as_map().into_iter().flatten() {
        *left = left.checked_sub(key.as_str().map_or(NODE, str::len))?;
        measure(item, left)?;
    }
    Some(())
}

/// Registers the limits with Tera.
pub fn register(tera: &mut Tera) {
    tera.register_function(TICK_FUNCTION, tick);
    tera.register_filter(SIZE_FILTER, |value: Value, _: Kwargs, _: &State| -> Result<Value, Error> {
        with_budget(|budget| budget.keep(&value))?;
        Ok(value)
    });
    tera.register_filter("replace", replace);
    tera.register_filter("join", join);
    tera.register_filter("indent", |_: Value, _: Kwargs, _: &State| -> Result<Value, Error> {
        Err(Error::message("filter `indent` is not available: values need no indentation"))
    });
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is Tera's")]
fn tick(kwargs: Kwargs, _: &State) -> Result<&'static str, Error> {
    let arguments: Option<Value> = kwargs.get("of")?;
    with_budget(|budget| {
        budget.take_steps(1)?;
        arguments.map_or(Ok(()), |arguments| budget.keep(&arguments))
    })?;
    Ok("")
}

/// Tera's filter of this name, with a limit.
#[expect(clippy::needless_pass_by_value, reason = "the signature is Tera's")]
fn replace(text: &str, kwargs: Kwargs, _: &State) -> Result<String, Error> {
    let (from, to): (&str, &str) = (kwargs.must_get("from")?, kwargs.must_get("to")?);
    let found = text.matches(from).count();
    if text.len() + found.saturating_mul(to.len()) > MAX_VALUE {
        return Err(too_large());
    }
    Ok(text.replace(from, to))
}

/// Tera's filter of this name, with a limit.
#[expect(clippy::needless_pass_by_value, reason = "the signature is Tera's")]
fn join(list: &[Value], kwargs: Kwargs, _: &State) -> Result<String, Error> {
    let separator = kwargs.get::<&str>("sep")?.unwrap_or_default();
    let mut text = String::new();
    for (nth, item) in list.iter().enumerate() {
        if nth > 0 {
            text.push_str(separator);
        }
        size(item, MAX_VALUE).ok_or_else(too_large)?;
        text.push_str(&item.to_string());
        if text.len() > MAX_VALUE {
            return Err(too_large());
        }
    }
    Ok(text)
}
