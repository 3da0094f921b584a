//! What operators send reaches visitors as a copy of our own: at once where it can be had, and never as anything that
//! runs.

use otklik_server::clock::Clock;
use otklik_tests::{
    http,
    portal::{Chat, Download, Fault, Link, Upload},
    stage::{ANNA, Stage},
    visitor::{Seen, Visitor},
    wait::until,
};
use reqwest::{Response, StatusCode};
use shared::{File, FileKind, FileState, MessageState};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A GIF of one pixel.
const PICTURE: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";

async fn begun_on(stage: Stage) -> (Stage, Visitor, Chat) {
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

async fn begun() -> (Stage, Visitor, Chat) {
    begun_on(Stage::start().await).await
}

fn send(stage: &Stage, chat: &Chat, text: &str, files: Vec<Upload>) {
    stage.portal.operator_sends(chat.id, ANNA, text, files).expect("Anna may answer");
}

/// The file of this name, once it is had or given up.
async fn settled(visitor: &mut Visitor, name: &str) -> File {
    let found = |messages: &[Seen]| {
        let mut files = messages.iter().flat_map(|message| message.files.clone());
        files.find(|file| file.name == name && file.state != Some(FileState::Coming))
    };
    visitor.wait_until(|messages| found(messages).is_some()).await;
    found(&visitor.messages()).expect("it was just there")
}

async fn opened(stage: &Stage, file: &File) -> Response {
    let href = file.href.as_ref().expect("there is an address");
    http().get(format!("{}{href}", stage.url())).send().await.expect("the relay answers")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn an_operators_files_are_shown_and_saved() {
    let (stage, mut visitor, chat) = begun().await;
    let photo = Upload { size: Some((1, 1)), ..Upload::new("photo.gif", "image/gif", PICTURE) };
    let price =
        Upload { download: Download::Relative, ..Upload::new("Прайс 2026.pdf", "application/pdf", "%PDF-1.7") };
    send(&stage, &chat, "Вот [b]прайс[/b]", vec![photo, price]);
    visitor.hear("Вот прайс").await;
    let (photo, price) = (settled(&mut visitor, "photo.gif").await, settled(&mut visitor, "Прайс 2026.pdf").await);
    assert_eq!((photo.kind, photo.size, photo.width, photo.height), (FileKind::Image, 42, Some(1), Some(1)));
    assert_eq!((price.kind, price.size), (FileKind::File, 8));

    let answer = opened(&stage, &photo).await;
    assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "image/gif"));
    assert_eq!(header(&answer, "content-disposition"), "inline; filename*=UTF-8''photo.gif");
    assert_eq!(answer.bytes().await.expect("its bytes"), PICTURE);
    let answer = opened(&stage, &price).await;
    assert!(header(&answer, "content-disposition").starts_with("attachment; filename*=UTF-8''%D0%9F"));
    for (name, value) in [
        ("content-length", "8"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ] {
        assert_eq!(header(&answer, name), value);
    }
}

#[tokio::test]
async fn an_address_of_a_file_lasts_an_hour() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let hurry = stage.hurry();
    send(&stage, &chat, "", vec![Upload::new("a.pdf", "application/pdf", "%PDF")]);
    let file = settled(&mut visitor, "a.pdf").await;
    drop(hurry);
    assert_eq!(opened(&stage, &file).await.status(), StatusCode::OK);
    stage.clock.advance(HOUR);
    assert_eq!(opened(&stage, &file).await.status(), StatusCode::GONE);
    let mut again =
        Visitor::connect(&stage.url(), &stage.url(), &stage.site().await).await.expect("the relay is there");
    again.session.clone_from(&visitor.session);
    let mut again = again.resume().await;
    let file = settled(&mut again, "a.pdf").await;
    assert_eq!(opened(&stage, &file).await.status(), StatusCode::OK, "told anew, it has another address");
    let forged = File { href: Some("/files/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()), ..file };
    assert_eq!(opened(&stage, &forged).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whatever_a_file_is_called_it_runs_nowhere() {
    let (stage, mut visitor, chat) = begun().await;
    let page = "<!doctype html><script>alert(1)</script>";
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    let both = [PICTURE, page.as_bytes()].concat();
    let files = vec![
        Upload::new("photo.png", "image/png", page),
        Upload::new("logo.svg", "image/svg+xml", drawing),
        Upload::new("page.html", "text/html", page),
        Upload::new("both.html", "text/html", both),
        Upload::new("../../etc/cron.d/x", "text/plain", "* * * * *"),
    ];
    send(&stage, &chat, "", files);
    for name in ["photo.png", "logo.svg", "page.html", "x"] {
        let file = settled(&mut visitor, name).await;
        assert_eq!(file.kind, FileKind::File, "{name}");
        let answer = opened(&stage, &file).await;
        assert_eq!(header(&answer, "content-type"), "application/octet-stream", "{name}");
        assert!(header(&answer, "content-disposition").starts_with("attachment;"), "{name}");
    }
    let both = settled(&mut visitor, "both.html").await;
    assert_eq!(header(&opened(&stage, &both).await, "content-type"), "image/gif", "by its first bytes, not its name");
}

#[tokio::test]
async fn a_page_in_the_place_of_a_file_is_no_file() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.set_build(|build| build.history = false);
    let older =
        Upload { download: Download::None, link: Link::Bytes, ..Upload::new("old.pdf", "application/pdf", "%PDF-1") };
    let newer = Upload { download: Download::None, ..Upload::new("new.pdf", "application/pdf", "%PDF-2") };
    send(&stage, &chat, "", vec![older, newer]);
    let old = settled(&mut visitor, "old.pdf").await;
    assert_eq!(opened(&stage, &old).await.bytes().await.expect("its bytes"), "%PDF-1");
    visitor.hear("").await;
    let files = &visitor.messages()[1].files;
    assert_eq!(files[1].state, Some(FileState::Coming), "a page about it is not taken for it");
}

#[tokio::test]
async fn a_portal_that_wants_to_know_who_asks_is_told() {
    let (stage, mut visitor, chat) = begun().await;
    let shy = Upload { download: Download::WithToken, ..Upload::new("a.pdf", "application/pdf", "%PDF") };
    send(&stage, &chat, "", vec![shy]);
    assert_eq!(settled(&mut visitor, "a.pdf").await.state, None);
}

#[tokio::test]
async fn a_file_that_fails_holds_up_no_word_and_is_tried_again() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry();
    stage.portal.fault_on("download", Fault::FileGone, 1);
    stage.portal.fault_on("download", Fault::FileTorn, 1);
    stage.portal.fault_on("download", Fault::FilePage, 1);
    let file = Upload { link: Link::None, ..Upload::new("a.pdf", "application/pdf", "%PDF-1.7") };
    let said = stage.portal.operator_sends(chat.id, ANNA, "Вот он", vec![file]).expect("Anna may answer");
    visitor.hear("Вот он").await;
    assert_eq!(visitor.messages()[1].files[0].state, Some(FileState::Coming));
    stage.portal.wait_delivered(chat.id, said).await;
    assert_eq!(settled(&mut visitor, "a.pdf").await.size, 8);
}

#[tokio::test]
async fn a_file_that_cannot_be_had_ends_as_a_link() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    stage.portal.set_build(|build| build.history = false);
    let lost = Upload { download: Download::None, ..Upload::new("a.pdf", "application/pdf", "%PDF-1.7") };
    let hurry = stage.hurry();
    send(&stage, &chat, "", vec![lost]);
    visitor.wait_until(|messages| messages.len() == 2).await;
    drop(hurry);
    until("six attempts", || async {
        stage.clock.advance(HOUR);
        (stage.portal.files_asked_for() == 6).then_some(())
    })
    .await;
    let file = settled(&mut visitor.resume().await, "a.pdf").await;
    assert_eq!(file.state, Some(FileState::Lost));
    assert!(file.href.as_ref().is_some_and(|href| href.starts_with(&format!("http://{}/~", stage.portal.host()))));
}

#[tokio::test]
async fn nothing_is_fetched_from_strangers_or_from_inside() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.set_build(|build| build.history = false);
    let inside = format!("{}/healthz", stage.url());
    let to = |address: &str| Download::Elsewhere(address.to_owned());
    let file = |name: &str, download| Upload { download, link: Link::None, ..Upload::new(name, "text/plain", "alive") };
    let files = vec![
        file("relay.txt", to(&inside)),
        file("cloud.txt", to("http://169.254.169.254/latest/meta-data/")),
        file("local.txt", to("file:///etc/passwd")),
        file("other.txt", to("https://example.com/")),
        file("near.txt", to("//localhost/x")),
    ];
    send(&stage, &chat, "", files);
    for name in ["relay.txt", "cloud.txt", "local.txt", "other.txt", "near.txt"] {
        let file = settled(&mut visitor, name).await;
        assert_eq!((file.state, file.href), (Some(FileState::Lost), None), "{name}");
    }
}

/// Neither address works twice, or leads to the bytes at all: the history tells the file's number, and that is enough.
#[tokio::test]
async fn a_file_whose_address_is_spent_is_had_by_its_number() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on("download", Fault::FileTorn, 1);
    let torn = Upload { once: true, ..Upload::new("torn.pdf", "application/pdf", "%PDF-1.7") };
    send(&stage, &chat, "", vec![torn]);
    assert_eq!(settled(&mut visitor, "torn.pdf").await.size, 8);
    let page = Upload { download: Download::None, ..Upload::new("page.pdf", "application/pdf", "%PDF-1.7") };
    let bare = Upload { download: Download::None, link: Link::None, ..Upload::new("bare.pdf", "text/plain", "bytes") };
    send(&stage, &chat, "", vec![page, bare]);
    for name in ["page.pdf", "bare.pdf"] {
        assert_eq!(settled(&mut visitor, name).await.state, None, "{name}");
    }
}

#[tokio::test]
async fn a_renamed_portals_files_are_asked_for_where_it_is_now() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.rename();
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.set_build(|build| build.history = false);
    let file = |name: &str, download| Upload { download, ..Upload::new(name, "text/plain", "bytes") };
    let files = vec![file("near.txt", Download::Relative), file("shy.txt", Download::WithToken)];
    send(&stage, &chat, "Вот", files);
    for name in ["near.txt", "shy.txt"] {
        assert_eq!(settled(&mut visitor, name).await.state, None, "{name}");
    }
}

#[tokio::test]
async fn an_address_at_a_portals_former_name_is_asked_for_at_its_present_one() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.set_build(|build| build.history = false);
    stage.portal.fault_on("download", Fault::FileGone, 1);
    send(&stage, &chat, "Вот", vec![Upload::new("far.txt", "text/plain", "bytes")]);
    visitor.hear("Вот").await;
    stage.portal.rename();
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    assert_eq!(settled(&mut visitor, "far.txt").await.state, None);
}

#[tokio::test]
async fn a_file_larger_than_the_relay_takes_is_a_link_at_once() {
    let (stage, mut visitor, chat) = begun_on(Stage::start_with(Clock::real(), "[limits]\nfile_mb = 1\n").await).await;
    let large = Upload::new("film.mp4", "video/mp4", vec![7; 1_100_000]);
    send(&stage, &chat, "", vec![large, Upload::new("a.pdf", "application/pdf", vec![7; 1_000_000])]);
    assert_eq!(settled(&mut visitor, "a.pdf").await.state, None);
    let large = settled(&mut visitor, "film.mp4").await;
    assert_eq!(large.state, Some(FileState::Lost));
    assert!(large.href.is_some());
}

#[tokio::test]
async fn what_was_not_fetched_before_a_crash_is_fetched_after_it() {
    let mut stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("один").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    stage.portal.fault_on("download", Fault::FileStuck, 1);
    send(&stage, &chat, "Вот", vec![Upload::new("a.pdf", "application/pdf", "%PDF-1.7")]);
    visitor.hear("Вот").await;
    stage.kill().await;
    stage.start_here().await;
    let mut back = visitor.resume().await;
    assert_eq!(settled(&mut back, "a.pdf").await.size, 8);
}

#[tokio::test]
async fn a_deleted_message_takes_its_files_with_it() {
    let (stage, mut visitor, chat) = begun().await;
    let file = Upload::new("a.pdf", "application/pdf", "%PDF");
    let said = stage.portal.operator_sends(chat.id, ANNA, "", vec![file]).expect("Anna may answer");
    let file = settled(&mut visitor, "a.pdf").await;
    stage.portal.wait_delivered(chat.id, said).await;
    stage.portal.delete(chat.id, said).expect("Anna may delete");
    visitor.wait_until(|messages| messages[1].text.is_none()).await;
    assert!(visitor.messages()[1].files.is_empty());
    assert_eq!(opened(&stage, &file).await.status(), StatusCode::NOT_FOUND);
}
