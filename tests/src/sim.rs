//! A seeded simulation: the relay as a real process between visitors and a portal, everything going wrong, and at the end
//! the question whether every word arrived once and in order. A seed throws the same troubles again; what the machine's
//! own timing adds to them differs from run to run.
//!
//! ```text
//! plan      what happens when, thrown from the seed     widget   a visitor, who writes a diary, at the relay's door
//! scene     lets it happen                              script   what a visitor has to say, and who they are
//! keeper    starts, kills and starves the relay         desk     the operators
//! verdict   what was said against what was heard        settle   waits until both sides agree
//! ```

mod desk;
mod diary;
mod door;
mod heard;
mod keeper;
mod plan;
mod scene;
mod script;
mod settle;
mod verdict;
mod widget;

pub use self::{
    keeper::Lives,
    plan::{Plan, Size},
    verdict::{Evidence, Verdict, judge},
};

use std::{
    fmt::{self, Display},
    sync::{Arc, atomic::Ordering},
};
use tokio_util::sync::CancellationToken;

use self::scene::Scene;
use crate::logs;

/// One run, and what came of it.
pub struct Outcome {
    pub verdict: Verdict,
    /// What it was judged by.
    pub evidence: Evidence,
    /// Lines of the relay's log that tell what no log may.
    pub leaks: Vec<String>,
    /// How the relay fared.
    pub lives: Arc<Lives>,
}

/// Runs a plan to its end.
pub async fn run(plan: Plan) -> Outcome {
    let log = logs::end();
    let folder = tempfile::tempdir().expect("a folder for the relay's data");
    let (mut scene, relay, racing) = Scene::set(plan, folder.path()).await;
    let stop = CancellationToken::new();
    let mut visitors = scene.visitors(&stop).await;
    scene.begin().await;
    let desk = tokio::spawn(desk::work(
        Arc::clone(&scene.portal),
        scene.plan.clone(),
        scene.mark.clone(),
        Arc::clone(&scene.book),
    ));
    scene.suffer().await;
    desk.await.expect("the operators never fail");
    scene.recover().await;
    let mut verdict = scene.settle().await;
    stop.cancel();
    while visitors.join_next().await.is_some() {}
    if verdict.is_clean() {
        verdict.broken.extend(scene.read_anew().await); // else some are still being told
    }
    let (lives, evidence) = (Arc::clone(&scene.lives), scene.evidence());
    let portal = Arc::clone(&scene.portal);
    drop(scene); // no orders any more: the keeper hands the relay back
    relay.await.expect("the keeper never fails").kill().await;
    racing.abort();
    Outcome { verdict, evidence, leaks: logs::audit(log, portal.secrets()), lives }
}

impl Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "the relay     {}\n{}", self.lives, self.verdict)?;
        self.leaks.iter().take(10).try_for_each(|line| writeln!(to, "leak          {line}"))
    }
}

impl Outcome {
    /// Whether all is as it must be.
    pub fn is_good(&self) -> bool {
        self.verdict.is_clean() && self.leaks.is_empty() && self.lives.fell.load(Ordering::Relaxed) == 0
    }
}
