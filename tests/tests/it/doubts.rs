//! What becomes of messages whose answer was lost: each is found wherever the portal tells of it, and none is sent twice.

use otklik_server::clock::Clock;
use otklik_tests::{
    portal::{Build, Chat, Fault, Line, Mood, Vote},
    stage::{ANNA, Hurry, SALES, Stage},
    visitor::Visitor,
    wait::until,
};
use shared::{Happening, MessageId, MessageState, SiteKey, ToServer};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";
/// The line repeats what it stored.
const WITNESS: &str = "ONOPENLINEMESSAGEADD";
const START: &str = "ONIMCONNECTORDIALOGSTART";
const QUEUE: &str = "event.offline.list";
const MINUTE: Duration = Duration::from_secs(60);

/// A portal so made, a relay by a clock that stands still, and a conversation that has begun there.
pub(super) async fn begun_at(set_up: impl FnOnce(&mut Build)) -> (Stage, Visitor, Chat) {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    stage.portal.set_build(set_up);
    stage.start_here().await;
    stage.install().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

pub(super) async fn begun() -> (Stage, Visitor, Chat) {
    begun_at(|_| {}).await
}

/// A portal that names no sessions, as the relay has found out, and has no offline queue; time flies.
pub(super) async fn without_sessions() -> (Stage, SiteKey, Visitor, Hurry) {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    stage.portal.set_build(|build| (build.tells_sessions, build.offline_queue) = (false, false));
    stage.start_here().await;
    stage.install().await;
    let (site, hurry) = (stage.site().await, stage.hurry());
    let mut other = stage.visitor(&site).await;
    for text in ["один", "два"] {
        let id = other.say(text).await; // by the first of them the relay learns that sessions are not told
        other.wait_for_state(&id, MessageState::Delivered).await;
    }
    (stage, site, other, hurry)
}

/// Neither of the two ways back.
fn without_anything(build: &mut Build) {
    (build.offline_queue, build.history) = (false, false);
}

/// The next message is stored without its id, and nobody is told.
pub(super) fn spoil_next(stage: &Stage) {
    stage.portal.fault_on(SEND, Fault::CutAt(0), 1);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
}

/// The portal shows no histories from now on, and the relay has found that out, and what helps.
async fn closed(stage: &Stage, visitor: &mut Visitor) {
    stage.portal.set_build(|build| build.history = false);
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    wait_witnesses(stage, 2).await;
    *visitor = visitor.resume().await; // who reads nothing while time flies is taken for dead
}

/// Until so many ways lead the line's own word to the relay.
async fn wait_witnesses(stage: &Stage, count: usize) {
    let kept =
        async || (stage.portal.bindings().iter().filter(|one| one.event == WITNESS).count() == count).then_some(());
    until("the line's events to be kept", kept).await;
}

/// What became of the message, as it was told one after another.
fn states(visitor: &Visitor, of: &MessageId) -> Vec<MessageState> {
    let told = visitor.log.iter().filter_map(|entry| match &entry.what {
        Happening::State { id, state } if id == of => Some(*state),
        _ => None,
    });
    told.collect()
}

/// What the visitor said, with the names of its files.
fn seen(chat: &Chat) -> Vec<String> {
    let own = chat.messages.iter().filter(|message| chat.is_of_visitor(message));
    own.map(|one| one.files.iter().fold(one.text.clone(), |text, file| format!("{text}+{}", file.file.name))).collect()
}

/// The portal shows a history of before, and takes long to answer: the call works between the two.
#[tokio::test]
async fn what_arrives_while_the_portal_is_asked_is_not_sent_again() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    let second = Duration::from_secs;
    stage.portal.fault_on(SEND, Fault::Late(second(50)), 1);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
    stage.portal.fault_on("batch", Fault::Slow(Duration::ZERO), 4); // the looks of the first seconds
    stage.portal.fault_on("batch", Fault::Slow(second(15)), 1);
    stage.portal.fault_on("batch", Fault::Slow(second(35)), 1);
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let next = visitor.say("три").await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
}

#[tokio::test]
async fn where_neither_history_nor_queue_tells_a_first_word_is_not_repeated() {
    let (stage, mut visitor, _) = begun_at(|build| build.offline_queue = false).await;
    let _hurry = stage.hurry();
    stage.portal.set_build(|build| build.history = false);
    spoil_next(&stage);
    let second = visitor.say("два").await;
    visitor.wait_for_state(&second, MessageState::Unconfirmed).await; // so the relay learns that histories are refused
    let mut other = stage.visitor(&stage.site().await).await;
    for event in [START, WITNESS] {
        stage.portal.fault_on(event, Fault::EventLost, 1);
    }
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let first = other.say("я другой").await;
    other.wait_for_state(&first, MessageState::Unconfirmed).await;
    let next = other.say("и ещё").await;
    other.wait_for_state(&next, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts().contains(&"и ещё")).await;
    assert_eq!(chat.visitor_texts(), ["я другой", "и ещё"]);
}

#[tokio::test]
async fn a_first_word_outlives_an_outage_of_a_portal_without_a_queue() {
    let (stage, _, _) = begun_at(|build| build.offline_queue = false).await;
    let hurry = stage.hurry();
    stage.portal.wait_calls(QUEUE, 1).await; // so the relay learns that there is none
    drop(hurry);
    let mut other = stage.visitor(&stage.site().await).await;
    stage.portal.set_mood(Mood::Silent).await.expect("a mood");
    let first = other.say("я другой").await;
    stage.portal.wait_calls(SEND, 2).await;
    let hurry = stage.hurry();
    let (knocks, outage) = (stage.portal.calls("app.info").len(), stage.clock.now() + 10 * 60_000);
    stage.portal.wait_calls("app.info", knocks + 1).await;
    until("the outage to last", async || (stage.clock.now() > outage).then_some(())).await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["я другой"]).await;
    drop(hurry);
    let mut other = other.resume().await;
    other.wait_for_state(&first, MessageState::Delivered).await;
    assert_eq!(stage.portal.calls(SEND).len(), 3, "once in vain, and once more when the portal was back");
}

#[tokio::test]
async fn a_rating_whose_second_step_was_lost_is_found_as_the_portal_shows_it() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.set_line(Line { vote: Some(Vote::default()), ..Line::new(SALES, "Отдел продаж") });
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
    stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
    let is_asked =
        |visitor: &Visitor| visitor.log.iter().any(|entry| matches!(entry.what, Happening::Said { rating: true, .. }));
    while !is_asked(&visitor) {
        visitor.read().await.expect("the relay keeps the connection");
    }
    stage.portal.fault_on(SEND, Fault::CutAt(0), 1);
    visitor.accepted(|id| ToServer::Rate { id, like: true }).await;
    let next = visitor.say("три").await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().contains(&"три")).await;
    assert_eq!((chat.visitor_texts(), chat.ratings()), (vec!["один", "[like]", "три"], vec![5]));
}

#[tokio::test]
async fn a_file_without_room_is_recognised_and_sent_again() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    let file = visitor.upload("a.pdf", "%PDF").await;
    stage.portal.fault_on(SEND, Fault::DriveFull, 1);
    spoil_next(&stage);
    let id = visitor.send_files("вот", &[&file]).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_chat(&chat.external, |chat| seen(chat) == ["один", "вот [FILE]", "+a.pdf"]).await;
}

#[tokio::test]
async fn a_link_in_the_place_of_a_file_arrives_once() {
    for fault in [Fault::CutAt(0), Fault::CutBefore] {
        let (stage, mut visitor, chat) = begun().await;
        let _hurry = stage.hurry();
        let file = visitor.upload("a.pdf", "%PDF").await;
        stage.portal.fault_on(SEND, Fault::DriveFull, 2);
        stage.portal.fault_on(SEND, Fault::Slow(Duration::ZERO), 2); // the words, and the file by itself
        stage.portal.fault_on(SEND, fault, 1);
        stage.portal.fault_on(WITNESS, Fault::EventLost, 3);
        visitor.send_files("вот", &[&file]).await;
        stage.portal.wait_calls(SEND, 4).await;
        let next = visitor.say("три").await;
        visitor.wait_for_state(&next, MessageState::Delivered).await;
        let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().contains(&"три")).await;
        let said = seen(&chat);
        assert_eq!((said.len(), &said[..3]), (5, &["один", "вот [FILE]", "[FILE]"].map(str::to_owned)[..]), "{said:?}");
        assert!(said[3].starts_with("a.pdf: http"), "{said:?}");
    }
}

#[tokio::test]
async fn a_file_that_was_dropped_with_its_answer_comes_by_itself() {
    for witnesses in [0, 1] {
        let (stage, mut visitor, chat) = begun().await;
        let _hurry = stage.hurry();
        let (first, second) = (visitor.upload("a.pdf", "%PDF-a").await, visitor.upload("b.pdf", "%PDF-b").await);
        stage.portal.fault_on(SEND, Fault::FileDropped, 1);
        stage.portal.fault_on(SEND, Fault::CutAfter, 1);
        if witnesses == 0 {
            stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
        }
        let id = visitor.send_files("вот", &[&first, &second]).await;
        visitor.wait_for_state(&id, MessageState::Delivered).await;
        stage.portal.wait_chat(&chat.external, |chat| seen(chat) == ["один", "вот+b.pdf", "+a.pdf"]).await;
    }
}

#[tokio::test]
async fn without_history_and_witness_a_message_is_unconfirmed_and_holds_up_nothing() {
    let (stage, mut visitor, chat) = begun_at(without_anything).await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
    let (lost, said_at) = (visitor.say("два").await, stage.clock.now());
    let next = visitor.say("три").await;
    visitor.wait_for_state(&lost, MessageState::Unconfirmed).await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    assert!(stage.clock.now() - said_at < 180_000, "as long as a call may take effect, and not much longer");
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() >= 3).await;
    assert_eq!(chat.visitor_texts(), ["один", "два", "три"], "never sent twice");
}

/// The line's own word tells nothing of a message's files.
#[tokio::test]
async fn files_of_which_nothing_is_told_are_unconfirmed_with_their_words_and_hold_up_nothing() {
    for restarts in [false, true] {
        let (mut stage, mut visitor, chat) = begun().await;
        let hurry = stage.hurry();
        closed(&stage, &mut visitor).await;
        let file = visitor.upload("a.txt", "a").await;
        stage.portal.fault_on(SEND, Fault::CutAfter, 1);
        let id = visitor.send_files("вот", &[&file]).await;
        let next = visitor.say("и ещё").await;
        visitor.wait_for_state(&next, MessageState::Delivered).await;
        drop(hurry);
        if restarts {
            stage.restart().await;
            visitor = visitor.resume().await;
        }
        let _hurry = stage.hurry();
        visitor.wait_for_state(&id, MessageState::Unconfirmed).await;
        assert_eq!(states(&visitor, &id), [MessageState::Unconfirmed]);
        stage.portal.wait_texts(&chat.external, &["один", "два", "вот", "и ещё"]).await;
    }
}

/// The portal stores a message at once and its id in a second step, and calls a change of what it does not find a success.
#[tokio::test]
async fn an_edit_of_files_of_which_nothing_is_told_yet_waits_for_their_call() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    closed(&stage, &mut visitor).await;
    let file = visitor.upload("a.txt", "a").await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(50)), 1);
    let of = visitor.send_files("вот", &[&file]).await;
    stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().contains(&"вот")).await;
    visitor.accepted(|id| ToServer::Edit { id, of: of.clone(), text: "вот так".to_owned() }).await;
    visitor.wait_for_state(&of, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "вот так"]).await;
}

#[tokio::test]
async fn a_witness_that_comes_late_still_makes_a_message_delivered() {
    for restarts in [false, true] {
        let (mut stage, mut visitor, _) = begun_at(without_anything).await;
        let hurry = stage.hurry();
        stage.portal.fault_on(SEND, Fault::CutAfter, 1);
        stage.portal.fault_on(WITNESS, Fault::EventDelayed(MINUTE * 5), 1);
        let second = visitor.say("два").await;
        visitor.wait_for_state(&second, MessageState::Unconfirmed).await;
        drop(hurry);
        if restarts {
            stage.restart().await;
            visitor = visitor.resume().await;
        }
        let _hurry = stage.hurry();
        visitor.wait_for_state(&second, MessageState::Delivered).await;
    }
}

#[tokio::test]
async fn an_installation_keeps_the_witnesses_of_a_portal_that_shows_no_histories() {
    let (stage, mut visitor, _) = begun().await;
    let _hurry = stage.hurry();
    closed(&stage, &mut visitor).await;
    stage.install().await; // the portal has forgotten what was bound
    wait_witnesses(&stage, 2).await;
}

/// What the queue holds is no witness less for being read late; and nobody waits for it who need not.
#[tokio::test]
async fn a_message_is_not_unconfirmed_before_the_queue_was_read() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    closed(&stage, &mut visitor).await;
    stage.portal.fault_on(QUEUE, Fault::Silent, 2); // two minutes
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
    let (third, said_at) = (visitor.say("три").await, stage.clock.now());
    let fourth = visitor.say("четыре").await;
    visitor.wait_for_state(&fourth, MessageState::Delivered).await;
    assert!(stage.clock.now() - said_at < 180_000, "as long as a call may take effect, and not much longer");
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    assert_eq!(states(&visitor, &third), [MessageState::Delivered]);
    stage.portal.wait_texts(&chat.external, &["один", "два", "три", "четыре"]).await;
}

#[tokio::test]
async fn an_old_portal_that_shows_nothing_is_believed_after_one_wait() {
    let mut stage = Stage::by_hand().await;
    stage.portal.set_build(|build| (build.tells_sessions, build.history) = (false, false));
    stage.portal.fault_on(WITNESS, Fault::EventLost, 99);
    let mut hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("один").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    let file = visitor.upload("a.pdf", "%PDF").await;
    for text in ["", "два", "три"] {
        let said_at = stage.clock.now();
        let id = match text {
            "" => visitor.send_files(text, &[&file]).await, // by calls of its own
            text => visitor.say(text).await,
        };
        visitor.wait_for_state(&id, MessageState::Delivered).await;
        assert!(stage.clock.now() - said_at < 60_000, "{text}");
        drop(hurry);
        stage.restart().await; // what was learnt stays
        visitor = visitor.resume().await;
        hurry = stage.hurry();
    }
    assert_eq!(stage.portal.calls(SEND).len(), 4);
}

/// Nothing tells where the conversation is, but that it is: what comes after its first word is not sent blindly.
#[tokio::test]
async fn what_follows_a_first_word_is_not_repeated_though_nothing_was_told_of_the_conversation() {
    let (stage, site, _other, _hurry) = without_sessions().await;
    let mut visitor = stage.visitor(&site).await;
    for event in [START, WITNESS] {
        stage.portal.fault_on(event, Fault::EventLost, 99);
    }
    let first = visitor.say("раз").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let second = visitor.say("два").await;
    visitor.wait_for_state(&second, MessageState::Unconfirmed).await;
    let third = visitor.say("три").await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз", "два", "три"]).await;
}

/// A bare digit without a session in the answer may be a rating, or nothing.
#[tokio::test]
async fn first_words_that_good_answers_leave_out_are_not_repeated_without_end() {
    let (stage, _, _) = begun().await;
    let site = stage.site().await;
    stage.portal.shun("\"1\"", Fault::LostSession);
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let (mut visitors, mut said) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mut visitor = stage.visitor(&site).await;
        said.push(visitor.say("1").await);
        visitors.push(visitor);
    }
    let before = stage.portal.calls(SEND).len();
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let _hurry = stage.hurry();
    stage.portal.wait_calls(SEND, before + 3).await;
    for (visitor, id) in visitors.iter().zip(&said) {
        visitor.resume().await.wait_for_state(id, MessageState::Unconfirmed).await;
    }
    let calls = stage.portal.calls(SEND).split_off(before);
    let sizes = calls.iter().map(|call| call.args["MESSAGES"].as_array().map_or(0, Vec::len));
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 1, 1], "once together, and once each alone");
}

#[tokio::test]
async fn a_quotation_of_the_visitors_own_words_is_recognised_after_a_crash() {
    let (mut stage, mut visitor, chat) = begun().await;
    let to = visitor.messages()[0].id.clone();
    spoil_next(&stage);
    let reply = |id| ToServer::Say { id, text: "два".to_owned(), reply_to: Some(to), files: Vec::new() };
    let second = visitor.accepted(reply).await;
    stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 2).await;
    stage.kill().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut back = visitor.resume().await;
    back.wait_for_state(&second, MessageState::Delivered).await;
    let third = back.say("три").await;
    back.wait_for_state(&third, MessageState::Delivered).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().last() == Some(&"три")).await;
    assert_eq!(chat.visitor_texts().len(), 3, "{:?}", chat.visitor_texts());
}

#[tokio::test]
async fn of_two_messages_that_say_the_same_none_stands_for_the_other() {
    let (mut stage, mut visitor, chat) = begun().await;
    let hurry = stage.hurry();
    spoil_next(&stage);
    let second = visitor.say("да").await; // stored without its id
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    drop(hurry);
    stage.restart().await;
    let mut visitor = visitor.resume().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutBefore, 1);
    let third = visitor.say("да").await; // not stored
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "да", "да"]).await;
}

#[tokio::test]
async fn a_portal_whose_clock_is_far_behind_gets_nothing_twice() {
    let (stage, visitor, chat) = begun().await;
    stage.clock.advance(MINUTE * 60);
    let mut visitor = visitor.resume().await;
    let _hurry = stage.hurry();
    spoil_next(&stage);
    let second = visitor.say("два").await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    let third = visitor.say("три").await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
}
