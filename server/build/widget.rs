//! Builds the widget for the browser: a cargo of its own for `wasm32-unknown-unknown`, then wasm-bindgen as a library.

use crate::reach::Linked;
use crate::{Failure, relocations, slim};
use std::{
    env,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::Command,
};
use walrus::ModuleConfig;
use wasm_bindgen_cli_support::Bindgen;

/// Set to 1 to leave the widget out.
pub const SKIP: &str = "BUILD_SKIP_WIDGET";
/// Set to `full` to build it as for a release.
pub const FULL: &str = "BUILD_WIDGET";
/// A file to show the inner build's progress in; without it cargo keeps that to itself.
const PROGRESS: &str = "BUILD_PROGRESS";

const TARGET: &str = "wasm32-unknown-unknown";

/// What the outer cargo, clippy or a wrapper set for their own compiler calls. Each of them breaks the inner build.
const NOT_INHERITED: [&str; 8] = [
    "RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CLIPPY_ARGS",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_RUSTFLAGS",
];

/// How much work to put into the widget.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// As it is shipped: smallest.
    Full,
    /// For development: compiled quickly.
    Fast,
    /// Not at all.
    Skip,
}

impl Build {
    /// By the environment, else by the outer profile.
    pub fn asked_for() -> Self {
        let is = |name: &str, value: &str| env::var(name).is_ok_and(|set| set == value);
        if is(SKIP, "1") {
            Self::Skip
        } else if is(FULL, "full") || is("PROFILE", "release") {
            Self::Full
        } else {
            Self::Fast
        }
    }

    fn profile(self) -> &'static str {
        if self == Self::Full { "release" } else { "fast" }
    }
}

/// The app as a browser loads it: `glue` is a module whose default export starts `wasm` and answers when it lives.
pub struct App {
    glue: String,
    pub wasm: Vec<u8>,
}

impl App {
    /// The glue, loading the app from `address`.
    pub fn glue(&self, address: &str) -> String {
        self.glue.replace("ADDRESS", &format!("{address:?}"))
    }
}

/// The widget, built as `build` says. Without it, a script that says so when it is asked for.
pub fn make(build: Build, root: &Path, out: &Path) -> Result<App, Failure> {
    if build == Build::Skip {
        let glue = format!("throw Error(\"this relay was built with {SKIP}\")");
        return Ok(App { glue, wasm: Vec::new() });
    }
    ensure_target()?;
    let target = target_folder(out).join("widget");
    compile(build, root, &target)?;
    bind(&target.join(TARGET).join(build.profile()).join("otklik_widget.wasm"), out)
}

/// The workspace's target folder: the one above `OUT_DIR` that cargo marked as its cache.
fn target_folder(out: &Path) -> PathBuf {
    let marked = out.ancestors().filter(|folder| folder.join("CACHEDIR.TAG").exists()).last();
    marked.unwrap_or(out).to_owned()
}

fn compile(build: Build, root: &Path, target: &Path) -> Result<(), Failure> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo.current_dir(root.join("widget")).args(["rustc", "--locked", "--lib", "--target", TARGET]);
    cargo.args(["--profile", build.profile()]).arg("--target-dir").arg(target);
    cargo.args(["--", "-Clink-arg=--emit-relocs"]); // for `reach`
    for name in NOT_INHERITED {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(root).join("\u{1f}"));
    if let Some(terminal) = env::var_os(PROGRESS).and_then(|path| OpenOptions::new().append(true).open(path).ok()) {
        cargo.stderr(terminal);
    }
    let done = cargo.status().map_err(|e| format!("cargo for the widget did not start: {e}"))?;
    if done.success() { Ok(()) } else { Err("the widget does not build; see above".into()) }
}

/// A small stack (256 KiB less memory to begin with is seen by every visitor), and no path of this machine in the file.
fn flags(root: &Path) -> Vec<String> {
    let mut flags = vec!["-Clink-arg=-zstack-size=131072".to_owned()];
    flags.push(format!("--remap-path-prefix={}=otklik", root.display()));
    let home = env::var("CARGO_HOME").map(PathBuf::from).ok();
    if let Some(home) = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))) {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    flags
}

/// Adds the WebAssembly target where the toolchain lacks it.
fn ensure_target() -> Result<(), Failure> {
    let rustc = env::var("RUSTC")?;
    let asked = Command::new(&rustc).args(["--print", "sysroot"]).output()?;
    let sysroot = String::from_utf8(asked.stdout)?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).exists() {
        return Ok(());
    }
    println!("cargo::warning=adding the target {TARGET} to the toolchain (rustup target add {TARGET})");
    match Command::new("rustup").args(["target", "add", TARGET]).status() {
        Ok(done) if done.success() => Ok(()),
        _ => Err(format!("the Rust target {TARGET} is missing; run: rustup target add {TARGET}").into()),
    }
}

fn bind(wasm: &Path, out: &Path) -> Result<App, Failure> {
    let folder = out.join("bindgen");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let wasm = fs::read(wasm)?;
    let mut config = ModuleConfig::new();
    config.strict_validate(false).generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(&wasm)?;
    let linked = Linked::of(&wasm, &module)?;
    for section in relocations::SECTIONS {
        module.customs.remove_raw(section);
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_module("app", module).typescript(false).demangle(false);
    let mut output = bindgen.web(true)?.generate_output()?;
    output.emit(&folder)?;
    if folder.join("snippets").exists() {
        return Err("the widget brings scripts of its own (wasm-bindgen snippets); the app is one script".into());
    }
    let module = output.wasm_mut();
    let glue = slim::slim(&fs::read_to_string(folder.join("app.js"))?, module, &linked)?;
    Ok(App { glue, wasm: module.emit_wasm() })
}
