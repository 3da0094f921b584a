//! What the recorded histories give, and what they must not.

use super::*;
use crate::bitrix::CONNECTOR;
use crate::bitrix::fixtures::result;
use crate::bitrix::methods::Method;
use crate::bitrix::methods::history::GetHistory;

const CHAT: &str = "v-0123456789abcdef0123456789abcdef";
const ID: &str = "0192b6a1-7c1f-7d2e-8000-1234567890ab";
const LATER: Millis = 1_800_000_000_000;

fn dialogue() -> DialogueId {
    CHAT.parse().unwrap()
}

/// A recorded history, as if it were of our connector and one of our dialogues; `change` is made to its source.
fn history(fixture: &str, change: impl FnOnce(&mut serde_json::Value)) -> History {
    let mut recorded = result(fixture);
    recorded["message"]["86490"]["params"]["connectorMid"] = ID.into();
    recorded["chat"]["1807"]["entityId"] = format!("{CONNECTOR}|109|{CHAT}|585").into();
    change(&mut recorded);
    GetHistory::reply(recorded).unwrap()
}

fn recorded() -> History {
    history("imopenlines.session.history.get.response.json", |_| {})
}

fn im(message: u64) -> ImId {
    ImId { chat: 1807, message }
}

/// What is missed where the relay has the operators' messages `known`.
fn found(history: &History, known: &[u64]) -> Missed {
    let known = known.iter().copied().map(im).collect();
    let doubtful = [ID.to_owned()].map(|id| MessageId::try_from(id).unwrap());
    missed(history, &Look { doubtful: &doubtful, ..look(&known, &HashMap::new()) })
}

fn look<'a>(known: &'a HashSet<ImId>, shown: &'a HashMap<ImId, String>) -> Look<'a> {
    Look {
        dialogue: dialogue(),
        line: LineId(107),
        known,
        shown,
        doubtful: &[],
        is_strict: true,
        with_automatic: true,
        with_last_names: true,
        asked_at: LATER,
    }
}

fn texts(missed: &Missed) -> Vec<(&str, Author)> {
    let said = missed.acts.iter().filter_map(|act| match act {
        InboxAct::Said { text, author, .. } => Some((text.as_str(), *author)),
        _ => None,
    });
    said.collect()
}

#[test]
fn what_never_came_is_recovered_and_nothing_else() {
    let missed = found(&recorded(), &[86497]);
    let expected = [
        ("Доставка [b]бесплатная[/b] от 3000 ₽", Author::Operator),
        ("Спасибо за обращение! Диалог завершён.", Author::System),
    ];
    assert_eq!((texts(&missed), missed.recovered, missed.is_early), (expected.to_vec(), 2, false));
    let user = Some(585);
    assert_eq!(missed.acts[0], InboxAct::Started { dialogue: dialogue(), session: 3282, user });
    let at_portal = AtPortal { chat: Some(1807), session: Some(3282), user };
    let id = MessageId::try_from(ID.to_owned()).unwrap();
    assert_eq!(missed.acts[1], InboxAct::Arrived { dialogue: dialogue(), id, at_portal });
    let InboxAct::Said { im: of, line, name, at, .. } = &missed.acts[2] else { panic!("{:?}", missed.acts) };
    assert_eq!((*of, *line, name.as_deref()), (im(86503), LineId(109), Some("Анна Петрова")), "on the line it is on");
    assert_eq!(*at, 1_773_759_302_000);
}

#[test]
fn what_the_relay_has_is_not_news() {
    let missed = found(&recorded(), &[86497, 86503, 86549]);
    assert_eq!((texts(&missed), missed.recovered), (vec![], 0));
}

#[test]
fn old_portals_words_come_without_their_html() {
    let history = history("imopenlines.session.history.get.old-build-html.response.json", |_| {});
    let missed = found(&history, &[]);
    let text = "Доставка бесплатная от 3000 ₽\nПодробнее — https://example.com/d";
    assert_eq!(texts(&missed), [(text, Author::Operator)]);
}

#[test]
fn what_was_just_said_is_left_to_its_event() {
    let history = recorded();
    let (known, shown) = (HashSet::new(), HashMap::new());
    let look = |asked_at| Look { asked_at, ..look(&known, &shown) };
    let said_at = history.messages.last().unwrap().at.unwrap();
    let early = missed(&history, &look(said_at + 29_999));
    assert_eq!((texts(&early).len(), early.is_early), (1, true));
    let late = missed(&history, &look(said_at + 30_000));
    assert_eq!((texts(&late).len(), late.is_early), (2, false));
}

#[test]
fn edits_and_deletions_of_known_messages_are_told() {
    let history = history("imopenlines.session.history.get.response.json", |recorded| {
        recorded["message"]["86497"]["params"]["isEdited"] = "Y".into();
        recorded["message"]["86503"]["params"]["isDeleted"] = "Y".into();
        recorded["message"]["86549"]["params"]["isDeleted"] = "Y".into();
    });
    let acts = found(&history, &[86497, 86503]).acts;
    let text = "Здравствуйте! Чем могу помочь?".to_owned();
    let (dialogue, asked_at) = (dialogue(), LATER);
    assert!(acts.contains(&InboxAct::Restated { dialogue, im: im(86497), text, asked_at }), "{acts:?}");
    assert!(acts.contains(&InboxAct::Deleted { dialogue, im: im(86503), external: None }));
    assert!(!acts.iter().any(|act| matches!(act, InboxAct::Said { .. })), "nobody needs to see what is gone");
}

#[test]
fn automatic_texts_that_are_switched_off_stay_at_the_portal() {
    let (known, shown) = (HashSet::new(), HashMap::new());
    for is_strict in [true, false] {
        let look = Look { is_strict, with_automatic: false, ..look(&known, &shown) };
        let authors: HashSet<Author> = texts(&missed(&recorded(), &look)).into_iter().map(|(_, by)| by).collect();
        assert_eq!(authors, HashSet::from([Author::Operator]), "marked: {is_strict}");
    }
}

#[test]
fn a_portal_that_is_not_to_sign_has_its_people_called_by_their_first_names() {
    let (known, shown) = (HashSet::from([im(86497)]), HashMap::new());
    let look = Look { with_last_names: false, ..look(&known, &shown) };
    let name = missed(&recorded(), &look).acts.into_iter().find_map(|act| match act {
        InboxAct::Said { author: Author::Operator, name, .. } => name,
        _ => None,
    });
    assert_eq!(name.as_deref(), Some("Анна"), "as their events would have them");
}

#[test]
fn a_request_for_a_rating_is_one_in_the_history_too() {
    let history = history("imopenlines.session.history.get.response.json", |recorded| {
        let params = &mut recorded["message"]["86549"]["params"];
        params["class"] = "bx-messenger-content-item-ol-output bx-messenger-content-item-vote".into();
        params["imolVote"] = 3282.into();
        params["IMOL_VOTE_TEXT"] = "Оцените нас".into();
        params["imolDateCloseVote"] = "".into();
        params["imolTimeLimitVote"] = "3600".into();
    });
    let missed = found(&history, &[86497, 86503]);
    let asked = missed.acts.iter().find_map(|act| match act {
        InboxAct::Said { text, vote, at, .. } => Some((text.as_str(), *vote, *at)),
        _ => None,
    });
    let vote = |at: Millis| Some(crate::store::Vote { session: 3282, until: Some(at + 3_600_000) });
    assert_eq!(asked, Some(("Оцените нас", vote(1_773_760_800_000), 1_773_760_800_000)));
}

#[test]
fn an_old_portals_edits_are_told_by_their_words() {
    let history = history("imopenlines.session.history.get.old-build-html.response.json", |recorded| {
        recorded["message"]["86503"]["params"]["isEdited"] = "Y".into();
    });
    let known = HashSet::from([im(86503)]);
    let told = |shown: &str| {
        let shown = HashMap::from([(im(86503), shown.to_owned())]);
        missed(&history, &look(&known, &shown)).acts.into_iter().find_map(|act| match act {
            InboxAct::Restated { text, .. } => Some(text),
            _ => None,
        })
    };
    let same = "Доставка [b]бесплатная[/b] от 3000 ₽[br]Подробнее — [url=https://example.com/d]тут[/url]";
    assert_eq!(told(same), None, "the same words, and more to see");
    let now = "Доставка бесплатная от 3000 ₽\nПодробнее — https://example.com/d";
    assert_eq!(told("Доставка платная").as_deref(), Some(now));
    assert_eq!(told(now), None);
}

#[test]
fn what_the_visitor_said_and_somebody_deleted_is_told() {
    let history = history("imopenlines.session.history.get.response.json", |recorded| {
        recorded["message"]["86490"]["params"]["isDeleted"] = "Y".into();
    });
    let external = MessageId::try_from(ID.to_owned()).ok();
    let deleted = InboxAct::Deleted { dialogue: dialogue(), im: im(86490), external };
    assert!(found(&history, &[86497, 86503, 86549]).acts.contains(&deleted));
}

#[test]
fn a_session_that_ended_is_told_as_ended() {
    let ended = history("imopenlines.session.history.get.response.json", |recorded| {
        let params = serde_json::json!({"class": "bx-messenger-content-item-ol-end"});
        recorded["message"]["86550"] = serde_json::json!({"id": "86550", "senderid": "0", "params": params});
    });
    let finished = InboxAct::Finished { dialogue: dialogue(), session: 3282 };
    assert_eq!(found(&ended, &[]).acts.last(), Some(&finished));
    assert!(!found(&recorded(), &[]).acts.contains(&finished));
}

#[test]
fn another_visitors_history_is_not_this_ones() {
    let mut history = recorded();
    assert!(is_of(&history, dialogue()));
    assert!(!is_of(&history, DialogueId::random()));
    let owner = history.owner.as_mut().unwrap();
    owner.connector = "telegrambot".to_owned();
    assert!(!is_of(&history, dialogue()));
    history.owner = None;
    assert!(is_of(&history, dialogue()), "the portal does not tell, and was asked by this dialogue's numbers");
}
