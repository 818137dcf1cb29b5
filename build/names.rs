//! Rust names out of wire names, the same ones on every run.

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names generated types must leave alone: they are in scope where the types are emitted.
pub const RESERVED: &[&str] = &[
    "Box",
    "BTreeMap",
    "Default",
    "Err",
    "Filter",
    "From",
    "Headers",
    "Into",
    "Json",
    "List",
    "None",
    "Ok",
    "OneOrMany",
    "Option",
    "Param",
    "Patch",
    "Query",
    "Range",
    "Result",
    "Secret",
    "Self",
    "Some",
    "String",
    "Timestamp",
    "ToString",
    "Vec",
    "Write",
];

/// Methods every filter or list call has, which its setters must not be called like.
pub const LIST_METHODS: &[&str] = &[
    "backward_from",
    "dir",
    "filter",
    "idempotent",
    "items",
    "limit",
    "new",
    "pages",
    "param",
    "params",
    "params_mut",
    "resume",
    "reversed",
    "timeout",
    "to_curl",
    "windows",
    "with_meta",
];
/// Methods a list call has for the rest of the crate: setters on it must keep clear of these too.
pub const LIST_INTERNALS: &[&str] = &[
    "ascending_by_time",
    "flip",
    "into_fetch",
    "query_mut",
    "ready",
    "reversed_direction",
];
/// Methods every request body, or call that sends one, has.
pub const BODY_METHODS: &[&str] = &[
    "body",
    "body_mut",
    "checked",
    "idempotent",
    "new",
    "ready",
    "timeout",
    "to_curl",
    "with_meta",
];

/// Splits at separators and at changes of case: `HTTPAuth` is `http`, `auth`.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let flush = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(i + 1).copied();
        if c.is_ascii_alphanumeric() {
            let starts = c.is_ascii_uppercase()
                && (before.is_some_and(|b| b.is_ascii_lowercase())
                    || (before.is_some_and(|b| b.is_ascii_uppercase())
                        && after.is_some_and(|a| a.is_ascii_lowercase())));
            if starts {
                flush(&mut word, &mut words);
            }
            word.push(c.to_ascii_lowercase());
            continue;
        }
        flush(&mut word, &mut words);
        let spoken = match c {
            '<' => "less_than",
            '>' => "more_than",
            '+' => "plus",
            '*' => "any",
            '-' if before.is_some_and(|b| b.is_ascii_digit())
                && after.is_some_and(|a| a.is_ascii_digit()) =>
            {
                "to"
            }
            _ => "",
        };
        words.extend(
            spoken
                .split('_')
                .filter(|w| !w.is_empty())
                .map(str::to_owned),
        );
    }
    flush(&mut word, &mut words);
    words
}

/// `PROPERTY-FINDER` to `PropertyFinder`; a name may not start with a digit, so `3dEye` is `N3dEye`.
pub fn pascal(text: &str) -> String {
    let mut out = String::new();
    for word in words(text) {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.extend(chars);
        }
    }
    if out.is_empty() {
        out.push_str("Empty");
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 'N');
    }
    out
}

/// A name for a type: Pascal case, except that a name already in it keeps its own capitals.
pub fn type_name(text: &str) -> String {
    let name = pascal(text);
    if RESERVED.contains(&name.as_str()) {
        format!("{name}Model")
    } else {
        name
    }
}

/// The name of a field: `type` reads as `kind`, other keywords get an underscore.
pub fn field(wire: &str) -> String {
    if wire == "type" {
        return "kind".to_owned();
    }
    let mut name = words(wire).join("_");
    if name.is_empty() {
        name.push_str("empty");
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, 'n');
    }
    if KEYWORDS.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// [`fields`] for what has setters beside methods of ours.
pub fn setters<'a>(wires: impl IntoIterator<Item = &'a str>, methods: &[&str]) -> Vec<String> {
    let mut names = fields(wires);
    for name in &mut names {
        if methods.contains(&name.as_str()) {
            name.push('_');
        }
    }
    names
}

/// Field names for all properties of one object, in order, each used once.
pub fn fields<'a>(wires: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for wire in wires {
        let base = field(wire);
        let name = unique(base, &taken);
        taken.push(name);
    }
    taken
}

/// Variant names for all members of one enum, in order, each used once. Where two members differ
/// only in case, the one in capitals is called `..Upper`.
pub fn variants(wires: &[String]) -> Vec<String> {
    let plain: Vec<String> = wires.iter().map(|w| pascal(w)).collect();
    let mut taken: Vec<String> = Vec::new();
    for (i, wire) in wires.iter().enumerate() {
        let clashes = plain
            .iter()
            .enumerate()
            .any(|(j, p)| j != i && *p == plain[i]);
        let shouted = wire.chars().any(|c| c.is_ascii_uppercase())
            && !wire.chars().any(|c| c.is_ascii_lowercase());
        let mut base = plain[i].clone();
        if clashes && shouted {
            base.push_str("Upper");
        }
        if base == "Self" {
            base.push_str("Value");
        }
        let name = unique(base, &taken);
        taken.push(name);
    }
    taken
}

/// `base`, or `base` with the first number that makes it new.
pub fn unique<S: AsRef<str>>(base: String, taken: &[S]) -> String {
    let free = |name: &str| !taken.iter().any(|t| t.as_ref() == name);
    if free(&base) {
        return base;
    }
    (2..)
        .map(|n| format!("{base}{n}"))
        .find(|name| free(name))
        .unwrap_or(base)
}

/// `getEvent` to `GET_EVENT`.
pub fn constant(text: &str) -> String {
    let mut name = words(text).join("_").to_ascii_uppercase();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "N_");
    }
    name
}

/// Words for prose: `last_attempt_at` to `last attempt at`.
pub fn spoken(text: &str) -> String {
    words(text).join(" ")
}

/// The name of one of many: `measures` to `measure`.
pub fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => name.to_owned(),
    }
}
