//! What visitors do with messages: they change them, take them back, answer one, rate, and end the conversation.

use otklik_server::clock::Clock;
use otklik_tests::{
    browser::{Browser, Key, Spot, Window},
    portal::{Fault, Line, Vote},
    shop::{Scene, Shop, Visit},
    stage::{ANNA, SALES, Stage},
};

/// The newest message of `from`, reached for with the pointer, and its menu opened.
async fn menu(visit: &Visit, from: &str) {
    let script = format!("[...document.querySelectorAll('[data-from={from}]')].at(-1).focus()");
    visit.chat().eval::<Option<bool>>(&format!("({script}, null)")).await;
    visit.chat().find("button", "Message actions").await.press().await;
    visit.chat().find("menuitem", "Copy").await;
}

async fn item(visit: &Visit, name: &str) -> Spot {
    visit.chat().find("menuitem", name).await
}

async fn field_is(visit: &Visit, text: &str) {
    visit.chat().until_eq::<String, _>("document.querySelector('textarea').value", text).await;
}

#[tokio::test]
async fn a_visitor_mends_and_takes_back_their_words() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Tow of them").await;
    visit.chat().find("textbox", "Message").await.type_text("A draft").await;
    menu(&visit, "visitor").await;
    visit.tab.shot("acts-menu").await;
    item(&visit, "Edit").await.press().await;
    field_is(&visit, "Tow of them").await;
    visit.tab.shot("acts-editing").await;
    visit.tab.press(Key::Escape).await;
    field_is(&visit, "A draft").await;
    menu(&visit, "visitor").await;
    item(&visit, "Edit").await.press().await;
    field_is(&visit, "Tow of them").await;
    visit.chat().eval::<Option<bool>>("(document.querySelector('textarea').value = '', null)").await;
    visit.tab.type_text("Two of them").await;
    visit.tab.press(Key::Enter).await;
    field_is(&visit, "A draft").await;
    visit.until_shows(&[("visitor", "Two of them")]).await;
    visit.chat().until("document.querySelector('.meta')?.textContent.includes('edited')").await;
    scene.stage.portal.wait_texts(&chat.external, &["Two of them"]).await;
    menu(&visit, "visitor").await;
    item(&visit, "Delete").await.press().await;
    visit.chat().find("button", "Cancel").await.press().await;
    visit.until_shows(&[("visitor", "Two of them")]).await;
    menu(&visit, "visitor").await;
    item(&visit, "Delete").await.press().await;
    visit.chat().find("alertdialog", "Delete the message? The operator may have read it").await;
    visit.tab.shot("acts-delete").await;
    visit.chat().find("button", "Delete").await.press().await;
    visit.until_shows(&[("visitor", "Message deleted")]).await;
    scene.stage.portal.wait_texts(&chat.external, &[]).await;
    assert_eq!(visit.tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn the_keyboard_alone_mends_the_last_message() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("One").await;
    visit.say("Two").await;
    visit.until_state("Two", "delivered").await;
    visit.tab.press(Key::ArrowUp).await;
    field_is(&visit, "Two").await;
    visit.tab.type_text(" more").await;
    visit.tab.press(Key::Enter).await;
    scene.stage.portal.wait_texts(&chat.external, &["One", "Two more"]).await;
    field_is(&visit, "").await;
    let joined = "getComputedStyle(document.querySelector('.group.more')).position";
    assert_eq!(visit.chat().eval::<String>(joined).await, "static", "messages that belong together keep their place");
}

#[tokio::test]
async fn what_was_changed_without_a_connection_goes_once_it_is_back() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Blue").await;
    menu(&visit, "visitor").await; // the menu is there already when the network goes
    visit.tab.press(Key::Escape).await;
    scene.stage.front.cut();
    menu(&visit, "visitor").await;
    item(&visit, "Edit").await.press().await;
    field_is(&visit, "Blue").await;
    visit.tab.type_text(" one").await;
    visit.tab.press(Key::Enter).await;
    visit.until_shows(&[("visitor", "Blue one")]).await;
    scene.stage.front.restore();
    scene.stage.portal.wait_texts(&chat.external, &["Blue one"]).await;
}

#[tokio::test]
async fn a_reply_shows_whom_it_answers_and_leads_there() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Is it in stock?").await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "Two are left, [b]red[/b] ones").expect("Anna may answer");
    visit.until_heard("Two are left, red ones").await;
    menu(&visit, "operator").await;
    item(&visit, "Reply").await.press().await;
    visit.tab.shot("acts-replying").await;
    visit.tab.type_text("Both, please").await;
    visit.tab.press(Key::Enter).await;
    let quote = "document.querySelector('.out .quote')";
    visit
        .chat()
        .until_eq::<String, _>(&format!("{quote}?.lastElementChild.textContent"), "Two are left, red ones")
        .await;
    portal
        .wait_chat(&chat.external, |chat| {
            chat.visitor_texts().last().is_some_and(|text| text.ends_with("Both, please"))
        })
        .await;
    visit.chat().eval::<Option<bool>>(&format!("({quote}.click(), null)")).await;
    visit.chat().until("document.activeElement?.dataset.from === 'operator'").await;
    let fence = "-".repeat(54);
    let quoting = format!("{fence}\nПосетитель 1 [14:05] #chat{}/1\nIs it in stock?\n{fence}\nIt is", chat.id);
    portal.operator_says(chat.id, ANNA, &quoting).expect("Anna may answer");
    visit.chat().until("document.querySelectorAll('.in .quote').length === 1").await;
    visit.tab.shot("acts-quotes").await;
    visit.chat().eval::<Option<bool>>("(document.querySelector('.in .quote').click(), null)").await;
    visit.chat().until("document.activeElement?.textContent.includes('Is it in stock?')").await;
    visit.chat().eval::<Option<bool>>("(document.documentElement.dir = 'rtl', null)").await;
    menu(&visit, "visitor").await;
    visit.tab.shot("acts-menu-rtl").await;
}

#[tokio::test]
async fn a_rating_is_a_press() {
    let scene = Scene::start().await;
    scene.stage.portal.set_line(Line { vote: Some(Vote::default()), ..Line::new(SALES, "Отдел продаж") });
    let (visit, chat) = scene.talk("Where is my order?").await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "On its way").expect("Anna may answer");
    visit.until_heard("On its way").await;
    portal.finish(chat.id, ANNA).expect("the talk is open");
    let up = visit.chat().find("button", "Yes, thanks").await;
    visit.tab.shot("acts-rating").await;
    let host = visit.tab.host();
    host.eval_in_page::<()>("void otklik('on', 'rating', how => { window.rated = how })").await;
    up.press().await;
    visit.until_heard("Спасибо за оценку!").await;
    assert_eq!(host.eval_in_page::<String>("window.rated").await, "like", "scripts of the page hear of it");
    visit.chat().until("document.querySelector('.rate [aria-pressed=true]')?.textContent.includes('Yes')").await;
    let rated = portal.wait_chat(&chat.external, |chat| !chat.ratings().is_empty()).await;
    assert_eq!(rated.ratings(), [5]);
    visit.tab.shot("acts-rated").await;
    visit.tab.prefer(&[("prefers-color-scheme", "dark")]).await;
    visit.tab.host().eval_in_page::<Option<bool>>("(otklik('lang', 'ru'), null)").await;
    visit.chat().find("button", "Да, спасибо").await;
    visit.tab.shot("acts-rated-ru-dark").await;
}

#[tokio::test]
async fn a_visitor_ends_the_conversation_with_an_operator() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Hello?").await;
    let offered = "!document.querySelector('#finish').hidden";
    assert!(!visit.chat().eval::<bool>(offered).await, "nobody leads yet");
    scene.stage.portal.operator_says(chat.id, ANNA, "Hello").expect("Anna may answer");
    visit.chat().until(offered).await;
    visit.chat().find("button", "Finish the conversation").await.press().await;
    let question = "Finish the conversation? It stays here, and you can write again any time";
    visit.chat().find("alertdialog", question).await;
    visit.tab.shot("acts-finish").await;
    visit.chat().find("button", "Finish").await.press().await;
    scene.stage.portal.wait_chat(&chat.external, |chat| chat.open_session().is_none()).await;
    visit.chat().until("document.querySelector('#sub').textContent === 'Conversation finished'").await;
    visit.chat().until(&format!("!({offered})")).await;
}

/// As a portal answers that is too old for a method.
fn unknown() -> Fault {
    Fault::Refuse("ERROR_METHOD_NOT_FOUND".to_owned())
}

#[tokio::test]
async fn a_change_that_did_not_get_there_says_what_the_operator_has() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Two of them").await;
    let portal = &scene.stage.portal;
    portal.fault_on("imconnector.update.messages", unknown(), 1);
    menu(&visit, "visitor").await;
    item(&visit, "Edit").await.press().await;
    field_is(&visit, "Two of them").await;
    visit.chat().eval::<Option<bool>>("(document.querySelector('textarea').value = '', null)").await;
    visit.tab.press(Key::Enter).await;
    let hint = "document.querySelector('#hint').textContent";
    visit.chat().until(&format!("{hint}.startsWith('A message cannot become empty')")).await;
    visit.tab.type_text("Three of them").await;
    visit.tab.press(Key::Enter).await;
    let told = "document.querySelector('.meta b')?.textContent ?? ''";
    visit.chat().until_eq::<String, _>(told, "The change did not arrive: the operator has the earlier words").await;
    visit.chat().until("document.querySelector('#said').textContent.startsWith('The change did not arrive')").await;
    visit.until_shows(&[("visitor", "Three of them")]).await;
    portal.wait_texts(&chat.external, &["Two of them"]).await;
    visit.tab.shot("acts-unheard").await;
    visit.reload().await;
    visit.chat().until(&format!("({told}).includes('earlier words')")).await;
    menu(&visit, "visitor").await;
    item(&visit, "Edit").await.press().await;
    field_is(&visit, "Three of them").await;
    visit.tab.type_text("!").await;
    visit.tab.press(Key::Enter).await;
    portal.wait_texts(&chat.external, &["Three of them!"]).await;
    visit.chat().until(&format!("({told}) === ''")).await;
    portal.fault_on("imconnector.delete.messages", unknown(), 1);
    menu(&visit, "visitor").await;
    item(&visit, "Delete").await.press().await;
    visit.chat().find("button", "Delete").await.press().await;
    visit.chat().until_eq::<String, _>(told, "The operator can still see this message").await;
    visit.tab.host().eval_in_page::<Option<bool>>("(otklik('lang', 'ru'), null)").await;
    visit.chat().until_eq::<String, _>(told, "Оператор всё ещё видит это сообщение").await;
    visit.tab.shot("acts-unheard-ru").await;
}

/// The answer to a call was lost, nothing tells what became of it, and the visitor takes the offer to send it again.
#[tokio::test]
async fn what_may_be_lost_is_sent_again_at_a_press_as_the_answer_that_it_was() {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    stage.portal.set_build(|build| (build.offline_queue, build.history) = (false, false));
    stage.start_here().await;
    stage.install().await;
    let shop = Shop::open(&stage, "shop", SALES).await;
    let scene = Scene { stage, shop, browser: Browser::start().await };
    let hurry = scene.stage.hurry();
    let (visit, chat) = scene.talk("Is it in stock?").await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "Which one?").expect("Anna may answer");
    visit.until_heard("Which one?").await;
    menu(&visit, "operator").await;
    item(&visit, "Reply").await.press().await;
    portal.fault_on("imconnector.send.messages", Fault::CutAfter, 1);
    portal.fault_on("ONOPENLINEMESSAGEADD", Fault::EventLost, 1);
    visit.tab.type_text("The red one").await;
    visit.tab.press(Key::Enter).await;
    let again = visit.chat().find("button", "Send again").await;
    let state = "[...document.querySelectorAll('.out .msg:has(.quote)')].map(one => one.dataset.state).join()";
    visit.chat().until_eq::<String, _>(state, "unconfirmed").await;
    visit.tab.shot("acts-unconfirmed").await;
    again.press().await;
    visit.chat().until_eq::<String, _>(state, "unconfirmed,delivered").await;
    visit.chat().until_gone("button", "Send again").await;
    drop(hurry);
    visit.tab.shot("acts-sent-again").await;
    let answers = portal.chat(chat.id).expect("it is there");
    let answers = answers.visitor_texts().into_iter().filter(|text| text.ends_with("The red one"));
    assert!(answers.clone().all(|text| text.contains("Which one?")), "each quotes what it answers");
    assert_eq!(answers.count(), 2, "the visitor's wish");
}

#[tokio::test]
async fn on_a_phone_a_touch_brings_the_menu() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit_with(&scene.browser, Window::PHONE).await;
    visit.open().await;
    visit.chat().find("textbox", "Message").await.type_text("Hello").await;
    visit.chat().find("button", "Send").await.press().await;
    visit.until_state("Hello", "delivered").await;
    menu(&visit, "visitor").await;
    visit.tab.shot("acts-menu-phone").await;
    item(&visit, "Edit").await.press().await;
    field_is(&visit, "Hello").await;
    visit.tab.shot("acts-editing-phone").await;
}
