//! The words that one script alone needs: a section of `assets/words/LANG.json` that is named as the script is.

use crate::Failure;
use serde_json::{Map, Value};
use std::{fs, path::Path};

/// The section of the script at `path`, of every language by its code: an object as JSON.
pub fn of(path: &Path) -> Result<String, Failure> {
    let section = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a script needs a name")?;
    let mut all = Map::new();
    for entry in fs::read_dir(path.with_file_name("words"))? {
        let file = entry?.path();
        let language: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
        let words = language.get(section).ok_or_else(|| format!("{} has no section {section}", file.display()))?;
        let code = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a language needs a code")?;
        all.insert(code.to_owned(), words.clone());
    }
    Ok(Value::Object(all).to_string())
}
