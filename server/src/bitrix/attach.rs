//! What is attached to a message in blocks (`ATTACH`), as text in BB-code: what bots and applications send that is no
//! file. Fields and blocks are those of `api-reference/chat-bots/messages/attachments/`. Pure; what it does not know it
//! passes over.

use super::value::{items, pairs, text};
use serde_json::Value;

/// A line between two parts. Shorter than what the portal takes for the edge of a quotation.
const RULE: &str = "———";

/// The text of a list of attachments, each a tree or, as events have it, the JSON of one; empty where there is nothing
/// that can be shown.
pub fn written(attachments: &Value) -> String {
    items(attachments).into_iter().map(one).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

fn one(attachment: &Value) -> String {
    let parsed = attachment.as_str().and_then(|json| serde_json::from_str::<Value>(json).ok());
    let attachment = parsed.as_ref().unwrap_or(attachment);
    let blocks = field(attachment, "blocks").unwrap_or(attachment);
    let mut lines: Vec<String> = list(blocks).into_iter().flat_map(block).filter(|line| !line.is_empty()).collect();
    // A rule parts something from something.
    while lines.last().is_some_and(|line| line == RULE) {
        lines.pop();
    }
    let bare = lines.iter().take_while(|line| *line == RULE).count();
    lines.split_off(bare).join("\n")
}

/// The lines of one block.
fn block(block: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, content) in pairs(block) {
        let parts = || list(content).into_iter();
        match plain(&kind).as_str() {
            "message" => lines.extend(text(content)),
            "delimiter" => lines.push(RULE.to_owned()),
            "link" | "richlink" => lines.extend(parts().flat_map(|part| [link(part), told(part, "desc")])),
            "image" | "file" => lines.extend(parts().map(link)),
            "user" => lines.extend(parts().map(|part| told(part, "name"))),
            "grid" => lines.extend(parts().map(cell)),
            _ => {}
        }
    }
    lines
}

/// A name, which leads somewhere if there is an address.
fn link(part: &Value) -> String {
    lead(&told(part, "link"), told(part, "name"))
}

/// “Name: value”.
fn cell(part: &Value) -> String {
    let (name, value) = (told(part, "name"), lead(&told(part, "link"), told(part, "value")));
    match (name.is_empty(), value.is_empty()) {
        (false, false) => format!("{name}: {value}"),
        _ => name + &value,
    }
}

fn lead(address: &str, name: String) -> String {
    let is_open = ["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| address.starts_with(scheme));
    if !is_open {
        return name; // a place inside the portal, or nothing
    }
    let address = address.replace('[', "%5B").replace(']', "%5D").replace(char::is_whitespace, "%20");
    if name.is_empty() { address } else { format!("[url={address}]{name}[/url]") }
}

/// What a field says, on one line.
fn told(part: &Value, name: &str) -> String {
    let told = field(part, name).and_then(text).unwrap_or_default();
    told.trim().replace(['\r', '\n'], " ")
}

/// Histories write names in another way than events.
fn field<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    pairs(of).into_iter().find(|(key, _)| plain(key) == name).map(|(_, value)| value)
}

fn plain(key: &str) -> String {
    key.replace('_', "").to_ascii_lowercase()
}

/// The elements of a list, or the one thing that stands in its place.
fn list(value: &Value) -> Vec<&Value> {
    let elements = items(value);
    if elements.is_empty() && value.is_object() { vec![value] } else { elements }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(attachment: &Value) -> String {
        written(&json!([attachment]))
    }

    #[test]
    fn every_block_is_told_in_words() {
        let attachment = json!({"ID": 1, "COLOR": "#29619b", "BLOCKS": [
            {"DELIMITER": {"SIZE": 200}},
            {"MESSAGE": "Заказ [b]№1542[/b]"},
            {"GRID": [
                {"DISPLAY": "LINE", "NAME": "Сумма", "VALUE": "4 500 ₽"},
                {"NAME": "Счёт", "VALUE": "17", "LINK": "https://example.com/17"},
                {"VALUE": "без имени"},
            ]},
            {"DELIMITER": {"SIZE": 200, "COLOR": "#c6c6c6"}},
            {"LINK": {"NAME": "Оплатить", "DESC": "картой", "LINK": "https://example.com/pay"}},
            {"USER": [{"NAME": "Анна", "AVATAR": "https://example.com/a.png"}]},
            {"IMAGE": [{"LINK": "https://example.com/a.png", "NAME": "Схема"}, {"LINK": "https://example.com/b.png"}]},
            {"FILE": [{"LINK": "https://example.com/a.pdf", "NAME": "Договор", "SIZE": 1500}]},
            {"RICH_LINK": [{"LINK": "https://example.com/", "NAME": "Магазин", "DESC": "Всё\nесть"}]},
            {"HOLOGRAM": "?"},
            {"DELIMITER": []},
        ]});
        let lines = [
            "Заказ [b]№1542[/b]",
            "Сумма: 4 500 ₽",
            "Счёт: [url=https://example.com/17]17[/url]",
            "без имени",
            "———",
            "[url=https://example.com/pay]Оплатить[/url]",
            "картой",
            "Анна",
            "[url=https://example.com/a.png]Схема[/url]",
            "https://example.com/b.png",
            "[url=https://example.com/a.pdf]Договор[/url]",
            "[url=https://example.com/]Магазин[/url]",
            "Всё есть",
        ];
        assert_eq!(of(&attachment), lines.join("\n"));
        assert_eq!(of(&attachment.to_string().into()), lines.join("\n"), "as events have it");
    }

    #[test]
    fn an_attachment_may_be_its_blocks_alone_and_names_may_be_small() {
        assert_eq!(of(&json!([{"MESSAGE": "a"}, {"MESSAGE": "b"}])), "a\nb");
        assert_eq!(of(&json!({"blocks": {"0": {"richLink": [{"name": "a"}]}, "1": {"message": "b"}}})), "a\nb");
        assert_eq!(written(&json!([[{"MESSAGE": "a"}], "{", [{"MESSAGE": "b"}]])), "a\nb");
        assert_eq!(written(&json!("")), "");
    }

    #[test]
    fn what_leads_nowhere_for_a_visitor_is_a_name() {
        for address in ["/crm/deal/7/", "javascript:alert(1)", "", "file:///etc/passwd"] {
            assert_eq!(of(&json!([{"LINK": {"LINK": address, "NAME": "a"}}])), "a", "{address}");
            assert_eq!(of(&json!([{"IMAGE": [{"LINK": address}]}])), "", "{address}");
        }
        let odd = json!([{"FILE": {"LINK": "https://a.ru/[1] 2.pdf", "NAME": "a"}}]);
        assert_eq!(of(&odd), "[url=https://a.ru/%5B1%5D%202.pdf]a[/url]");
    }

    #[test]
    fn nothing_is_told_of_what_cannot_be_read() {
        for odd in [json!(null), json!("x"), json!(7), json!([]), json!({"BLOCKS": 7}), json!([[[]]]), json!("[1]")] {
            assert_eq!(of(&odd), "", "{odd}");
        }
    }
}
