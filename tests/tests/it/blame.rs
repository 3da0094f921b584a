//! Whose fault a refusal is: one visitor's words hold up that visitor alone and not for ever, a line in trouble keeps all
//! of its messages, and no outage takes anybody's.

use otklik_server::clock::Clock;
use otklik_tests::{
    admin::Page,
    portal::{Fault, Mood},
    stage::{SALES, Stage},
    visitor::Visitor,
    wait::until,
};
use serde_json::{Value, json};
use shared::{Happening, MessageId, MessageState, SiteKey, ToServer};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";
const UPDATE: &str = "imconnector.update.messages";
const MARK: &str = "imconnector.set.error";

const MINUTE: Duration = Duration::from_secs(60);

/// Visitors may say as much as they like here.
const LIMITS: &str = "[limits]\nsession_burst = 1000\naddress_burst = 1000\nsessions_burst = 1000\n";

/// What no portal here takes.
const POISON: &str = "яд";

/// A visitor whose conversation has begun with `text`; time flies or their portal answers at once.
async fn begun(stage: &Stage, site: &SiteKey, text: &str) -> Visitor {
    let mut visitor = stage.visitor(site).await;
    let id = visitor.say(text).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    visitor
}

/// Time goes on by `span`, in steps that leave the relay room for its work.
async fn pass(stage: &Stage, span: Duration) {
    let end = stage.portal.now().plus(span);
    until("time to pass", || async {
        let is_over = stage.portal.now() >= end;
        if !is_over {
            stage.advance(MINUTE / 3);
        }
        is_over.then_some(())
    })
    .await;
}

/// Time goes on until the operator has all of `count` words, wherever they were said.
async fn pass_until_said(stage: &Stage, count: usize) {
    until(&format!("{count} words at the portal"), || async {
        let said: usize = stage.portal.chats().iter().map(|chat| chat.visitor_texts().len()).sum();
        if said < count {
            stage.advance(MINUTE / 12);
        }
        (said >= count).then_some(())
    })
    .await;
}

async fn edit(visitor: &mut Visitor, of: &MessageId, text: &str) -> MessageId {
    let (of, text) = (of.clone(), text.to_owned());
    visitor.accepted(|id| ToServer::Edit { id, of, text }).await
}

/// Reads until the visitor is told what became of their act.
async fn outcome(visitor: &mut Visitor, act: &MessageId) -> MessageState {
    loop {
        let done = visitor.log.iter().find_map(|entry| match &entry.what {
            Happening::Done { id, state, .. } if id == act => Some(*state),
            _ => None,
        });
        match done {
            Some(state) => return state,
            None => drop(visitor.read().await.expect("the relay keeps the connection")),
        }
    }
}

async fn obstacle(stage: &Stage) -> Value {
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    page.ask("state", json!({})).await["state"]["obstacle"]["word"].clone()
}

#[tokio::test]
async fn an_edit_that_an_old_portal_does_not_know_fails_and_holds_up_nobody() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("раз").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    stage.portal.fault_on(UPDATE, Fault::Refuse("ERROR_METHOD_NOT_FOUND".to_owned()), u32::MAX);
    let act = edit(&mut visitor, &first, "два").await;
    let next = visitor.say("три").await;
    let _hurry = stage.hurry();
    assert_eq!(outcome(&mut visitor, &act).await, MessageState::Failed);
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    begun(&stage, &site, "другой").await;
    assert_eq!(stage.portal.calls(UPDATE).len(), 1);
    assert!(stage.portal.calls(MARK).is_empty(), "the channel is well");
}

#[tokio::test]
async fn an_edit_that_is_refused_holds_up_its_own_visitor_alone_and_not_for_ever() {
    for code in ["ERROR_ARGUMENT", "NOT_ACTIVE_LINE", "SOMETHING_NEW"] {
        let stage = Stage::by_hand().await;
        let site = stage.site().await;
        let mut visitor = stage.visitor(&site).await;
        let first = visitor.say("раз").await;
        visitor.wait_for_state(&first, MessageState::Delivered).await;
        let mut other = begun(&stage, &site, "другой").await;
        stage.portal.fault_on(UPDATE, Fault::Refuse(code.to_owned()), u32::MAX);
        let act = edit(&mut visitor, &first, "два").await;
        stage.portal.wait_calls(UPDATE, 1).await;
        let next = visitor.say("три").await;
        let id = other.say("ещё").await; // without a moment's rest of the line: the clock stands still
        other.wait_for_state(&id, MessageState::Delivered).await;
        pass(&stage, 45 * MINUTE).await;
        let tried = stage.portal.calls(UPDATE).len();
        assert!((5..20).contains(&tried), "{code}: {tried} calls in three quarters of an hour");
        pass(&stage, 60 * MINUTE).await;
        let mut visitor = visitor.resume().await;
        assert_eq!(outcome(&mut visitor, &act).await, MessageState::Failed, "{code}");
        visitor.wait_for_state(&next, MessageState::Delivered).await;
        assert!(stage.portal.calls(MARK).is_empty(), "{code}: the channel is well");
    }
}

/// A call is refused for one of its elements: that one is found, and the others go.
#[tokio::test]
async fn words_that_a_portal_refuses_are_found_among_many_and_fail_alone() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitors = Vec::new();
    for n in 0..12 {
        visitors.push(begun(&stage, &site, &format!("я {n}")).await);
    }
    stage.portal.shun(POISON, Fault::Refuse("ERROR_ARGUMENT".to_owned()));
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let mut said = Vec::new();
    for (n, visitor) in visitors.iter_mut().enumerate() {
        let text = if n == 4 { POISON.to_owned() } else { format!("ещё {n}") };
        said.push(visitor.say(&text).await);
    }
    let behind = visitors[4].say("а так?").await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let hurry = stage.hurry();
    for (n, visitor) in visitors.iter_mut().enumerate().filter(|(n, _)| *n != 4) {
        visitor.wait_for_state(&said[n], MessageState::Delivered).await;
    }
    drop(hurry);
    pass(&stage, 120 * MINUTE).await;
    let mut visitor = visitors[4].resume().await;
    visitor.wait_for_state(&said[4], MessageState::Failed).await;
    visitor.wait_for_state(&behind, MessageState::Delivered).await;
    assert_eq!(obstacle(&stage).await, Value::Null, "the line is well");
    for chat in stage.portal.chats() {
        assert_eq!(chat.visitor_texts().len(), 2, "each has both its words, once");
    }
}

/// The same inside good answers, one element being refused.
#[tokio::test]
async fn a_message_the_portal_will_not_have_is_told_as_failed_and_holds_up_nothing() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = begun(&stage, &site, "один").await;
    let mut other = begun(&stage, &site, "другой").await;
    stage.portal.shun(POISON, Fault::ElementFailure);
    let refused = visitor.say(POISON).await;
    let next = visitor.say("три").await;
    let id = other.say("ещё").await;
    let hurry = stage.hurry();
    other.wait_for_state(&id, MessageState::Delivered).await;
    drop(hurry);
    pass(&stage, 30 * MINUTE).await;
    let tried = stage.portal.calls(SEND).iter().filter(|call| call.args.to_string().contains(POISON)).count();
    assert!(tried >= 7, "{tried} offers in half an hour");
    let early = visitor.resume().await;
    assert!(early.messages().iter().all(|seen| seen.state != Some(MessageState::Failed)), "not so soon");
    pass(&stage, 90 * MINUTE).await;
    let mut visitor = visitor.resume().await;
    visitor.wait_for_state(&refused, MessageState::Failed).await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один", "три"]).await;
    assert_eq!(chat.sessions.len(), 1);
}

/// What travels alone is refused alone: where nothing else is taken, it looks like the line.
#[tokio::test]
async fn a_file_goes_though_another_with_words_is_refused_for_ever() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = begun(&stage, &site, "один").await;
    let other = begun(&stage, &site, "другой").await;
    stage.portal.shun(POISON, Fault::ElementFailure);
    let file = visitor.upload("a.pdf", "%PDF-1.7").await;
    let theirs = other.upload("b.pdf", "%PDF-1.7").await;
    visitor.send_files(POISON, &[&file]).await;
    until("the channel to be shown as faulty", || async {
        stage.advance(Duration::from_secs(1));
        (obstacle(&stage).await == "refused").then_some(())
    })
    .await;
    let mut other = other.resume().await;
    let id = other.send_files("вот", &[&theirs]).await;
    let _hurry = stage.hurry();
    other.wait_for_state(&id, MessageState::Delivered).await;
    assert_eq!(obstacle(&stage).await, Value::Null, "the line is well");
}

/// The messenger behind a line is away for ten minutes and fails every element: all is held, shown, and then it goes.
#[tokio::test]
async fn a_messenger_that_takes_nothing_for_minutes_fails_nobodys_words() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitors = Vec::new();
    for n in 0..3 {
        visitors.push(begun(&stage, &site, &format!("я {n}")).await);
    }
    stage.portal.fault_on(SEND, Fault::ElementFailure, u32::MAX);
    let mut said = Vec::new();
    for visitor in &mut visitors {
        said.push(visitor.say("слышно?").await);
    }
    until("the channel to be shown as faulty", || async {
        stage.advance(Duration::from_secs(1));
        (obstacle(&stage).await == "refused").then_some(())
    })
    .await;
    pass(&stage, 30 * MINUTE).await;
    stage.portal.clear_faults();
    pass_until_said(&stage, 6).await;
    for (visitor, id) in visitors.iter().zip(&said) {
        let mut visitor = visitor.resume().await;
        visitor.wait_for_state(id, MessageState::Delivered).await;
        assert!(visitor.messages().iter().all(|seen| seen.state != Some(MessageState::Failed)));
    }
    assert_eq!(obstacle(&stage).await, Value::Null);
}

/// Something before the portal refuses every message with a page of its own.
#[tokio::test]
async fn pages_that_bar_everything_for_a_while_fail_nobodys_words() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = begun(&stage, &site, "один").await;
    stage.portal.forbid("MESSAGES");
    let id = visitor.say("слышно?").await;
    until("many calls in vain", || async {
        stage.advance(MINUTE);
        (stage.portal.calls(SEND).len() >= 8).then_some(())
    })
    .await;
    stage.portal.forbid("what nobody says");
    pass_until_said(&stage, 2).await;
    visitor.resume().await.wait_for_state(&id, MessageState::Delivered).await;
}

#[tokio::test]
async fn first_words_that_one_error_hit_together_need_few_calls() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let (mut visitors, mut said) = (Vec::new(), Vec::new());
    for n in 0..24 {
        let mut visitor = stage.visitor(&site).await;
        said.push(visitor.say(&format!("я {n}")).await);
        visitors.push(visitor);
    }
    let refused = stage.portal.calls(SEND).len();
    stage.portal.fault_on(SEND, Fault::HtmlPage, 1);
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    pass_until_said(&stage, 24).await;
    for (visitor, id) in visitors.iter().zip(&said) {
        visitor.resume().await.wait_for_state(id, MessageState::Delivered).await;
    }
    let calls = stage.portal.calls(SEND).len() - refused;
    assert!(calls <= 12, "{calls} calls for 24 visitors");
    assert!(stage.portal.chats().iter().all(|chat| chat.visitor_texts().len() == 1), "once each");
}

/// Where many answers were lost, looking for what became of each takes no turn from what is new.
#[tokio::test]
async fn what_is_new_goes_between_the_looks_for_what_is_in_doubt() {
    let stage = Stage::start_with(Clock::by_hand(Clock::real().now()), LIMITS).await;
    let site = stage.site().await;
    let mut visitors = Vec::new();
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    for n in 0..100 {
        let mut visitor = stage.visitor(&site).await;
        visitor.say(&format!("я {n}")).await;
        visitors.push(visitor);
    }
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    pass_until_said(&stage, 100).await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    for visitor in &visitors {
        visitor.resume().await.say("слышно?").await;
    }
    let sent = stage.portal.calls(SEND).len();
    stage.portal.fault_on(SEND, Fault::CutBefore, 2);
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    until("the calls to be lost", || async {
        let are_lost = stage.portal.calls(SEND).len() >= sent + 2;
        if !are_lost {
            stage.advance(Duration::from_secs(1));
        }
        are_lost.then_some(())
    })
    .await;
    let mut other = stage.visitor(&site).await;
    let id = other.say("а мне?").await;
    let _hurry = stage.hurry(); // a look at each is due, and the portal may be called again
    other.wait_for_state(&id, MessageState::Delivered).await;
    let calls = stage.portal.all_calls();
    let lost = calls.iter().rposition(|call| call.args.to_string().contains("слышно?")).expect("it was sent");
    let new = calls.iter().position(|call| call.args.to_string().contains("а мне?")).expect("it was sent");
    let looks = calls[lost..new].iter().filter(|call| call.args.to_string().contains("history.get")).count();
    assert!(looks <= 2, "{looks} looks of four before it");
}
