//! The end of a run: nothing goes wrong any more, and both sides have to agree.

use shared::{Entry, Happening};
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, sleep_until};

use super::{
    door::Door,
    scene::Scene,
    verdict::{Evidence, Verdict, judge},
};
use crate::{visitor, wait::DEADLINE};

/// How often it is looked whether they do, at most. To look at a long run takes longer than this.
const LOOK: Duration = Duration::from_millis(400);

/// How long nothing may become better, once nothing goes wrong any more, and how long all must stay well: by the
/// machine's time. The longest that the relay waits by design is an hour and a half of its own, which flies 20 times as
/// fast: until a file is given up.
const SETTLES: Duration = Duration::from_secs(270);
const STAYS: Duration = Duration::from_secs(4);

/// How long something has to be broken. What the portal gave no id, and a visitor was not told yet to be accepted, may look
/// like somebody else's words.
const BREAKS: Duration = Duration::from_secs(30);

impl Scene {
    /// Waits until both sides agree, and looks whether it stays so.
    pub async fn settle(&self) -> Verdict {
        let (mut fewest, mut better) = (usize::MAX, Instant::now());
        let (mut clean_since, mut broken_since) = (None, None);
        loop {
            let began = Instant::now();
            let verdict = judge(&self.evidence());
            let now = Instant::now();
            if verdict.open.len() < fewest {
                (fewest, better) = (verdict.open.len(), now);
            }
            broken_since = broken_since.or(Some(now)).filter(|_| !verdict.broken.is_empty());
            let is_broken = broken_since.is_some_and(|since| now > since + BREAKS);
            if verdict.is_clean() {
                let since = *clean_since.get_or_insert(now);
                if now > since + STAYS {
                    return verdict;
                }
            } else if now > better + SETTLES || is_broken {
                return verdict;
            } else {
                clean_since = None;
            }
            self.let_in_again().await;
            // Who looks all the time leaves none for what it waits for.
            sleep_until(now + LOOK.max((now - began) * 4)).await;
        }
    }

    pub fn evidence(&self) -> Evidence {
        let diaries = self.diaries.iter().flat_map(|diaries| diaries.lock().expect("no holder panics").clone());
        let mut heard = self.heard.lock().expect("no holder panics");
        let since = self.portal.deliveries_since(heard.read);
        heard.learn(&since);
        let kept = self.portal.kept_since(heard.kept);
        heard.learn_kept(&kept);
        Evidence {
            plan: self.plan.clone(),
            diaries: diaries.collect(),
            spoken: self.book.lock().expect("no holder panics").clone(),
            chats: self.portal.chats(),
            heard: heard.clone(),
            overlaps: self.portal.overlaps(),
        }
    }

    /// Visitors whose log, read anew, is another than they were told, and files that are not what was sent.
    pub async fn read_anew(&self) -> Vec<String> {
        let mut other = Vec::new();
        let evidence = self.evidence();
        let papers = papers(&evidence);
        // Nothing is cut any more: what has no answer is only slow.
        let door = self.door.clone().map(|door| Door { patience: DEADLINE, ..door });
        for diary in evidence.diaries.iter().filter(|diary| !diary.ended) {
            let (Some(door), Some(session)) = (&door, &diary.session) else { continue };
            let Some(log) = door.read(session, diary.person.as_deref()).await else {
                other.push(format!("{} is told nothing when it is read anew", diary.whose));
                continue;
            };
            if bare(&log) != bare(&diary.log) {
                other.push(format!("{} is told another talk when it is read anew", diary.whose));
            }
            for one in visitor::fold(&log) {
                for file in one.files.iter().filter(|file| file.state.is_none()) {
                    let wanted = papers.get(file.name.as_str()).copied().filter(|_| one.text.is_some());
                    let got = door.fetch(file).await;
                    if got.as_deref() != wanted {
                        let [got, wanted] = [got.as_deref(), wanted].map(|bytes| bytes.map(<[u8]>::len));
                        let what = format!("of {got:?} bytes instead of {wanted:?}");
                        other.push(format!("{} gets another file as {}: {what}", diary.whose, file.name));
                    }
                }
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

/// What every file has to be, by its name.
fn papers(evidence: &Evidence) -> HashMap<&str, &[u8]> {
    let parcels = evidence.diaries.iter().flat_map(|diary| &diary.accepted).flat_map(|said| &said.files);
    let parcels = parcels.map(|parcel| (parcel.name.as_str(), parcel.bytes.as_slice()));
    let files = evidence.chats.iter().flat_map(|chat| &chat.messages).flat_map(|message| &message.files);
    parcels.chain(files.map(|file| (file.file.name.as_str(), file.file.bytes.as_ref()))).collect()
}

/// A log without the addresses of its files: they are made for each who asks.
fn bare(log: &[Entry]) -> Vec<Entry> {
    let mut log = log.to_vec();
    for entry in &mut log {
        match &mut entry.what {
            Happening::Said { files, .. } => files.iter_mut().for_each(|file| file.href = None),
            Happening::File { file, .. } => file.href = None,
            _ => {}
        }
    }
    log
}
