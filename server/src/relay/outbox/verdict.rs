//! What the portal's answer about one message means. Pure.

use super::wording::is_a_vote;
use crate::bitrix::methods::messages::Taken;
use crate::store::{AtPortal, Errand, Ways};

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The portal has it.
    Delivered(AtPortal),
    /// It does not, and said so.
    Refused,
    /// Nobody can tell from the answer.
    Unknown,
    /// It says that it has it, but not where, and nobody knows whether this portal ever says that.
    Untold,
}

/// Whether a portal names the session a message went into. Builds before 2023 do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    Unknown,
    /// It did: without one, a message was not stored.
    Told,
    /// It took messages and named none: its word is enough.
    Never,
}

impl Sessions {
    /// What was found out.
    pub fn of(ways: &Ways) -> Self {
        match (ways.tells_sessions, ways.hides_sessions) {
            (true, _) => Self::Told,
            (false, true) => Self::Never,
            (false, false) => Self::Unknown,
        }
    }

    /// A message was found at the portal; `is_answered`: the portal had said that it took it, and named no session.
    pub fn found(&mut self, is_answered: bool) {
        if is_answered && *self == Self::Unknown {
            *self = Self::Never;
        }
    }
}

/// `taken` is the answer's element for the errand `what`, if it has one.
pub fn judge(taken: Option<&Taken>, what: &Errand, sessions: Sessions) -> Verdict {
    let Some(taken) = taken else { return Verdict::Unknown };
    if !taken.success {
        return Verdict::Refused;
    }
    match taken.session {
        Some(session) => {
            Verdict::Delivered(AtPortal { chat: Some(session.chat), session: Some(session.id), user: taken.user })
        }
        None if is_settled_without(what) || sessions == Sessions::Never => {
            Verdict::Delivered(AtPortal { user: taken.user, ..AtPortal::default() })
        }
        None if sessions == Sessions::Told && may_be_a_vote(what) => Verdict::Unknown,
        None if sessions == Sessions::Told => Verdict::Refused,
        None => Verdict::Untold,
    }
}

/// Whether a good answer without a session settles it. Changes of a message have no session at all, and a rating has none
/// after the time for it: it is stored all the same.
fn is_settled_without(what: &Errand) -> bool {
    matches!(what, Errand::Rate { .. } | Errand::Edit { .. } | Errand::Delete { .. } | Errand::Finish { .. })
}

/// Whether the portal may have taken the visitor's words for a rating, of whose request nothing was heard here: too late
/// for it they are stored without a session and without our id. Any other words it did not store. The history tells.
fn may_be_a_vote(what: &Errand) -> bool {
    matches!(what, Errand::Say { text, guarded: false, reply: None, .. } if is_a_vote(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::methods::messages::LineSession;
    use shared::MessageId;

    fn said(text: &str, guarded: bool) -> Errand {
        Errand::Say { text: text.to_owned(), reply: None, guarded, files: Vec::new() }
    }

    fn taken(success: bool, session: Option<LineSession>) -> Taken {
        Taken { success, errors: Vec::new(), session, user: Some(585), files: Vec::new() }
    }

    #[test]
    fn an_answer_is_judged_by_success_and_session() {
        let session = LineSession { id: 3282, chat: 1807 };
        let at_portal = AtPortal { chat: Some(1807), session: Some(3282), user: Some(585) };
        let hi = said("hi", false);
        assert_eq!(judge(Some(&taken(true, Some(session))), &hi, Sessions::Told), Verdict::Delivered(at_portal));
        assert_eq!(judge(Some(&taken(false, None)), &hi, Sessions::Never), Verdict::Refused);
        assert_eq!(judge(Some(&taken(true, None)), &hi, Sessions::Told), Verdict::Refused);
        assert_eq!(judge(Some(&taken(true, None)), &hi, Sessions::Unknown), Verdict::Untold);
        let at_portal = AtPortal { user: Some(585), ..AtPortal::default() };
        assert_eq!(judge(Some(&taken(true, None)), &hi, Sessions::Never), Verdict::Delivered(at_portal));
        assert_eq!(judge(None, &hi, Sessions::Never), Verdict::Unknown);
    }

    #[test]
    fn a_portals_silence_about_sessions_is_learnt() {
        let mut sessions = Sessions::Unknown;
        sessions.found(false);
        assert_eq!(sessions, Sessions::Unknown);
        sessions.found(true);
        assert_eq!(sessions, Sessions::Never);
        let mut sessions = Sessions::Told;
        sessions.found(true);
        assert_eq!(sessions, Sessions::Told);
    }

    #[test]
    fn what_looks_like_a_vote_is_looked_for_before_it_is_sent_again() {
        let judged = |what: &Errand| judge(Some(&taken(true, None)), what, Sessions::Told);
        for text in ["1", "0", "1 thanks"] {
            assert_eq!(judged(&said(text, false)), Verdict::Unknown, "{text}");
        }
        for text in ["10", "2", "x1", "", " 1", "1\nthanks", "1\u{a0}thanks"] {
            assert_eq!(judged(&said(text, false)), Verdict::Refused, "{text}");
        }
        assert_eq!(judged(&said("1", true)), Verdict::Refused, "it was sent so that it is none");
        assert!(matches!(judged(&Errand::Rate { like: true }), Verdict::Delivered(_)));
    }

    #[test]
    fn a_change_needs_no_session() {
        let of = MessageId::try_from("0192b6a1-7c1f-7d2e-8000-1234567890ab".to_owned()).unwrap();
        for change in [Errand::Delete { of: of.clone() }, Errand::Edit { of, text: "hi".to_owned(), reply: None }] {
            assert!(matches!(judge(Some(&taken(true, None)), &change, Sessions::Told), Verdict::Delivered(_)));
            assert_eq!(judge(Some(&taken(false, None)), &change, Sessions::Told), Verdict::Refused);
        }
    }
}
