//! The doctor, asked of a relay that runs, as an owner's command asks it.

use otklik_server::{
    admin::{self, Order},
    check::{Finding, Verdict},
    config::Config,
};

use crate::{http, stage::Stage};

/// What the doctor finds.
pub async fn findings(stage: &Stage) -> Vec<Finding> {
    http().get(format!("{}/healthz", stage.url())).send().await.expect("the relay is up");
    let settings = stage.settings().parse().expect("the settings are TOML");
    let config = Config::from_table(settings, std::iter::empty()).expect("the settings hold");
    let told = admin::ask(config, Order::Check).await.expect("the relay answers");
    serde_json::from_value(told).expect("findings")
}

/// What fails, without the portal's name.
pub fn failing(findings: &[Finding]) -> Vec<&str> {
    let fails = findings.iter().filter(|finding| finding.verdict == Verdict::Fails);
    fails.map(|finding| finding.what.rsplit(": ").next().unwrap_or_default()).collect()
}

/// What the doctor says of `what`, which fails.
///
/// # Panics
/// Where it does not fail.
pub fn told_of<'a>(findings: &'a [Finding], what: &str) -> &'a str {
    let fails = |finding: &&Finding| finding.verdict == Verdict::Fails && finding.what.ends_with(what);
    &findings.iter().find(fails).unwrap_or_else(|| panic!("{what} fails in {findings:?}")).told
}
