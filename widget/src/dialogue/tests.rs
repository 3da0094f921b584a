//! The fold over entries: twice, shuffled and torn it ends the same.

use super::*;
use proptest::prelude::*;
use shared::{
    Author, Entry, File, FileId, FileKind, FileState, Happening, MessageId, MessageState, Millis, Piece, Refusal, Seq,
    ToServer,
};

const MINUTE: Millis = 60_000;

fn id(n: u64) -> MessageId {
    MessageId::try_from(["aaaaaaa", &n.to_string()].concat()).expect("letters and digits of an id")
}

fn words(text: &str) -> Vec<Piece> {
    vec![Piece::Text(text.to_owned())]
}

fn said(seq: Seq, from: Author, text: &str) -> Entry {
    let name = (from == Author::Operator).then(|| "Анна".to_owned());
    Entry {
        seq,
        at: seq * MINUTE,
        what: Happening::Said {
            id: id(seq),
            from,
            name,
            body: words(text),
            reply_to: None,
            rating: false,
            files: vec![],
            before: None,
            face: shared::Face::default(),
        },
    }
}

fn entry(seq: Seq, what: Happening) -> Entry {
    Entry { seq, at: seq * MINUTE, what }
}

fn history(entries: Vec<Entry>) -> History {
    let mut history = History::default();
    entries.into_iter().for_each(|entry| history.receive(entry));
    history
}

/// The lines as one reads them, days of 24 hours from 1970.
fn read(history: &History, queue: &Queue, read_up_to: Option<Seq>, settled: &[MessageId]) -> Vec<String> {
    let day = |at: Millis| u32::try_from(at / (24 * 60 * MINUTE)).unwrap();
    let scene = Scene { above: &[], below: &[], read_up_to, settled, offline: false, day: &day, today: 0 };
    lines(history, queue, &scene).iter().map(|line| spell(&line.shown)).collect()
}

fn spell(shown: &Shown) -> String {
    match shown {
        Shown::Day { .. } => "day".to_owned(),
        Shown::New => "new".to_owned(),
        Shown::Answers(name) => format!("now {name}"),
        Shown::Finished(_) => "finished".to_owned(),
        Shown::Message(bubble) => {
            let text = match bubble.body.first() {
                Some(Piece::Text(text)) => text,
                _ => "(gone)",
            };
            let corner = |is: bool, sign| if is { sign } else { "" };
            let state = bubble.state.map_or("", State::name);
            format!("{}{text}{}{state}", corner(bubble.first, "("), corner(bubble.last, ")"))
        }
        Shown::Note(word) => (*word).to_owned(),
    }
}

/// Which message the queue sends at `now`.
fn sent(queue: &mut Queue, now: Millis) -> Option<MessageId> {
    match queue.next(now)? {
        ToServer::Say { id, .. } => Some(id),
        other => panic!("{other:?} is no message"),
    }
}

#[test]
fn an_edit_a_state_and_a_deletion_alter_the_message_in_its_place() {
    let mut history = history(vec![
        said(1, Author::Visitor, "Есть?"),
        entry(2, Happening::State { id: id(1), state: MessageState::Delivered }),
        said(3, Author::Operator, "Нет"),
        entry(4, Happening::Edited { id: id(3), body: words("Да") }),
    ]);
    assert_eq!(read(&history, &Queue::default(), None, &[]), ["day", "(Есть?)delivered", "(Да)"]);
    history.receive(entry(5, Happening::Deleted { id: id(3) }));
    assert_eq!(read(&history, &Queue::default(), None, &[]), ["day", "(Есть?)delivered", "((gone))"]);
    assert!(!history.message(&id(3)).unwrap().is_edited());
    assert_eq!(history.seen(), 5);
}

#[test]
fn neighbours_form_groups_until_three_minutes_another_author_or_a_failure_part_them() {
    let mut entries = vec![
        said(1, Author::Operator, "a"),
        said(2, Author::Operator, "b"),
        said(5, Author::Operator, "c"),
        said(6, Author::Visitor, "d"),
        said(7, Author::Visitor, "e"),
        entry(8, Happening::State { id: id(6), state: MessageState::Failed }),
    ];
    let lines = read(&history(entries.clone()), &Queue::default(), None, &[]);
    assert_eq!(lines, ["day", "(a", "b)", "(c)", "(d)failed", "(e)sent"]);
    entries.push(entry(9, Happening::Finished));
    let gone = read(&history(entries), &Queue::default(), None, &[id(6)]);
    assert_eq!(gone, ["day", "(a", "b)", "(c)", "(e)sent", "finished"], "what was given up is not shown again");
}

#[test]
fn a_day_begins_once_and_another_operator_is_announced() {
    let day = 24 * 60;
    let mut other = said(day + 2, Author::Operator, "c");
    if let Happening::Said { name, .. } = &mut other.what {
        *name = Some("Тимур".to_owned());
    }
    let log = history(vec![said(1, Author::Operator, "a"), said(day + 1, Author::Visitor, "b"), other]);
    assert_eq!(read(&log, &Queue::default(), None, &[]), ["day", "(a)", "day", "(b)sent", "now Тимур", "(c)"]);
}

#[test]
fn the_rule_for_new_messages_stands_before_the_first_unread_answer() {
    let log = history(vec![
        said(1, Author::Operator, "a"),
        said(5, Author::Visitor, "b"),
        said(9, Author::Operator, "c"),
        said(10, Author::Operator, "d"),
    ]);
    assert_eq!(read(&log, &Queue::default(), Some(1), &[]), ["day", "(a)", "(b)sent", "new", "(c", "d)"]);
    assert_eq!((log.unread(1), log.unread(9), log.unread(10)), (2, 1, 0));
}

#[test]
fn words_wait_in_order_and_go_one_at_a_time() {
    let mut queue = Queue::default();
    queue.add(Pending::new(id(1), "один".to_owned(), 0));
    queue.add(Pending::new(id(2), "два".to_owned(), 0));
    assert_eq!(sent(&mut queue, 0), Some(id(1)));
    assert_eq!(sent(&mut queue, 0), None, "the first is under way");
    queue.break_off();
    assert_eq!(sent(&mut queue, 0), Some(id(1)), "the same one goes again");
    assert!(queue.accept(&id(1)).is_some());
    assert!(!queue.refuse(&id(2), Refusal::TooFast, Some(12), 1_000));
    assert_eq!(sent(&mut queue, 12_999), None);
    assert_eq!(queue.held_until(12_999), Some(13_000));
    assert_eq!(sent(&mut queue, 13_000), Some(id(2)));
    assert!(queue.refuse(&id(2), Refusal::TooLong, None, 13_000));
    assert_eq!(sent(&mut queue, 99_000), None);
    assert!(!queue.is_waiting());
    queue.judge(&id(2), Fate::Waiting);
    assert_eq!(sent(&mut queue, 99_000), Some(id(2)));
}

#[test]
fn another_tabs_words_are_taken_over_and_what_it_sent_stays_until_its_entry_comes() {
    let (mut here, first) = (Queue::default(), Pending::new(id(1), "тут".to_owned(), 0));
    assert!(!here.adopt(vec![first], 0));
    assert!(!here.adopt(vec![Pending::new(id(2), "там".to_owned(), 0)], 1_000));
    assert_eq!((sent(&mut here, 5_999), sent(&mut here, 6_000)), (None, Some(id(2))), "the other tab goes first");
    assert_eq!(read(&History::default(), &here, None, &[]), ["day", "(тутsent", "там)queued"]);
    let mut log = History::default();
    log.accept(Pending::new(id(1), "тут".to_owned(), 0), 1, 0);
    assert!(here.accept(&id(1)).is_some());
    assert_eq!(read(&log, &here, None, &[]), ["day", "(тутsent", "там)queued"]);
}

#[test]
fn an_acknowledged_message_does_not_move_the_cursor() {
    let mut log = history(vec![said(1, Author::Operator, "a")]);
    log.accept(Pending::new(id(3), "c".to_owned(), 0), 3, 3 * MINUTE);
    assert_eq!(log.seen(), 1, "entry 2 has not come");
    log.receive(said(2, Author::Operator, "b"));
    log.receive(said(3, Author::Visitor, "c"));
    assert_eq!(read(&log, &Queue::default(), None, &[]), ["day", "(a", "b)", "(c)sent"]);
}

#[test]
fn a_message_that_was_overtaken_has_its_place() {
    let late = |seq, text, overtaken| {
        let mut entry = said(seq, Author::Operator, text);
        let Happening::Said { before, .. } = &mut entry.what else { panic!("it says something") };
        *before = Some(overtaken);
        entry
    };
    let entries = vec![
        said(1, Author::Visitor, "?"),
        said(2, Author::Operator, "5"),
        late(3, "2", 2),
        said(4, Author::Operator, "6"),
        late(5, "4", 2),
        late(6, "1", 3),
        late(7, "3", 5),
    ];
    let twice: Vec<_> =
        entries.iter().flat_map(|entry| [entry.clone(), entry.clone()]).chain(entries.clone()).collect();
    let log = history(twice);
    // The third came four minutes after the second, which begins a group.
    assert_eq!(read(&log, &Queue::default(), None, &[]), ["day", "(?)sent", "(1", "2)", "(3", "4", "5", "6)"]);
    assert_eq!((log.seen(), log.unread(4)), (7, 3));
}

/// A log as a relay would write it: changes follow what they change.
fn log() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec((0..6_u8, any::<prop::sample::Index>(), "[a-z]{1,4}"), 1..24).prop_map(|steps| {
        let mut entries: Vec<Entry> = Vec::new();
        for (step, (kind, which, text)) in steps.into_iter().enumerate() {
            let seq = step as Seq + 1;
            let said_before: Vec<_> = entries
                .iter()
                .filter_map(|entry| match &entry.what {
                    Happening::Said { id, .. } => Some(id.clone()),
                    _ => None,
                })
                .collect();
            let target = (!said_before.is_empty()).then(|| which.get(&said_before).clone());
            entries.push(match (kind, target) {
                (1, Some(id)) => entry(seq, Happening::Edited { id, body: words(&text) }),
                (2, Some(id)) => entry(seq, Happening::Deleted { id }),
                (3, Some(id)) => entry(seq, Happening::State { id, state: MessageState::Delivered }),
                (4, Some(id)) => entry(seq, Happening::State { id, state: MessageState::Failed }),
                (5, _) => entry(seq, Happening::Finished),
                (kind, _) => said(seq, if kind % 2 == 0 { Author::Visitor } else { Author::Operator }, &text),
            });
        }
        entries
    })
}

proptest! {
    #[test]
    fn twice_and_in_any_order_ends_the_same(log in log(), seed in any::<u64>()) {
        let plain = history(log.clone());
        let mut shuffled: Vec<_> = log.iter().chain(&log).cloned().collect();
        let mut state = seed | 1;
        for place in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(place, (state >> 33) as usize % (place + 1));
        }
        let mut other = History::default();
        shuffled.into_iter().for_each(|entry| other.receive(entry));
        prop_assert_eq!(plain, other);
    }

    /// However often the line breaks, the relay (which knows an id again) ends with every message once, in order.
    #[test]
    fn words_arrive_once_and_in_order_over_a_breaking_line(count in 1..8_u64, luck in prop::collection::vec(0..4_u8, 0..40)) {
        let mut queue = Queue::default();
        for n in 0..count {
            queue.add(Pending::new(id(n), n.to_string(), n));
        }
        let (mut relay, mut luck, mut now) = (Vec::new(), luck.into_iter(), 0);
        while queue.is_waiting() {
            now += 1_000;
            let Some(next) = sent(&mut queue, now) else { continue };
            match luck.next().unwrap_or(0) {
                1 => queue.break_off(), // lost on the way there
                2 => {
                    // lost on the way back
                    if !relay.contains(&next) { relay.push(next) }
                    queue.break_off();
                }
                3 => prop_assert!(!queue.refuse(&next, Refusal::TooFast, Some(2), now)),
                _ => {
                    if !relay.contains(&next) { relay.push(next.clone()) }
                    queue.accept(&next);
                }
            }
        }
        prop_assert_eq!(relay, (0..count).map(id).collect::<Vec<_>>());
    }
}

fn file(n: u64, state: Option<FileState>) -> File {
    let id = FileId::try_from(["ffffffff", &n.to_string()].concat()).expect("letters and digits of an id");
    let (name, kind, href) = ("a.pdf".to_owned(), FileKind::File, state.is_none().then(|| "/files/x".to_owned()));
    File { id, name, size: n, kind, width: None, height: None, state, href }
}

/// A message with one file, and what was told of its files later.
fn with_files() -> Vec<Entry> {
    let coming = file(5, Some(FileState::Coming));
    let mut first = said(1, Author::Operator, "");
    if let Happening::Said { files, .. } = &mut first.what {
        files.push(coming.clone());
    }
    let told = |seq, file| entry(seq, Happening::File { id: id(1), file });
    vec![first, told(2, coming), told(3, file(5, None)), told(4, file(9, None)), told(5, file(8, None))]
}

#[test]
fn files_stand_as_they_were_told_last_in_whatever_order_that_came() {
    let orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]];
    for order in orders {
        let log = history(order.into_iter().map(|nth: usize| with_files()[nth].clone()).collect());
        let files = log.message(&id(1)).expect("it was said").files.clone();
        assert_eq!(*files, [file(5, None), file(8, None), file(9, None)], "{order:?}");
    }
    let mut gone = with_files();
    gone.insert(2, entry(6, Happening::Deleted { id: id(1) }));
    assert!(history(gone).message(&id(1)).expect("it was said").files.is_empty());
}

#[test]
fn what_was_sent_with_files_names_them_and_gets_their_addresses() {
    let mut queue = Queue::default();
    let mine = File { href: None, ..file(1, None) };
    queue.add(Pending { files: vec![mine.clone()], ..Pending::new(id(1), "b".to_owned(), 0) });
    let Some(ToServer::Say { files, .. }) = queue.next(0) else { panic!("it waits") };
    assert_eq!(files, [mine.id.clone()]);
    let mut log = History::default();
    log.accept(queue.accept(&id(1)).expect("it waited"), 1, 0);
    assert_eq!(log.message(&id(1)).expect("it is taken").files[0].href, None);
    let mut told = said(1, Author::Visitor, "b");
    if let Happening::Said { files, .. } = &mut told.what {
        files.push(file(1, None));
    }
    log.receive(told);
    assert_eq!(*log.message(&id(1)).expect("it is taken").files, [file(1, None)]);
}
