//! Who stands behind an answer, as the visitor sees it. While the clock stands still the relay waits until it knows that,
//! however slow the machine is.

use crate::{flags::choose, talk::begun};
use otklik_portal::{ANNAS_PHOTO, Call, Employee, Fault, Line, OperatorData, UserId};
use otklik_tests::{
    admin::Page,
    http,
    stage::{ANNA, CONNECTOR, SALES, SUPPORT, Stage},
    visitor::Visitor,
};
use shared::{Attendance, Author, Face, Happening, MessageId, Piece, ToWidget};
use std::time::Duration;

const BOT: UserId = UserId(571);

/// Who said the last thing, under which name, with which face, and what.
fn last(visitor: &Visitor) -> (Author, Option<String>, Face, String) {
    let said = visitor.log.iter().rev().find_map(|entry| match &entry.what {
        Happening::Said { from, name, face, .. } => Some((*from, name.clone(), face.clone())),
        _ => None,
    });
    let (from, name, face) = said.expect("something was said");
    let text = visitor.messages().last().and_then(|message| message.text.clone());
    (from, name, face, text.unwrap_or_default())
}

/// A stage whose clock stands still, with room for calls after those of the installation.
async fn stage() -> Stage {
    let stage = Stage::by_hand().await;
    stage.advance(Duration::from_secs(30));
    stage
}

/// Lets the events settle that were sent, and no more time go by: the relay still waits until it knows who speaks.
async fn settle(stage: &Stage) {
    stage.portal.wait_sent().await;
    stage.advance(Duration::from_millis(500));
}

fn sales() -> Line {
    Line::new(SALES, "Отдел продаж")
}

#[tokio::test]
async fn an_operators_photo_and_position_come_with_the_answer() {
    let stage = stage().await;
    let (mut visitor, chat) = begun(&stage, "Есть?").await;
    stage.portal.operator_says(chat.id, ANNA, "Есть").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Есть").await;
    let (from, name, face, _) = last(&visitor);
    assert_eq!((from, name.as_deref()), (Author::Operator, Some("Анна Петрова")));
    assert_eq!(face.position.as_deref(), Some("Менеджер"));
    let photo = face.photo.expect("Anna has a photo");
    assert!(photo.starts_with("/photos/"), "our own copy: {photo}");
    let answer = http().get(format!("{}{photo}", stage.url())).send().await.expect("the relay answers");
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!((answer.status().as_u16(), header("content-type")), (200, "image/png"));
    assert!(header("cache-control").contains("immutable") && header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.bytes().await.expect("a body"), ANNAS_PHOTO);
    stage.portal.operator_says(chat.id, ANNA, "Две штуки").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Две штуки").await;
    let asks = |call: &&Call| call.args.to_string().contains("im.user.get");
    let asked = stage.portal.calls("batch").iter().filter(asks).count();
    assert_eq!(asked, 1, "she is known for hours");
}

#[tokio::test]
async fn a_line_that_hides_its_operators_hides_their_faces() {
    let stage = stage().await;
    stage.portal.set_line(sales().named(OperatorData::Hide, Some("Поддержка")));
    let (mut visitor, chat) = begun(&stage, "Почём?").await;
    stage.portal.operator_says(chat.id, ANNA, "[b]Цена:[/b] сто").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Цена: сто").await;
    let hidden = (Author::Operator, Some("Поддержка".to_owned()), Face::default(), "Цена: сто".to_owned());
    assert_eq!(last(&visitor), hidden, "what looks like a signature are her own words");
}

#[tokio::test]
async fn a_name_of_the_queue_is_not_undone() {
    let stage = stage().await;
    stage.portal.set_line(sales().named(OperatorData::Queue, Some("Мастер Анна")));
    let (mut visitor, chat) = begun(&stage, "Почём?").await;
    stage.portal.operator_says(chat.id, ANNA, "Сто").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Сто").await;
    let named = (Author::Operator, Some("Мастер Анна".to_owned()), Face::default(), "Сто".to_owned());
    assert_eq!(last(&visitor), named);
}

/// The queue's name looks like the operator's own words, and is none as soon as the line signs.
#[tokio::test]
async fn a_line_that_hid_its_operators_and_names_them_again_is_believed() {
    let stage = stage().await;
    stage.portal.set_line(sales().named(OperatorData::Hide, None));
    let (mut visitor, chat) = begun(&stage, "Почём?").await;
    let _hurry = stage.hurry();
    stage.portal.operator_says(chat.id, ANNA, "Сто").expect("Anna may answer");
    visitor.hear("Сто").await;
    stage.portal.set_line(sales().named(OperatorData::Queue, Some("Поддержка")).deserted());
    let is_told = |frame: &ToWidget| matches!(frame, ToWidget::Presence(seen) if seen.state == Some(Attendance::Away));
    visitor.wait_for(is_told).await; // of the names, too: both are in one answer
    stage.portal.operator_says(chat.id, ANNA, "Двести").expect("Anna may answer");
    visitor.hear("Двести").await;
    assert_eq!(last(&visitor).1.as_deref(), Some("Поддержка"));
}

#[tokio::test]
async fn a_talk_handed_to_a_line_that_hides_its_operators_names_nobody() {
    let stage = stage().await;
    stage.portal.set_line(Line::new(SUPPORT, "Поддержка").named(OperatorData::Hide, None));
    let (mut visitor, chat) = begun(&stage, "Почём?").await;
    stage.portal.connect_line(CONNECTOR, SUPPORT);
    stage.portal.hand_over(chat.id, SUPPORT).expect("it is there");
    stage.portal.operator_says(chat.id, ANNA, "Сто").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Сто").await;
    let nobody = (Author::Operator, None, Face::default(), "Сто".to_owned());
    assert_eq!(last(&visitor), nobody, "the event still names the line that the talk began on");
}

#[tokio::test]
async fn a_bot_is_told_from_a_person() {
    let stage = stage().await;
    stage.portal.hire(Employee::new(BOT, "Помощник", "", "").photo(ANNAS_PHOTO).bot());
    let (mut visitor, chat) = begun(&stage, "Алло").await;
    stage.portal.operator_says(chat.id, BOT, "Я бот").expect("the bot may answer");
    settle(&stage).await;
    visitor.hear("Я бот").await;
    let bot = (Author::Bot, Some("Помощник".to_owned()), Face::default(), "Я бот".to_owned());
    assert_eq!(last(&visitor), bot);
}

#[tokio::test]
async fn a_mailing_is_nobodys_words() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Алло").await;
    stage.portal.mailing_says(chat.id, "[b]Скидка:[/b] десять процентов").expect("the chat is there");
    visitor.hear("Скидка: десять процентов").await;
    assert_eq!((last(&visitor).0, last(&visitor).1), (Author::System, None));
}

#[tokio::test]
async fn an_answer_does_not_wait_for_its_authors_photo() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Есть?").await;
    stage.portal.fault_on("batch", Fault::Silent, 100);
    stage.portal.operator_says(chat.id, ANNA, "Есть").expect("Anna may answer");
    visitor.hear("Есть").await;
    let plain = (Author::Operator, Some("Анна Петрова".to_owned()), Face::default(), "Есть".to_owned());
    assert_eq!(last(&visitor), plain);
}

/// How often the portal was asked who somebody is.
fn asks(stage: &Stage) -> usize {
    let asks = |call: &&Call| call.args.to_string().contains("im.user.get");
    stage.portal.calls("batch").iter().filter(asks).count()
}

#[tokio::test]
async fn another_photo_and_position_show_after_six_hours_and_no_sooner() {
    const PORTRAIT: &[u8] = b"GIF89a\x03\0\x02\0\x80\0\0";
    let stage = stage().await;
    let (mut visitor, chat) = begun(&stage, "Есть?").await;
    stage.portal.operator_says(chat.id, ANNA, "Есть").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Есть").await;
    let before = last(&visitor).2;
    stage.portal.hire(Employee::new(ANNA, "Анна", "Петрова", "Директор").photo(PORTRAIT));
    stage.advance(Duration::from_secs(6 * 3_600 - 60));
    let mut visitor = visitor.resume().await; // who reads nothing while time flies is taken for dead
    stage.portal.operator_says(chat.id, ANNA, "Две").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Две").await;
    assert_eq!((last(&visitor).2, asks(&stage)), (before.clone(), 1), "she is believed for six hours");

    stage.advance(Duration::from_secs(120));
    let mut visitor = visitor.resume().await;
    let mut face = before.clone();
    // The first word has her asked after, and waits for nobody who is known.
    for nth in 0.. {
        let text = format!("Слово {nth}");
        stage.portal.operator_says(chat.id, ANNA, &text).expect("Anna may answer");
        settle(&stage).await;
        visitor.hear(&text).await;
        face = last(&visitor).2;
        if face != before || nth == 50 {
            break;
        }
    }
    assert_eq!((face.position.as_deref(), asks(&stage)), (Some("Директор"), 2));
    let photo = face.photo.filter(|photo| before.photo.as_ref() != Some(photo)).expect("another photo");
    let answer = http().get(format!("{}{photo}", stage.url())).send().await.expect("the relay answers");
    assert_eq!(answer.bytes().await.expect("a body"), PORTRAIT);
}

#[tokio::test]
async fn without_signatures_an_operator_is_called_by_the_first_name() {
    let stage = stage().await;
    let (mut visitor, chat) = begun(&stage, "Почём?").await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    choose(&page, "signature", false).await;
    stage.portal.operator_says(chat.id, ANNA, "[b]Итого:[/b] 500 рублей").expect("Anna may answer");
    settle(&stage).await;
    visitor.hear("Итого: 500 рублей").await;
    let (from, name, face, _) = last(&visitor);
    assert_eq!((from, name.as_deref()), (Author::Operator, Some("Анна")));
    assert_eq!(face.position.as_deref(), Some("Менеджер"), "the line shows profiles");
}

/// Anna says something, then quotes it and mentions herself: the first words' id, and the pieces of the second.
async fn quotes_herself(stage: &Stage) -> (MessageId, Vec<Piece>) {
    let (mut visitor, chat) = begun(stage, "Почём?").await;
    let said = stage.portal.operator_says(chat.id, ANNA, "Сто").expect("Anna may answer");
    settle(stage).await;
    visitor.hear("Сто").await;
    let first = visitor.messages().last().expect("it is there").id.clone();
    let fence = "-".repeat(54);
    let head = format!("{fence}\nАнна Петрова [14:05] #chat{}/{said}\nСто\n{fence}\n", chat.id);
    let text = format!("{head}[user={ANNA}]Анна Петрова[/user] спросит");
    stage.portal.operator_says(chat.id, ANNA, &text).expect("Anna may answer");
    settle(stage).await;
    visitor.wait_until(|seen| seen.len() == 3).await;
    let body = visitor.log.iter().rev().find_map(|entry| match &entry.what {
        Happening::Said { body, .. } => Some(body.clone()),
        _ => None,
    });
    (first, body.expect("something was said"))
}

#[tokio::test]
async fn quotations_and_mentions_name_nobody_whom_the_line_hides() {
    for (line, mention) in [
        (sales(), "Анна Петрова спросит"),
        (sales().named(OperatorData::Hide, Some("Поддержка")), "@… спросит"),
        (sales().named(OperatorData::Queue, Some("Мастер")), "@… спросит"),
    ] {
        let stage = stage().await;
        stage.portal.set_line(line);
        let (first, body) = quotes_herself(&stage).await;
        let [Piece::Quote(quote), Piece::Text(text)] = &body[..] else { panic!("{body:?}") };
        let named = (!mention.starts_with('@')).then_some("Анна Петрова");
        assert_eq!((quote.name.as_deref(), &quote.of, text.as_str()), (named, &Some(first), mention));
    }
}
