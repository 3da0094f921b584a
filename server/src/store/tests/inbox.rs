//! Repeats, edits before their message, deletions, and whose dialogue an event may touch.

use super::*;
use crate::ids::ImId;
use shared::{Author, File};

const IM: ImId = ImId { chat: 1807, message: 100 };

pub(super) fn said(dialogue: DialogueId, nth: u64, text: &str) -> InboxAct {
    InboxAct::Said {
        dialogue,
        im: ImId { chat: 1807, message: nth },
        line: LineId(1),
        author: Author::Operator,
        name: Some("Anna".to_owned()),
        text: text.to_owned(),
        looks: Looks::default(),
        files: Vec::new(),
        vote: None,
        at: nth,
    }
}

fn with_file(dialogue: DialogueId, nth: u64, words: &str) -> InboxAct {
    let mut act = said(dialogue, nth, words);
    let InboxAct::Said { files, .. } = &mut act else { unreachable!() };
    let (name, link) = ("f.pdf".to_owned(), Some("https://a.ru/f".to_owned()));
    *files = vec![FileSource { name, link, ..FileSource::default() }];
    act
}

pub(super) fn edited(dialogue: DialogueId, im: ImId, text: &str, at: u64) -> InboxAct {
    let (name, text, line, is_late) = (Some("Anna".to_owned()), text.to_owned(), LineId(1), false);
    InboxAct::Edited { dialogue, im, line, name, text, external: None, signature: Signature::Sure, at, is_late }
}

fn deleted(dialogue: DialogueId, im: ImId) -> InboxAct {
    InboxAct::Deleted { dialogue, im, external: None }
}

pub(super) async fn work(bench: &Bench, acts: Vec<InboxAct>) -> Vec<DialogueId> {
    bench.store.work_off(&host("a.ru"), vec![], acts, 50).await.unwrap().touched
}

/// What the visitor sees happen, in short.
pub(super) async fn seen(bench: &Bench, dialogue: DialogueId) -> Vec<String> {
    let entries = bench.store.entries(dialogue, 0, 1_000).await.unwrap();
    let short = entries.into_iter().map(|entry| match entry.what {
        Told::Said { text, .. } => text,
        Told::File { file, .. } => format!("+{} {:?}", file.name, file.state),
        Told::Edited { text, .. } => format!("~{text}"),
        Told::Deleted { .. } => "x".to_owned(),
        Told::State { state, .. } => format!("{state:?}"),
        Told::Started { session, .. } => format!("started {session}"),
        Told::Finished { session } => format!("finished {session}"),
        Told::EndKnown { session } => format!("end known {session}"),
        Told::Answered { .. } => "answered".to_owned(),
        other => format!("{other:?}"),
    });
    short.collect()
}

#[tokio::test]
async fn an_event_is_kept_until_it_is_worked_off() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let no = bench.store.keep_event(&host("a.ru"), b"event=X".to_vec(), 7).await.unwrap();
    bench.store.keep_event(&host("b.ru"), b"event=Y".to_vec(), 8).await.unwrap();
    bench.kill();
    let kept = bench.store.kept_events(10).await.unwrap();
    assert_eq!(kept[0], KeptEvent { no, host: host("a.ru"), at: 7, body: b"event=X".to_vec() });
    let touched = bench.store.work_off(&host("a.ru"), vec![no], vec![said(dialogue, 1, "hello")], 9).await.unwrap();
    assert_eq!(touched.touched, [dialogue]);
    bench.kill();
    assert_eq!(bench.store.kept_events(10).await.unwrap().len(), 1);
    assert_eq!(seen(&bench, dialogue).await, ["hello"]);
    let later = bench.store.keep_event(&host("a.ru"), vec![], 10).await.unwrap();
    assert!(later > no);
}

#[tokio::test]
async fn an_operators_words_come_once_and_are_confirmed_once() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    assert_eq!(work(&bench, vec![said(dialogue, 1, "hello")]).await, [dialogue]);
    assert!(work(&bench, vec![said(dialogue, 1, "hello")]).await.is_empty());
    bench.kill();
    assert!(work(&bench, vec![said(dialogue, 1, "hello")]).await.is_empty());
    assert_eq!(seen(&bench, dialogue).await, ["hello"]);
    let waiting = bench.store.confirmations(&host("a.ru"), 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].id, ImId { chat: 1807, message: 1 }.message_id(&host("a.ru")));
    assert!(bench.store.confirmations(&host("b.ru"), 10).await.unwrap().is_empty());
    bench.store.confirmed(&host("a.ru"), vec![waiting[0].no]).await.unwrap();
    bench.kill();
    assert!(bench.store.confirmations(&host("a.ru"), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn messages_that_wait_together_come_in_the_portals_order() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let start = InboxAct::Started { dialogue, session: 5, user: Some(585) };
    work(&bench, vec![said(dialogue, 3, "c"), start, said(dialogue, 1, "a"), said(dialogue, 2, "b")]).await;
    assert_eq!(seen(&bench, dialogue).await, ["a", "started 5", "b", "c"]);
}

#[tokio::test]
async fn edits_are_told_by_their_words_and_time() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let edit = |text, at| edited(dialogue, IM, text, at);
    work(&bench, vec![said(dialogue, 100, "A"), edit("B", 200), edit("A", 300), edit("B", 400)]).await;
    assert!(work(&bench, vec![edit("B", 400)]).await.is_empty(), "the same by another channel");
    assert!(work(&bench, vec![edit("A", 300)]).await.is_empty(), "an older one come late");
    assert_eq!(seen(&bench, dialogue).await, ["A", "~B", "~A", "~B"]);
}

#[tokio::test]
async fn an_edit_before_its_message_makes_it() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![edited(dialogue, IM, "B", 200)]).await;
    bench.kill();
    assert_eq!(work(&bench, vec![said(dialogue, 100, "A")]).await, [dialogue], "it is an operator's");
    assert!(work(&bench, vec![said(dialogue, 100, "A")]).await.is_empty());
    assert_eq!(seen(&bench, dialogue).await, ["B", "~B"]);
    assert_eq!(bench.store.confirmations(&host("a.ru"), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_edit_takes_no_file_away() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![with_file(dialogue, 100, "A"), edited(dialogue, IM, "B", 200)]).await;
    let late = ImId { chat: 1807, message: 101 };
    work(&bench, vec![edited(dialogue, late, "C", 300)]).await;
    bench.kill();
    assert_eq!(work(&bench, vec![with_file(dialogue, 101, "old")]).await, [dialogue], "an edit came first");
    assert!(work(&bench, vec![with_file(dialogue, 101, "old")]).await.is_empty());
    work(&bench, vec![edited(dialogue, late, "D", 400)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["A", "~B", "C", "+f.pdf Some(Coming)", "~C", "~D"]);
    assert_eq!(bench.store.fetches().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_is_fetched_once_and_goes_with_its_message() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![with_file(dialogue, 100, "A"), with_file(dialogue, 101, "B")]).await;
    let fetches = bench.store.fetches().await.unwrap();
    for fetch in &fetches {
        let file = File { size: 7, state: None, ..fetch.file.clone() };
        let kept = Fetched::Kept { file, mime: "application/pdf".to_owned() };
        assert!(bench.store.fetched(fetch, kept.clone(), 60).await.unwrap());
        assert!(bench.store.fetched(fetch, kept, 60).await.unwrap(), "told once, and wanted as long as it is there");
    }
    bench.kill();
    assert!(bench.store.fetches().await.unwrap().is_empty());
    assert_eq!(seen(&bench, dialogue).await, ["A", "B", "+f.pdf None", "+f.pdf None"]);
    assert_eq!(bench.store.file_keys().await.unwrap().len(), 2);
    work(&bench, vec![deleted(dialogue, IM)]).await;
    let left = bench.store.file_keys().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(bench.store.erase(dialogue).await.unwrap(), Some(left.into_iter().collect()));
    assert!(bench.store.file_keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_to_be_had_is_told_as_lost() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![with_file(dialogue, 100, "A")]).await;
    let fetch = bench.store.fetches().await.unwrap().remove(0);
    assert!(bench.store.fetched(&fetch, Fetched::Later(90), 60).await.unwrap());
    let fetch = bench.store.fetches().await.unwrap().remove(0);
    assert_eq!((fetch.attempts, fetch.due), (1, 90));
    assert!(bench.store.fetched(&fetch, Fetched::Lost { href: None }, 95).await.unwrap());
    assert_eq!(seen(&bench, dialogue).await, ["A", "+f.pdf Some(Lost)"]);
    assert!(bench.store.fetches().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_deleted_stays_so() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![said(dialogue, 100, "A"), deleted(dialogue, IM), deleted(dialogue, IM)]).await;
    bench.kill();
    work(&bench, vec![edited(dialogue, IM, "B", 900), said(dialogue, 100, "A"), deleted(dialogue, IM)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["A", "x"]);
    let early = ImId { chat: 1807, message: 101 };
    work(&bench, vec![deleted(dialogue, early), said(dialogue, 101, "never")]).await;
    assert_eq!(seen(&bench, dialogue).await, ["A", "x"], "deleted before it came");
}

#[tokio::test]
async fn an_operator_can_delete_what_the_visitor_said() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let delete = InboxAct::Deleted { dialogue, im: IM, external: Some(message(1)) };
    assert_eq!(work(&bench, vec![delete.clone()]).await, [dialogue]);
    assert!(work(&bench, vec![delete]).await.is_empty());
    let unknown = InboxAct::Deleted { dialogue, im: ImId { chat: 1, message: 1 }, external: Some(message(2)) };
    assert!(work(&bench, vec![unknown]).await.is_empty());
    assert_eq!(seen(&bench, dialogue).await, ["words 1", "x"]);
}

#[tokio::test]
async fn an_operators_words_and_the_end_tell_where_a_dialogue_is() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![said(dialogue, 1, "hello"), InboxAct::Finished { dialogue, session: 5 }]).await;
    bench.kill();
    let record = bench.store.dialogue(dialogue).await.unwrap().unwrap();
    assert_eq!((record.portal_chat, record.portal_session), (Some(1807), Some(5)), "its beginning was lost");
}

#[tokio::test]
async fn a_session_starts_and_finishes_once() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let start = |session| InboxAct::Started { dialogue, session, user: Some(585) };
    let finish = |session| InboxAct::Finished { dialogue, session };
    work(&bench, vec![start(5), start(5), finish(5), finish(5), start(5)]).await;
    bench.kill();
    work(&bench, vec![finish(5), start(6), finish(5), finish(7), start(7)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["started 5", "finished 5", "started 6", "finished 7"]);
    let record = bench.store.dialogue(dialogue).await.unwrap().unwrap();
    assert_eq!((record.portal_session, record.portal_user), (Some(7), Some(585)));
}

#[tokio::test]
async fn an_operator_leads_a_conversation_however_late_its_beginning_is_told() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let started = |session| InboxAct::Started { dialogue, session, user: None };
    let end = async |nth| {
        let accepted = bench.store.accept(dialogue, message(nth), Ask::Finish, 9).await.unwrap();
        !matches!(accepted, Acceptance::Refused(_))
    };
    work(&bench, vec![said(dialogue, 1, "hello"), started(5)]).await;
    assert!(end(1).await, "the visitor may end it");
    work(&bench, vec![said(dialogue, 2, "again"), started(6)]).await;
    assert!(end(2).await);
    work(&bench, vec![started(7), said(dialogue, 3, "hello"), started(8)]).await;
    assert!(!end(3).await, "that was in another one, whose end was not told");
}

#[tokio::test]
async fn an_earlier_conversations_request_for_a_rating_asks_nothing_any_more() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let asks = |nth, session| {
        let mut act = said(dialogue, nth, "how was it?");
        if let InboxAct::Said { vote, .. } = &mut act {
            *vote = Some(Vote { session, until: None });
        }
        act
    };
    work(&bench, vec![InboxAct::Started { dialogue, session: 6, user: None }, asks(1, 5), asks(2, 6)]).await;
    let entries = bench.store.entries(dialogue, 0, 10).await.unwrap();
    let votes = entries.iter().filter_map(|entry| match &entry.what {
        Told::Said { vote, .. } => Some(vote.map(|vote| vote.session)),
        _ => None,
    });
    assert_eq!(votes.collect::<Vec<_>>(), [None, Some(6)]);
}

#[tokio::test]
async fn a_portal_writes_into_its_own_dialogues_alone() {
    let bench = Bench::new().await;
    let far = bench.dialogue("far").await;
    let stranger = DialogueId::random();
    assert!(work(&bench, vec![said(far, 1, "hello"), said(stranger, 2, "hello")]).await.is_empty());
    assert!(seen(&bench, far).await.is_empty());
    assert!(bench.store.confirmations(&host("a.ru"), 10).await.unwrap().is_empty());
}

/// What the visitor sees of the operators' messages, in the order of the screen.
async fn order(bench: &Bench, dialogue: DialogueId) -> Vec<String> {
    let mut shown: Vec<(u64, String)> = Vec::new();
    for entry in bench.store.entries(dialogue, 0, 1_000).await.unwrap() {
        let Told::Said { text, before, .. } = entry.what else { continue };
        let place = before.and_then(|before| shown.iter().position(|(seq, _)| *seq == before));
        shown.insert(place.unwrap_or(shown.len()), (entry.seq, text));
    }
    shown.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn a_visitors_message_that_reached_the_portal_late_draws_no_answer_to_it() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let late = InboxAct::Deleted { dialogue, im: ImId { chat: 1807, message: 9 }, external: Some(message(1)) };
    work(&bench, vec![said(dialogue, 2, "a"), late, said(dialogue, 3, "b")]).await;
    let entries = bench.store.entries(dialogue, 0, 10).await.unwrap();
    let answers = entries.iter().filter_map(|entry| match &entry.what {
        Told::Said { from: Author::Operator, before, .. } => Some(*before),
        _ => None,
    });
    assert_eq!(answers.collect::<Vec<_>>(), [None, None], "the number that the visitor's got there is no place here");
}

#[tokio::test]
async fn a_message_that_was_overtaken_long_ago_has_its_place() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    for nth in [5, 2, 4, 1, 3, 6] {
        work(&bench, vec![said(dialogue, nth, &nth.to_string())]).await;
    }
    assert_eq!(order(&bench, dialogue).await, ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn the_portals_own_words_hold_unless_something_newer_was_heard() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let restated = |text: &str, asked_at| {
        let text = text.to_owned();
        InboxAct::Restated { dialogue, im: IM, text, asked_at }
    };
    work(&bench, vec![restated("nobody said that", 60)]).await;
    work(&bench, vec![said(dialogue, 100, "a")]).await; // heard at 50
    work(&bench, vec![restated("b", 50)]).await;
    work(&bench, vec![restated("a ", 60)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["a"], "asked before it was heard, then the same words");
    work(&bench, vec![restated("b", 60)]).await;
    work(&bench, vec![edited(dialogue, IM, "old", 59)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["a", "~b"]);
}

#[tokio::test]
async fn edits_too_close_to_tell_apart_are_told_as_that() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let disputed = async |text: &str, at, is_late| {
        let mut act = edited(dialogue, IM, text, at);
        if let InboxAct::Edited { is_late: late, .. } = &mut act {
            *late = is_late;
        }
        !bench.store.work_off(&host("a.ru"), vec![], vec![act], 50).await.unwrap().unclear.is_empty()
    };
    work(&bench, vec![said(dialogue, 100, "a")]).await;
    assert!(!disputed("b", 100_000, false).await, "the first edit");
    assert!(disputed("c", 101_000, false).await, "an event tells when it was sent");
    assert!(!disputed("x", 161_000, false).await, "a minute is longer than any that overtake each other are apart");
    assert!(disputed("c", 161_500, false).await);
    assert!(disputed("d", 161_500, false).await, "in the same second");
    assert!(disputed("b", 160_000, true).await, "an older one, fetched");
    assert!(disputed("e", 162_000, true).await, "a newer one, fetched");
    assert!(!disputed("f", 163_000, true).await, "the queue knows which of its own came first");
    assert!(!disputed("f", 163_000, true).await, "the same words");
}

/// Where histories are refused, nobody else can tell.
#[tokio::test]
async fn the_queue_tells_which_of_two_edits_came_last_though_events_brought_them_the_wrong_way_round() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let edit = |text, at, late| {
        let mut act = edited(dialogue, IM, text, at);
        if let InboxAct::Edited { is_late, .. } = &mut act {
            *is_late = late;
        }
        act
    };
    work(&bench, vec![said(dialogue, 100, "a")]).await;
    work(&bench, vec![edit("c", 105_000, false), edit("b", 106_000, false)]).await;
    work(&bench, vec![edit("b", 100_000, true), edit("c", 101_000, true)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["a", "~c", "~b", "~c"], "b was made first, and sent last");
    work(&bench, vec![edit("d", 300_000, false), edit("e", 301_000, false)]).await;
    work(&bench, vec![edit("d", 298_000, true), edit("e", 299_000, true)]).await;
    assert_eq!(seen(&bench, dialogue).await[4..], ["~d", "~e"]);
}

#[tokio::test]
async fn an_edit_right_after_a_history_was_read_is_not_lost_to_a_clock() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    work(&bench, vec![said(dialogue, 100, "a"), edited(dialogue, IM, "b", 40)]).await;
    let asked = |text: &str, asked_at| InboxAct::Restated { dialogue, im: IM, text: text.to_owned(), asked_at };
    work(&bench, vec![asked("c", 900_000)]).await;
    let act = edited(dialogue, IM, "d", 600_000); // the portal's clock is five minutes behind ours
    let done = bench.store.work_off(&host("a.ru"), vec![], vec![act], 901_000).await.unwrap();
    assert_eq!(done.unclear, [dialogue], "the history tells which holds");
    work(&bench, vec![asked("d", 902_000)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["a", "~b", "~c", "~d"]);
}

#[tokio::test]
async fn an_edit_of_what_the_visitor_said_makes_nobody_say_it() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let of = |external| {
        let mut act = edited(dialogue, IM, "not theirs", 40);
        if let InboxAct::Edited { external: id, .. } = &mut act {
            *id = external;
        }
        act
    };
    assert!(work(&bench, vec![of(Some(message(1)))]).await.is_empty());
    assert_eq!(seen(&bench, dialogue).await, ["words 1"]);
    work(&bench, vec![of(Some(IM.message_id(&host("a.ru"))))]).await;
    assert_eq!(seen(&bench, dialogue).await, ["words 1", "not theirs"]);
}

#[tokio::test]
async fn whoever_is_in_doubt_of_a_message_learns_that_it_arrived() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let at_portal = AtPortal { chat: Some(9), ..AtPortal::default() };
    let (first, second, third) = (message(1), message(2), message(3));
    for id in [&first, &second, &third] {
        bench.store.accept(dialogue, id.clone(), "?".to_owned(), 1).await.unwrap();
    }
    let waiting = bench.store.pending(&host("a.ru"), 9).await.unwrap();
    let unconfirmed = Settlement { position: waiting[0].position, outcome: Outcome::Unconfirmed };
    bench.store.settle(vec![unconfirmed], 2).await.unwrap();
    bench.store.mark_sending(vec![waiting[1].position], 3).await.unwrap();
    let mut doubtful = bench.store.doubtful(dialogue, 100).await.unwrap();
    doubtful.sort();
    assert_eq!(doubtful, [first.clone(), second.clone(), third]);
    for id in [&first, &second, &second] {
        work(&bench, vec![InboxAct::Arrived { dialogue, id: id.clone(), at_portal }]).await;
    }
    assert_eq!(seen(&bench, dialogue).await[3..], ["Unconfirmed", "Delivered", "Delivered"]);
    assert!(!bench.store.is_waiting(&waiting[1]) && bench.store.is_waiting(&waiting[2]));
    assert_eq!(bench.store.pending(&host("a.ru"), 9).await.unwrap().len(), 1, "nothing holds it up");
}

#[tokio::test]
async fn what_was_found_out_about_a_portal_outlives_the_process() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.store.ways(&host("a.ru")).await.unwrap(), Ways::default());
    let (before, after) = bench.store.change_ways(&host("a.ru"), |ways| ways.marks_sending = true).await.unwrap();
    assert!(!before.marks_sending && after.marks_sending);
    bench.kill();
    assert!(bench.store.ways(&host("a.ru")).await.unwrap().marks_sending);
    assert_eq!(bench.store.ways(&host("b.ru")).await.unwrap(), Ways::default());
}
