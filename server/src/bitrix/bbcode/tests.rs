//! BB-code as operators' clients write it, whole and broken.

use super::*;
use proptest::prelude::*;
use shared::{Link, Quote};

fn text(text: &str) -> Piece {
    Piece::Text(text.to_owned())
}

fn link(href: &str, shown: &str) -> Piece {
    Piece::Link(Link { href: href.to_owned(), body: vec![text(shown)] })
}

fn quote(name: Option<&str>, body: Vec<Piece>) -> Piece {
    Piece::Quote(Quote { name: name.map(str::to_owned), body, of: None })
}

#[test]
fn styles_nest() {
    assert_eq!(
        parse("Is [b]Fri[I]day[/i][/B] [u]fine[/u]? [s]no[/s]"),
        [
            text("Is "),
            Piece::Bold(vec![text("Fri"), Piece::Italic(vec![text("day")])]),
            text(" "),
            Piece::Underline(vec![text("fine")]),
            text("? "),
            Piece::Strike(vec![text("no")]),
        ]
    );
}

#[test]
fn wrong_nesting_and_unclosed_tags_close_where_they_must() {
    assert_eq!(parse("[b][i]x[/b]y[/i]z"), [Piece::Bold(vec![Piece::Italic(vec![text("x")])]), text("yz")]);
    assert_eq!(parse("[b]to the end"), [Piece::Bold(vec![text("to the end")])]);
    assert_eq!(parse("[b][/b]"), []);
}

#[test]
fn what_is_no_tag_stays_as_it_is() {
    for literal in
        ["arr[0] = [1, 2]", "[spam]", "[b", "[b c]x", "[]", "[/foo]", "[rating=9]", "[chat] is down", "12:30:15"]
    {
        assert_eq!(parse(literal), [text(literal)]);
    }
}

#[test]
fn links_lead_only_to_safe_schemes() {
    let price = "https://example.com/price?a=1&b=2";
    assert_eq!(
        parse(&format!("[url={price}]our [b]list[/b][/url]")),
        [Piece::Link(Link { href: price.to_owned(), body: vec![text("our "), Piece::Bold(vec![text("list")])] })]
    );
    assert_eq!(parse(&format!("[url=\"{price}\"]list[/url]")), [link(price, "list")]);
    assert_eq!(parse(&format!("[URL]{price}[/URL]")), [link(price, price)]);
    assert_eq!(parse("[url=mailto:a@example.com]write[/url]"), [link("mailto:a@example.com", "write")]);
    for unsafe_one in ["javascript:alert(1)", "/crm/deal/7/", "data:text/html,x", "file:///etc/passwd", "JaVaScRiPt:x"]
    {
        assert_eq!(parse(&format!("[url={unsafe_one}]see[/url]")), [text("see")]);
        assert_eq!(parse(&format!("[url]{unsafe_one}[/url]")), [text(unsafe_one)]);
    }
}

#[test]
fn bare_addresses_become_links_without_the_sentence_around_them() {
    assert_eq!(
        parse("см. https://example.com/a(b)?x[0]=1, (http://example.org/)."),
        [
            text("см. "),
            link("https://example.com/a(b)?x[0]=1", "https://example.com/a(b)?x[0]=1"),
            text(", ("),
            link("http://example.org/", "http://example.org/"),
            text(")."),
        ]
    );
    assert_eq!(
        parse("[url=https://a.example/]https://b.example/[/url]"),
        [link("https://a.example/", "https://b.example/")]
    );
    assert_eq!(parse("xhttps://a.example ://"), [text("xhttps://a.example ://")]);
}

#[test]
fn pictures_are_links_to_them() {
    let map = "https://example.com/i/map.png";
    assert_eq!(parse(&format!("[img size=medium]{map} [/img]")), [link(map, map)]);
    assert_eq!(parse("[img]/upload/x.png[/img]"), [text("/upload/x.png")]);
    assert_eq!(parse("[icon=https://example.com/s.png width=20 title=Big smile height=20]!"), [text("Big smile!")]);
}

#[test]
fn telephone_numbers_can_be_called() {
    let shown = "+7 495 000-00-00";
    assert_eq!(parse(&format!("[call=+74950000000]{shown}[/call]")), [link("tel:+74950000000", shown)]);
    assert_eq!(parse(&format!("[call]{shown}[/call]")), [link("tel:+74950000000", shown)]);
    assert_eq!(parse("[call]me[/call]"), [text("me")]);
}

#[test]
fn what_leads_into_the_portal_is_text() {
    let links = "[USER=27 REPLACE]Анна[/USER] [chat=imol|7]чат[/chat] [context=chat1/2]там[/context]";
    assert_eq!(parse(links), [text("Анна чат там")]);
    assert_eq!(parse("[dialog=1 message=2]и[/dialog]"), [text("и")]);
    assert_eq!(
        parse("[size=20]a[/size][color=#ff0000]b[/color][put]c[/put][send=x]d[/send][pch=1]e[/pch]"),
        [text("abcde")]
    );
}

#[test]
fn standing_tags_have_their_signs() {
    assert_eq!(
        parse("[rating=3][like][dislike][attach=1][disk=5][tab]:f09f938e:"),
        [text("★★★👍👎[file]    \u{1f4ce}")]
    );
    assert_eq!(
        parse("at [timestamp=1773759161 format=SHORT_TIME_FORMAT]"),
        [text("at "), Piece::Time(1_773_759_161_000)]
    );
    assert_eq!(parse(":616263: :zz9f938e: :f09f93:"), [text(":616263: :zz9f938e: :f09f93:")]);
}

#[test]
fn code_is_not_read() {
    assert_eq!(
        parse("a [code]\n>>[b]x[br][/b]\n[/CODE] b"),
        [text("a "), Piece::Code(">>[b]x[br][/b]".to_owned()), text(" b")]
    );
    assert_eq!(parse("[code]open [br]"), [Piece::Code("open [br]".to_owned())]);
    assert_eq!(parse("[code]x[/b]\nя[/code]"), [Piece::Code("x[/b]\nя".to_owned())]);
}

#[test]
fn line_breaks_have_one_form_and_control_characters_none() {
    assert_eq!(parse("a[br]b[BR]c#BR#d\r\ne\rf\u{0}g"), [text("a\nb\nc\nd\ne\nfg")]);
}

#[test]
fn nobody_is_named_where_names_are_hidden() {
    let host = PortalHost::try_from("a.ru".to_owned()).unwrap();
    let hidden = |text: &str| parse_from(&host, text, true);
    assert_eq!(hidden("[user=27]Анна [b]П.[/b][/user], [USER=31]Олег[/USER]?"), [text("@…, @…?")]);
    assert_eq!(hidden("[user=27]Анна\nи ещё слова"), [text("@…Анна\nи ещё слова")], "no word is lost");
    let row = "-".repeat(54);
    let nested = hidden(&format!("{row}\nАнна [17:50]\n[user=1]Анна[/user] тут\n{row}\nСто"));
    assert_eq!(nested, [quote(None, vec![text("@… тут")]), text("Сто")]);
    assert_eq!(parse_from(&host, "[user=27]Анна[/user]", false), [text("Анна")]);
}

#[test]
fn quotations_stand_apart() {
    assert_eq!(
        parse("before[br]>>one\n>> [b]two[/b]\nafter"),
        [text("before"), quote(None, vec![text("one\n"), Piece::Bold(vec![text("two")])]), text("after")]
    );
    let row = "-".repeat(54);
    let with = |head: &str| format!("{row}\n{head}\nСколько?\n{row}\nСто");
    assert_eq!(parse(&with("Гость [17.03.2026 17:50]")), [quote(Some("Гость"), vec![text("Сколько?")]), text("Сто")]);
    assert_eq!(parse(&with("Гость [17:50] #chat7/1")), [quote(Some("Гость"), vec![text("Сколько?")]), text("Сто")]);
    assert_eq!(parse(&with("Гость")), [quote(None, vec![text("Гость\nСколько?")]), text("Сто")]);
    assert_eq!(parse(&format!("{row}\nno end")), [text(&format!("{row}\nno end"))]);
}

#[test]
fn visitors_words_are_no_markup() {
    let joined = |text: &str| text.replace('^', "\u{2060}");
    for (written, sent) in [
        ("[b]x[/b]", "[^b]x[^/b]"),
        ("[URL=https://e.example]x[/URL]", "[^URL=https://e.example]x[^/URL]"),
        ("[img size=small]", "[^img size=small]"),
        ("[icon\n=x]", "[^icon\n=x]"),
        ("a#BR#b #br#", "a#^BR#b #^br#"),
        ("/help", "^/help"),
        (" \u{0}/help", "^ /help"),
        ("[\u{1}b]", "[^b]"),
        ("arr[0] [beta] [x]", "arr[0] [beta] [x]"),
        ("a\r\nb\rc\u{0}\td", "a\nbc\td"),
        ("<b>&lt;", "<b>&lt;"),
    ] {
        assert_eq!(neutralise(written), joined(sent), "{written:?}");
    }
}

/// Texts rich in what this parser looks for.
fn marked_up() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("["),
        Just("]"),
        Just("[b]"),
        Just("[/b]"),
        Just("[i]"),
        Just("[url=https://e.example/]"),
        Just("[url]"),
        Just("[/url]"),
        Just("[code]"),
        Just("[/code]"),
        Just("[br]"),
        Just(">>"),
        Just("\n"),
        Just("https://e.example"),
        Just("--------------------------------\n"),
        Just("[img]"),
        Just(":f09f938e:"),
        Just(":"),
        Just("[call]"),
        Just("я"),
        Just("[timestamp=1]"),
        Just("[user=1]"),
        Just("[/user]"),
        Just("#BR#"),
        Just("="),
        Just("/"),
        Just("("),
        Just(")"),
        Just("#"),
    ];
    prop_oneof![proptest::collection::vec(part, 0..60).prop_map(|parts| parts.concat()), ".*"]
}

fn depth(pieces: &[Piece]) -> usize {
    let inner = |piece: &Piece| match piece {
        Piece::Bold(body) | Piece::Italic(body) | Piece::Underline(body) | Piece::Strike(body) => depth(body),
        Piece::Quote(quote) => depth(&quote.body),
        Piece::Link(link) => depth(&link.body),
        Piece::Text(_) | Piece::Code(_) | Piece::Time(_) => 0,
    };
    pieces.iter().map(|piece| 1 + inner(piece)).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(written in marked_up()) {
        let host = PortalHost::try_from("a.ru".to_owned()).unwrap();
        prop_assert!(depth(&parse(&written)) <= MAX_DEPTH);
        prop_assert!(depth(&parse_from(&host, &written, true)) <= MAX_DEPTH);
    }

    #[test]
    fn what_was_neutralised_is_text(written in marked_up().prop_map(|text| text.replace([':', '>', '-'], ""))) {
        let safe = neutralise(&written);
        let shown = parse(&safe);
        let plain = safe.replace('\r', "\n");
        prop_assert!(shown == [text(&plain)] || plain.is_empty(), "{:?}", shown);
    }
}
