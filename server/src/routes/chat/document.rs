//! Puts the chat's document together: template, styles, words, shell, and a content security policy that lets exactly
//! these run. Pure: the same site, language and theme make the same bytes.

use super::lang::Lang;
use crate::assets::{self, text};
use crate::config::LimitsConfig;
use crate::look::{self, Rgb};
use crate::store::Theme;
use crate::template::{escaped, fill, inert_json};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use shared::{Presence, SiteKey, ToWidget};

/// Shadows, as the themes need them: dark grounds show none, a thin light ring stands in.
const LIGHT_SHADOWS: &str = "--sh-1:0 1px 2px rgb(15 25 22/.07),0 0 0 .5px rgb(15 25 22/.05);\
    --sh-2:0 2px 6px rgb(15 25 22/.08),0 10px 28px -6px rgb(15 25 22/.16)";
const DARK_SHADOWS: &str = "--sh-1:0 0 0 .5px rgb(255 255 255/.05);\
    --sh-2:0 0 0 1px var(--line),0 10px 28px -6px rgb(0 0 0/.6)";

/// One document.
pub struct Document<'a> {
    /// None is the settings page's preview.
    pub site: Option<&'a SiteKey>,
    pub name: &'a str,
    /// The first words in the empty panel; empty for our own.
    pub greeting: &'a str,
    pub lang: Lang,
    pub theme: Theme,
    pub color: Option<Rgb>,
    /// Pages whose loader may open the port.
    pub origins: &'a [String],
    /// Whether the line still takes messages from here.
    pub connected: bool,
    /// What a visitor may send.
    pub limits: &'a LimitsConfig,
    /// Who is there to answer: the app knows it from the start.
    pub presence: Presence,
    /// Whether the app waits for intent, and only the badge is kept true.
    pub asleep: bool,
}

/// Whom the document may talk to and stand in.
pub struct Policy<'a> {
    /// Our own origin.
    pub relay: &'a str,
    /// As `frame-ancestors` wants them, one space between.
    pub ancestors: &'a str,
}

impl Document<'_> {
    pub fn html(&self) -> String {
        fill(text::CHAT_HTML, |place| match place {
            "lang" => self.lang.code().to_owned(),
            "dir" => self.lang.direction().to_owned(),
            "theme" => self.theme_attribute().to_owned(),
            "name" => escaped(self.name),
            "greeting" if !self.connected => String::new(), // nobody is to be asked to write
            "greeting" if self.greeting.is_empty() => escaped(self.lang.word("empty_title")),
            "greeting" => escaped(self.greeting),
            "preload" => self.preload(),
            "colors" => self.colors(),
            "css" => text::CHAT_CSS.to_owned(),
            "icons" => text::ICONS_SVG.to_owned(),
            "said" => self.made_up(),
            "composer" => self.composer(),
            "data" => inert_json(&self.data()),
            "shell" => text::SHELL_JS.to_owned(),
            "news" if self.asleep => format!("<script>{}</script>", text::NEWS_JS),
            "news" => String::new(),
            word => escaped(self.lang.word(word)),
        })
    }

    /// The content security policy of `html`'s document: its own script and styles by their hashes, the app from our
    /// origin, nothing from anywhere else.
    pub fn policy(&self, policy: &Policy) -> String {
        let socket = policy.relay.replacen("http", "ws", 1);
        let ancestors = if policy.ancestors.is_empty() { "'none'" } else { policy.ancestors };
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {} {}; style-src {} {}; connect-src 'self' {socket}; \
             img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}",
            source(text::SHELL_JS),
            source(text::NEWS_JS),
            source(&self.colors()),
            source(text::CHAT_CSS),
        )
    }

    fn theme_attribute(&self) -> &'static str {
        match self.theme {
            Theme::Auto => "",
            Theme::Light => " data-theme=\"light\"",
            Theme::Dark => " data-theme=\"dark\"",
        }
    }

    /// The app comes while the document is still read.
    fn preload(&self) -> String {
        if !self.has_app() || self.asleep {
            return String::new();
        }
        format!(
            "<link rel=\"modulepreload\" href=\"{}\">\n<link rel=\"preload\" href=\"{}\" as=\"fetch\" type=\"application/wasm\" crossorigin>",
            assets::APP_JS,
            assets::APP_WASM
        )
    }

    /// Of a chat that is closed the history can be read.
    fn has_app(&self) -> bool {
        self.site.is_some()
    }

    fn colors(&self) -> String {
        let owner = self.color.unwrap_or(look::DEFAULT_COLOR);
        let light = look::derive(owner, look::Theme::Light).css();
        let dark = look::derive(owner, look::Theme::Dark).css();
        let light = format!("color-scheme:light;{light};{LIGHT_SHADOWS}");
        let dark = format!("color-scheme:dark;{dark};{DARK_SHADOWS}");
        format!(
            ":root{{{light}}}[data-theme=dark]{{{dark}}}@media(prefers-color-scheme:dark){{:root:not([data-theme]){{{dark}}}}}"
        )
    }

    fn composer(&self) -> String {
        if !self.connected {
            let closed = escaped(self.lang.word("closed_card"));
            return format!("<p class=\"comp closed\" id=\"comp\">{closed}</p>");
        }
        fill(text::COMPOSER_HTML, |word| escaped(self.lang.word(word)))
    }

    /// Messages of nobody, for the preview.
    fn made_up(&self) -> String {
        if self.site.is_some() {
            return String::new();
        }
        fill(text::PREVIEW_HTML, |word| escaped(self.lang.word(word)))
    }

    /// What the shell is told.
    fn data(&self) -> String {
        let preview = self.site.is_none().then(|| self.lang.words("preview"));
        let words = self.lang.words("chat").chain(preview.into_iter().flatten());
        let words = words.map(|(key, word)| (key.clone(), word.clone())).collect::<serde_json::Map<_, _>>();
        serde_json::json!({
            "site": self.site.map_or("", SiteKey::as_str),
            "lang": self.lang.code(),
            "words": words,
            "name": self.name,
            "greeting": self.greeting,
            "app": self.has_app().then_some(assets::APP_JS),
            "acts": assets::ACTS_JS,
            "origins": self.origins,
            "news": self.asleep,
            "attach": assets::ATTACH_JS,
            "files": { "bytes": self.limits.file_bytes, "count": self.limits.files_per_message },
            "presence": serde_json::to_string(&ToWidget::Presence(self.presence)).unwrap_or_default(),
        })
        .to_string()
    }
}

/// A document without anything but the news that it is not the chat, for the loader's port; and its policy. Every page
/// may frame it: it knows nothing.
pub fn refusal() -> (String, String) {
    let html = format!("<!doctype html><title>Otklik</title><script>{}</script>", text::REFUSAL_JS);
    (html, format!("default-src 'none'; script-src {}", source(text::REFUSAL_JS)))
}

/// How a policy names an inline script or style.
fn source(inline: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inline.as_bytes())))
}

#[cfg(test)]
mod tests;
