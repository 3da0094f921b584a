//! Ratings, replies, and who ends a conversation.

use otklik_tests::{
    portal::{Author, Chat, Fault, Line, Mood, Vote},
    stage::{ANNA, CONNECTOR, SALES, SUPPORT, Stage},
    visitor::Visitor,
};
use shared::{Entry, Happening, MessageState, Piece, Refusal, ToServer, ToWidget};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";
const FINISH: &str = "imopenlines.operator.another.finish";
const STATE: &str = "imopenlines.dialog.get";
const HOUR: Duration = Duration::from_secs(3_600);

/// A conversation that Anna leads, on a line that asks for a rating at its end.
async fn led(vote: Option<Vote>) -> (Stage, Visitor, Chat) {
    led_on(Stage::start().await, vote).await
}

async fn led_on(stage: Stage, vote: Option<Vote>) -> (Stage, Visitor, Chat) {
    stage.portal.set_line(Line { vote, ..Line::new(SALES, "Отдел продаж") });
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Где мой заказ?").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Где мой заказ?"]).await;
    stage.portal.operator_says(chat.id, ANNA, "В пути").expect("Anna may answer");
    visitor.hear("В пути").await;
    (stage, visitor, chat)
}

/// As `led`, by a clock that stands still from then on.
async fn led_by_hand() -> (Stage, Visitor, Chat) {
    let stage = Stage::by_hand().await;
    let hurry = stage.hurry();
    let led = led_on(stage, None).await;
    drop(hurry);
    led
}

/// Reads until something of this kind was told `times`.
async fn told(visitor: &mut Visitor, times: usize, wanted: impl Fn(&Happening) -> bool) {
    while visitor.log.iter().filter(|entry| wanted(&entry.what)).count() < times {
        visitor.read().await.expect("the relay keeps the connection");
    }
}

fn is_request(what: &Happening) -> bool {
    matches!(what, Happening::Said { rating: true, .. })
}

fn texts_sent(stage: &Stage) -> Vec<String> {
    let calls = stage.portal.calls(SEND);
    calls.iter().filter_map(|call| Some(call.args["MESSAGES"][0]["message"]["text"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn a_like_is_the_portals_one_and_is_thanked_for() {
    let (stage, mut visitor, chat) = led(Some(Vote { closing_delay: true, ..Vote::default() })).await;
    stage.portal.finish(chat.id, ANNA).expect("the talk is open");
    told(&mut visitor, 1, is_request).await;
    visitor.hear("Пожалуйста, оцените качество обслуживания.").await;
    visitor.accepted(|id| ToServer::Rate { id, like: true }).await;
    visitor.hear("Спасибо за оценку!").await;
    told(&mut visitor, 1, |what| *what == Happening::Finished).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| !chat.ratings().is_empty()).await;
    assert_eq!(chat.ratings(), [5]);
    assert_eq!(texts_sent(&stage).last().map(String::as_str), Some("1"), "exactly that");
    assert!(visitor.log.iter().any(|entry| entry.what == Happening::Rated { like: true }));
    let again = visitor.act(|id| ToServer::Rate { id, like: false }).await;
    assert!(matches!(again, ToWidget::Refused { code: Refusal::NotOpen, .. }), "once: {again:?}");
}

#[tokio::test]
async fn a_rating_after_the_end_opens_no_other_conversation() {
    let (stage, mut visitor, chat) = led(Some(Vote::default())).await;
    stage.portal.finish(chat.id, ANNA).expect("the talk is open");
    told(&mut visitor, 1, is_request).await;
    stage.portal.advance(HOUR * 25);
    told(&mut visitor, 1, |what| *what == Happening::Finished).await;
    visitor.accepted(|id| ToServer::Rate { id, like: false }).await;
    visitor.hear("Нам очень жаль, что мы не смогли помочь вам.").await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| !chat.ratings().is_empty()).await;
    assert_eq!((chat.ratings(), chat.sessions.len()), (vec![1], 1), "the same one, closed once more");
    let next = visitor.say("Ещё вопрос").await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    told(&mut visitor, 2, |what| *what == Happening::Started).await;
    let ends = visitor.log.iter().filter(|entry| entry.what == Happening::Finished).count();
    assert_eq!(ends, 1, "the second end of the same conversation is no news");
}

#[tokio::test]
async fn a_visitors_own_digit_is_no_rating_while_one_is_asked_for() {
    let (stage, mut visitor, chat) = led(None).await;
    visitor.say("0").await;
    let texts = ["Где мой заказ?", "0"];
    stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts() == texts).await;
    stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
    told(&mut visitor, 1, is_request).await;
    let id = visitor.say("1 штуку").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 3).await;
    assert!(chat.ratings().is_empty(), "no mark of 5");
    assert_eq!(chat.visitor_texts()[2], "\u{2060}1 штуку");
    assert_eq!(visitor.texts().last().map(String::as_str), Some("1 штуку"), "as it was typed");
}

#[tokio::test]
async fn a_digit_from_before_the_rating_is_none_either() {
    let (stage, mut visitor, chat) = led_by_hand().await;
    stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
    let hurry = stage.hurry();
    told(&mut visitor, 1, is_request).await;
    drop(hurry);
    stage.portal.set_mood(Mood::Busy).await.expect("its own port is free");
    visitor.say("0 нет").await;
    visitor.accepted(|id| ToServer::Rate { id, like: true }).await;
    stage.portal.set_mood(Mood::Answers).await.expect("its own port is free");
    let _hurry = stage.hurry();
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 3).await;
    assert_eq!(chat.visitor_texts()[1..], ["\u{2060}0 нет", "[like]"]);
    assert_eq!(chat.ratings(), [5]);
}

#[tokio::test]
async fn a_rating_that_comes_too_late_is_never_sent_again() {
    let (stage, mut visitor, chat) = led(None).await;
    let vote = Vote { limit: HOUR, ..Vote::default() };
    stage.portal.set_line(Line { vote: Some(vote), ..Line::new(SALES, "Отдел продаж") });
    stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
    told(&mut visitor, 1, is_request).await;
    stage.portal.advance(HOUR * 2); // the portal's clock alone: for the relay there is time left
    let id = visitor.accepted(|id| ToServer::Rate { id, like: true }).await;
    visitor.hear("Голосование завершено.").await;
    told(&mut visitor, 1, |what| matches!(what, Happening::Done { id: done, .. } if *done == id)).await;
    let after = visitor.say("Жаль").await;
    visitor.wait_for_state(&after, MessageState::Delivered).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().last() == Some(&"Жаль")).await;
    assert_eq!(chat.visitor_texts()[1..], ["1", "Жаль"], "stored once");
}

/// As a bare digit it would end a bot's part, or be a slip to an operator.
#[tokio::test]
async fn a_rating_whose_request_is_over_before_it_goes_fails_and_is_no_message() {
    for is_next in [true, false] {
        let (stage, mut visitor, chat) = led_by_hand().await;
        let vote = Vote { limit: HOUR, ..Vote::default() };
        stage.portal.set_line(Line { vote: Some(vote), ..Line::new(SALES, "Отдел продаж") });
        stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
        let hurry = stage.hurry();
        told(&mut visitor, 1, is_request).await;
        stage.portal.set_mood(Mood::Busy).await.expect("its own port is free");
        let id = visitor.accepted(|id| ToServer::Rate { id, like: false }).await;
        if is_next {
            stage.portal.set_line(Line::new(SALES, "Отдел продаж")); // it asks for no other
            stage.portal.finish(chat.id, ANNA).expect("the talk is open");
            stage.portal.operator_says(chat.id, ANNA, "Посылка пришла").expect("Anna may write");
            told(&mut visitor, 2, |what| *what == Happening::Started).await;
            drop(hurry);
        } else {
            drop(hurry);
            stage.advance(HOUR);
            visitor = visitor.resume().await;
        }
        stage.portal.set_mood(Mood::Answers).await.expect("its own port is free");
        let _hurry = stage.hurry();
        let is_failed = |what: &Happening| matches!(what, Happening::Done { id: done, state: MessageState::Failed, .. } if *done == id);
        told(&mut visitor, 1, is_failed).await;
        let next = visitor.say("Спасибо").await;
        visitor.wait_for_state(&next, MessageState::Delivered).await;
        stage.portal.wait_texts(&chat.external, &["Где мой заказ?", "Спасибо"]).await;
    }
}

#[tokio::test]
async fn a_reply_reaches_the_operator_as_a_quotation() {
    let (stage, mut visitor, chat) = led(None).await;
    let theirs = visitor.messages().iter().find(|seen| seen.text.as_deref() == Some("В пути")).expect("it").id.clone();
    let to = theirs.clone();
    visitor
        .accepted(|id| ToServer::Say { id, text: "А когда?".to_owned(), reply_to: Some(to), files: Vec::new() })
        .await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 2).await;
    let (sent, of) = (chat.visitor_texts()[1].to_owned(), chat.messages.iter().find(|one| one.text == "В пути"));
    let of = of.expect("the operator's message").id;
    let fence = "-".repeat(54);
    assert!(sent.starts_with(&format!("{fence}\nАнна Петрова [")), "{sent}");
    assert!(sent.contains(&format!("] #chat{}/{of}\nВ пути\n{fence}\nА когда?", chat.id)), "{sent}");
    visitor.hear("А когда?").await;
    let reply = visitor.log.iter().find_map(|entry| match &entry.what {
        Happening::Said { reply_to: Some(to), body, .. } => Some((to.clone(), body.clone())),
        _ => None,
    });
    assert_eq!(reply, Some((theirs, vec![Piece::Text("А когда?".to_owned())])), "their own words stay as they are");
}

#[tokio::test]
async fn an_operators_quotation_leads_to_what_was_quoted() {
    let (stage, mut visitor, chat) = led(None).await;
    let first = visitor.messages().iter().find(|seen| seen.text.as_deref() == Some("В пути")).expect("it").id.clone();
    let chat = stage.portal.chat(chat.id).expect("it is there");
    let of = chat.messages.iter().find(|one| one.text == "В пути").expect("the operator's").id;
    let fence = "-".repeat(54);
    let text = format!("{fence}\nАнна Петрова [14:05] #chat{}/{of}\nВ пути\n{fence}\nУже в городе", chat.id);
    stage.portal.operator_says(chat.id, ANNA, &text).expect("Anna may answer");
    visitor.hear("В путиУже в городе").await;
    let quoted = visitor.log.iter().find_map(|entry| match &entry.what {
        Happening::Said { body, .. } => body.iter().find_map(|piece| match piece {
            Piece::Quote(quote) => quote.of.clone(),
            _ => None,
        }),
        _ => None,
    });
    assert_eq!(quoted, Some(first));
}

#[tokio::test]
async fn a_visitor_ends_the_conversation_that_an_operator_leads() {
    let (stage, mut visitor, chat) = led(None).await;
    visitor.accepted(|id| ToServer::Finish { id }).await;
    told(&mut visitor, 1, |what| *what == Happening::Finished).await;
    stage.portal.wait_chat(&chat.external, |chat| chat.open_session().is_none()).await;
    let id = visitor.say("Снова я").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    told(&mut visitor, 2, |what| *what == Happening::Started).await;
    let ends = visitor.log.iter().filter(|entry| entry.what == Happening::Finished).count();
    assert_eq!(ends, 1, "the portal's own word of it is no news");
    let refused = visitor.act(|id| ToServer::Finish { id }).await;
    assert!(matches!(refused, ToWidget::Refused { code: Refusal::NotOpen, .. }), "nobody leads: {refused:?}");
    assert_eq!(stage.portal.calls(FINISH).len(), 1);
}

#[tokio::test]
async fn an_end_that_the_portal_refuses_is_none_and_may_be_asked_for_again() {
    let (stage, mut visitor, chat) = led(None).await;
    stage.portal.fault_on(FINISH, Fault::Refuse("CHAT_TYPE".to_owned()), 1);
    let end = visitor.accepted(|id| ToServer::Finish { id }).await;
    let failed =
        |what: &Happening| matches!(what, Happening::Done { id, state: MessageState::Failed, .. } if *id == end);
    told(&mut visitor, 1, failed).await;
    let at = |entry: &&Entry| matches!(entry.what, Happening::Finished);
    let ended = visitor.log.iter().find(at).map(|entry| entry.seq);
    let names = |entry: &&Entry| matches!(&entry.what, Happening::Done { entry, .. } if *entry == ended);
    assert!(visitor.log.iter().any(|entry| names(&entry)), "which entry it was: {:?}", visitor.log);
    let id = visitor.say("Ещё тут?").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    assert_eq!(stage.portal.calls(FINISH).len(), 1, "not again by itself, and nothing waits for it");
    visitor.accepted(|id| ToServer::Finish { id }).await;
    stage.portal.wait_chat(&chat.external, |chat| chat.open_session().is_none()).await;
}

/// What the visitor says next begins another conversation: a call that still works would end that one.
#[tokio::test]
async fn an_end_whose_answer_was_lost_is_not_called_for_again_and_ends_no_other() {
    lost_end(async |_| ()).await;
}

/// An installation mends much, and ends no call that may still work.
#[tokio::test]
async fn what_is_said_behind_a_lost_end_waits_through_an_installation() {
    lost_end(async |stage: &mut Stage| {
        stage.install().await;
        stage.site().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_said_behind_a_lost_end_waits_through_a_restart() {
    lost_end(async |stage: &mut Stage| {
        stage.restart().await; // it is in doubt
        stage.restart().await; // it was, and is to be done again
    })
    .await;
}

async fn lost_end(meanwhile: impl AsyncFnOnce(&mut Stage)) {
    let (mut stage, mut visitor, chat) = led_by_hand().await;
    stage.portal.fault_on(FINISH, Fault::Late(Duration::from_secs(50)), 1);
    let end = visitor.accepted(|id| ToServer::Finish { id }).await;
    let id = visitor.say("Другой вопрос").await;
    let ended = stage.portal.wait_calls(FINISH, 1).await[0].at;
    meanwhile(&mut stage).await;
    let mut visitor = visitor.resume().await;
    let _hurry = stage.hurry();
    told(&mut visitor, 1, |what| matches!(what, Happening::Done { id, .. } if *id == end)).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.sessions.len() == 2).await;
    assert!(chat.open_session().is_some(), "the new conversation stays open");
    assert_eq!(stage.portal.calls(FINISH).len(), 1);
    let said = stage.portal.calls(SEND).last().expect("it was sent").at;
    assert!(said.since(ended) >= Duration::from_secs(60), "{:?}", said.since(ended));
}

/// The visitor ends a conversation while the portal cannot be reached; what `meanwhile` does there is not heard of.
async fn ended_late(meanwhile: impl Fn(&Stage, &Chat)) -> (Stage, Chat, MessageState) {
    let (stage, mut visitor, chat) = led_by_hand().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let end = visitor.accepted(|id| ToServer::Finish { id }).await;
    for event in ["ONIMCONNECTORDIALOGFINISH", "ONIMCONNECTORDIALOGSTART", "ONIMCONNECTORMESSAGEADD"] {
        stage.portal.fault_on(event, Fault::EventLost, 1);
    }
    for method in ["event.offline.list", "event.offline.get"] {
        stage.portal.fault_on(method, Fault::Refuse("ERROR_METHOD_NOT_FOUND".to_owned()), u32::MAX);
    }
    meanwhile(&stage, &chat);
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let _hurry = stage.hurry();
    let is_done = |what: &Happening| matches!(what, Happening::Done { id, .. } if *id == end);
    told(&mut visitor, 1, is_done).await;
    let state = visitor.log.iter().find_map(|entry| match &entry.what {
        Happening::Done { id, state, .. } if *id == end => Some(*state),
        _ => None,
    });
    (stage, chat, state.expect("it was told"))
}

#[tokio::test]
async fn an_end_after_the_operators_own_makes_nobody_the_operator() {
    let (stage, _, state) = ended_late(|stage, chat| stage.portal.finish(chat.id, ANNA).expect("it is open")).await;
    assert_eq!(state, MessageState::Failed);
    assert!(stage.portal.calls(FINISH).is_empty(), "the administrator would lead it");
}

#[tokio::test]
async fn an_end_of_one_conversation_is_none_of_the_next() {
    let (stage, chat, _) = ended_late(|stage, chat| {
        stage.portal.finish(chat.id, ANNA).expect("it is open");
        stage.portal.operator_says(chat.id, ANNA, "Нашлось!").expect("Anna may begin another");
    })
    .await;
    assert!(stage.portal.calls(FINISH).is_empty());
    let chat = stage.portal.chat(chat.id).expect("it is there");
    assert!(chat.sessions.len() == 2 && chat.open_session().is_some(), "the new one goes on");
}

#[tokio::test]
async fn an_end_is_asked_for_where_the_portal_does_not_tell_who_leads() {
    let (stage, mut visitor, chat) = led(None).await;
    stage.portal.fault_on(STATE, Fault::Refuse("ACCESS_ERROR".to_owned()), u32::MAX);
    visitor.accepted(|id| ToServer::Finish { id }).await;
    stage.portal.wait_chat(&chat.external, |chat| chat.open_session().is_none()).await;
    assert_eq!(stage.portal.calls(FINISH).len(), 1);
}

/// Without a session in the answer the portal has not stored it, and no rating was asked for that it could be.
#[tokio::test]
async fn a_bare_digit_that_the_portal_lost_is_sent_again() {
    let (stage, mut visitor, chat) = led_by_hand().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::LostSession, 1);
    let id = visitor.say("1").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["Где мой заказ?", "1"]).await;
}

#[tokio::test]
async fn an_edited_reply_keeps_its_quotation() {
    let (stage, mut visitor, chat) = led(None).await;
    let to = visitor.messages().iter().find(|seen| seen.text.as_deref() == Some("В пути")).expect("it").id.clone();
    let say = |id| ToServer::Say { id, text: "А кода?".to_owned(), reply_to: Some(to), files: Vec::new() };
    let of = visitor.accepted(say).await;
    visitor.wait_for_state(&of, MessageState::Delivered).await;
    let before = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 2).await;
    let quoted = before.visitor_texts()[1].to_owned();
    visitor.accepted(|id| ToServer::Edit { id, of, text: "А когда?".to_owned() }).await;
    let after = quoted.replace("А кода?", "А когда?");
    stage.portal.wait_texts(&chat.external, &["Где мой заказ?", &after]).await;
}

#[tokio::test]
async fn a_conversation_handed_to_another_line_stays_one_chat() {
    let (stage, mut visitor, chat) = led(None).await;
    stage.portal.connect_line(CONNECTOR, SUPPORT);
    stage.portal.hand_over(chat.id, SUPPORT).expect("it is there");
    let id = visitor.say("Алло").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let other = stage.portal.operator_says(chat.id, ANNA, "Поддержка слушает").expect("Anna may answer");
    visitor.hear("Поддержка слушает").await;
    stage.portal.wait_delivered(chat.id, other).await;
    stage.portal.finish(chat.id, ANNA).expect("it is open");
    told(&mut visitor, 1, |what| *what == Happening::Finished).await;
    assert_eq!(stage.portal.chats().len(), 1, "another line in the call would have made another chat");
    let chat = stage.portal.chat(chat.id).expect("it is there");
    let visitors: Vec<_> = chat.said().filter(|one| matches!(one.author, Author::Visitor(_))).collect();
    assert_eq!(visitors.len(), 2);
}

/// What the portal says of one conversation is no word about the others', nor about what is said behind.
#[tokio::test]
async fn an_end_that_the_portal_has_no_word_for_fails_alone_and_holds_up_nobody() {
    for fault in [Fault::Refuse("INTERNAL_SERVER_ERROR".to_owned()), Fault::HtmlPage] {
        let (stage, mut visitor, _) = led_by_hand().await;
        let site = stage.site().await;
        let mut other = stage.visitor(&site).await;
        stage.portal.fault_on(STATE, fault, u32::MAX);
        let end = visitor.accepted(|id| ToServer::Finish { id }).await;
        stage.portal.wait_calls(STATE, 1).await;
        let behind = visitor.say("Ещё тут?").await;
        let id = other.say("А мне?").await;
        other.wait_for_state(&id, MessageState::Delivered).await; // the clock stands still
        let _hurry = stage.hurry();
        let failed =
            |what: &Happening| matches!(what, Happening::Done { id, state: MessageState::Failed, .. } if *id == end);
        told(&mut visitor, 1, failed).await;
        visitor.wait_for_state(&behind, MessageState::Delivered).await;
        let asked = stage.portal.calls(STATE).len();
        assert!((5..10).contains(&asked), "{asked} questions");
        assert!(stage.portal.calls(FINISH).is_empty());
    }
}
