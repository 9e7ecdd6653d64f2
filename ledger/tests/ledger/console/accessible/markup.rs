//! HTML as our templates write it, read into its elements: enough to look at, and strict, so that a tag that is not closed is found.

/// One element.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// What it says, with all that is in it.
    pub(crate) text: String,
    /// What it says itself, without what is in it.
    pub(crate) own: String,
    /// Which language it is in: its own word, or that of what it stands in.
    pub(crate) language: String,
    /// Whether it, or what it stands in, is for eyes alone.
    pub(crate) is_hidden: bool,
    /// Names of what it stands in, outermost first.
    around: Vec<String>,
}

impl Element {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn within(&self, name: &str) -> bool {
        self.around.iter().any(|around| around == name)
    }

    pub(crate) fn heading(&self) -> Option<u32> {
        self.name.strip_prefix('h').and_then(|level| level.parse().ok())
    }
}

/// What has no end.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// Every element, in the order in which they begin.
///
/// # Panics
/// When tags do not close in order.
pub(crate) fn parse(page: &str) -> Vec<Element> {
    let (mut all, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut rest = page.trim_start_matches("<!DOCTYPE html>");
    while !rest.is_empty() {
        let (before, after) = rest.split_once('<').unwrap_or((rest, ""));
        for at in &open {
            all[*at].text.push_str(before);
        }
        if let Some(at) = open.last() {
            all[*at].own.push_str(before);
        }
        if after.is_empty() {
            break;
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().map(|at| all[at].name.clone());
            assert_eq!(closed.as_deref(), Some(name.trim()), "tags close in order");
            continue;
        }
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let around = open.iter().map(|at| all[*at].name.clone()).collect();
        let parent = open.last().map(|at| (all[*at].language.clone(), all[*at].is_hidden)).unwrap_or_default();
        let mut element = Element { name: name.to_owned(), attributes: read(attributes), around, ..Element::default() };
        element.language = element.get("lang").map_or(parent.0, str::to_owned);
        element.is_hidden = parent.1 || element.get("aria-hidden") == Some("true");
        all.push(element);
        if !VOID.contains(&name) {
            open.push(all.len() - 1);
        }
    }
    assert!(open.is_empty(), "every tag is closed: {:?}", open.iter().map(|at| &all[*at].name).collect::<Vec<_>>());
    all
}

/// `name="value"` and names alone; values of ours hold no `>` (the template writes it as `&#62;`).
fn read(text: &str) -> Vec<(String, String)> {
    let (mut all, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if let Some(value) = after.strip_prefix("=\"") {
            let (value, after) = value.split_once('"').expect("a value ends");
            all.push((name.to_owned(), value.to_owned()));
            rest = after.trim_start();
        } else {
            all.push((name.to_owned(), String::new()));
            rest = after.trim_start();
        }
    }
    all
}
