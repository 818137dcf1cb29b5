//! Descriptions as doc comments: escaped where rustdoc would read markup, made up from names where
//! the document says nothing.

/// Text as `///` lines. Never empty.
pub fn lines(text: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    let trimmed = text.trim();
    let mut blank = false;
    for line in trimmed.lines() {
        let line = line.trim();
        if line.is_empty() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push_str(&format!("{pad}///\n"));
        }
        out.push_str(&format!("{pad}/// {}\n", escape(line)));
    }
    out
}

/// Escapes what rustdoc would take for a link or HTML, outside of code spans.
pub fn escape(line: &str) -> String {
    let mut out = String::new();
    // An unpaired backtick would swallow the rest of the comment.
    let balanced = line.matches('`').count().is_multiple_of(2);
    let mut code = false;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if c == '`' {
            if balanced {
                code = !code;
                out.push(c);
            } else {
                out.push_str("\\`");
            }
        } else if code {
            out.push(c);
        } else if rest.starts_with("[`") && rest.contains("`]") {
            // A link to a type, written by us.
            let end = rest.find("`]").map_or(rest.len(), |at| at + 2);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        } else if rest.starts_with("http://") || rest.starts_with("https://") {
            let end = rest
                .find(|c: char| {
                    c.is_whitespace() || matches!(c, ')' | ']' | '>' | '"' | '\'' | '`' | ',')
                })
                .unwrap_or(rest.len());
            let url = rest[..end].trim_end_matches(['.', ';', ':']);
            out.push_str(&format!("<{url}>"));
            rest = &rest[url.len()..];
            continue;
        } else if matches!(c, '[' | ']' | '<' | '>' | '*' | '\\') {
            out.push('\\');
            out.push(c);
        } else {
            out.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// A sentence out of a name, for what the document leaves undescribed.
pub fn fallback(words: &str) -> String {
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => "Undescribed.".to_owned(),
    }
}

/// Leaves of links to types only those whose type is there.
pub fn unlink(text: &str, exists: impl Fn(&str) -> bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("[`") {
        let (before, link) = rest.split_at(at);
        out.push_str(before);
        let end = link.find("`]").map_or(link.len(), |end| end + 2);
        let name = link[..end].trim_matches(['[', ']', '`']);
        if exists(name) {
            out.push_str(&link[..end]);
        } else {
            out.push_str(&format!("`{name}`"));
        }
        rest = &link[end..];
    }
    out + rest
}
