//! Makes everything a browser downloads part of the relay: builds the widget for WebAssembly, minifies scripts, styles
//! and documents of `assets/`, names files by their content, compresses them once and writes the table that
//! `src/assets.rs` includes. Knows nothing of what the files say.
//!
//! `BUILD_SKIP_WIDGET=1` leaves the widget out (quick checks); `BUILD_WIDGET=full` builds it as for a release whatever
//! the profile.

#[path = "build/css.rs"]
mod css;
#[path = "build/pack.rs"]
mod pack;
#[path = "build/reach.rs"]
mod reach;
#[path = "build/relocations.rs"]
mod relocations;
#[path = "build/script.rs"]
mod script;
#[path = "build/slim.rs"]
mod slim;
#[path = "build/table.rs"]
mod table;
#[path = "build/traps.rs"]
mod traps;
#[path = "build/widget.rs"]
mod widget;
#[path = "build/words.rs"]
mod words;

use pack::Effort;
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use table::Table;

/// Why the build of the browser's files stopped; printed as it is.
type Failure = Box<dyn std::error::Error>;

/// Files of `assets/` that a browser fetches by themselves. The others go into a document as text.
const SERVED: [&str; 3] = ["acts.js", "attach.js", "host.js"];

/// The parts of the shell, which are one script: in `assets/shell/`, in this order.
const SHELL: [&str; 7] = ["keep", "words", "port", "composer", "extras", "seam", "start"];

/// Folders of `assets/` that the relay does not serve: the demo's.
const FOREIGN: [&str; 2] = ["desk", "shop"];

/// What stands in a served script for the words that it alone needs, of every language.
const WORDS: &str = "OTKLIK_WORDS";

fn main() {
    if let Err(failure) = run() {
        eprintln!("{failure}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Failure> {
    let server = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = server.parent().ok_or("the server has no folder above it")?.to_owned();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    watch(&root);
    let build = widget::Build::asked_for();
    let effort = if build == widget::Build::Full { Effort::Best } else { Effort::Quick };
    let mut table = Table::default();
    let app = widget::make(build, &root, &out)?;
    let wasm = table.serve("app.wasm", app.wasm.as_slice(), effort)?;
    table.serve("app.js", script::minify(&app.glue(&wasm), script::Kind::Module)?, effort)?;
    table.keep("shell.js", script::minify(&shell(&root.join("assets/shell"))?, script::Kind::Classic)?);
    add_folder(&mut table, &root.join("assets"), "", effort)?;
    table.write(&out, build == widget::Build::Full)?;
    Ok(())
}

/// When to run again: whenever something that ends up in the browser, or its recipe, changes.
fn watch(root: &Path) {
    println!("cargo::rerun-if-env-changed={}", widget::SKIP);
    println!("cargo::rerun-if-env-changed={}", widget::FULL);
    let recipe = ["server/build.rs", "server/build", "assets", "widget/src", "widget/Cargo.toml", "widget/Cargo.lock"];
    for path in recipe.into_iter().chain(["shared/src", "shared/Cargo.toml"]) {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
}

/// Adds what lies in `folder`, by its path below `assets/`.
fn add_folder(table: &mut Table, folder: &Path, above: &str, effort: Effort) -> Result<(), Failure> {
    if !folder.exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            if name != "shell" && !FOREIGN.contains(&name.as_str()) {
                add_folder(table, &entry.path(), &format!("{name}/"), effort)?;
            }
        } else if !name.ends_with(".md") {
            add_file(table, &entry.path(), &name, effort).map_err(|failure| format!("assets/{name}: {failure}"))?;
        }
    }
    Ok(())
}

/// The shell: what its parts name is theirs alone.
fn shell(folder: &Path) -> Result<String, Failure> {
    let mut script = String::from("(() => {\n");
    for part in SHELL {
        script += &fs::read_to_string(folder.join(part).with_extension("js"))?;
    }
    Ok(script + "})();\n")
}

fn add_file(table: &mut Table, path: &Path, name: &str, effort: Effort) -> Result<(), Failure> {
    let mut source = fs::read_to_string(path)?;
    let served = SERVED.contains(&name);
    if source.contains(WORDS) {
        source = source.replace(WORDS, &words::of(path)?);
    }
    let text = match name.rsplit('.').next() {
        Some("js") if served => script::minify(&source, script::Kind::Module)?,
        Some("js") => script::minify(&source, script::Kind::Classic)?,
        Some("css") => css::minify(&source),
        Some("html" | "svg" | "json") => pack::trim_lines(&source),
        _ => source,
    };
    if served {
        table.serve(name, text, effort)?;
    } else {
        table.keep(name, text);
    }
    Ok(())
}
