//! The end of a run: nothing goes wrong any more, and both sides have to agree.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

use super::{
    scene::Scene,
    verdict::{Evidence, Verdict, judge},
};

/// How often it is looked whether they do.
const LOOK: Duration = Duration::from_millis(400);

/// How long everything may take to settle once nothing goes wrong any more, and how long it must stay so: by the
/// machine's time. In the relay's, what is in doubt is sought for minutes.
const SETTLES: Duration = Duration::from_secs(90);
const STAYS: Duration = Duration::from_secs(4);

impl Scene {
    /// Waits until both sides agree, and looks whether it stays so.
    pub async fn settle(&self) -> Verdict {
        let deadline = Instant::now() + SETTLES;
        let mut clean_since = None;
        loop {
            let verdict = judge(&self.evidence());
            let now = Instant::now();
            if verdict.is_clean() {
                let since = *clean_since.get_or_insert(now);
                if now > since + STAYS {
                    return verdict;
                }
            } else if !verdict.broken.is_empty() || now > deadline {
                return verdict;
            } else {
                clean_since = None;
            }
            self.let_in_again().await;
            sleep_until(now + LOOK).await;
        }
    }

    pub fn evidence(&self) -> Evidence {
        let diaries = self.diaries.iter().map(|diary| diary.lock().expect("no holder panics").clone());
        Evidence {
            plan: self.plan.clone(),
            diaries: diaries.collect(),
            spoken: self.book.lock().expect("no holder panics").clone(),
            chats: self.portal.chats(),
            deliveries: self.portal.deliveries(),
        }
    }

    /// Visitors whose log, read anew, is another than they were told.
    pub async fn read_anew(&self) -> Vec<String> {
        let mut other = Vec::new();
        for (nth, diary) in self.evidence().diaries.into_iter().enumerate() {
            let (Some(door), Some(session)) = (&self.door, &diary.session) else { continue };
            if door.read(session).await.as_ref() != Some(&diary.log) {
                other.push(format!("visitor {nth} is told another talk when it is read anew"));
            }
        }
        other
    }

    /// A pair of tokens whose answer was lost is lost, and only the administrator's browser brings another.
    async fn let_in_again(&self) {
        let last = self.portal.calls("oauth.token").pop();
        if last.is_none_or(|call| call.status != Some(400)) {
            return;
        }
        let mut address = format!("{}/bitrix24/oauth", self.front.url());
        for _ in 0..3 {
            let Ok(answer) = crate::http().get(&address).send().await else { return };
            let Some(next) = answer.headers().get("location").and_then(|to| to.to_str().ok()) else { return };
            next.clone_into(&mut address);
        }
    }
}
