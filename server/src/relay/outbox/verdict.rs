//! What the portal's answer about one message means. Pure.

use crate::bitrix::methods::messages::Taken;
use crate::store::AtPortal;

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The portal has it.
    Delivered(AtPortal),
    /// It does not, and said so.
    Refused,
    /// Nobody can tell from the answer.
    Unknown,
}

/// `taken` is the answer's element for a message with the words `text`, if it has one. `tells_sessions`: this portal is
/// known to name the session a message went into.
pub fn judge(taken: Option<&Taken>, text: &str, tells_sessions: bool) -> Verdict {
    let Some(taken) = taken else { return Verdict::Unknown };
    if !taken.success {
        return Verdict::Refused;
    }
    match taken.session {
        Some(session) => {
            Verdict::Delivered(AtPortal { chat: Some(session.chat), session: Some(session.id), user: taken.user })
        }
        // After the time for voting such a text is stored, without a session and without our id: to send it again would
        // double it.
        None if is_like_a_vote(text) => Verdict::Delivered(AtPortal { user: taken.user, ..AtPortal::default() }),
        None if tells_sessions => Verdict::Refused,
        None => Verdict::Unknown,
    }
}

/// `1` or `0`, alone or before a space: what the portal may take for a mark of its service.
fn is_like_a_vote(text: &str) -> bool {
    let mut characters = text.trim_start().chars();
    matches!(characters.next(), Some('0' | '1')) && matches!(characters.next(), None | Some(' ' | '\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::methods::messages::LineSession;

    fn taken(success: bool, session: Option<LineSession>) -> Taken {
        Taken { success, errors: Vec::new(), session, user: Some(585) }
    }

    #[test]
    fn an_answer_is_judged_by_success_and_session() {
        let session = LineSession { id: 3282, chat: 1807 };
        let at_portal = AtPortal { chat: Some(1807), session: Some(3282), user: Some(585) };
        assert_eq!(judge(Some(&taken(true, Some(session))), "hi", true), Verdict::Delivered(at_portal));
        assert_eq!(judge(Some(&taken(false, None)), "hi", true), Verdict::Refused);
        assert_eq!(judge(Some(&taken(true, None)), "hi", true), Verdict::Refused);
        assert_eq!(judge(Some(&taken(true, None)), "hi", false), Verdict::Unknown);
        assert_eq!(judge(None, "hi", true), Verdict::Unknown);
    }

    #[test]
    fn what_looks_like_a_vote_is_never_sent_again() {
        let stored = |text| judge(Some(&taken(true, None)), text, true) != Verdict::Refused;
        assert!(stored("1") && stored("0") && stored("1 thanks"));
        assert!(!stored("10") && !stored("2") && !stored("x1") && !stored(""));
    }
}
