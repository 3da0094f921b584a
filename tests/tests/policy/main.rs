//! What we build from: licences, places packages come from, packages we do not want. Reads `deny.toml`, which is
//! written in cargo-deny's words, and `cargo metadata` of the workspace and of the widget.

mod graph;
mod licence;

use graph::{Graph, Package};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    #[serde(default, rename = "deny-multiple-versions")]
    is_for_two: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

impl Rules {
    fn read() -> Self {
        let text = std::fs::read_to_string(graph::root().join("deny.toml")).expect("deny.toml is there");
        toml::from_str(&text).expect("deny.toml says what this test knows")
    }

    /// Everything that is wrong with what `graph` is built from, a line each.
    fn faults(&self, graph: &Graph) -> Vec<String> {
        let of_one = graph.packages.iter().flat_map(|package| self.faults_of(package));
        let twice = self.bans.deny.iter().filter(|ban| ban.is_for_two).filter_map(|ban| {
            let versions: BTreeSet<_> = graph.versions(&ban.name);
            (versions.len() > 1).then(|| format!("{}: in versions {versions:?}", ban.name))
        });
        of_one.chain(twice).collect()
    }

    fn faults_of(&self, package: &Package) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |what: String| faults.push(format!("{} {}: {what}", package.name, package.version));
        match package.license.as_deref().map(|licence| licence::is_allowed(licence, &self.licenses.allow)) {
            Some(Ok(true)) => {}
            Some(Ok(false)) => fault(format!("licence {:?}", package.license)),
            Some(Err(why)) => fault(format!("licence {:?}: {why}", package.license)),
            None => fault("no licence named".to_owned()),
        }
        let from = package.source.as_deref().map(|source| source.trim_start_matches("registry+"));
        if from.is_some_and(|from| !self.sources.allow_registry.iter().any(|allowed| allowed == from)) {
            fault(format!("comes from {:?}", package.source));
        }
        if self.bans.deny.iter().any(|ban| !ban.is_for_two && ban.name == package.name) {
            fault("not wanted; deny.toml says why".to_owned());
        }
        if package.source.is_none() {
            for wild in package.dependencies.iter().filter(|dependency| dependency.is_wild()) {
                fault(format!("depends on any version of {}", wild.name));
            }
        }
        faults
    }
}

#[test]
fn what_the_relay_and_its_tests_are_built_from_is_allowed() {
    let faults = Rules::read().faults(&Graph::of("Cargo.toml", None));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_the_widget_is_built_from_is_allowed() {
    let faults = Rules::read().faults(&Graph::of("widget/Cargo.toml", Some("wasm32-unknown-unknown")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_stray_package_is_named() {
    let rules = Rules::read();
    let stray = |name: &str, version: &str, license: Option<&str>, source: &str| Package {
        name: name.to_owned(),
        version: version.to_owned(),
        license: license.map(str::to_owned),
        source: Some(source.to_owned()),
        dependencies: Vec::new(),
    };
    let io = format!("registry+{}", rules.sources.allow_registry[0]);
    let packages = vec![
        stray("left-pad", "1.0.0", Some("GPL-3.0-only"), &io),
        stray("nameless", "1.0.0", None, &io),
        stray("chrono", "0.4.0", Some("MIT"), &io),
        stray("forked", "1.0.0", Some("MIT"), "git+https://example.org/forked"),
        stray("tokio", "1.0.0", Some("MIT"), &io),
        stray("tokio", "0.2.0", Some("MIT"), &io),
    ];
    let faults = rules.faults(&Graph { packages });
    let named: Vec<_> = faults.iter().filter_map(|fault| fault.split([' ', ':']).next()).collect();
    assert_eq!(named, ["left-pad", "nameless", "chrono", "forked", "tokio"]);
}
