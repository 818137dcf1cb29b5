//! The rows as a page.

use std::fmt::Write as _;

use super::{Evidence, Row, rows};

const INTRODUCTION: &str = "\
# Parity

What the live service does and what this gateway does, a row a behaviour. The page is made from `parity/*.json`, and
a test holds it to them; each row names the test that holds the gateway to the row.

How well the live service's side is known:

| word | means |
|---|---|
| measured | somebody tried it on the service and wrote down what happened |
| recorded | it stands in a recorded session with the service |
| documented | the vendor says so |
| schema | it follows from the published document |
| contradictory | what is known contradicts itself |
| unknown | nobody knows; ours is a choice |

Rows marked with `*` can be asked of any server over HTTP:
`hookdeck-gateway compare --upstream URL --key KEY` does so in a project made for the purpose, and prints where the
server differs from what stands here.
";

/// `PARITY.md`, as it should be.
pub fn page() -> String {
    let areas = rows();
    let all = || areas.iter().flat_map(|(_, rows)| rows);
    let mut page = INTRODUCTION.to_owned();
    let known = all()
        .filter(|row| row.evidence != Evidence::Unknown)
        .count();
    let asked = all().filter(|row| row.probe.is_some()).count();
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "\n{} rows; the live side of {known} is known; {asked} can be asked.\n",
        all().count()
    );
    differences(&mut page, all());
    for (area, rows) in &areas {
        let known = rows.iter().filter(|row| row.evidence != Evidence::Unknown);
        let _ = write!(
            page,
            "\n## {area}\n\n| behaviour | live | known | here | test |\n|---|---|---|---|---|\n"
        );
        for row in known {
            let _ = writeln!(
                page,
                "| {}{} | {} | {}, {}, by {} | {} | {} |",
                cell(&row.behaviour),
                if row.probe.is_some() { " *" } else { "" },
                cell(&row.live),
                row.evidence.as_str(),
                cell(&row.when),
                cell(&row.source),
                cell(&row.ours),
                row.test.as_deref().map(test_name).unwrap_or_default(),
            );
        }
    }
    page.push_str("\n## Not known\n\n| behaviour | here | test |\n|---|---|---|\n");
    for row in all().filter(|row| row.evidence == Evidence::Unknown) {
        let _ = writeln!(
            page,
            "| {} | {} | {} |",
            cell(&row.behaviour),
            cell(&row.ours),
            row.test.as_deref().map(test_name).unwrap_or_default(),
        );
    }
    page
}

fn differences<'a>(page: &mut String, rows: impl Iterator<Item = &'a Row>) {
    page.push_str(
        "\n## What is not as live\n\n| behaviour | live | here | why |\n|---|---|---|---|\n",
    );
    for row in rows.filter(|row| !row.same && row.evidence != Evidence::Unknown) {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            cell(&row.behaviour),
            cell(&row.live),
            cell(&row.ours),
            row.why.as_deref().map(cell).unwrap_or_default(),
        );
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn test_name(path: &str) -> String {
    let name = path.rsplit("::").next().unwrap_or(path);
    format!("`{name}`")
}
