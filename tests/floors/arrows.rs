//! Which room of a crate names which other, read from the source as tokens: `use` lines and paths
//! written out in code alike, tests left out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A place where the code of one room names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The room: a folder or file at the top of the crate's `src`.
    pub from: String,
    /// The room it names.
    pub to: String,
    /// The file, below `src`.
    pub file: String,
    pub line: usize,
    /// The path as the code means it, from the root of the crate.
    pub path: String,
}

/// Every arrow of the crate whose root files are `roots`, such as `lib.rs`. `name` is what its programs call
/// its library.
pub fn arrows(src: &Path, roots: &[&str], name: &str) -> Vec<Arrow> {
    Crate::of(src, roots, name).arrows()
}

/// A literal in the code, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// The file, below `src`.
    pub file: String,
    pub line: usize,
    pub text: String,
}

/// Every literal of the crate whose root files are `roots`.
pub fn literals(src: &Path, roots: &[&str], name: &str) -> Vec<Quoted> {
    Crate::of(src, roots, name).literals
}

/// The files of the crate that are part of it outside tests, below `src`.
pub fn rooms(arrows: &[Arrow]) -> Vec<String> {
    let mut rooms: Vec<String> = arrows
        .iter()
        .flat_map(|arrow| [arrow.from.clone(), arrow.to.clone()])
        .collect();
    rooms.sort();
    rooms.dedup();
    rooms
}

struct Mention {
    room: String,
    file: String,
    line: usize,
    path: Vec<String>,
}

struct Crate {
    src: PathBuf,
    name: String,
    files: Vec<String>,
    mentions: Vec<Mention>,
    literals: Vec<Quoted>,
    /// What the root hands on under a name of its own, by the room it comes from.
    exported: HashMap<String, String>,
}

/// Where the reading is: the file, the room it belongs to, and the path of the module.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a Path,
    room: &'a str,
    module: &'a [String],
}

impl Crate {
    fn of(src: &Path, roots: &[&str], name: &str) -> Self {
        let mut crate_ = Self {
            src: src.to_owned(),
            name: name.to_owned(),
            files: Vec::new(),
            mentions: Vec::new(),
            literals: Vec::new(),
            exported: HashMap::new(),
        };
        for root in roots {
            let room = root.trim_end_matches(".rs").to_owned();
            crate_.read(&src.join(root), &[], &room);
        }
        crate_
    }

    fn read(&mut self, file: &Path, module: &[String], room: &str) {
        let text = std::fs::read_to_string(file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tokens: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.files.push(self.below_src(file));
        let place = Place { file, room, module };
        self.walk(tokens, place);
    }

    fn below_src(&self, file: &Path) -> String {
        let below = file.strip_prefix(&self.src).unwrap_or(file);
        below.display().to_string()
    }

    fn walk(&mut self, tokens: TokenStream, place: Place<'_>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens, at) {
                at = end_of_item(&tokens, at + 2);
                continue;
            }
            match &tokens[at] {
                TokenTree::Group(group) => self.walk(group.stream(), place),
                TokenTree::Literal(literal) => self.literals.push(Quoted {
                    file: self.below_src(place.file),
                    line: line(&tokens[at]),
                    text: literal.to_string(),
                }),
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(read) = self.submodule(&tokens, at, place) {
                        at = read;
                        continue;
                    }
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = end_of_statement(&tokens, at);
                    for path in use_paths(&tokens[at + 1..end]) {
                        self.mention(&path, line(&tokens[at]), place);
                    }
                    at = end;
                    continue;
                }
                TokenTree::Ident(word) if starts_path(&word.to_string(), &self.name) => {
                    let (path, read) = written_out(&tokens, at);
                    if path.len() > 1 {
                        self.mention(&path, line(&tokens[at]), place);
                    }
                    at = read;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads `mod name;` from its file or `mod name { .. }` in place, and answers where to go on.
    fn submodule(&mut self, tokens: &[TokenTree], at: usize, place: Place<'_>) -> Option<usize> {
        let TokenTree::Ident(name) = tokens.get(at + 1)? else {
            return None;
        };
        let mut module = place.module.to_vec();
        module.push(name.to_string());
        let room = module.first().cloned()?;
        match tokens.get(at + 2)? {
            TokenTree::Punct(end) if end.as_char() == ';' => {
                let folder = self.src.join(module.join("/"));
                let beside = folder.with_extension("rs");
                let file = if beside.is_file() {
                    beside
                } else {
                    folder.join("mod.rs")
                };
                self.read(&file, &module, &room);
            }
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => {
                let place = Place {
                    module: &module,
                    ..place
                };
                self.walk(body.stream(), place);
            }
            _ => return None,
        }
        Some(at + 3)
    }

    fn mention(&mut self, path: &[String], line: usize, place: Place<'_>) {
        let mut rest = path;
        let mut base: Vec<String> = Vec::new();
        match path.first().map(String::as_str) {
            Some("crate") => rest = &path[1..],
            Some("self") => {
                base = place.module.to_vec();
                rest = &path[1..];
            }
            Some("super") => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                let kept = place.module.len().saturating_sub(ups);
                base = place.module[..kept].to_vec();
                rest = &path[ups..];
            }
            Some(first) if first == self.name && place.room != "lib" => rest = &path[1..],
            // The root names its own modules without a prefix; elsewhere this is another crate.
            Some(first) if place.module.is_empty() => {
                let name = path.last().cloned().unwrap_or_default();
                self.exported.insert(name, first.to_owned());
            }
            _ => return,
        }
        base.extend(rest.iter().cloned());
        self.mentions.push(Mention {
            room: place.room.to_owned(),
            file: self.below_src(place.file),
            line,
            path: base,
        });
    }

    fn arrows(&self) -> Vec<Arrow> {
        let mut rooms: Vec<&str> = self
            .files
            .iter()
            .map(|file| file.split('/').next().unwrap_or(file))
            .collect();
        rooms.sort_unstable();
        let is_room = |name: &str| {
            rooms
                .iter()
                .any(|room| room.trim_end_matches(".rs") == name)
        };
        let mut arrows: Vec<Arrow> = Vec::new();
        for mention in &self.mentions {
            let Some(first) = mention.path.first() else {
                continue;
            };
            let to = if is_room(first) {
                first.as_str()
            } else {
                match self.exported.get(first) {
                    Some(room) if is_room(room) => room,
                    _ => "lib",
                }
            };
            if to != mention.room {
                arrows.push(Arrow {
                    from: mention.room.clone(),
                    to: to.to_owned(),
                    file: mention.file.clone(),
                    line: mention.line,
                    path: mention.path.join("::"),
                });
            }
        }
        arrows
    }
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn starts_path(word: &str, name: &str) -> bool {
    matches!(word, "crate" | "super" | "self") || word == name
}

/// Whether `#[cfg(test)]`, alone or with more conditions, stands here.
fn is_test_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let (Some(TokenTree::Punct(hash)), Some(TokenTree::Group(attribute))) =
        (tokens.get(at), tokens.get(at + 1))
    else {
        return false;
    };
    let words: Vec<String> = words(attribute).collect();
    hash.as_char() == '#'
        && words.first().is_some_and(|word| word == "cfg")
        && words.iter().any(|word| word == "test" || word == "doctest")
        && !words.iter().any(|word| word == "not")
}

fn words(group: &Group) -> Box<dyn Iterator<Item = String>> {
    Box::new(
        group
            .stream()
            .into_iter()
            .flat_map(|token| -> Box<dyn Iterator<Item = String>> {
                match token {
                    TokenTree::Ident(word) => Box::new(std::iter::once(word.to_string())),
                    TokenTree::Group(group) => words(&group),
                    _ => Box::new(std::iter::empty()),
                }
            }),
    )
}

/// The place after the item that begins at `at`: behind its block or its semicolon.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let end = tokens[at..].iter().position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    });
    end.map_or(tokens.len(), |end| at + end + 1)
}

fn end_of_statement(tokens: &[TokenTree], at: usize) -> usize {
    let end = tokens[at..]
        .iter()
        .position(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';'));
    end.map_or(tokens.len(), |end| at + end)
}

/// The path that begins at `at`, written out in code, and the place behind it.
fn written_out(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(word.to_string());
        at += 1;
        if !is_separator(tokens, at) {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon(at) && colon(at + 1)
}

/// The paths of a `use` line, its groups written out.
fn use_paths(tokens: &[TokenTree]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for branch in
        tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
    {
        let mut path = Vec::new();
        let mut open = !branch.is_empty();
        for token in branch {
            match token {
                // What comes behind is another name for the same thing.
                TokenTree::Ident(word) if word == "as" => break,
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    open = false;
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for rest in use_paths(&inner) {
                        paths.push(path.iter().cloned().chain(rest).collect());
                    }
                }
                _ => {}
            }
        }
        if open {
            paths.push(path);
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrows of a crate of these files.
    fn read(files: &[(&str, &str)]) -> Vec<(String, String, usize)> {
        let folder = std::env::temp_dir().join(format!(
            "floors-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        for (name, text) in files {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let arrows = arrows(&folder, &["lib.rs"], "house");
        std::fs::remove_dir_all(&folder).unwrap();
        arrows
            .into_iter()
            .filter(|arrow| arrow.from != "lib")
            .map(|arrow| (arrow.file, arrow.to, arrow.line))
            .collect()
    }

    fn arrow(file: &str, to: &str, line: usize) -> (String, String, usize) {
        (file.to_owned(), to.to_owned(), line)
    }

    #[test]
    fn use_lines_and_paths_in_code_are_arrows() {
        let found = read(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;\npub use c::Thing;"),
            (
                "a.rs",
                "use crate::{b::Part, c};\nfn f() {\n    vec![crate::b::make()];\n}\nuse crate::Thing;",
            ),
            ("b/mod.rs", "mod inner;\npub struct Part;"),
            (
                "b/inner.rs",
                "use super::Part;\nuse super::super::c as other;\nuse serde::c;",
            ),
            ("c.rs", ""),
        ]);
        assert_eq!(
            found,
            [
                arrow("a.rs", "b", 1),
                arrow("a.rs", "c", 1),
                arrow("a.rs", "b", 3),
                arrow("a.rs", "c", 5),
                arrow("b/inner.rs", "c", 2),
            ]
        );
    }

    #[test]
    fn tests_are_left_out() {
        let found = read(&[
            ("lib.rs", "mod a;\nmod b;"),
            (
                "a.rs",
                "#[cfg(test)]\nmod a_tests;\n#[cfg(test)]\nmod tests { use crate::b; }\nfn f() { super::b::g(); }",
            ),
            ("a_tests.rs", "use crate::b;"),
            ("b.rs", "// crate::a::f()\nconst A: &str = \"crate::a\";"),
        ]);
        assert_eq!(found, [arrow("a.rs", "b", 5)]);
    }
}
