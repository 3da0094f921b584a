//! The files that browsers download, embedded when the relay was built. Plain data: no I/O, nothing of requests.
//!
//! The build script (`build.rs`) puts every file of `assets/` in here, and the app. Files that a browser fetches by
//! themselves are served under a name made from their content: `get` finds them, and a constant per file tells the
//! address (`HOST_JS`, `APP_JS`, `APP_WASM`). All others are texts that go into a document: `text::LAUNCHER_JS` for
//! `assets/launcher.js`, `text::SETTINGS_PAGE_CSS` for `assets/settings/page.css`. The minifier leaves names alone that a
//! script does not declare, so a place to fill in is written as one.

/// An embedded file in the three forms it is served in.
#[derive(Debug)]
pub struct Asset {
    pub body: &'static [u8],
    pub br: &'static [u8],
    pub gzip: &'static [u8],
    pub mime: &'static str,
    /// With its quotes, as the header wants it.
    pub etag: &'static str,
    /// Whether the address changes with the content, so that it may be kept for ever.
    pub immutable: bool,
}

/// The file served at `path` (`/app-0123456789ab.js`).
pub fn get(path: &str) -> Option<&'static Asset> {
    FILES.iter().find(|(served, _)| *served == path).map(|(_, asset)| asset)
}

include!(concat!(env!("OUT_DIR"), "/assets_table.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_glue_names_the_app_it_loads() {
        let glue = get(APP_JS).expect("the glue is served");
        let wasm = get(APP_WASM).expect("the app is served");
        let named = String::from_utf8_lossy(glue.body).contains(&APP_WASM[1..]);
        assert!(named || wasm.body.is_empty(), "built without the widget, or the glue names {APP_WASM}");
        assert_eq!(get("/app.js").map(|asset| asset.etag), None);
    }
}
