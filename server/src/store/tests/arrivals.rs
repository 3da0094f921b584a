//! What the word that a visitor's message arrived tells beside that.

use super::inbox::seen;
use super::*;

/// An event tells that a message arrived, and not in which of the portal's sessions.
#[tokio::test]
async fn where_a_message_is_that_an_event_told_of_is_found_out() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    for nth in [1, 2] {
        bench.say(dialogue, nth).await;
    }
    let waiting = bench.store.pending(&host("a.ru"), 9).await.unwrap();
    let told = async |nth, session| {
        let at_portal = AtPortal { chat: Some(9), session, user: None };
        let act = InboxAct::Arrived { dialogue, id: message(nth), at_portal };
        bench.store.work_off(&host("a.ru"), vec![], vec![act], 50).await.unwrap().unclear
    };
    bench.store.mark_sending(vec![waiting[0].position], 3).await.unwrap();
    assert_eq!(told(1, None).await, [], "its call may still be answered, and whoever made it looks");
    let at_portal = AtPortal { chat: Some(9), session: Some(5), user: Some(7) };
    let outcome = Outcome::Delivered(at_portal);
    let answered = Settlement { position: waiting[0].position, outcome };
    assert_eq!(bench.store.settle(vec![answered], 4).await.unwrap(), [dialogue]);
    assert_eq!(bench.store.settle(vec![answered], 5).await.unwrap(), []);
    assert_eq!(bench.store.dialogue(dialogue).await.unwrap().unwrap().portal_session, Some(5), "the answer did tell");
    let given_up = Settlement { position: waiting[1].position, outcome: Outcome::Unconfirmed };
    bench.store.settle(vec![given_up], 6).await.unwrap();
    assert_eq!(told(2, None).await, [dialogue], "nobody looks for it any more");
    assert_eq!(told(2, None).await, []);
    assert_eq!(seen(&bench, dialogue).await[2..], ["Delivered", "started 5", "answered", "Unconfirmed", "Delivered"]);
}

/// An old portal's answer names neither chat nor session; the line's own word names the chat.
#[tokio::test]
async fn the_word_that_a_message_arrived_tells_where_a_dialogue_is() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let waiting = bench.store.pending(&host("a.ru"), 9).await.unwrap();
    let outcome = Outcome::Delivered(AtPortal { user: Some(7), ..AtPortal::default() });
    bench.store.settle(vec![Settlement { position: waiting[0].position, outcome }], 2).await.unwrap();
    let at_portal = AtPortal { chat: Some(9), session: None, user: None };
    let act = || vec![InboxAct::Arrived { dialogue, id: message(1), at_portal }];
    let unclear = async || bench.store.work_off(&host("a.ru"), vec![], act(), 50).await.unwrap().unclear;
    assert_eq!(unclear().await, [dialogue], "its session is still to be found out");
    assert_eq!(unclear().await, []);
    let record = bench.store.dialogue(dialogue).await.unwrap().unwrap();
    assert_eq!((record.portal_chat, record.portal_user), (Some(9), Some(7)));
    assert_eq!(seen(&bench, dialogue).await, ["words 1", "Delivered", "answered"]);
}
