//! The packages that a build for this machine (or for `target`) is made of, as `cargo metadata` tells.

use serde::Deserialize;
use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    /// Where it was downloaded from; nothing for our own.
    pub source: Option<String>,
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    req: String,
    path: Option<String>,
}

impl Dependency {
    /// Whether any version at all would do.
    pub fn is_wild(&self) -> bool {
        self.req == "*" && self.path.is_none()
    }
}

pub struct Graph {
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Value>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Value {
    id: String,
    #[serde(flatten)]
    package: Package,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

impl Graph {
    /// What `manifest` is built from for `target`, which is this machine unless told.
    pub fn of(manifest: &str, target: Option<&str>) -> Self {
        let target = target.map_or_else(host, str::to_owned);
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &target]);
        let out = cargo.arg("--manifest-path").arg(root().join(manifest)).output().expect("cargo runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let told: Metadata = serde_json::from_slice(&out.stdout).expect("cargo metadata is JSON");
        let used: HashSet<_> = told.resolve.nodes.iter().map(|node| node.id.as_str()).collect();
        let packages = told.packages.into_iter().filter(|value| used.contains(value.id.as_str()));
        Self { packages: packages.map(|value| value.package).collect() }
    }

    pub fn versions(&self, name: &str) -> BTreeSet<&str> {
        self.packages.iter().filter(|package| package.name == name).map(|package| package.version.as_str()).collect()
    }
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn host() -> String {
    let out = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let told = String::from_utf8_lossy(&out.stdout);
    told.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc tells its host").to_owned()
}
