//! Who the page says its visitor is: one conversation a person, and nothing of another's to be seen.

use otklik_server::clock::Clock;
use otklik_tests::{
    browser::Frame,
    portal::{Chat, Profile},
    shop::{Scene, Visit},
    signing::Signer,
    visitor::Visitor,
};
use serde_json::{Value, json};

/// What the shop's server writes into its page for `id`.
fn signed(signer: &Signer, id: &str) -> Value {
    let identity = signer.sign(id, Clock::real().now() / 1000 + 600);
    json!({"id": identity.id, "exp": identity.exp, "sig": identity.sig, "name": id})
}

async fn call(visit: &Visit, command: &str, data: &Value) {
    visit.tab.host().eval_in_page::<()>(&format!("otklik('{command}', {data}).then(() => null)")).await;
}

async fn heard(visit: &Visit, event: &str) {
    let keep = format!("void otklik('on', '{event}', detail => {{ window.heard = detail }})");
    visit.tab.host().eval_in_page::<()>(&keep).await;
}

/// What the operator knows of whom `chat` is with, as it came with their last message.
fn profile(scene: &Scene, chat: &Chat) -> Profile {
    scene.stage.portal.visitor(chat.visitor).expect("every chat is somebody's").profile
}

/// Waits until the chat is there and shows nothing of anybody.
async fn until_empty(visit: &Visit) {
    let nothing = "document.getElementById('field')?.value === '' && globalThis.document.readyState === 'complete' \
         && !document.querySelector('[role=log] [data-from]') && !document.querySelector('.known')";
    visit.chat().until(nothing).await;
}

async fn kept(chat: &Frame) -> Vec<String> {
    chat.eval("Object.keys(localStorage).filter(key => key.startsWith('otklik:')).sort()").await
}

#[tokio::test]
async fn another_person_at_the_same_page_sees_nothing_of_the_one_before() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let visit = scene.shop.visit(&scene.browser).await;
    call(&visit, "identify", &signed(&signer, "anna")).await;
    visit.open().await;
    visit.say("Anna's words").await;
    visit.until_state("Anna's words", "delivered").await;
    visit.chat().find("textbox", "Message").await.type_text("Half a wo").await;
    let id: String = visit.tab.host().eval_in_page("otklik('get', 'visitor')").await;
    let chat = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Anna's words"]).await;
    assert_eq!((&id, chat.title.contains("✓ anna")), (&chat.external, true), "{}", chat.title);

    let mut boris = signed(&signer, "boris");
    boris["email"] = json!("boris@shop.example");
    call(&visit, "identify", &boris).await;
    until_empty(&visit).await;
    visit.say("Boris's words").await;
    visit.until_shows(&[("visitor", "Boris's words")]).await;
    visit.until_state("Boris's words", "delivered").await;
    // Whatever her other devices send goes with what is kept of her.
    let (relay, site) = (scene.stage.url(), &scene.shop.chat.key);
    let anna = signer.sign("anna", Clock::real().now() / 1000 + 600);
    let (mut phone, _) = Visitor::come_as(&relay, site, Some(anna), None).await;
    phone.say("From her phone").await;
    let theirs = scene.stage.portal.wait_texts(&chat.external, &["Anna's words", "From her phone"]).await;
    let known = profile(&scene, &theirs);
    assert_eq!((known.full_name().as_str(), known.email.as_str()), ("anna", ""), "nothing of the next person's");
    assert!(theirs.title.contains("anna"), "{}", theirs.title);

    call(&visit, "identify", &signed(&signer, "anna")).await;
    visit.until_shows(&[("visitor", "Anna's words"), ("visitor", "From her phone")]).await;
    visit.chat().until("document.getElementById('field').value === 'Half a wo'").await;
    visit.reload().await;
    until_empty(&visit).await; // a page that does not say who is there has nobody's words
    assert_eq!(scene.stage.portal.chats().len(), 2);
}

#[tokio::test]
async fn what_was_said_before_signing_in_stays_in_sight_and_a_log_out_wipes_it() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let (visit, chat) = scene.talk("Who am I?").await;
    call(&visit, "identify", &signed(&signer, "anna")).await;
    visit.chat().until("location.search.includes('signed') && document.readyState === 'complete'").await;
    visit.until_shows(&[("visitor", "Who am I?")]).await;
    visit.say("I am Anna").await;
    visit.until_state("I am Anna", "delivered").await;
    scene.stage.portal.wait_texts(&chat.external, &["Who am I?", "I am Anna"]).await;
    visit.chat().find("textbox", "Message").await.type_text("A secr").await;
    visit.chat().until("Object.keys(localStorage).some(key => key.endsWith(':draft'))").await;

    let session: String =
        visit.chat().eval("Object.entries(localStorage).find(([key]) => key.endsWith(':session'))[1]").await;
    visit.tab.host().eval_in_page::<()>("otklik('reset').then(() => null)").await;
    until_empty(&visit).await;
    visit.chat().until("!Object.keys(localStorage).some(key => key.startsWith('otklik:'))").await;
    assert_eq!(kept(&visit.chat()).await, [""; 0]);
    let unknown: Value = visit.tab.host().eval_in_page("otklik('get', 'visitor').then(id => id ?? null)").await;
    assert_eq!(unknown, Value::Null);
    let hello = json!({"frames": [{"type": "hello", "version": 1, "site": scene.shop.chat.key.as_str(),
        "session": session, "seen": 0, "identity": signer.sign("anna", Clock::real().now() / 1000 + 600)}]});
    let request = otklik_tests::http().post(format!("{}/v1/poll", scene.stage.url()));
    let answer = request.header("origin", scene.stage.url()).json(&hello).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["frames"][0]["code"], "session_unknown", "{answer}");

    call(&visit, "identify", &signed(&signer, "anna")).await;
    visit.until_shows(&[("visitor", "Who am I?"), ("visitor", "I am Anna")]).await;
}

#[tokio::test]
async fn a_log_out_on_a_page_where_nobody_touched_the_chat_wipes_it_too() {
    let scene = Scene::start().await;
    let (visit, _) = scene.talk("Mine").await;
    visit.chat().find("button", "Close chat").await.press().await;
    visit.tab.host().find("button", "Open chat").await;
    visit.tab.go(&format!("{}/bye", scene.shop.site.origin)).await;
    visit.tab.host().find("button", "Open chat").await;
    visit.tab.host().eval_in_page::<()>("otklik('reset').then(() => null)").await;
    visit.chat().until("!Object.keys(localStorage).some(key => key.startsWith('otklik:'))").await;
    visit.open().await;
    until_empty(&visit).await;
}

#[tokio::test]
async fn a_signature_that_does_not_fit_is_told_to_the_page_and_the_chat_works_on() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let (visit, chat) = scene.talk("Mine").await;
    heard(&visit, "identify:error").await;
    let mut wrong = signed(&signer, "anna");
    wrong["id"] = json!("boris");
    call(&visit, "identify", &wrong).await;
    let why = || async {
        let heard: Value = visit.tab.host().eval_in_page("window.heard ?? null").await;
        heard.as_str().map(str::to_owned)
    };
    assert_eq!(otklik_tests::wait::until("the page to hear why", why).await, "signature");
    visit.chat().until("!location.search.includes('signed') && document.readyState === 'complete'").await;
    visit.until_shows(&[("visitor", "Mine")]).await;
    visit.say("Still mine").await;
    scene.stage.portal.wait_texts(&chat.external, &["Mine", "Still mine"]).await;
    visit.tab.host().eval_in_page::<()>("void (window.heard = null)").await;
    call(&visit, "identify", &json!({"id": "anna"})).await;
    assert_eq!(otklik_tests::wait::until("the page to hear why", why).await, "unsigned");
}

#[tokio::test]
async fn what_is_told_of_somebody_without_a_signature_is_not_put_to_the_person_who_is_there() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let visit = scene.shop.visit(&scene.browser).await;
    call(&visit, "identify", &signed(&signer, "anna")).await;
    visit.open().await;
    call(&visit, "identify", &json!({"id": "boris", "name": "Boris", "email": "boris@shop.example"})).await;
    call(&visit, "identify", &json!({"id": "anna", "phone": "+7 999 000-00-00"})).await;
    visit.say("Who am I?").await;
    visit.until_state("Who am I?", "delivered").await;
    let chat = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Who am I?"]).await;
    let known = profile(&scene, &chat);
    assert_eq!((known.full_name().as_str(), known.email.as_str()), ("anna", ""));
    assert_eq!(known.phone, "+7 999 000-00-00", "of the one who is there one may still tell");
}

/// The page's orders to the frame by which that learns who is there wait until `letIn()`.
const HOLD_BACK: &str = "(() => {
    const held = [];
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (order) {
        if (/init|identify/.test(order.do) && !window.letIn.done) held.push(() => post.call(this, order));
        else post.call(this, order);
    };
    window.letIn = () => {
        window.letIn.done = true;
        held.forEach((go) => go());
    };
})()";

#[tokio::test]
async fn what_is_sent_before_it_is_known_who_is_there_is_that_persons_and_not_lost() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.tab.host().eval_in_page::<()>(&format!("void {HOLD_BACK}")).await;
    call(&visit, "identify", &signed(&signer, "anna")).await;
    visit.open().await;
    visit.say("One").await;
    visit.say("Two").await;
    visit.until_shows(&[("visitor", "One"), ("visitor", "Two")]).await;
    assert_eq!(kept(&visit.chat()).await, [""; 0], "it is nobody's yet");
    visit.tab.host().eval_in_page::<()>("letIn()").await;
    visit.until_state("Two", "delivered").await;
    visit.until_shows(&[("visitor", "One"), ("visitor", "Two")]).await;
    let chat = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["One", "Two"]).await;
    assert!(chat.title.contains("✓ anna"), "{}", chat.title);
}

#[tokio::test]
async fn a_log_out_in_one_tab_is_one_in_the_others() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let visit = scene.shop.visit(&scene.browser).await;
    let other = Visit { tab: scene.browser.tab_beside(&visit.tab).await };
    other.tab.go(&scene.shop.site.origin).await;
    for visit in [&visit, &other] {
        call(visit, "identify", &signed(&signer, "anna")).await;
        visit.open().await;
    }
    visit.say("Anna's words").await;
    other.until_shows(&[("visitor", "Anna's words")]).await;
    visit.tab.host().eval_in_page::<()>("otklik('reset').then(() => null)").await;
    for visit in [&visit, &other] {
        visit.chat().until("!location.search.includes('signed')").await;
        until_empty(visit).await;
    }
    other.say("The next one's words").await;
    other.until_state("The next one's words", "delivered").await;
    other.until_shows(&[("visitor", "The next one's words")]).await;
}

/// Anna writes, goes on to the page where she logs out, and somebody presses “back”. None where the browser had thrown her
/// page away meanwhile, as it may.
async fn log_out_and_come_back(scene: &Scene, signer: &Signer) -> Option<Visit> {
    let visit = scene.shop.visit(&scene.browser).await;
    let host = visit.tab.host();
    call(&visit, "identify", &signed(signer, "anna")).await;
    visit.open().await;
    visit.say("Anna's words").await;
    visit.until_state("Anna's words", "delivered").await;
    host.eval_in_page::<()>("void (window.asItWas = true)").await;
    let log_out = async || {
        host.find("button", "Close chat").await; // it was open
        host.eval_in_page::<()>("otklik('reset').then(() => null)").await;
        visit.chat().until("!Object.keys(localStorage).some(key => key.startsWith('otklik:'))").await;
    };
    visit.tab.go_and_come_back(&format!("{}/bye", scene.shop.site.origin), log_out).await;
    host.eval_in_page::<bool>("window.asItWas === true").await.then_some(visit)
}

#[tokio::test]
async fn back_after_a_log_out_shows_nothing_of_who_was_there() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let mut visit = None;
    for _ in 0..8 {
        visit = log_out_and_come_back(&scene, &signer).await;
        if visit.is_some() {
            break;
        }
    }
    let visit = visit.expect("the browser brings a page as it was, as a rule");
    until_empty(&visit).await;
    visit.say("The next one's words").await;
    visit.until_shows(&[("visitor", "The next one's words")]).await;
    visit.until_state("The next one's words", "delivered").await;
    let next = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["The next one's words"]).await;
    assert!(!next.title.contains("anna"), "{}", next.title);
}

/// A visitor of whom the page tells begins a message, sends it on another page and presses “back”. None as above.
async fn write_elsewhere_and_come_back(scene: &Scene) -> Option<Visit> {
    let visit = scene.shop.visit(&scene.browser).await;
    let host = visit.tab.host();
    call(&visit, "set", &json!({"name": "Vera"})).await;
    visit.open().await;
    visit.chat().find("textbox", "Message").await.type_text("Half a word").await;
    visit.chat().until("Object.keys(localStorage).some(key => key.endsWith(':draft'))").await;
    assert!(!kept(&visit.chat()).await.iter().any(|key| key.ends_with(":session")), "nothing was said yet");
    host.eval_in_page::<()>("void (window.asItWas = true)").await;
    let send = async || {
        visit.chat().until("document.getElementById('field')?.value === 'Half a word'").await;
        visit.say("!").await;
        scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts().len() == 1).await;
        visit.chat().until("!Object.keys(localStorage).some(key => key.endsWith(':draft'))").await;
    };
    visit.tab.go_and_come_back(&format!("{}/next", scene.shop.site.origin), send).await;
    host.eval_in_page::<bool>("window.asItWas === true").await.then_some(visit)
}

#[tokio::test]
async fn back_to_a_page_where_a_message_was_begun_is_no_log_out() {
    for _ in 0..8 {
        let scene = Scene::start().await;
        let Some(visit) = write_elsewhere_and_come_back(&scene).await else { continue };
        visit.chat().until("!!document.querySelector('[role=log] [data-from=visitor]')").await;
        visit.chat().until("document.getElementById('field')?.value === ''").await; // it went already
        visit.say("And more").await;
        let chat = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts().len() == 2).await;
        assert_eq!(scene.stage.portal.chats().len(), 1);
        let named = || async { Some(profile(&scene, &chat).full_name()).filter(|name| name == "Vera") };
        otklik_tests::wait::until("the operator to know what the page tells", named).await;
        return;
    }
    panic!("the browser brings a page as it was, as a rule");
}

#[tokio::test]
async fn what_the_page_sends_for_one_person_does_not_go_to_the_next_one_it_names() {
    let scene = Scene::start().await;
    let signer = Signer::make(&scene.stage, &scene.shop.chat.key).await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.open().await;
    let [anna, boris] = ["anna", "boris"].map(|id| signed(&signer, id));
    // All before the frame has made room for the first.
    let orders = format!(
        "otklik('identify', {anna});
         Promise.all([otklik('send', 'For Anna'), otklik('prefill', 'Anna, too')])
             .then(() => otklik('identify', {boris})).then(() => null)"
    );
    visit.tab.host().eval_in_page::<()>(&orders).await;
    visit.chat().until("location.search.includes('signed') && document.readyState === 'complete'").await;
    until_empty(&visit).await;
    visit.say("Boris's words").await;
    visit.until_state("Boris's words", "delivered").await;
    visit.until_shows(&[("visitor", "Boris's words")]).await;
    let chat = scene.stage.portal.wait_any_chat(|chat| chat.title.contains("✓ boris")).await;
    assert_eq!(chat.visitor_texts(), ["Boris's words"]);
    assert_eq!(scene.stage.portal.chats().len(), 1);
}
