//! Who answers and when, as a visitor sees it.

use otklik_portal::{Line, OperatorData, UserId, WorkTime};
use otklik_tests::{
    browser::{Browser, Window},
    shop::{Scene, Shop},
    stage::{ANNA, SALES, Stage},
    wait,
};

/// “Павел Лебедев”, who has no photo.
const PAVEL: UserId = UserId(31);

const HEADER: &str = "document.querySelector('header p').textContent";

fn sales() -> Line {
    Line::new(SALES, "Отдел продаж")
}

/// A shop whose line is so, once the relay knows.
async fn shop(line: Line) -> (Stage, Shop) {
    let stage = Stage::start().await;
    stage.portal.set_line(line);
    let shop = Shop::open(&stage, "shop", SALES).await;
    let asked = || async {
        let asks = stage.portal.calls("batch").into_iter();
        asks.filter(|call| call.status.is_some()).find(|call| call.args.to_string().contains("config.get"))
    };
    wait::until("the relay asks after the line", asked).await;
    (stage, shop)
}

#[tokio::test]
async fn a_closed_line_tells_when_it_opens_in_the_visitors_own_words() {
    // Open for a minute after midnight in Honolulu, which is ten in the morning in Greenwich.
    let (_stage, shop) = shop(sales().open(WorkTime::new("0", "0.01", "Pacific/Honolulu"))).await;
    let browser = Browser::start().await;
    let visit = shop.visit(&browser).await;
    visit.open().await;
    visit.chat().until(&format!("/^We are closed now. We will answer (today|tomorrow) from /.test({HEADER})")).await;
    visit.chat().until("document.querySelector('#face').dataset.dot === 'off'").await;
    visit.tab.shot("closed").await;
    shop.site.carry(&shop.chat.snippet, "ru");
    let visit = shop.visit_with(&browser, Window::PHONE.dark()).await;
    visit.tab.host().find("button", "Открыть чат").await.press().await;
    visit.chat().until(&format!("/^Сейчас не работаем. Ответим (сегодня|завтра) с/.test({HEADER})")).await;
    visit.tab.shot("closed-phone-dark-ru").await;
    visit.chat().eval::<()>("void (document.documentElement.dir = 'rtl')").await;
    visit.tab.shot("closed-rtl").await;
}

#[tokio::test]
async fn nobody_there_is_said_before_the_first_word() {
    let (_stage, shop) = shop(sales().deserted()).await;
    let browser = Browser::start().await;
    let visit = shop.visit(&browser).await;
    visit.open().await;
    visit.chat().until_eq::<String, _>(HEADER, "Back soon").await;
    visit.tab.shot("away").await;
}

#[tokio::test]
async fn an_operator_has_a_face_and_one_without_a_photo_initials() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Is it in stock?").await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "Two are left").expect("Anna may answer");
    portal.operator_says(chat.id, ANNA, "Red ones").expect("Anna may answer");
    visit.until_heard("Red ones").await;
    let shown = "[...document.querySelectorAll('.ava img')].filter(one => one.naturalWidth === 100).length";
    visit.chat().until_eq::<u32, _>(shown, 2).await; // in the header, and once above her words
    visit
        .chat()
        .until(&format!("{HEADER} === 'Online' && document.querySelector('.pos').textContent === 'Менеджер'"))
        .await;
    visit.tab.shot("operator-with-photo").await;
    portal.operator_says(chat.id, PAVEL, "I will pack them").expect("Pavel may answer");
    visit.until_heard("I will pack them").await;
    visit
        .chat()
        .until("document.querySelector('#face').textContent === 'ПЛ' && !document.querySelector('#face img')")
        .await;
    visit.tab.shot("operator-without-photo").await;
    assert_eq!(visit.tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_hidden_operator_stays_without_a_face() {
    let (stage, shop) = shop(sales().named(OperatorData::Hide, Some("Support"))).await;
    let browser = Browser::start().await;
    let visit = shop.visit(&browser).await;
    visit.open().await;
    visit.say("Is it in stock?").await;
    let chat = stage.portal.wait_any_chat(|chat| !chat.visitor_texts().is_empty()).await;
    stage.portal.operator_says(chat.id, ANNA, "Two are left").expect("Anna may answer");
    visit.until_heard("Two are left").await;
    visit.chat().until("document.querySelector('.who b').textContent === 'Support'").await;
    visit.chat().until("!document.querySelector('.ava img, .pos')").await;
}

#[tokio::test]
async fn words_that_cannot_be_delivered_are_spoken_of_until_they_can() {
    let scene = Scene::start().await;
    let (visit, _) = scene.talk("Is it in stock?").await;
    scene.stage.portal.delete_line(SALES);
    visit
        .chat()
        .until("document.querySelector('[role=log]').textContent.includes('will be kept and will reach')")
        .await;
    visit.tab.shot("held").await;
    scene.stage.portal.set_line(sales());
    scene.stage.connect(SALES, &[&scene.shop.site.origin]).await;
    visit.chat().until("!document.querySelector('[role=log]').textContent.includes('will be kept')").await;
}
