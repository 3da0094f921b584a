//! Files in the chat: attached, on their way, refused, shown.

use base64::{Engine, prelude::BASE64_STANDARD};
use otklik_tests::{
    browser::{Browser, Key, Window},
    portal::{Chat, Upload},
    shop::{Scene, Visit},
    stage::ANNA,
};

/// A picture of this size, as `data:` without its head.
const PICTURE: &str = "(async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 400 });
  const draw = canvas.getContext('2d');
  const sky = draw.createLinearGradient(0, 0, 640, 400);
  sky.addColorStop(0, '#0f766e'); sky.addColorStop(1, '#f59e0b');
  draw.fillStyle = sky; draw.fillRect(0, 0, 640, 400);
  draw.fillStyle = '#fff'; draw.font = '90px sans-serif'; draw.fillText('Mug', 230, 230);
  return canvas.toDataURL('image/png').split(',')[1];
})()";

/// Makes files in the chat's document; `give` is what is done with them.
fn with_files(files: &str, give: &str) -> String {
    format!(
        "(async () => {{
           const carrier = new DataTransfer();
           for (const [bits, name, type] of [{files}]) {{
             const bytes = typeof bits === 'number' ? new Uint8Array(bits) : Uint8Array.from(atob(bits), (c) => c.charCodeAt(0));
             carrier.items.add(new File([bytes], name, {{ type }}));
           }}
           {give};
           return true;
         }})()"
    )
}

const CHOOSE: &str = "const pick = document.getElementById('pick'); pick.files = carrier.files; \
                      pick.dispatchEvent(new Event('change'))";
const DROP: &str = "const at = (kind) => document.body.dispatchEvent(new DragEvent(kind, \
                    { dataTransfer: carrier, bubbles: true, cancelable: true })); at('dragover'); at('drop')";
const PASTE: &str = "document.querySelector('textarea').dispatchEvent(new ClipboardEvent('paste', \
                     { clipboardData: carrier, bubbles: true, cancelable: true }))";

async fn give(visit: &Visit, files: &str, how: &str) {
    assert!(visit.chat().eval::<bool>(&with_files(files, how)).await);
}

async fn until_uploaded(visit: &Visit, count: usize) {
    let done = "document.querySelectorAll('#comp .chip[data-state=done]').length";
    visit.chat().until_eq::<usize, _>(done, count).await;
}

fn sent_files(chat: &Chat) -> Vec<String> {
    chat.messages.iter().flat_map(|message| message.files.iter().map(|file| file.file.name.clone())).collect()
}

#[tokio::test]
async fn a_picture_is_attached_and_seen_by_both() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.open().await;
    visit.chat().find("button", "Attach a file").await;
    let picture: String = visit.chat().eval(PICTURE).await;
    give(&visit, &format!("['{picture}', 'mug.png', 'image/png']"), CHOOSE).await;
    until_uploaded(&visit, 1).await;
    visit.chat().find("button", "Remove mug.png").await;
    visit.tab.shot("attached").await;
    let host = visit.tab.host();
    host.eval_in_page::<()>("void (window.files = [], otklik('on', 'file', whose => files.push(whose)))").await;
    visit.say("Is this one in stock?").await;
    let has_it = |chat: &Chat| sent_files(chat) == ["mug.png"] && chat.visitor_texts() == ["Is this one in stock?"];
    let chat = scene.stage.portal.wait_any_chat(has_it).await;
    visit.chat().until("document.querySelector('[data-state=delivered] .pic img')?.naturalWidth === 640").await;
    let from_relay = "document.querySelector('.pic img').src.includes('/files/')";
    visit.chat().until(from_relay).await;
    assert_eq!(visit.chat().eval::<usize>("document.querySelectorAll('.chip').length").await, 0);

    let bytes = BASE64_STANDARD.decode(&picture).expect("the browser's own");
    let photo = Upload { size: Some((640, 400)), ..Upload::new("shelf.png", "image/png", bytes) };
    let price = Upload::new(&format!("Price list {}.pdf", "of spring ".repeat(6)), "application/pdf", vec![1; 48_213]);
    scene
        .stage
        .portal
        .operator_sends(chat.id, ANNA, "Yes, and here is the rest", vec![photo, price])
        .expect("Anna may");
    visit.chat().until("document.querySelector('[data-from=operator] .pic img')?.naturalWidth === 640").await;
    let row = "document.querySelector('[data-from=operator] a.file small')?.textContent";
    visit.chat().until_eq::<String, _>(row, "47\u{a0}KB").await;
    visit.tab.settled().await;
    visit.tab.shot("pictures").await;
    assert_eq!(host.eval_in_page::<String>("files.join()").await, "visitor,operator", "scripts of the page hear of it");
    assert_eq!(visit.tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_before() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit_with(&scene.browser, Window::PHONE).await;
    visit.open().await;
    let long = format!("['{}', '{}.txt', 'text/plain']", "aGk=", "a very long name of a file ".repeat(5));
    let files = format!("[21 * 1024 * 1024, 'film.mp4', 'video/mp4'], [0, 'empty.txt', 'text/plain'], {long}");
    give(&visit, &files, DROP).await;
    let why = "[...document.querySelectorAll('.chip[data-state=bad] small')].map((one) => one.textContent)";
    let told = ["Over 20\u{a0}MB, this file will not go through", "The file is empty"];
    visit.chat().until_eq::<Vec<String>, _>(why, told).await;
    until_uploaded(&visit, 1).await;
    give(&visit, "['aGk=', '1.txt', ''], ['aGk=', '2.txt', ''], ['aGk=', '3.txt', '']", PASTE).await;
    visit
        .chat()
        .until_eq::<String, _>("document.getElementById('hint').textContent", "No more than 5 files at a time")
        .await;
    visit.tab.shot("refused-files").await;
    until_uploaded(&visit, 3).await;
    visit.chat().find("button", "Send").await.press().await;
    let chat = scene.stage.portal.wait_any_chat(|chat| sent_files(chat).len() == 3).await;
    assert_eq!(chat.visitor_texts(), [""], "files alone");
    visit.chat().find("button", "Remove film.mp4").await.press().await;
    visit.chat().until_gone("button", "Remove film.mp4").await;
}

#[tokio::test]
async fn a_message_waits_for_its_files_and_is_passed_by_none() {
    let scene = Scene::start().await;
    let (visit, _) = scene.talk("One").await;
    visit.tab.slow_upload(100_000).await;
    give(&visit, "[400_000, 'film.mp4', 'video/mp4'], [400_000, 'other.mp4', 'video/mp4']", CHOOSE).await;
    visit.chat().until("document.querySelector('.chip progress')?.value > 0").await;
    visit.tab.shot("uploading").await;
    visit.say("Two").await;
    visit.say("Three").await;
    let queued = "[...document.querySelectorAll('#going [data-state=queued]')].length";
    visit.chat().until_eq::<usize, _>(queued, 2).await;
    visit.tab.shot("waits-for-files").await;
    visit.chat().find("button", "Cancel sending other.mp4").await.press().await;
    visit.tab.slow_upload(0).await;
    let texts = |chat: &Chat| chat.visitor_texts() == ["One", "Two", "Three"];
    let chat = scene.stage.portal.wait_any_chat(texts).await;
    assert_eq!(sent_files(&chat), ["film.mp4"], "what was cancelled is not sent");
    visit.until_state("Three", "delivered").await;
}

#[tokio::test]
async fn files_wait_for_the_network() {
    let scene = Scene::start().await;
    let (visit, _) = scene.talk("One").await;
    give(&visit, "['aGk=', 'a.txt', 'text/plain']", CHOOSE).await;
    until_uploaded(&visit, 1).await;
    scene.stage.front.cut();
    give(&visit, "['aGk=', 'b.txt', 'text/plain']", CHOOSE).await;
    let told = "document.querySelector('.chip[data-state=going] small')?.textContent";
    visit.chat().until_eq::<String, _>(told, "No connection. Everything will go once it is back").await;
    visit.chat().find("textbox", "Message").await.focus().await;
    visit.tab.press(Key::Enter).await;
    visit.chat().until("document.querySelector('#going [data-state=queued] .chip') !== null").await;
    scene.stage.front.restore();
    scene.stage.portal.wait_any_chat(|chat| sent_files(chat) == ["a.txt", "b.txt"]).await;
}

#[tokio::test]
async fn dark_and_in_russian() {
    let scene = Scene::start().await;
    let browser = Browser::start().await;
    let visit = scene.shop.visit_with(&browser, Window::PHONE.dark()).await;
    visit.open().await;
    let picture: String = visit.chat().eval(PICTURE).await;
    let name = "Очень длинное название документа о поставке кружек весной и летом.pdf";
    give(&visit, &format!("['{picture}', 'кружка.png', 'image/png'], [40_000, '{name}', 'application/pdf']"), CHOOSE)
        .await;
    until_uploaded(&visit, 2).await;
    visit.tab.shot("attached-dark").await;
    visit.chat().find("textbox", "Message").await.type_text("Вот").await;
    visit.chat().find("button", "Send").await.press().await;
    visit.chat().until("document.querySelectorAll('[data-state=delivered] :is(.pic, a.file)').length === 2").await;
    visit.tab.settled().await;
    visit.tab.shot("sent-dark").await;
}

/// The newest message of `from`, and what its menu offers by this name.
async fn choose(visit: &Visit, from: &str, item: &str) {
    let script = format!("([...document.querySelectorAll('[data-from={from}]')].at(-1).focus(), null)");
    visit.chat().eval::<Option<bool>>(&script).await;
    visit.chat().find("button", "Message actions").await.press().await;
    visit.chat().find("menuitem", item).await.press().await;
}

#[tokio::test]
async fn a_reply_has_files_and_words_beside_files_are_edited() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Is it in stock?").await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "Which one?").expect("Anna may answer");
    visit.until_heard("Which one?").await;
    choose(&visit, "operator", "Reply").await;
    give(&visit, "['aGk=', 'lamp.txt', 'text/plain']", CHOOSE).await;
    until_uploaded(&visit, 1).await;
    visit.tab.shot("files-replying").await;
    visit.say("This").await;
    visit.chat().until("document.querySelector('.out .quote')?.lastElementChild.textContent === 'Which one?'").await;
    visit.chat().until("!document.querySelector('.over') && !!document.querySelector('.out a.file')").await;
    let got = portal.wait_chat(&chat.external, |chat| sent_files(chat) == ["lamp.txt"]).await;
    let with_file = got.messages.iter().find(|message| !message.files.is_empty()).expect("it is there");
    assert!(with_file.text.contains("Which one?") && with_file.text.ends_with("This"), "{}", with_file.text);
    visit.tab.shot("files-replied").await;

    give(&visit, "['aGk=', 'note.txt', 'text/plain']", CHOOSE).await;
    until_uploaded(&visit, 1).await;
    visit.say("And tow").await;
    let last = "[...document.querySelectorAll('[data-from=visitor]')].at(-1).dataset.state";
    visit.chat().until_eq::<String, _>(last, "delivered").await;
    choose(&visit, "visitor", "Edit").await;
    visit.chat().until_eq::<String, _>("document.querySelector('textarea').value", "And tow").await;
    visit.chat().eval::<Option<bool>>("(document.querySelector('textarea').value = '', null)").await;
    visit.say("And two").await;
    portal
        .wait_chat(&chat.external, |chat| {
            sent_files(chat) == ["lamp.txt", "note.txt"] && chat.visitor_texts().last() == Some(&"And two")
        })
        .await;
    visit.chat().until("[...document.querySelectorAll('.out .bubble')].at(-1).textContent.includes('And two')").await;
    visit.chat().until("!![...document.querySelectorAll('.out .bubble')].at(-1).querySelector('a.file')").await;
}
