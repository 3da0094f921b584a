//! The hand-written reader against the serde types: whatever the relay can write, the widget reads alike.

use super::*;
use crate::wire::Identity;
use proptest::prelude::*;

fn message_id() -> impl Strategy<Value = MessageId> {
    "[0-9a-f-]{8,36}".prop_map(|text| MessageId::try_from(text).expect("the pattern is that of an id"))
}

fn piece() -> impl Strategy<Value = Piece> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Piece::Text),
        any::<String>().prop_map(Piece::Code),
        (0..4_000_000_000_000_u64).prop_map(Piece::Time),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let body = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            body().prop_map(Piece::Bold),
            body().prop_map(Piece::Italic),
            body().prop_map(Piece::Underline),
            body().prop_map(Piece::Strike),
            (any::<Option<String>>(), body(), prop::option::of(message_id()))
                .prop_map(|(name, body, of)| Piece::Quote(Quote { name, body, of })),
            (any::<String>(), body()).prop_map(|(href, body)| Piece::Link(Link { href, body })),
        ]
    })
}

fn file() -> impl Strategy<Value = File> {
    let id = "[0-9a-f-]{8,36}".prop_map(|text| FileId::try_from(text).expect("the pattern is that of an id"));
    let kind = prop::sample::select(vec![FileKind::Image, FileKind::File]);
    let state = prop::sample::select(vec![None, Some(FileState::Coming), Some(FileState::Lost)]);
    let (size, pixels) = (0..9_007_199_254_740_991_u64, any::<(Option<u32>, Option<u32>)>());
    (id, any::<String>(), size, kind, pixels, state, any::<Option<String>>()).prop_map(
        |(id, name, size, kind, (width, height), state, href)| File {
            id,
            name,
            size,
            kind,
            width,
            height,
            state,
            href,
        },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    let author = prop::sample::select(vec![Author::Visitor, Author::Operator, Author::Bot, Author::System]);
    let state = prop::sample::select(vec![MessageState::Delivered, MessageState::Unconfirmed, MessageState::Failed]);
    let body = || prop::collection::vec(piece(), 0..4);
    prop_oneof![
        (
            (message_id(), author, any::<Option<String>>(), body()),
            (prop::option::of(message_id()), any::<bool>(), prop::collection::vec(file(), 0..3)),
            (any::<Option<String>>(), any::<Option<String>>(), prop::option::of(1..9_007_199_254_740_991_u64)),
        )
            .prop_map(|((id, from, name, body), (reply_to, rating, files), (photo, position, before))| {
                let face = Face { photo, position };
                Happening::Said { id, from, name, body, reply_to, rating, files, before, face }
            }),
        (message_id(), file()).prop_map(|(id, file)| Happening::File { id, file }),
        (message_id(), body()).prop_map(|(id, body)| Happening::Edited { id, body }),
        message_id().prop_map(|id| Happening::Deleted { id }),
        (message_id(), state.clone()).prop_map(|(id, state)| Happening::State { id, state }),
        (message_id(), state, proptest::option::of(0..1_u64 << 53)).prop_map(|(id, state, entry)| Happening::Done {
            id,
            state,
            entry
        }),
        any::<bool>().prop_map(|like| Happening::Rated { like }),
        Just(Happening::Started),
        Just(Happening::Finished),
    ]
}

fn presence() -> impl Strategy<Value = Presence> {
    let state = prop::sample::select(vec![Attendance::Online, Attendance::Away, Attendance::Closed]);
    let opens_at = prop::option::of(0..9_007_199_254_740_991_u64);
    (prop::option::of(state), opens_at, any::<Option<u32>>(), any::<bool>())
        .prop_map(|(state, opens_at, answer_seconds, held)| Presence { state, opens_at, answer_seconds, held })
}

fn frame() -> impl Strategy<Value = ToWidget> {
    let seq = || 0..9_007_199_254_740_991_u64;
    let entry = (seq(), seq(), happening()).prop_map(|(seq, at, what)| Entry { seq, at, what });
    let code = prop::sample::select(vec![
        Refusal::TooFast,
        Refusal::TooLong,
        Refusal::Empty,
        Refusal::BadFrame,
        Refusal::TooLarge,
        Refusal::SessionUnknown,
        Refusal::Identity,
        Refusal::SiteUnknown,
        Refusal::SiteClosed,
        Refusal::Origin,
        Refusal::TooLate,
        Refusal::NotYours,
        Refusal::NotOpen,
        Refusal::TooManyConnections,
        Refusal::Version,
        Refusal::TooManyFiles,
        Refusal::FileUnknown,
        Refusal::NoRoom,
        Refusal::Internal,
    ]);
    prop_oneof![
        (any::<Option<String>>(), seq(), any::<bool>(), any::<u32>(), any::<Option<String>>()).prop_map(
            |(session, last, reset, text_chars, visitor)| ToWidget::Welcome {
                session,
                last,
                reset,
                text_chars,
                visitor
            }
        ),
        (message_id(), seq(), seq()).prop_map(|(id, seq, at)| ToWidget::Accepted { id, seq, at }),
        prop::collection::vec(entry, 0..4).prop_map(|list| ToWidget::Entries { list }),
        (prop::option::of(message_id()), code, any::<Option<u32>>())
            .prop_map(|(id, code, retry_after)| ToWidget::Refused { id, code, retry_after }),
        Just(ToWidget::Pong),
        Just(ToWidget::Ended),
        presence().prop_map(ToWidget::Presence),
    ]
}

fn request() -> impl Strategy<Value = ToServer> {
    let site = || "[a-z0-9-]{1,32}".prop_map(|text| SiteKey::try_from(text).expect("the pattern is that of a key"));
    let identity = (any::<String>(), any::<u64>(), any::<String>());
    let identity = prop::option::of(identity.prop_map(|(id, exp, sig)| Identity { id, exp, sig }));
    prop_oneof![
        (any::<u32>(), site(), any::<Option<String>>(), any::<u64>(), identity).prop_map(
            |(version, site, session, seen, identity)| {
                ToServer::Hello(Hello { version, site, session, seen, identity })
            }
        ),
        (message_id(), any::<String>(), prop::option::of(message_id()), prop::collection::vec(file(), 0..3)).prop_map(
            |(id, text, reply_to, files)| {
                let files = files.into_iter().map(|file| file.id).collect();
                ToServer::Say { id, text, reply_to, files }
            }
        ),
        (message_id(), message_id(), any::<String>()).prop_map(|(id, of, text)| ToServer::Edit { id, of, text }),
        (message_id(), message_id()).prop_map(|(id, of)| ToServer::Delete { id, of }),
        (message_id(), any::<bool>()).prop_map(|(id, like)| ToServer::Rate { id, like }),
        message_id().prop_map(|id| ToServer::Finish { id }),
        site().prop_map(|site| ToServer::Look { site }),
        Just(ToServer::Ping),
    ]
}

proptest! {
    #[test]
    fn the_widget_reads_what_the_relay_writes(frame in frame()) {
        let written = serde_json::to_value(&frame).expect("every frame is JSON");
        prop_assert_eq!(to_widget(&written), Some(frame));
    }

    #[test]
    fn the_relay_reads_what_the_widget_writes(request in request()) {
        let written = from_widget(&request, |text| serde_json::to_string(text).expect("a text is JSON"));
        prop_assert_eq!(serde_json::from_str::<ToServer>(&written).ok(), Some(request));
    }
}

#[test]
fn what_a_newer_relay_adds_is_passed_over() {
    let newer = serde_json::json!({"type": "entries", "list": [
        {"seq": 1, "at": 2, "kind": "danced", "steps": 3},
        {"seq": 2, "at": 2, "kind": "said", "id": "aaaaaaaa", "from": "operator", "new": [], "body": [
            {"t": "hologram", "c": 1}, {"t": "text", "c": "hello"}]},
    ]});
    let ToWidget::Entries { list } = to_widget(&newer).expect("a frame") else { panic!("entries") };
    assert_eq!(list[0].what, Happening::Unknown);
    assert!(matches!(&list[1].what, Happening::Said { body, .. } if *body == [Piece::Text("hello".to_owned())]));
    assert_eq!(to_widget(&serde_json::json!({"type": "sung"})), Some(ToWidget::Unknown));
    assert_eq!(to_widget(&serde_json::json!([1])), None);
}
