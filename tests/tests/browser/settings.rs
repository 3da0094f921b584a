//! The settings page in the portal's frame, worked as an administrator works it: by what a screen reader finds.

use otklik_server::clock::Clock;
use otklik_tests::{
    browser::{Browser, Frame, Tab, Window},
    stage::{CONNECTOR, SALES, Stage},
};

const SHOP: &str = "https://shop.example";

/// The portal's page with the settings of the first line, and the page in its frame.
async fn open(stage: &Stage, tab: &Tab, lang: &str) -> Frame {
    tab.go(&stage.portal.settings_page_url(CONNECTOR, SALES, lang)).await;
    tab.framed("/bitrix24/settings")
}

async fn write(page: &Frame, name: &str, text: &str) {
    let field = page.find("textbox", name).await;
    field.press().await;
    field.ask::<()>("function() { this.select() }").await;
    field.type_text(text).await;
}

#[tokio::test]
async fn a_line_is_connected_changed_and_disconnected_without_a_reload() {
    let stage = Stage::start().await;
    let browser = Browser::start().await;
    let tab = browser.window(Window::WIDE).await;
    let page = open(&stage, &tab, "ru").await;
    page.find("heading", "Чат на сайте").await;
    assert!(page.find_now("button", "Сохранить").await.is_none(), "two things to do, not twenty");
    page.eval::<()>("void (window.marked = true)").await;
    tab.host().eval_in_page::<()>("void addEventListener('message', ({data}) => { window.asked = data })").await;

    write(&page, "Сайты", SHOP).await;
    page.find("button", "Подключить").await.press().await;
    let code = page.find("textbox", "Код для сайта").await.value().await;
    assert_eq!(code.matches("<script ").count(), 1, "{code}");
    let asked = tab.host().eval_in_page::<String>("window.asked").await;
    assert!(asked.starts_with("resizeWindow:{\"width\":\"100%\",\"height\":"), "the page needs more room now: {asked}");
    assert!(code.contains(&format!("{}/widget/", stage.url())), "{code}");
    assert!(stage.portal.channel(CONNECTOR, SALES).is_some_and(|channel| channel.usable()));
    tab.framed("/chat?preview").find("log", "Сообщения").await;
    tab.shot("settings-connected").await;

    page.find("radio", "Кобальт").await.press().await;
    write(&page, "Название", "Глина и лён").await;
    page.until("document.getElementById('said').textContent === 'Изменены: цвет, название'").await;
    page.find("button", "Сохранить").await.press().await;
    page.until("document.getElementById('said').textContent.startsWith('Сохранено')").await;
    let channel = stage.portal.channel(CONNECTOR, SALES).expect("it is connected");
    assert_eq!(channel.data["NAME"], "Глина и лён", "the Contact Center shows the new name");

    page.find("button", "Отключить").await.press().await;
    page.find("dialog", "Отключить чат от линии?").await;
    page.eval::<()>("document.getElementById('ask-yes').click()").await;
    page.find("button", "Подключить").await;
    assert!(stage.portal.channel(CONNECTOR, SALES).is_none_or(|channel| !channel.usable()));
    assert!(page.eval::<bool>("window.marked").await, "the page was never loaded anew");
    let complaints: Vec<_> = tab.complaints().into_iter().filter(|one| one.contains(&stage.url())).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test]
async fn wrong_sites_are_named_by_line_and_repaired() {
    let stage = Stage::start().await;
    let browser = Browser::start().await;
    let tab = browser.window(Window::PHONE.dark()).await;
    let page = open(&stage, &tab, "de").await;
    write(&page, "Sites", "https://shop.example/cafe\nshop.example:8443\n???").await;
    page.find("button", "Connect").await.press().await;
    page.find("button", "Correct it: https://shop.example").await.press().await;
    page.find("button", "Correct it: https://shop.example:8443").await.press().await;
    let sites = page.find("textbox", "Sites").await;
    assert_eq!(sites.value().await, "https://shop.example\nhttps://shop.example:8443\n???");
    page.until("document.querySelector('#sites-faults').innerText.startsWith('Line 3:')").await;
    tab.shot("settings-faults").await;
    write(&page, "Sites", SHOP).await;
    page.find("button", "Connect").await.press().await;
    page.find("textbox", "Code for the site").await;
    let width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
    assert!(page.eval::<bool>(width).await, "nothing is wider than a phone");
    tab.shot("settings-phone").await;
}

#[tokio::test]
async fn an_application_with_pages_tells_the_portal_when_it_is_installed() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    stage.portal.install_by_frame(&stage.url(), "ru"); // saves the card
    let browser = Browser::start().await;
    let tab = browser.window(Window::WIDE).await;
    tab.go(&format!("http://{}/marketplace/app/?LANG=ru", stage.portal.host())).await;
    tab.framed("/bitrix24/install").find("heading", "Приложение установлено").await;
    otklik_tests::wait::until("the portal to know", || async {
        let mut installed = false;
        stage.portal.set_app(|app| installed = app.installed);
        installed.then_some(())
    })
    .await;
    assert!(stage.portal.connector(CONNECTOR).is_some(), "all was registered before");
    tab.shot("installed").await;
}

#[tokio::test]
async fn notes_are_switched_on_and_the_secret_is_shown_once() {
    let stage = Stage::start().await;
    stage.site().await;
    let browser = Browser::start().await;
    let tab = browser.window(Window::WIDE).await;
    let page = open(&stage, &tab, "ru").await;
    page.find("checkbox", "Сообщать операторам и то, для чего в портале нет полей").await.press().await;
    page.until("document.getElementById('said').textContent === 'Изменены: данные о посетителе'").await;
    page.find("button", "Сохранить").await.press().await;
    page.until("document.getElementById('said').textContent.startsWith('Сохранено')").await;
    page.find("button", "Создать секрет").await.press().await;
    let first = page.find("textbox", "Подпись посетителей").await.value().await;
    assert_eq!(first.len(), 43, "32 bytes");
    page.eval::<()>("void document.getElementById('visitor-card').scrollIntoView()").await;
    tab.shot("settings-visitor-ru").await;

    let page = open(&stage, &tab, "en").await;
    page.find("button", "Replace the secret").await.press().await;
    assert!(page.find_now("textbox", "Visitors' signature").await.is_none(), "it is not shown again");
    page.until("document.getElementById('notes').checked").await;
    page.find("dialog", "Replace the secret?").await;
    tab.shot("settings-secret-ask").await;
    page.eval::<()>("document.getElementById('ask-secret-yes').click()").await;
    let second = page.find("textbox", "Visitors' signature").await.value().await;
    assert_ne!(first, second);
    page.eval::<()>("void document.getElementById('visitor-card').scrollIntoView()").await;
    tab.shot("settings-visitor-en").await;
}

#[tokio::test]
async fn what_the_channel_may_do_is_chosen_for_the_whole_portal() {
    let stage = Stage::start().await;
    stage.connect(SALES, &[SHOP]).await;
    let browser = Browser::start().await;
    let tab = browser.window(Window::WIDE).await;
    let page = open(&stage, &tab, "ru").await;
    let mailings = "[name=newsletter]";
    page.find("heading", "Что канал умеет").await;
    assert!(!page.eval::<bool>(&format!("document.querySelector('{mailings}').checked")).await);
    page.eval::<()>(&format!("void document.querySelector('{mailings}').click()")).await;
    page.until("document.getElementById('said').textContent === 'Изменены: возможности канала'").await;
    page.eval::<()>("void document.getElementById('flags-card').scrollIntoView()").await;
    tab.shot("settings-flags").await;
    page.find("button", "Сохранить").await.press().await;
    page.until("document.getElementById('said').textContent.startsWith('Сохранено')").await;
    let may = stage.portal.connector(CONNECTOR).expect("it is registered").may;
    assert!(may.newsletter && may.signature && may.system_messages && may.edit_internal, "only that has changed");
    let other = browser.window(Window::PHONE.dark()).await;
    let page = open(&stage, &other, "de").await;
    page.find("heading", "What the channel does").await;
    assert!(page.eval::<bool>(&format!("document.querySelector('{mailings}').checked")).await);
    page.eval::<()>("void document.getElementById('flags-card').scrollIntoView()").await;
    other.shot("settings-flags-phone").await;
}

#[tokio::test]
async fn a_page_that_was_open_meanwhile_undoes_no_choice_of_another() {
    let stage = Stage::start().await;
    stage.connect(SALES, &[SHOP]).await;
    let browser = Browser::start().await;
    let (tab, other) = (browser.window(Window::WIDE).await, browser.window(Window::WIDE).await);
    let (page, there) = (open(&stage, &tab, "en").await, open(&stage, &other, "en").await);
    let saved = "document.getElementById('said').textContent.startsWith('Saved')";
    page.find("button", "Save").await;
    there.find("button", "Save").await;
    there.eval::<()>("void document.querySelector('[name=newsletter]').click()").await;
    there.find("button", "Save").await.press().await;
    there.until(saved).await;
    write(&page, "Name", "Clay and flax").await;
    page.find("button", "Save").await.press().await;
    page.until(saved).await;
    let may = || stage.portal.connector(CONNECTOR).expect("it is registered").may;
    assert!(may().newsletter, "as the other page chose");

    there.eval::<()>("void document.querySelector('[name=newsletter]').click()").await;
    there.find("button", "Save").await.press().await;
    there.until("document.getElementById('save').getAttribute('aria-disabled') === 'true'").await;
    page.eval::<()>("void document.querySelector('[name=signature]').click()").await;
    page.find("button", "Save").await.press().await;
    page.until("document.getElementById('save').getAttribute('aria-disabled') === 'true'").await;
    assert!(!may().newsletter && !may().signature, "both changes hold");
}

#[tokio::test]
async fn why_messages_wait_stands_on_the_page_with_the_way_out() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let browser = Browser::start().await;
    let wide = browser.window(Window::WIDE).await;
    let page = open(&stage, &wide, "ru").await;
    page.find("textbox", "Код для сайта").await;
    stage.portal.spend_refresh_tokens();
    stage.portal.advance(std::time::Duration::from_secs(2 * 3_600));
    stage.visitor(&site).await.say("Есть кто?").await;
    let narrow = browser.window(Window::PHONE.dark()).await;
    let phone = open(&stage, &narrow, "en").await;
    phone.find("link", "Give access").await;
    phone.until("document.getElementById('held').innerText.includes('Waiting to be sent: 1')").await;
    narrow.shot("settings-held-phone").await;
    page.eval::<()>("void document.dispatchEvent(new Event('visibilitychange'))").await;
    page.find("link", "Дать доступ").await;
    page.until("document.getElementById('held').innerText.startsWith('Доступ к порталу истёк.')").await;
    let way = page.eval::<String>("document.getElementById('held-go').href").await;
    assert_eq!(way, format!("{}/bitrix24/oauth?portal={}", stage.url(), stage.portal.host()));
    wide.shot("settings-held").await;
}
