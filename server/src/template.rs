//! Fills in documents. Knows nothing of what they are for.

use std::fmt::Write;

/// `template` with each `{{name}}` replaced by what `place` gives for the name, as it is: text is to be `escaped`.
pub fn fill(template: &str, place: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(&place(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `text` for a place between tags or inside a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => write!(out, "&#{};", u32::from(c)).expect("a string takes all"),
            c => out.push(c),
        }
    }
    out
}

/// `json` for a script element of a data type: nothing in it can end the element.
pub fn inert_json(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_text_stays_inside_them() {
        let page = fill("<p a=\"{{x}}\">{{x}}</p>{{", |name| escaped(&format!("</p>\"'&{name}{{{{y}}}}")));
        let inside = "&#60;/p&#62;&#34;&#39;&#38;x{{y}}";
        assert_eq!(page, format!("<p a=\"{inside}\">{inside}</p>{{{{"));
        assert_eq!(inert_json(r#""</script><!--""#), r#""\u003c/script>\u003c!--""#);
    }
}
