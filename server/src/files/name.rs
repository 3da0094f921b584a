//! Names of files: what a stranger calls a file becomes a name that is only a name.

/// The longest name, in characters: the portal keeps the last 50 of a longer one (imconnector.send.messages).
const MOST_CHARS: usize = 50;

/// The longest ending that is kept when a name is cut, in characters, with its dot.
const ENDING_CHARS: usize = 12;

/// What a nameless file is called.
const NAMELESS: &str = "file";

/// A name without folders, control characters and those that turn the direction of reading (`gpj.exe` must not be read
/// as `exe.jpg`), cut to 50 characters with its ending kept.
pub fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|&c| !c.is_control() && !turns(c)).collect();
    let plain = plain.trim().trim_matches('.').trim();
    if plain.is_empty() { NAMELESS.to_owned() } else { cut(plain) }
}

/// A name of at most 50 characters, with its ending kept.
pub fn cut(name: &str) -> String {
    let count = name.chars().count();
    if count <= MOST_CHARS {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.chars().count() <= ENDING_CHARS { ending } else { "" };
    let room = MOST_CHARS - ending.chars().count() - 1;
    let beginning: String = name.chars().take(room).collect();
    format!("{}…{ending}", beginning.trim_end())
}

/// Marks and overrides of direction, and what joins or hides.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What a file that is no image is served as, by its name: nothing that a browser would run or draw as a page.
pub fn mime_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "txt" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "mp3" => "audio/mpeg",
        "ogg" | "oga" => "audio/ogg",
        "wav" => "audio/wav",
        "m4a" => "audio/mp4",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "heic" => "image/heic",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_only_a_name() {
        assert_eq!(tidy("Прайс-лист 2026.pdf"), "Прайс-лист 2026.pdf");
        assert_eq!(tidy("../../etc/passwd"), "passwd");
        assert_eq!(tidy("C:\\fakepath\\photo.jpg"), "photo.jpg");
        assert_eq!(tidy("cv\u{202e}gpj.exe"), "cvgpj.exe");
        assert_eq!(tidy(" a\r\nb\0.txt "), "ab.txt");
        for nothing in ["", "..", "/", "\u{202e}", " . "] {
            assert_eq!(tidy(nothing), "file", "{nothing:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_ending() {
        let cut = tidy(&format!("{}.tar.gz", "ж".repeat(80)));
        assert_eq!(cut.chars().count(), 50);
        assert!(cut.ends_with("ж….gz"), "{cut}");
        assert_eq!(tidy(&"x".repeat(51)), format!("{}…", "x".repeat(49)));
        assert_eq!(tidy(&format!("a.{}", "y".repeat(60))).chars().count(), 50, "an ending without end");
        assert_eq!(tidy(&"x".repeat(50)), "x".repeat(50));
    }

    #[test]
    fn nothing_that_runs_in_a_browser_has_its_own_type() {
        for name in ["a.html", "a.svg", "a.js", "a.xml", "a.xhtml", "a.png", "noending", "a."] {
            assert_eq!(mime_of(name), "application/octet-stream", "{name}");
        }
        assert_eq!(mime_of("A.PDF"), "application/pdf");
    }
}
