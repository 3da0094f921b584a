//! The doctor, asked of a relay that runs.

use otklik_server::{check::Verdict, clock::Clock};
use otklik_tests::{
    doctor::{failing, findings},
    stage::{CONNECTOR, SALES, Stage},
};

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
