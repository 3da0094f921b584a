//! The portal's limits: calls a second, operating time, a block by hand. They are kept, and nobody waits who need not.

use otklik_server::clock::Clock;
use otklik_tests::{
    portal::{Call, Fault, Mood, Options, Work},
    stage::{ANNA, SALES, SUPPORT, Stage},
};
use shared::{MessageState, SiteKey, ToServer};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";

/// Visitors may say as much as they like here.
const LIMITS: &str = "[limits]\nsession_burst = 1000\naddress_burst = 1000\nsessions_burst = 1000\n";

/// A clock by hand, and a portal that takes so much operating time for a call and grants so much.
async fn stage_with(work: Work) -> Stage {
    let mut stage =
        Stage::empty_at(Options { work, ..Options::default() }, Clock::by_hand(Clock::real().now()), LIMITS).await;
    stage.start_here().await;
    stage.install().await;
    stage
}

fn refused(calls: &[Call], status: u16) -> usize {
    calls.iter().filter(|call| call.status == Some(status)).count()
}

/// New visitors say these, each one thing, and leave. They have ten seconds to say who they are: not while time flies.
async fn say(stage: &Stage, site: &SiteKey, texts: impl IntoIterator<Item = String>) {
    for text in texts {
        stage.visitor(site).await.say(&text).await;
    }
}

async fn wait_for_text(stage: &Stage, text: &str) {
    stage.wait_for_texts(&[text]).await;
}

#[tokio::test]
async fn a_crowd_never_makes_the_portal_refuse() {
    let stage = Stage::start_with(Clock::real(), LIMITS).await;
    let site = stage.site().await;
    let mut visitors = Vec::new();
    for _ in 0..30 {
        visitors.push(stage.visitor(&site).await);
    }
    for round in 0..3 {
        for (nth, visitor) in visitors.iter_mut().enumerate() {
            visitor.say(&format!("слово {nth} {round}")).await;
        }
    }
    for nth in 0..30 {
        let texts = [0, 1, 2].map(|round| format!("слово {nth} {round}"));
        stage.wait_for_texts(&texts.each_ref().map(String::as_str)).await;
    }
    assert_eq!(refused(&stage.portal.all_calls(), 503), 0);
}

#[tokio::test]
async fn a_method_slows_down_before_its_time_is_spent() {
    let stage = stage_with(Work { message: Duration::from_secs(70), ..Work::default() }).await;
    let site = stage.site().await;
    stage.advance(Duration::from_secs(600));
    for nth in 0..12 {
        let text = format!("слово {nth}");
        say(&stage, &site, [text.clone()]).await;
        let _hurry = stage.hurry_by(Duration::from_secs(2));
        wait_for_text(&stage, &text).await;
    }
    let calls = stage.portal.calls(SEND);
    assert_eq!((calls.len(), refused(&calls, 429)), (12, 0), "840 s of work where ten minutes grant 480");
}

#[tokio::test]
async fn a_portal_that_grants_less_than_documented_loses_no_word() {
    let work = Work { message: Duration::from_secs(5), granted: Some(Duration::from_secs(20)), ..Work::default() };
    let stage = stage_with(work).await;
    let site = stage.site().await;
    for nth in 0..12 {
        let text = format!("слово {nth}");
        say(&stage, &site, [text.clone()]).await;
        let is_spent = nth >= 4;
        if nth == 4 {
            stage.portal.wait_calls(SEND, 5).await;
        }
        let _hurry = is_spent.then(|| stage.hurry_by(Duration::from_secs(2)));
        wait_for_text(&stage, &text).await;
    }
    let calls = stage.portal.calls(SEND);
    assert!(refused(&calls, 429) >= 1, "the portal grants less");
    let twice = calls.windows(2).find(|pair| refused(pair, 429) == 2);
    assert_eq!(twice.map(<[_]>::len), None, "it is not tried again before time comes back");
}

#[tokio::test]
async fn a_block_by_hand_ends_all_calls_until_it_may_be_over() {
    let stage = stage_with(Work::default()).await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("раз").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз"]).await;
    stage.portal.set_mood(Mood::Blocked).await.expect("a mood");
    visitor.say("два").await;
    stage.portal.wait_calls(SEND, 2).await;
    let blocked = stage.portal.all_calls().len();
    let answer = stage.portal.operator_says(chat.id, ANNA, "да").expect("Anna may answer");
    let deaf = stage.portal.open_settings(SALES, "ru");
    for _ in 0..8 {
        stage.advance(Duration::from_secs(60)); // the offline queue, confirmations and the message are due again and again
        otklik_tests::admin::open(&deaf).await;
    }
    assert_eq!(stage.portal.all_calls().len(), blocked, "nothing is asked of a portal that has blocked us");
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let _hurry = stage.hurry();
    stage.portal.wait_texts(&chat.external, &["раз", "два"]).await;
    stage.portal.wait_delivered(chat.id, answer).await;
}

#[tokio::test]
async fn what_became_of_many_lost_messages_is_asked_in_few_calls() {
    let stage = stage_with(Work::default()).await;
    let site = stage.site().await;
    let mut visitors = Vec::new();
    for nth in 0..20 {
        let mut visitor = stage.visitor(&site).await;
        visitor.say(&format!("первое {nth}")).await;
        visitors.push(visitor);
    }
    for nth in 0..20 {
        wait_for_text(&stage, &format!("первое {nth}")).await;
    }
    stage.portal.set_mood(Mood::Busy).await.expect("a mood");
    for (nth, visitor) in visitors.iter_mut().enumerate() {
        visitor.say(&format!("второе {nth}")).await;
    }
    drop(visitors);
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let before = stage.portal.calls("batch").len();
    let hurry = stage.hurry();
    for nth in 0..20 {
        stage.wait_for_texts(&[&format!("первое {nth}"), &format!("второе {nth}")]).await;
    }
    stage.portal.wait_calls("batch", before + 2).await;
    drop(hurry);
    let single = ["imopenlines.dialog.get", "imopenlines.session.history.get"];
    assert!(single.iter().all(|method| stage.portal.calls(method).is_empty()), "all are asked for together");
    assert_eq!(refused(&stage.portal.calls("batch"), 503), 0);
}

#[tokio::test]
async fn a_flood_of_one_visitor_delays_no_other() {
    let stage = stage_with(Work::default()).await;
    let (here, there) = (stage.site().await, stage.connect(SUPPORT, &["https://other.example"]).await.key);
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let mut flood = stage.visitor(&here).await;
    for nth in 0..60 {
        flood.say(&format!("поток {nth}")).await;
    }
    drop(flood);
    say(&stage, &here, ["сосед".to_owned()]).await;
    say(&stage, &there, ["с другой линии".to_owned()]).await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let _hurry = stage.hurry();
    wait_for_text(&stage, "сосед").await;
    wait_for_text(&stage, "с другой линии").await;
    let calls = stage.portal.calls(SEND);
    let place = |text: &str| {
        let answered = calls.iter().filter(|call| call.status == Some(200));
        answered.map(|call| call.args.to_string()).position(|args| args.contains(text))
    };
    let places = (place("сосед"), place("с другой линии"));
    assert!(places.0.is_some_and(|nth| nth < 2) && places.1.is_some_and(|nth| nth < 2), "{places:?}");
}

#[tokio::test]
async fn an_edit_whose_method_is_spent_keeps_no_message_waiting() {
    let stage = stage_with(Work::default()).await;
    let site = stage.site().await;
    let (mut one, mut other) = (stage.visitor(&site).await, stage.visitor(&site).await);
    let said = one.say("опечатка").await;
    one.wait_for_state(&said, MessageState::Delivered).await;
    stage.portal.fault_on("imconnector.update.messages", Fault::Refuse("OPERATION_TIME_LIMIT".to_owned()), 1);
    one.accepted(|id| ToServer::Edit { id, of: said, text: "слово".to_owned() }).await;
    stage.portal.wait_calls("imconnector.update.messages", 1).await;
    let next = other.say("сосед").await;
    other.wait_for_state(&next, MessageState::Delivered).await; // on a clock that stands still
    drop((one, other));
    let _hurry = stage.hurry_by(Duration::from_secs(2));
    wait_for_text(&stage, "слово").await;
    assert_eq!(stage.portal.calls("imconnector.update.messages").len(), 2);
}
