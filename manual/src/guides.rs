//! The guides in `docs/` as pages to look at and to print, each by itself: only its pictures lie beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

const STYLE: &str = include_str!("guide.css");
const LANGUAGES: [&str; 2] = ["ja", "en"];
/// Whom there is one for; `debian/` says which package has which.
const GUIDES: [&str; 4] = ["clerk", "administrator", "auditor", "keeper"];

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// Writes all guides and what they show into a folder.
pub(crate) fn write_all(folder: &Path) -> io::Result<()> {
    for name in GUIDES {
        let place = folder.join(name);
        fs::create_dir_all(&place)?;
        for language in LANGUAGES {
            let text = fs::read_to_string(documents().join(format!("{name}.{language}.md")))?;
            let (page, pictures) = page(name, language, &text);
            fs::write(place.join(format!("{name}.{language}.html")), page)?;
            for picture in pictures {
                let to = place.join(&picture);
                fs::create_dir_all(to.parent().unwrap_or(&place))?;
                fs::copy(documents().join(&picture), to)?;
            }
        }
    }
    Ok(())
}

/// A guide as HTML, and the pictures that it shows, as they lie beside its text.
#[expect(clippy::wildcard_enum_match_arm, reason = "all else goes on as it is")]
fn page(name: &str, language: &str, text: &str) -> (String, Vec<String>) {
    let (mut title, mut pictures) = (String::new(), Vec::new());
    let (mut in_title, mut in_panel) = (false, false);
    let events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES)
        .map(|event| {
            match &event {
                Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => in_title = true,
                Event::End(TagEnd::Heading(HeadingLevel::H1)) => in_title = false,
                Event::Text(said) if in_title => title.push_str(said),
                Event::Start(Tag::Image { dest_url, .. }) => pictures.push(dest_url.to_string()),
                // What the panel shows is shown as a screen.
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) if &**kind == "panel" => {
                    in_panel = true;
                    return Event::Html("<pre class=\"panel\">".into());
                }
                Event::End(TagEnd::CodeBlock) if in_panel => {
                    in_panel = false;
                    return Event::Html("</pre>\n".into());
                }
                _ => {}
            }
            event
        })
        .collect();
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    let head = format!("<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}</style>");
    let page = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n{head}\n</head>\n<body class=\"{name}\">\n{body}</body>\n</html>\n"
    );
    (page, pictures)
}
