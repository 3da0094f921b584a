//! Visitors change their words, rate and leave.

use super::*;
use crate::ids::ImId;
use shared::{Author, MessageState, Millis, Refusal};

const DAY: Millis = 24 * 60 * 60 * 1000;

async fn ask(bench: &Bench, dialogue: DialogueId, nth: u64, ask: Ask, now: Millis) -> Acceptance {
    bench.store.accept(dialogue, message(nth), ask, now).await.unwrap()
}

fn edit(of: u64, text: &str) -> Ask {
    Ask::Edit { of: message(of), text: text.to_owned() }
}

fn delete(of: u64) -> Ask {
    Ask::Delete { of: message(of) }
}

async fn first(bench: &Bench) -> Position {
    bench.store.pending(&host("a.ru"), 1).await.unwrap()[0].position
}

async fn deliver(bench: &Bench) {
    let (position, outcome) = (first(bench).await, Outcome::Delivered(AtPortal::default()));
    bench.store.settle(vec![Settlement { position, outcome }], 5).await.unwrap();
}

/// What the portal told of the first dialogue, by one act.
pub(super) async fn told(bench: &Bench, act: InboxAct) {
    super::inbox::work(bench, vec![act]).await;
}

fn said(dialogue: DialogueId, nth: u64, author: Author, vote: Option<Vote>) -> InboxAct {
    InboxAct::Said {
        dialogue,
        im: ImId { chat: 1, message: nth },
        line: LineId(1),
        author,
        name: Some("Anna".to_owned()),
        text: format!("[b]answer[/b] {nth}"),
        looks: Looks::default(),
        files: Vec::new(),
        vote,
        at: nth,
    }
}

#[tokio::test]
async fn what_was_not_sent_yet_is_changed_before_it_goes() {
    let mut bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    bench.say(one, 2).await;
    assert!(matches!(ask(&bench, one, 11, edit(1, "better"), 3).await, Acceptance::New { seq: 3, at: 3 }));
    assert!(matches!(ask(&bench, one, 11, edit(1, "better"), 9).await, Acceptance::Repeated { seq: 3, at: 3 }));
    ask(&bench, one, 12, delete(2), 4).await;
    assert_eq!(bench.pending().await, ["better"]);
    for restart in [false, true] {
        if restart {
            bench.restart().await
        } else {
            bench.kill()
        }
        assert_eq!(bench.pending().await, ["better"]);
    }
}

#[tokio::test]
async fn what_may_have_gone_is_changed_behind_it() {
    let mut bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    let position = first(&bench).await;
    let sent = bench.store.mark_sending(vec![position], 2).await.unwrap();
    assert_eq!((words(&sent[0]).as_str(), sent[0].attempts, sent[0].sending), ("words 1", 1, Some(2)));
    ask(&bench, one, 11, edit(1, "better"), 3).await;
    ask(&bench, one, 12, delete(1), 4).await;
    assert!(bench.pending().await.is_empty(), "they wait for it");
    deliver_at(&bench, position).await;
    bench.kill();
    let wait: Vec<_> = bench.store.pending(&host("a.ru"), 9).await.unwrap().into_iter().map(|item| item.what).collect();
    assert_eq!(
        wait,
        [Errand::Edit { of: message(1), text: "better".to_owned(), reply: None }, Errand::Delete { of: message(1) }]
    );
    deliver(&bench).await;
    deliver(&bench).await;
    assert!(bench.pending().await.is_empty());
    bench.restart().await;
    assert!(bench.pending().await.is_empty(), "once each");
}

async fn deliver_at(bench: &Bench, position: Position) {
    let outcome = Outcome::Delivered(AtPortal::default());
    bench.store.settle(vec![Settlement { position, outcome }], 5).await.unwrap();
}

#[tokio::test]
async fn a_message_that_was_taken_back_while_its_call_was_made_up_is_left_out() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    let position = first(&bench).await;
    ask(&bench, one, 11, delete(1), 2).await;
    assert!(bench.store.mark_sending(vec![position], 3).await.unwrap().is_empty());
    assert!(bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap().is_empty());
}

/// An edit goes with what the message answers, or the operator would see the quotation go.
#[tokio::test]
async fn an_edit_of_a_reply_knows_what_it_answers() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    let reply = Ask::Say { text: "yes".to_owned(), reply_to: Some(message(1)), files: Vec::new() };
    ask(&bench, one, 2, reply, 2).await;
    deliver(&bench).await;
    deliver(&bench).await;
    ask(&bench, one, 3, edit(2, "yes, please"), 3).await;
    let items = bench.store.pending(&host("a.ru"), 9).await.unwrap();
    let Errand::Edit { reply: Some(reply), .. } = &items[0].what else { panic!("{items:?}") };
    assert_eq!((&reply.to, reply.own), (&message(1), true));
}

#[tokio::test]
async fn an_operators_word_that_comes_after_the_end_leads_no_conversation() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    told(&bench, InboxAct::Started { dialogue: one, session: 5, user: None }).await;
    told(&bench, said(one, 7, Author::Operator, None)).await;
    told(&bench, InboxAct::Finished { dialogue: one, session: 5 }).await;
    told(&bench, said(one, 6, Author::Operator, None)).await;
    let refused = Acceptance::Refused(Refusal::NotOpen);
    assert_eq!(ask(&bench, one, 11, Ask::Finish, 9).await, refused, "there is nothing to end");
    told(&bench, InboxAct::Started { dialogue: one, session: 6, user: None }).await;
    assert_eq!(ask(&bench, one, 11, Ask::Finish, 9).await, refused, "nobody leads the new one yet");
    told(&bench, said(one, 8, Author::Operator, None)).await;
    assert!(matches!(ask(&bench, one, 11, Ask::Finish, 9).await, Acceptance::New { .. }));
}

#[tokio::test]
async fn a_conversation_that_only_a_rating_went_into_is_known() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    deliver(&bench).await;
    told(&bench, InboxAct::Started { dialogue: one, session: 5, user: None }).await;
    told(&bench, said(one, 7, Author::System, Some(Vote { session: 5, until: None }))).await;
    ask(&bench, one, 2, Ask::Rate { like: true }, 9).await;
    let at_portal = AtPortal { chat: Some(1), session: Some(6), user: None };
    let (position, outcome) = (first(&bench).await, Outcome::Delivered(at_portal));
    bench.store.settle(vec![Settlement { position, outcome }], 10).await.unwrap();
    let activity = bench.store.activity(&host("a.ru"), Position::default(), 0).await.unwrap();
    assert!(activity.dialogues[0].sessions.contains(&6), "{activity:?}");
}

#[tokio::test]
async fn an_end_that_the_portal_tells_of_is_not_asked_for_any_more() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    deliver(&bench).await;
    told(&bench, InboxAct::Started { dialogue: one, session: 5, user: None }).await;
    told(&bench, said(one, 7, Author::Operator, None)).await;
    ask(&bench, one, 2, Ask::Finish, 9).await;
    let waiting = async || {
        bench.store.pending(&host("a.ru"), 9).await.unwrap().into_iter().map(|item| item.what).collect::<Vec<_>>()
    };
    assert_eq!(waiting().await, [Errand::Finish { session: 5 }]);
    told(&bench, InboxAct::Finished { dialogue: one, session: 5 }).await;
    assert_eq!(waiting().await, []);
}

#[tokio::test]
async fn only_own_messages_are_changed_and_only_in_time() {
    let bench = Bench::new().await;
    let (one, two) = (bench.dialogue("one").await, bench.dialogue("two").await);
    bench.say(one, 1).await;
    told(&bench, said(one, 7, Author::Operator, None)).await;
    let theirs = ImId { chat: 1, message: 7 }.message_id(&host("a.ru"));
    let refused = Acceptance::Refused;
    assert_eq!(ask(&bench, two, 11, edit(1, "x"), 2).await, refused(Refusal::NotYours));
    assert_eq!(ask(&bench, one, 12, Ask::Delete { of: theirs }, 2).await, refused(Refusal::NotYours));
    assert_eq!(ask(&bench, one, 13, edit(1, "x"), 3 * DAY + 2).await, refused(Refusal::TooLate));
    assert!(matches!(ask(&bench, one, 14, edit(1, "x"), 3 * DAY).await, Acceptance::New { .. }));
    assert!(matches!(ask(&bench, one, 15, delete(1), 30 * DAY).await, Acceptance::New { .. }), "at any time");
    assert_eq!(ask(&bench, one, 16, edit(1, "y"), 4).await, refused(Refusal::TooLate), "it is gone");
    assert_eq!(ask(&bench, one, 17, edit(14, "y"), 4).await, refused(Refusal::NotYours), "an edit is no message");
}

#[tokio::test]
async fn a_rating_is_taken_once_and_while_it_is_asked_for() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    let (rate, refused) = (|like| Ask::Rate { like }, Acceptance::Refused(Refusal::NotOpen));
    assert_eq!(ask(&bench, one, 1, rate(true), 5).await, refused);
    told(&bench, said(one, 7, Author::System, Some(Vote { session: 5, until: Some(100) }))).await;
    assert_eq!(ask(&bench, one, 1, rate(true), 100).await, refused, "too late");
    bench.say(one, 2).await;
    let guarded = async || {
        let items = bench.store.pending(&host("a.ru"), 9).await.unwrap();
        items.iter().any(|item| matches!(item.what, Errand::Say { guarded: true, .. }))
    };
    assert!(guarded().await, "a digit would be taken for the rating, even after its time");
    assert!(matches!(ask(&bench, one, 3, rate(true), 99).await, Acceptance::New { .. }));
    assert_eq!(ask(&bench, one, 4, rate(false), 99).await, refused);
    assert!(guarded().await, "it goes before the rating does");
    told(&bench, said(one, 8, Author::System, Some(Vote { session: 5, until: None }))).await;
    told(&bench, InboxAct::Started { dialogue: one, session: 6, user: None }).await;
    assert!(!guarded().await, "another conversation began");
}

/// A bare digit is an ordinary message once the request is over: to a bot it ends the bot's part.
#[tokio::test]
async fn a_rating_knows_until_when_it_is_one() {
    let mut bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    let vote = Vote { session: 5, until: Some(100) };
    told(&bench, said(one, 7, Author::System, Some(vote))).await;
    ask(&bench, one, 1, Ask::Rate { like: false }, 50).await;
    let until = async |bench: &Bench| bench.store.pending(&host("a.ru"), 9).await.unwrap()[0].until;
    assert_eq!(until(&bench).await, Some(100));
    told(&bench, InboxAct::Finished { dialogue: one, session: 5 }).await;
    bench.kill();
    assert_eq!(until(&bench).await, Some(100), "it rates the one that is over");
    told(&bench, InboxAct::Started { dialogue: one, session: 6, user: None }).await;
    assert_eq!(until(&bench).await, Some(0), "another conversation began");
}

#[tokio::test]
async fn an_edit_knows_until_when_the_portal_makes_it() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    deliver(&bench).await;
    ask(&bench, one, 11, edit(1, "x"), DAY).await;
    ask(&bench, one, 12, delete(1), DAY).await;
    let items = bench.store.pending(&host("a.ru"), 9).await.unwrap();
    let until = items.into_iter().map(|item| item.until).collect::<Vec<_>>();
    assert_eq!(until, [Some(3 * DAY + 1), None], "what is taken back may be as old as it likes");
}

#[tokio::test]
async fn a_conversation_is_ended_once_and_while_an_operator_leads_it() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    deliver(&bench).await;
    let refused = Acceptance::Refused(Refusal::NotOpen);
    assert_eq!(ask(&bench, one, 2, Ask::Finish, 5).await, refused);
    told(&bench, InboxAct::Started { dialogue: one, session: 6, user: None }).await;
    told(&bench, said(one, 7, Author::Operator, None)).await;
    assert!(matches!(ask(&bench, one, 3, Ask::Finish, 5).await, Acceptance::New { seq: 5, .. }));
    assert_eq!(ask(&bench, one, 4, Ask::Finish, 5).await, refused);
    told(&bench, InboxAct::Finished { dialogue: one, session: 6 }).await;
    let entries = bench.store.entries(one, 4, 9).await.unwrap();
    let [left, done] = &entries[..] else { panic!("{entries:?}") };
    assert!(matches!(&left.what, Told::Left { session: 6, .. }), "the portal's own word comes as a repeat: {left:?}");
    assert!(
        matches!(&done.what, Told::Done { state: MessageState::Delivered, .. }),
        "nothing is left to ask: {done:?}"
    );
}

#[tokio::test]
async fn an_end_that_the_portal_did_not_take_is_none() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    bench.say(one, 1).await;
    deliver(&bench).await;
    told(&bench, InboxAct::Started { dialogue: one, session: 6, user: None }).await;
    told(&bench, said(one, 7, Author::Operator, None)).await;
    assert!(matches!(ask(&bench, one, 3, Ask::Finish, 5).await, Acceptance::New { seq: 5, .. }));
    fail(&bench).await;
    assert!(matches!(ask(&bench, one, 4, Ask::Finish, 5).await, Acceptance::New { seq: 7, .. }), "it goes on");
    told(&bench, InboxAct::Finished { dialogue: one, session: 6 }).await;
    let entries = bench.store.entries(one, 7, 9).await.unwrap();
    assert!(
        matches!(&entries[..], [done] if matches!(done.what, Told::Done { entry: 7, .. })),
        "this one: {entries:?}"
    );
    let refused = Acceptance::Refused(Refusal::NotOpen);
    assert_eq!(ask(&bench, one, 5, Ask::Finish, 5).await, refused, "the portal has ended it");
}

/// The portal refuses what waits.
/// The call that ends the conversation is on its way when the portal tells that it is over.
#[tokio::test]
async fn an_end_that_the_portal_tells_of_holds_whatever_becomes_of_the_visitors_call() {
    for outcome in [Outcome::Failed, Outcome::Unconfirmed] {
        let bench = Bench::new().await;
        let one = bench.dialogue("one").await;
        bench.say(one, 1).await;
        deliver(&bench).await;
        told(&bench, InboxAct::Started { dialogue: one, session: 6, user: None }).await;
        told(&bench, said(one, 7, Author::Operator, None)).await;
        assert!(matches!(ask(&bench, one, 3, Ask::Finish, 5).await, Acceptance::New { seq: 5, .. }));
        let position = first(&bench).await;
        bench.store.mark_sending(vec![position], 5).await.unwrap();
        bench.say(one, 4).await;
        for _ in 0..2 {
            told(&bench, InboxAct::Finished { dialogue: one, session: 6 }).await;
        }
        assert!(bench.store.pending(&host("a.ru"), 9).await.unwrap().is_empty(), "the call may still work");
        bench.store.settle(vec![Settlement { position, outcome }], 9).await.unwrap();
        let entries = bench.store.entries(one, 6, 9).await.unwrap();
        let [known, done] = &entries[..] else { panic!("{entries:?}") };
        assert!(matches!(known.what, Told::EndKnown { session: 6 }), "once, and no second end: {known:?}");
        assert!(matches!(done.what, Told::Done { state: MessageState::Delivered, entry: 5, .. }), "{done:?}");
        let again = ask(&bench, one, 5, Ask::Finish, 9).await;
        assert_eq!(again, Acceptance::Refused(Refusal::NotOpen), "it is over");
        assert_eq!(bench.store.pending(&host("a.ru"), 9).await.unwrap().len(), 1, "and now the next goes");
    }
}

async fn fail(bench: &Bench) {
    let (position, outcome) = (first(bench).await, Outcome::Failed);
    bench.store.settle(vec![Settlement { position, outcome }], 5).await.unwrap();
}

#[tokio::test]
async fn a_reply_keeps_what_it_answers_as_it_was() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    told(&bench, said(one, 7, Author::Operator, None)).await;
    let im = ImId { chat: 1, message: 7 };
    let reply =
        |nth, to| ask(&bench, one, nth, Ask::Say { text: "yes".to_owned(), reply_to: Some(to), files: Vec::new() }, 9);
    reply(1, im.message_id(&host("a.ru"))).await;
    reply(2, message(99)).await;
    let items = bench.store.pending(&host("a.ru"), 9).await.unwrap();
    let Errand::Say { reply: Some(reply), .. } = &items[0].what else { panic!("{items:?}") };
    assert_eq!((reply.name.as_deref(), reply.text.as_str(), reply.im), (Some("Anna"), "[b]answer[/b] 7", Some(im)));
    assert!(matches!(items[1].what, Errand::Say { reply: None, .. }), "what is not there is passed over");
}
