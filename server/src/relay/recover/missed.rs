//! What of a history the relay has missed. Pure: a history in, acts out.

use crate::bitrix::bbcode::bare;
use crate::bitrix::methods::history::{History, Past, Sender, Verdict, verdict};
use crate::clock::millis;
use crate::ids::{DialogueId, ImId, LineId};
use crate::relay::told::{is_ours, sources, vote};
use crate::store::{AtPortal, InboxAct, Looks};
use shared::{Author, MessageId, Millis};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How long a message is left to its event, which tells more: how the author signs. Events take seconds.
pub const LEFT_ALONE: Duration = Duration::from_secs(30);

/// Whose history is read, and what is known.
#[derive(Debug)]
pub struct Look<'a> {
    pub dialogue: DialogueId,
    /// The line of its site: where the portal does not tell another.
    pub line: LineId,
    /// Operators' messages that the relay has.
    pub known: &'a HashSet<ImId>,
    /// What visitors see of those that the history calls edited, where it gives no more than their words.
    pub shown: &'a HashMap<ImId, String>,
    /// The visitor's messages that nobody knew to have arrived.
    pub doubtful: &'a [MessageId],
    /// The portal marks what was not confirmed.
    pub is_strict: bool,
    /// Visitors are told the line's automatic texts: where they are not, the portal keeps them to itself, but in its
    /// history.
    pub with_automatic: bool,
    /// The portal signs with whole names. Where it is asked not to, an event's author is called by the first one.
    pub with_last_names: bool,
    /// When the portal was asked.
    pub asked_at: Millis,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq)]
pub struct Missed {
    pub acts: Vec<InboxAct>,
    /// How many messages among them are news.
    pub recovered: usize,
    /// There is more, which is still left to its event.
    pub is_early: bool,
}

/// Whether the history is of that dialogue: what another visitor was told must not be shown here, whatever went wrong.
pub fn is_of(history: &History, dialogue: DialogueId) -> bool {
    let of_it = |chat: &str| chat.parse() == Ok(dialogue);
    history.owner.as_ref().is_none_or(|owner| is_ours(&owner.connector) && of_it(&owner.chat))
}

/// What `history`, of that dialogue, tells that is not known.
pub fn missed(history: &History, look: &Look<'_>) -> Missed {
    let mut missed = Missed::default();
    let Some(chat) = history.chat else { return missed };
    let (dialogue, user) = (look.dialogue, history.owner.as_ref().and_then(|owner| owner.user));
    if let Some(session) = history.session {
        missed.acts.push(InboxAct::Started { dialogue, session, user });
    }
    for past in &history.messages {
        let im = ImId { chat, message: past.id };
        let is_known = look.known.contains(&im);
        match verdict(past, is_known, look.is_strict) {
            Verdict::Known if is_known => missed.acts.extend(restated(past, im, look)),
            Verdict::Known => {
                let at_portal = AtPortal { chat: Some(chat), session: history.session, user };
                missed.acts.extend(arrived(past, at_portal, look));
                missed.acts.extend(taken_back(past, im, look));
            }
            _ if past.deleted => {}
            Verdict::Automatic if !look.with_automatic => {}
            Verdict::Automatic | Verdict::Said if is_fresh(past, look.asked_at) => missed.is_early = true,
            verdict @ (Verdict::Automatic | Verdict::Said) => {
                missed.acts.extend(said(past, im, verdict, history, look));
                missed.recovered += 1;
            }
            Verdict::Whisper | Verdict::Technical | Verdict::Unclear => {}
        }
    }
    if let Some(session) = history.session.filter(|_| history.is_finished()) {
        missed.acts.push(InboxAct::Finished { dialogue, session });
    }
    missed
}

/// Whether the event of a message may still be on its way.
fn is_fresh(past: &Past, now: Millis) -> bool {
    past.at.is_some_and(|at| at <= now && now - at < millis(LEFT_ALONE))
}

fn said(past: &Past, im: ImId, verdict: Verdict, history: &History, look: &Look<'_>) -> Option<InboxAct> {
    let (files, attached) = (sources(&past.files), past.attached.clone());
    // What the portal waits for a word of is told though it cannot be shown; of another nobody knows what it is.
    if past.text.trim().is_empty() && files.is_empty() && attached.is_empty() && !past.sending {
        return None;
    }
    let at = past.at.unwrap_or(look.asked_at).min(look.asked_at);
    let (author, name) = match &past.sender {
        _ if verdict == Verdict::Automatic => (Author::System, None),
        Sender::Colleague { name, first_name, bot } => {
            let first_name = first_name.as_ref().filter(|_| !look.with_last_names);
            (if *bot { Author::Bot } else { Author::Operator }, first_name.or(name.as_ref()).cloned())
        }
        _ => (Author::Operator, None),
    };
    Some(InboxAct::Said {
        dialogue: look.dialogue,
        im,
        line: history.owner.as_ref().map_or(look.line, |owner| owner.line),
        author,
        name,
        text: past.text.clone(),
        looks: Looks { attached, ..Looks::default() },
        files,
        vote: past.vote.map(|asked| vote(asked, at)),
        at,
    })
}

/// What happened to a message that is known.
fn restated(past: &Past, im: ImId, look: &Look<'_>) -> Option<InboxAct> {
    if past.deleted {
        return Some(InboxAct::Deleted { dialogue: look.dialogue, im, external: None });
    }
    // Of a portal that gives HTML the words count alone: bold ones are not replaced by the same without their boldness.
    let is_shown =
        || look.shown.get(&im).is_some_and(|shown| letters(shown) == letters(&past.text) + &letters(&past.attached));
    let is_telling = past.edited && !past.text.trim().is_empty() && !(past.is_undone && is_shown());
    let (dialogue, text, asked_at) = (look.dialogue, past.text.clone(), look.asked_at);
    is_telling.then_some(InboxAct::Restated { dialogue, im, text, asked_at })
}

/// What is left of a text where neither marks nor breaks count.
fn letters(text: &str) -> String {
    bare(text).chars().filter(|character| character.is_alphanumeric()).collect()
}

/// A visitor's message that somebody at the portal deleted.
fn taken_back(past: &Past, im: ImId, look: &Look<'_>) -> Option<InboxAct> {
    let is_theirs = past.deleted && past.sender == Sender::Visitor;
    let external = past.external.iter().find_map(|id| MessageId::try_from(id.clone()).ok()).filter(|_| is_theirs)?;
    Some(InboxAct::Deleted { dialogue: look.dialogue, im, external: Some(external) })
}

/// A visitor's message that is there after all.
fn arrived(past: &Past, at_portal: AtPortal, look: &Look<'_>) -> Option<InboxAct> {
    let is_it = |id: &&MessageId| past.external.iter().any(|external| external == id.as_str());
    let id = look.doubtful.iter().find(is_it)?.clone();
    Some(InboxAct::Arrived { dialogue: look.dialogue, id, at_portal })
}

#[cfg(test)]
mod tests;
