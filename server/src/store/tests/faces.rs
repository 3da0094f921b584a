//! Operators as visitors see them: how soon they answer, what is a signature, their photos.

use super::inbox::{edited, said, seen, work};
use super::*;
use crate::ids::ImId;
use shared::Author;

#[tokio::test]
async fn how_soon_operators_answer_is_measured_from_the_first_unanswered_word() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let says = |nth: u64, by: Author, at: u64| {
        let mut act = said(dialogue, nth, "an answer");
        if let InboxAct::Said { author, at: said_at, .. } = &mut act {
            (*author, *said_at) = (by, at);
        }
        act
    };
    for nth in 0..20 {
        assert_eq!(bench.store.answer_seconds(&key("one")).await.unwrap(), None, "{nth} answers are not enough");
        for again in 0..3 {
            let id = format!("{nth:08}-{again}").try_into().unwrap();
            bench.store.accept(dialogue, id, "?".to_owned(), nth * 100_000 + again * 1_000).await.unwrap();
        }
        if nth == 10 {
            bench.kill();
        }
        let (im, now) = (nth * 5, nth * 100_000);
        work(&bench, vec![says(im, Author::System, now + 5_000), says(im + 1, Author::Bot, now + 6_000)]).await;
        let answers = [60_000, 90_000].map(|late| says(im + late / 30_000, Author::Operator, now + late));
        work(&bench, answers.to_vec()).await;
    }
    assert_eq!(bench.store.answer_seconds(&key("one")).await.unwrap(), Some(60));
    assert_eq!(bench.store.answer_seconds(&key("two")).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_said_before_the_question_is_no_answer_to_it() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    for nth in 0..20 {
        let (id, asked_at) = (format!("{nth:08}-0").try_into().unwrap(), 1_000_000 + nth * 100_000);
        bench.store.accept(dialogue, id, "?".to_owned(), asked_at).await.unwrap();
        for (im, at) in [(nth * 2, asked_at - 5_000), (nth * 2 + 1, asked_at + 30_000)] {
            let mut act = said(dialogue, im, "an answer");
            if let InboxAct::Said { at: said_at, .. } = &mut act {
                *said_at = at;
            }
            work(&bench, vec![act]).await;
        }
    }
    assert_eq!(bench.store.answer_seconds(&key("one")).await.unwrap(), Some(30));
}

#[tokio::test]
async fn what_looks_like_a_signature_is_one_unless_a_message_of_the_line_came_without() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let signed = |nth, signature: &Signature| {
        let mut act = said(dialogue, nth, "a hundred");
        if let InboxAct::Said { looks, .. } = &mut act {
            looks.signature = signature.clone();
        }
        act
    };
    let own = || Own { name: None, text: "[b]Price:[/b] a hundred".to_owned() };
    let perhaps = Signature::Perhaps(own(), Setting::Queue);
    work(&bench, vec![signed(1, &perhaps)]).await;
    work(&bench, vec![signed(2, &Signature::Missing(Setting::Queue))]).await;
    work(&bench, vec![signed(3, &perhaps), signed(4, &Signature::Sure)]).await;
    assert_eq!(seen(&bench, dialogue).await, ["a hundred", "a hundred", "[b]Price:[/b] a hundred", "a hundred"]);
    let edit = |nth, name: &str| InboxAct::Edited {
        dialogue,
        im: ImId { chat: 1807, message: nth },
        line: LineId(1),
        name: Some(name.to_owned()),
        text: "ninety".to_owned(),
        external: None,
        signature: Signature::Perhaps(Own { name: None, text: "[b]Price:[/b] ninety".to_owned() }, Setting::Queue),
        at: 100,
        is_late: false,
    };
    work(&bench, vec![edit(4, "Anna"), edit(3, "Price")]).await;
    assert_eq!(
        seen(&bench, dialogue).await[4..],
        ["~ninety", "~[b]Price:[/b] ninety"],
        "known by the name it was shown under"
    );
}

#[tokio::test]
async fn a_line_that_signs_again_is_believed() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let nth = std::cell::Cell::new(0);
    let comes = async |signature: Signature| {
        nth.set(nth.get() + 1);
        let mut act = said(dialogue, nth.get(), "yes");
        if let InboxAct::Said { looks, .. } = &mut act {
            looks.signature = signature;
        }
        work(&bench, vec![act]).await;
        seen(&bench, dialogue).await.pop().unwrap()
    };
    let perhaps = |setting| Signature::Perhaps(Own { name: None, text: "[b]Us:[/b] yes".to_owned() }, setting);
    let (queue, profile) = (Setting::Queue, Setting::Profile);
    comes(Signature::Missing(profile)).await;
    assert_eq!(comes(perhaps(queue)).await, "yes", "the line says something else by now");
    comes(Signature::Missing(queue)).await;
    assert_eq!(comes(perhaps(queue)).await, "[b]Us:[/b] yes");
    comes(Signature::Known).await;
    assert_eq!(comes(perhaps(queue)).await, "yes", "a name that is known has signed");
    comes(Signature::Missing(queue)).await;
    let mut row = Vec::new();
    for _ in 0..4 {
        row.push(comes(perhaps(queue)).await);
    }
    assert_eq!(row, ["[b]Us:[/b] yes", "[b]Us:[/b] yes", "yes", "yes"], "nobody writes so three times in a row");
}

#[tokio::test]
async fn photos_are_kept_by_what_they_are_and_not_without_end() {
    let bench = Bench::new().await;
    let first = bench.store.keep_photo(&host("a.ru"), vec![1], 1).await.unwrap();
    assert_eq!(bench.store.keep_photo(&host("a.ru"), vec![1], 2).await.unwrap(), first);
    assert_eq!(bench.store.photo(&first).await.unwrap(), Some(vec![1]));
    assert_eq!(bench.store.photo("nobody").await.unwrap(), None);
    for nth in 0..512_u64 {
        bench.store.keep_photo(&host("a.ru"), nth.to_be_bytes().to_vec(), 3 + nth).await.unwrap();
    }
    assert_eq!(bench.store.photo(&first).await.unwrap(), None, "the oldest goes");
}

/// An edit tells neither who said the message nor what stands beside its words.
#[tokio::test]
async fn what_only_an_edit_told_of_is_an_operators_once_that_is_said() {
    let add = |dialogue, by: Author| {
        let mut act = said(dialogue, 100, "old");
        if let InboxAct::Said { author, looks, .. } = &mut act {
            *author = by;
            looks.attached = "Sum: 5".to_owned();
        }
        act
    };
    for (by, is_led, ends) in
        [(Author::Operator, true, false), (Author::Bot, false, false), (Author::Operator, false, true)]
    {
        let mut bench = Bench::new().await;
        let dialogue = bench.dialogue("one").await;
        let im = ImId { chat: 1807, message: 100 };
        work(&bench, vec![InboxAct::Started { dialogue, session: 5, user: None }]).await;
        bench.store.accept(dialogue, message(1), "?".to_owned(), 60).await.unwrap();
        work(&bench, vec![edited(dialogue, im, "new", 90)]).await;
        let known =
            |bench: &Bench| bench.store.fresh_head(dialogue).map(|head| (head.is_led(), head.asked_at)).unwrap();
        assert_eq!(known(&bench), (false, Some(60)), "perhaps it is a bot's");
        if ends {
            work(&bench, vec![InboxAct::Finished { dialogue, session: 5 }]).await;
        }
        assert_eq!(work(&bench, vec![add(dialogue, by)]).await, [dialogue]);
        assert_eq!(known(&bench), (is_led, Some(60).filter(|_| by == Author::Bot)));
        bench.kill();
        assert!(work(&bench, vec![add(dialogue, by)]).await.is_empty(), "once");
        work(&bench, vec![edited(dialogue, im, "newer", 120)]).await;
        let seen = seen(&bench, dialogue).await;
        assert_eq!(
            seen.iter().filter(|what| what.contains("new")).collect::<Vec<_>>(),
            ["new", "~new\nSum: 5", "~newer\nSum: 5"]
        );
    }
}
