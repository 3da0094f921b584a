//! Takes out of wasm-bindgen's output what nobody needs and shortens what nobody reads: exported classes of libraries
//! that are never used (and all the code behind them), the long names by which glue and app call each other, and the
//! names of source files that a panic would give. Saves 8 % of what every visitor downloads. Reads the glue by its lines; a new version that writes it otherwise fails here.

use crate::reach::Linked;
use crate::{Failure, traps};
use std::collections::{BTreeMap, BTreeSet};
use walrus::Module;

/// The last line of the glue.
const EXPORTS: &str = "export { initSync, __wbg_init as default };";
/// How the app names the glue.
const MODULE: &str = "\"./app_bg.js\"";
const SHORT_MODULE: &str = "_";

/// Slims `module` and its `glue`, whose default export then loads the app from the address that stands for `ADDRESS`,
/// starts it and answers when it lives.
pub fn slim(glue: &str, module: &mut Module, linked: &Linked) -> Result<String, Failure> {
    if !glue.contains(EXPORTS) || !glue.contains(MODULE) {
        return Err(format!("wasm-bindgen's glue lacks {EXPORTS} or {MODULE}").into());
    }
    let glue = without_exports(glue);
    drop_unnamed_exports(&glue, module);
    let trap = traps::cut(module)?;
    linked.drop_unreached(module, trap)?;
    walrus::passes::gc::run(module);
    blank_sources(module)?;
    let short = shorten(module);
    let glue = without_imports(&glue, &short);
    let words = words(&glue).collect::<BTreeSet<_>>();
    if let Some(missing) = short.keys().find(|name| !words.contains(name.as_str())) {
        return Err(format!("the app wants {missing}, which wasm-bindgen's glue does not have").into());
    }
    let glue = renamed(&glue, &short).replace(MODULE, SHORT_MODULE);
    let start = "export default async () => __wbg_finalize_init((await WebAssembly.instantiateStreaming(\
                 fetch(ADDRESS), __wbg_get_imports())).instance);";
    Ok(glue.replace(EXPORTS, start))
}

/// How the name of a source file begins: the standard library's, a dependency's, our own.
const SOURCES: [&[u8]; 4] = [b"/rustc/", b"/rust/deps/", b"cargo/registry/", b"src/"];

/// Fills the names of source files with zeros, which weigh nothing. The app has no panic hook: nobody sees them.
fn blank_sources(module: &mut Module) -> Result<(), Failure> {
    let mut blanked = 0;
    let all: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for id in all {
        let data = module.data.get_mut(id);
        for text in data.value.split_mut(|byte| *byte == 0).filter(|text| text.ends_with(b".rs")) {
            let starts = |at: &usize| SOURCES.iter().any(|source| text[*at..].starts_with(source));
            let Some(start) = (0..text.len()).find(starts) else { continue };
            text[start..].fill(0);
            blanked += 1;
        }
    }
    if blanked == 0 {
        Err("the app names no source files, or otherwise than by paths that end in .rs".into())
    } else {
        Ok(())
    }
}

/// The glue without what it exports, its last line apart: the app reaches out, nobody reaches in.
fn without_exports(glue: &str) -> String {
    let mut out = String::with_capacity(glue.len());
    let mut end = None;
    for line in glue.lines() {
        match line {
            _ if end == Some(line) || end.is_some_and(|end| end == ";" && line.ends_with(';')) => end = None,
            _ if end.is_some() => {}
            _ if line.starts_with("export class ") || line.starts_with("export function ") => end = Some("}"),
            _ if line.starts_with("const ") && line.contains("Finalization = ") => end = Some(";"),
            _ if line.starts_with("if (Symbol.dispose) ") => {}
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

fn drop_unnamed_exports(glue: &str, module: &mut Module) {
    let named = words(glue).collect::<BTreeSet<_>>();
    let unnamed = module.exports.iter().filter(|export| !named.contains(export.name.as_str()));
    for id in unnamed.map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
}

/// Gives every import, and every export with a made-up name, a short one; old names with their new ones.
fn shorten(module: &mut Module) -> BTreeMap<String, String> {
    let mut short = BTreeMap::new();
    for import in module.imports.iter_mut() {
        let new = short_name(short.len());
        short.insert(std::mem::replace(&mut import.name, new.clone()), new);
        import.module = SHORT_MODULE.to_owned();
    }
    for export in module.exports.iter_mut().filter(|export| export.name.starts_with('_')) {
        let new = short_name(short.len());
        short.insert(std::mem::replace(&mut export.name, new.clone()), new);
    }
    short
}

/// `a`, `b` … `Z`, `aa`, `ba` …
fn short_name(mut number: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut out = String::new();
    loop {
        out.push(char::from(LETTERS[number % LETTERS.len()]));
        number /= LETTERS.len();
        if number == 0 {
            return out;
        }
    }
}

/// The glue without the functions that the app does not import (any more).
fn without_imports(glue: &str, short: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(glue.len());
    let mut is_unused = false;
    for line in glue.lines() {
        let begun = line.strip_prefix("        ").and_then(|line| line.split_once(": function("));
        if let Some((name, _)) = begun {
            is_unused = name.starts_with("__wb") && !short.contains_key(name);
        }
        if !is_unused {
            out.push_str(line);
            out.push('\n');
        }
        is_unused &= line != "        },";
    }
    out
}

fn renamed(glue: &str, short: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(glue.len());
    let mut rest = glue;
    while let Some(word) = words(rest).next() {
        let at = rest.find(word).unwrap_or_default();
        out.push_str(&rest[..at]);
        out.push_str(short.get(word).map_or(word, String::as_str));
        rest = &rest[at + word.len()..];
    }
    out + rest
}

/// The identifiers in a script, and whatever looks like one.
fn words(script: &str) -> impl Iterator<Item = &str> {
    let stray = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$');
    script.split(stray).filter(|word| !word.is_empty())
}
