//! What was said before somebody signed in, once it has joined the person's own dialogue: it can be changed, answered,
//! rated and ended as before, and the portal has all of that where it was said.

use super::asks::told as heard;
use super::*;
use crate::identity::PersonId;
use crate::ids::ImId;
use crate::profile::Profile;
use shared::{About, Author, Refusal};

/// A person's dialogue, and the one that joined it.
struct Two {
    bench: Bench,
    before: DialogueId,
    theirs: DialogueId,
}

fn person() -> PersonId {
    PersonId::try_from("u42".to_owned()).unwrap()
}

/// `furnish` sees to what is in the one that joins.
async fn joined(furnish: impl AsyncFnOnce(&Bench, DialogueId)) -> Two {
    let bench = Bench::new().await;
    let [home, token] = ["home", "before"].map(TokenHash::of);
    let theirs = bench.store.begin_session_of(key("one"), person(), home, 1).await.unwrap().dialogue;
    bench.say(theirs, 1).await;
    let before = bench.store.begin_session(key("one"), token, 2).await.unwrap().dialogue;
    furnish(&bench, before).await;
    assert_eq!(bench.store.join(token, person(), 100).await.unwrap().unwrap().dialogue, theirs);
    Two { bench, before, theirs }
}

async fn two_words(bench: &Bench, dialogue: DialogueId) {
    bench.say(dialogue, 2).await;
}

impl Two {
    async fn ask(&self, nth: u64, ask: Ask, now: u64) -> Acceptance {
        self.bench.store.accept(self.theirs, message(nth), ask, now).await.unwrap()
    }

    /// What the person's dialogue says, whether joined or its own.
    async fn told(&self) -> Vec<Told> {
        let entries = self.bench.store.entries(self.theirs, 0, 10_000).await.unwrap();
        entries.into_iter().map(|entry| entry.what.itself()).collect()
    }

    async fn waiting(&self) -> Vec<(DialogueId, Errand)> {
        let items = self.bench.store.pending(&host("a.ru"), 100).await.unwrap();
        items.into_iter().map(|item| (item.dialogue, item.what)).collect()
    }
}

fn said(dialogue: DialogueId, nth: u64, author: Author, vote: Option<Vote>) -> InboxAct {
    InboxAct::Said {
        dialogue,
        im: ImId { chat: 1, message: nth },
        line: LineId(1),
        author,
        name: Some("Anna".to_owned()),
        text: format!("answer {nth}"),
        looks: Looks::default(),
        files: Vec::new(),
        vote,
        at: nth,
    }
}

#[tokio::test]
async fn words_of_before_signing_in_are_changed_and_taken_back_where_the_portal_has_them() {
    let mut two = joined(two_words).await;
    let edit = || Ask::Edit { of: message(2), text: "better".to_owned() };
    let Acceptance::New { seq, at: 200 } = two.ask(11, edit(), 200).await else { panic!("it is taken") };
    assert_eq!(two.ask(11, edit(), 300).await, Acceptance::Repeated { seq, at: 200 });
    assert!(matches!(&two.told().await.last(), Some(Told::Edited { text, .. }) if text == "better"));
    for round in 0..2 {
        assert_eq!(two.bench.pending().await, ["words 1", "better"], "round {round}: changed before it went");
        two.bench.kill();
    }
    let items = two.bench.store.pending(&host("a.ru"), 10).await.unwrap();
    let positions = items.iter().map(|item| item.position).collect();
    two.bench.store.mark_sending(positions, 5).await.unwrap();
    let delivered =
        |item: &OutboxItem| Settlement { position: item.position, outcome: Outcome::Delivered(AtPortal::default()) };
    two.bench.store.settle(items.iter().map(delivered).collect(), 6).await.unwrap();
    let late = 100 + 4 * 24 * 3600 * 1000;
    assert_eq!(two.ask(12, edit(), late).await, Acceptance::Refused(Refusal::TooLate));
    assert!(matches!(two.ask(13, Ask::Delete { of: message(2) }, late).await, Acceptance::New { .. }));
    assert_eq!(two.waiting().await, [(two.before, Errand::Delete { of: message(2) })]);
    assert_eq!(two.ask(14, Ask::Delete { of: message(2) }, late).await, Acceptance::Refused(Refusal::TooLate));
    assert!(matches!(two.told().await.last(), Some(Told::Deleted { id, .. }) if *id == message(2)));
    assert_eq!(two.ask(15, Ask::Delete { of: message(9) }, late).await, Acceptance::Refused(Refusal::NotYours));
}

#[tokio::test]
async fn an_answer_to_words_of_before_quotes_them() {
    let two = joined(two_words).await;
    let say = Ask::Say { text: "that one".to_owned(), reply_to: Some(message(2)), files: Vec::new() };
    two.ask(3, say, 200).await;
    let waiting = two.waiting().await;
    let Some((dialogue, Errand::Say { reply: Some(reply), .. })) = waiting.last() else { panic!("{waiting:?}") };
    assert_eq!((*dialogue, reply.text.as_str(), reply.own), (two.theirs, "words 2", true));
}

#[tokio::test]
async fn a_conversation_of_before_is_ended_where_it_is_led() {
    let two = joined(async |bench, before| {
        two_words(bench, before).await;
        heard(bench, InboxAct::Started { dialogue: before, session: 7, user: None }).await;
        heard(bench, said(before, 21, Author::Operator, None)).await;
    })
    .await;
    assert!(matches!(two.ask(11, Ask::Finish, 200).await, Acceptance::New { .. }));
    assert!(two.waiting().await.contains(&(two.before, Errand::Finish { session: 7 })));
    assert!(matches!(two.told().await.last(), Some(Told::Left { session: 7, .. })), "the chat shows that it is over");
    assert_eq!(two.ask(12, Ask::Finish, 201).await, Acceptance::Refused(Refusal::NotOpen));
    // The person's own is open; another end of the old one does not end it.
    heard(&two.bench, InboxAct::Started { dialogue: two.theirs, session: 8, user: None }).await;
    heard(&two.bench, InboxAct::Started { dialogue: two.before, session: 9, user: None }).await;
    heard(&two.bench, InboxAct::Finished { dialogue: two.before, session: 9 }).await;
    let told = two.told().await;
    assert!(matches!(told[told.len() - 2..], [Told::Finished { .. }, Told::Started { .. }]), "{told:?}");
}

#[tokio::test]
async fn a_rating_of_before_stays_given_and_one_that_was_asked_for_can_be() {
    let vote = |session| Some(Vote { session, until: None });
    let two = joined(async |bench, before| {
        two_words(bench, before).await;
        heard(bench, said(before, 21, Author::System, vote(7))).await;
        bench.store.accept(before, message(3), Ask::Rate { like: true }, 30).await.unwrap();
    })
    .await;
    assert!(two.told().await.contains(&Told::Rated { id: message(3), like: true }));
    assert_eq!(two.ask(11, Ask::Rate { like: false }, 200).await, Acceptance::Refused(Refusal::NotOpen), "once");
    heard(&two.bench, said(two.before, 22, Author::System, vote(8))).await;
    assert!(matches!(two.ask(12, Ask::Rate { like: false }, 201).await, Acceptance::New { .. }));
    assert!(two.waiting().await.contains(&(two.before, Errand::Rate { like: false })));
}

#[tokio::test]
async fn all_of_a_long_conversation_joins_at_once() {
    let two = joined(async |bench, before| {
        futures_util::future::join_all((2..=1_500).map(|nth| bench.say(before, nth))).await;
    })
    .await;
    let joined = two.told().await.iter().filter(|told| matches!(told, Told::Said { .. })).count();
    assert_eq!(joined, 1_500);
    assert!(matches!(two.ask(2_001, Ask::Delete { of: message(2) }, 200).await, Acceptance::New { .. }));
}

fn profile(about: serde_json::Value) -> Profile {
    let about: About = serde_json::from_value(about).unwrap();
    Profile::default().followed_by(&about)
}

#[tokio::test]
async fn where_a_visitor_came_from_joins_where_the_persons_own_is_not_known() {
    let from = serde_json::json!({"name": "Nobody", "utm": {"source": "ya"}});
    let two = joined(async |bench, before| {
        two_words(bench, before).await;
        bench.store.describe(before, profile(from)).await.unwrap();
    })
    .await;
    let known = two.bench.store.profile(two.theirs).await.unwrap().profile;
    assert_eq!((known.source().as_deref(), known.name), (Some("utm_source=ya"), None), "and nothing else");
    // A page that was open before does not know of it, and tells on.
    two.bench.store.describe(two.theirs, profile(serde_json::json!({"name": "Anna"}))).await.unwrap();
    let known = two.bench.store.profile(two.theirs).await.unwrap().profile;
    assert_eq!((known.source().as_deref(), known.name.is_some()), (Some("utm_source=ya"), true));
}

#[tokio::test]
async fn a_visitors_data_is_whole_by_either_name() {
    let furnish = async |bench: &Bench, before| {
        two_words(bench, before).await;
        bench.store.describe(before, profile(serde_json::json!({"phone": "+7 999 000-00-00"}))).await.unwrap();
    };
    for by_old in [false, true] {
        let mut two = joined(furnish).await;
        let id = if by_old { two.before } else { two.theirs };
        let export = two.bench.store.export(id).await.unwrap().unwrap();
        assert_eq!(export.dialogue.id, two.theirs);
        let [part] = export.joined.as_slice() else { panic!("{export:?}") };
        assert_eq!((part.dialogue.id, part.profile.phone.as_deref()), (two.before, Some("+7 999 000-00-00")));
        assert!(two.bench.store.erase(id).await.unwrap().is_some());
        for round in 0..2 {
            for id in [two.before, two.theirs] {
                assert!(two.bench.store.export(id).await.unwrap().is_none(), "round {round}, by the old name {by_old}");
            }
            assert!(two.bench.pending().await.is_empty());
            two.bench.kill();
        }
    }
}

#[tokio::test]
async fn a_session_without_words_leaves_nothing_behind_when_somebody_signs_in() {
    let mut two = joined(async |_, _| ()).await;
    for round in 0..2 {
        assert!(two.bench.store.dialogue(two.before).await.unwrap().is_none(), "round {round}");
        assert_eq!(two.told().await.len(), 1);
        two.bench.kill();
    }
}

/// What overtook another before somebody signed in, and after, stands behind it in the person's dialogue, too.
#[tokio::test]
async fn answers_that_overtook_each_other_stand_in_their_order_where_they_joined() {
    let answers = async |bench: &Bench, dialogue: DialogueId| {
        for nth in [3, 1] {
            heard(bench, said(dialogue, nth, Author::Operator, None)).await;
        }
    };
    let two = joined(answers).await;
    heard(&two.bench, said(two.before, 2, Author::Operator, None)).await;
    let mut shown: Vec<(u64, String)> = Vec::new();
    for entry in two.bench.store.entries(two.theirs, 0, 10_000).await.unwrap() {
        let Told::Joined { what, before, .. } = entry.what else { continue };
        let Told::Said { text, from: Author::Operator, .. } = *what else { continue };
        let place = before.and_then(|before| shown.iter().position(|(seq, _)| *seq == before));
        shown.insert(place.unwrap_or(shown.len()), (entry.seq, text));
    }
    let texts: Vec<&str> = shown.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["answer 1", "answer 2", "answer 3"]);
}

/// Two pages of one person send the same file from before: what the one's message has is not the other's to let go.
#[tokio::test]
async fn a_file_that_comes_once_more_stays_with_the_message_that_has_it() {
    let two = joined(two_words).await;
    let file = shared::File {
        id: "0000000000".to_owned().try_into().unwrap(),
        name: "a.pdf".to_owned(),
        size: 1,
        kind: shared::FileKind::File,
        width: None,
        height: None,
        state: None,
        href: None,
    };
    let again = || two.bench.store.keep_upload(two.theirs, file.clone(), "application/pdf".to_owned(), 200);
    assert!(again().await.unwrap());
    two.ask(9, Ask::Say { text: "here".to_owned(), reply_to: None, files: vec![file.id.clone()] }, 201).await;
    assert!(again().await.unwrap());
    let key = crate::ids::FileKey::of(two.theirs, &file.id);
    two.bench.store.drop_unused_files(10_000).await.unwrap();
    assert!(two.bench.store.file(key).await.unwrap().is_some_and(|record| record.used));
}
