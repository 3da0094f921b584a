//! A relay that does not take what is said.

use super::*;

#[test]
fn a_relay_that_takes_nobody_in_says_why_and_for_how_long() {
    let mut talk = connected(&Shared::default(), "token");
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    talk.disconnected(false, 0);
    for (code, word) in [
        (Refusal::TooManyConnections, "no_room"),
        (Refusal::TooFast, "too_fast"),
        (Refusal::Internal, "server_unsaved"),
    ] {
        talk.connecting(0);
        talk.receive(ToWidget::Refused { id: None, code, retry_after: Some(7) }, 0);
        talk.disconnected(false, 0);
        assert_eq!(talk.strip(0), Strip::TurnedAway { word, seconds: 7 });
        assert_eq!((talk.strip(6_500), talk.due(6_500)), (Strip::TurnedAway { word, seconds: 1 }, Some(7_000)));
        assert_eq!(talk.strip(7_000), Strip::Offline);
    }
    talk.receive(welcome(None, 0), SECOND);
    assert_eq!(talk.strip(SECOND), Strip::Back);
}

#[test]
fn a_closed_chat_says_so_and_keeps_what_was_written() {
    let shelf = Shared::default();
    let mut talk = connected(&shelf, "token");
    talk.receive(ToWidget::Refused { id: None, code: Refusal::SiteUnknown, retry_after: None }, 0);
    talk.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    assert_eq!(talk.deeds(), [Deed::Leave]);
    assert_eq!((notes(&talk, 0), tab(&shelf).waiting()), (vec!["closed_card"], 1));
    let mut closed = connected(&Shared::default(), "token");
    closed.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    closed.receive(ToWidget::Refused { id: Some(id(1)), code: Refusal::SiteClosed, retry_after: Some(60) }, 0);
    assert_eq!((notes(&closed, 0), closed.wait(0), own(&closed, 0)[0].1), (vec!["closed_card"], None, State::Queued));
    closed.deeds();
    closed.tick(60 * SECOND);
    assert_eq!(closed.deeds(), [say(1, "раз")], "the owner may have opened it again");
    closed.receive(ToWidget::Accepted { id: id(1), seq: 1, at: 0 }, 60 * SECOND);
    assert_eq!(notes(&closed, 60 * SECOND), [""; 0]);
    let mut broken = connected(&Shared::default(), "token");
    broken.say(Pending::new(id(1), "раз".to_owned(), 0), 0);
    broken.receive(ToWidget::Refused { id: Some(id(1)), code: Refusal::Internal, retry_after: None }, 0);
    assert_eq!((notes(&broken, 0), broken.due(0)), (vec!["server_unsaved"], Some(SECOND)));
    let mut paused = connected(&shelf, "token");
    paused.receive(ToWidget::Refused { id: None, code: Refusal::TooManyConnections, retry_after: Some(7) }, 0);
    assert_eq!(paused.deeds(), [Deed::Pause { seconds: 7 }]);
}
