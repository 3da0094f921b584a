//! The doctor, asked of a relay that runs.

use otklik_server::{
    admin::{self, Order},
    check::{Finding, Verdict},
    clock::Clock,
    config::Config,
};
use otklik_tests::http;
use otklik_tests::stage::{CONNECTOR, SALES, Stage};

/// What the doctor finds, as an owner's command would be told.
async fn findings(stage: &Stage) -> Vec<Finding> {
    http().get(format!("{}/healthz", stage.url())).send().await.expect("the relay is up");
    let settings = stage.settings().parse().expect("the settings are TOML");
    let config = Config::from_table(settings, std::iter::empty()).expect("the settings hold");
    let told = admin::ask(config, Order::Check).await.expect("the relay answers");
    serde_json::from_value(told).expect("findings")
}

/// What fails, without the portal's name.
fn failing(findings: &[Finding]) -> Vec<&str> {
    let fails = findings.iter().filter(|finding| finding.verdict == Verdict::Fails);
    fails.map(|finding| finding.what.rsplit(": ").next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn the_doctor_names_what_is_missing_until_nothing_is() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    let before = findings(&stage).await;
    assert_eq!(failing(&before), ["portal"], "{before:?}");
    stage.install().await;
    let installed = findings(&stage).await;
    assert_eq!(failing(&installed), ["line"], "{installed:?}");
    stage.site().await;
    let connected = findings(&stage).await;
    assert!(connected.iter().all(|finding| finding.verdict == Verdict::Holds), "{connected:?}");
    stage.portal.disconnect_line(CONNECTOR, SALES);
    // Either the portal's own word, or, once the event came, ours.
    let off = findings(&stage).await;
    assert!(matches!(failing(&off)[..], ["line"] | ["line 107"]), "{off:?}");
}
