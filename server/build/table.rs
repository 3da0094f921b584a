//! The table of embedded files, written as Rust for `src/assets.rs` to include.

use crate::{
    Failure,
    pack::{self, Effort},
};
use std::{fmt::Write, fs, path::Path};

/// Files served by themselves and texts that go into documents.
#[derive(Default)]
pub struct Table {
    served: Vec<Served>,
    texts: Vec<(String, String)>,
}

struct Served {
    name: String,
    path: String,
    hash: String,
    body: Vec<u8>,
    br: Vec<u8>,
    gzip: Vec<u8>,
}

impl Table {
    /// Adds a file that a browser fetches; its address, `/NAME-HASH.EXTENSION`.
    pub fn serve(&mut self, name: &str, body: impl Into<Vec<u8>>, effort: Effort) -> Result<String, Failure> {
        let body = body.into();
        let hash = pack::hash(&body);
        let (stem, extension) = name.rsplit_once('.').ok_or("a served file needs an extension")?;
        let path = format!("/{}-{hash}.{extension}", stem.replace('/', "-"));
        let (br, gzip) = (pack::brotli(&body, effort)?, pack::gzip(&body, effort)?);
        self.served.push(Served { name: name.to_owned(), path: path.clone(), hash, body, br, gzip });
        Ok(path)
    }

    /// Adds a text that the relay puts into a document.
    pub fn keep(&mut self, name: &str, text: String) {
        self.texts.push((name.to_owned(), text));
    }

    /// Writes the bodies and `assets_table.rs` into `out`. `is_shipped` tells that the app is built as for a release.
    pub fn write(&self, out: &Path, is_shipped: bool) -> Result<(), Failure> {
        let folder = out.join("assets");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut code = String::from(
            "/// Every file served under a name made from its content.\npub static FILES: &[(&str, Asset)] = &[\n",
        );
        for file in &self.served {
            file.write(&folder, &mut code)?;
        }
        code.push_str("];\n");
        for file in &self.served {
            let (path, name) = (&file.path, constant(&file.name));
            writeln!(code, "/// Where `{}` is served.\npub const {name}: &str = {path:?};", file.name)?;
        }
        code.push_str("/// Texts that go into documents, minified.\npub mod text {\n");
        for (name, text) in &self.texts {
            let file = name.replace('/', "-");
            fs::write(folder.join(&file), text)?;
            let place = format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/assets/{file}\"))");
            writeln!(code, "    /// `assets/{name}`\n    pub const {}: &str = {place};", constant(name))?;
        }
        code.push_str("}\n");
        writeln!(code, "/// Whether the app is the one that is shipped, not one built for development.")?;
        writeln!(code, "pub const IS_SHIPPED: bool = {is_shipped};")?;
        fs::write(out.join("assets_table.rs"), code)?;
        Ok(())
    }
}

impl Served {
    fn write(&self, folder: &Path, code: &mut String) -> Result<(), Failure> {
        let file = &self.path[1..];
        let place = |suffix: &str, bytes: &[u8]| -> Result<String, Failure> {
            fs::write(folder.join(format!("{file}{suffix}")), bytes)?;
            Ok(format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/assets/{file}{suffix}\"))"))
        };
        let (body, br, gzip) = (place("", &self.body)?, place(".br", &self.br)?, place(".gz", &self.gzip)?);
        let (path, mime, etag) = (&self.path, mime(&self.path), format!("\"{}\"", self.hash));
        writeln!(
            code,
            "    ({path:?}, Asset {{ body: {body}, br: {br}, gzip: {gzip}, mime: {mime:?}, etag: {etag:?}, immutable: true }}),"
        )?;
        Ok(())
    }
}

/// `settings/page.css` becomes `SETTINGS_PAGE_CSS`.
fn constant(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}
