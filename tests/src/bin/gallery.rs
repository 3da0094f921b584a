//! Pictures of every state of the chat, in every theme and on a phone, to be looked at by people: `target/gallery`.

use otklik_tests::{
    browser::{Browser, Key, Tab, Window},
    portal::Chat,
    shop::Shop,
    stage::{ANNA, CONNECTOR, SALES, Stage},
};
use std::path::PathBuf;

/// How everything is shown: a name, a window, the page's language.
const VIEWS: [(&str, Window, &str); 4] = [
    ("wide", Window::WIDE, "ru"),
    ("wide-dark", Window { is_dark: true, ..Window::WIDE }, "en"),
    ("phone", Window::PHONE, "en"),
    ("phone-dark", Window { is_dark: true, ..Window::PHONE }, "ru"),
];

/// Words that show all that a message may hold.
const ANSWER: &str = "Да, есть [b]две[/b], красная и зелёная. Обе [i]сегодня[/i] на складе: \
    [url=https://example.org/lamps]посмотреть[/url]\n[code]артикул 4410-К[/code]";

/// A scene with one view of it.
struct View {
    name: &'static str,
    stage: Stage,
    tab: Tab,
    is_russian: bool,
}

#[tokio::main]
async fn main() {
    let browser = Browser::start().await;
    for (name, window, lang) in VIEWS {
        let stage = Stage::start().await;
        let shop = Shop::open(&stage, "shop", SALES).await;
        shop.site.carry(&shop.chat.snippet, lang);
        let tab = browser.window(window).await;
        tab.go(&shop.site.origin).await;
        let view = View { name, stage, tab, is_russian: lang == "ru" };
        view.all().await;
    }
    around(&browser).await;
    println!("pictures are in {}", folder().display());
}

impl View {
    async fn all(&self) {
        self.find_bubble().await;
        self.picture("1-bubble").await;
        self.press_bubble().await;
        self.field().await;
        self.picture("2-empty").await;
        let chat = self.conversation().await;
        self.picture("3-conversation").await;
        self.changed(&chat).await;
        self.picture("4-edited-and-deleted").await;
        self.long().await;
        self.picture("5-long").await;
        self.offline().await;
        self.picture("6-offline").await;
        self.back().await;
        self.picture("7-back").await;
        self.unread(&chat).await;
        self.picture("8-unread").await;
        self.finished(&chat).await;
        self.picture("9-finished").await;
    }

    fn word(&self, russian: &'static str, english: &'static str) -> &'static str {
        if self.is_russian { russian } else { english }
    }

    async fn find_bubble(&self) {
        self.tab.host().find("button", self.word("Открыть чат", "Open chat")).await;
    }

    async fn press_bubble(&self) {
        self.tab.host().find("button", self.word("Открыть чат", "Open chat")).await.press().await;
    }

    async fn field(&self) {
        self.tab.chat().find("textbox", self.word("Сообщение", "Message")).await;
    }

    async fn say(&self, text: &str) {
        let field = self.tab.chat().find("textbox", self.word("Сообщение", "Message")).await;
        field.type_text(text).await;
        self.tab.chat().find("button", self.word("Отправить", "Send")).await.press().await;
    }

    async fn until_own(&self, count: usize, state: &str) {
        let script = format!("document.querySelectorAll('[data-from=visitor][data-state={state}]').length === {count}");
        self.tab.chat().until(&script).await;
    }

    async fn until_heard(&self, count: usize) {
        self.tab.chat().until(&format!("document.querySelectorAll('[data-from=operator]').length === {count}")).await;
    }

    async fn conversation(&self) -> Chat {
        self.say("Здравствуйте! Есть ли в наличии настольная лампа?").await;
        self.say("Нужны две").await;
        self.until_own(2, "delivered").await;
        let chat = self.stage.portal.wait_any_chat(|chat| chat.visitor_texts().len() == 2).await;
        self.stage.portal.operator_says(chat.id, ANNA, "Добрый день!").expect("Anna may answer");
        self.stage.portal.operator_says(chat.id, ANNA, ANSWER).expect("Anna may answer");
        self.until_heard(2).await;
        chat
    }

    async fn changed(&self, chat: &Chat) {
        let portal = &self.stage.portal;
        let wrong = portal.operator_says(chat.id, ANNA, "Цена 1 900").expect("Anna may answer");
        let gone = portal.operator_says(chat.id, ANNA, "Ошиблась").expect("Anna may answer");
        self.until_heard(4).await;
        for message in [wrong, gone] {
            portal.wait_delivered(chat.id, message).await;
        }
        portal.edit(chat.id, wrong, "Цена 2 100").expect("Anna may edit");
        portal.delete(chat.id, gone).expect("Anna may delete");
        self.tab.chat().until("!!document.querySelector('.gone')").await;
    }

    async fn long(&self) {
        self.say(&"Расскажите подробнее, пожалуйста, об абажуре и о цоколе. ".repeat(8)).await;
        self.say("https://example.org/a/very/long/address/without/a/single/space/that/has/to/break/somewhere").await;
        self.say("👍").await;
        self.until_own(5, "delivered").await;
        self.tab.type_text("Первая строка").await;
        self.tab.press_with_shift(Key::Enter).await;
        self.tab.type_text("и вторая").await;
    }

    async fn offline(&self) {
        self.tab.set_offline(true).await;
        self.stage.front.cut_visitors();
        self.tab.chat().find("button", self.word("Отправить", "Send")).await.press().await;
        self.until_own(1, "queued").await;
        self.tab.chat().until("document.getElementById('strip').dataset.kind === 'offline'").await;
    }

    async fn back(&self) {
        self.stage.front.restore();
        self.tab.set_offline(false).await;
        self.until_own(6, "delivered").await;
    }

    async fn unread(&self, chat: &Chat) {
        self.tab.chat().find("button", self.word("Закрыть чат", "Close chat")).await.press().await;
        self.stage.portal.operator_says(chat.id, ANNA, "Отложить для вас?").expect("Anna may answer");
        self.tab.host().find("button", self.word("Открыть чат, непрочитанных: 1", "Open chat, 1 unread")).await;
    }

    async fn finished(&self, chat: &Chat) {
        let name = self.word("Открыть чат, непрочитанных: 1", "Open chat, 1 unread");
        self.tab.host().find("button", name).await.press().await;
        self.stage.portal.finish(chat.id, ANNA).expect("a session is open");
        let words = self.word("Разговор завершён", "Conversation finished");
        self.tab.chat().until(&format!("document.getElementById('sub').textContent.includes('{words}')")).await;
    }

    async fn picture(&self, state: &str) {
        picture(&self.tab, &format!("{state}-{}", self.name)).await;
    }
}

/// The pages around the chat: settings before and after connecting, the stand-in's desk, a relay that is away.
async fn around(browser: &Browser) {
    let stage = Stage::start().await;
    let tab = browser.window(Window::WIDE).await;
    tab.go(&stage.portal.settings_page_url(CONNECTOR, SALES, "ru")).await;
    tab.framed("/bitrix24/settings").find("button", "Подключить").await;
    picture(&tab, "settings-first").await;
    let shop = Shop::open(&stage, "shop", SALES).await;
    tab.go(&stage.portal.settings_page_url(CONNECTOR, SALES, "ru")).await;
    tab.framed("/bitrix24/settings").find("button", "Сохранить").await;
    picture(&tab, "settings-connected").await;
    tab.go(&stage.portal.desk_url()).await;
    picture(&tab, "desk").await;
    let visit = shop.visit(browser).await;
    stage.front.cut_visitors();
    visit.tab.host().find("button", "Open chat").await.press().await;
    visit.tab.host().find("button", "The chat did not open").await;
    picture(&visit.tab, "relay-away").await;
}

async fn picture(tab: &Tab, name: &str) {
    std::fs::create_dir_all(folder()).expect("a folder for pictures");
    tab.settled().await;
    std::fs::write(folder().join(format!("{name}.png")), tab.picture().await).expect("a picture is written");
    println!("{name}");
}

fn folder() -> PathBuf {
    otklik_tests::root().join("target/gallery")
}
