//! What the gateway carries: start, ingest, delivery and list pages, with a count at the receiver.
//!
//! ```sh
//! cargo bench -p hookdeck-gateway --bench load                  # everything, some minutes
//! cargo bench -p hookdeck-gateway --bench load -- ingest        # one part
//! cargo bench -p hookdeck-gateway --bench load -- list 100000   # with fewer rows
//! ```
//!
//! The program runs as a process of its own; its producers and its receiver live in this one and take
//! their share of the same cores. Every rate is also told as a share of what a server that does
//! nothing answers to the same producers, for that carries over to other machines.
//!
//! Exits with an error if a webhook that was acknowledged was lost or came twice. Rates below their
//! budget are only marked: a busy machine is no defect.

mod http;
mod lists;
mod load;
mod process;
mod receiver;

use std::process::ExitCode;

/// Webhooks of one measurement.
const WEBHOOKS: usize = 40_000;
/// Rows of the long list.
const ROWS: usize = 1_000_000;

#[tokio::main]
async fn main() -> ExitCode {
    // `--bench`, which cargo passes, says nothing here.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    if words.first().is_some_and(|word| word == "bare") {
        return process::serve_bare().await;
    }
    let number = words.iter().find_map(|word| word.parse::<usize>().ok());
    let parts: Vec<&String> = words
        .iter()
        .filter(|word| word.parse::<usize>().is_err())
        .collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|word| *word == part);
    if let Some(unknown) = parts
        .iter()
        .find(|word| !["start", "ingest", "deliver", "list"].contains(&word.as_str()))
    {
        eprintln!("no part {unknown:?}; there are start, ingest, deliver, list");
        return ExitCode::FAILURE;
    }
    let webhooks = number.unwrap_or(WEBHOOKS);
    let mut sound = true;
    if wanted("start") {
        load::start().await;
    }
    if wanted("ingest") || wanted("deliver") {
        let bare = load::bare(webhooks).await;
        for durable in [false, true] {
            if wanted("ingest") {
                sound &= load::ingest(durable, webhooks, bare).await;
            }
            if wanted("deliver") {
                sound &= load::deliver(durable, webhooks, bare).await;
            }
        }
    }
    if wanted("list") {
        lists::measure(number.unwrap_or(ROWS)).await;
    }
    if sound {
        ExitCode::SUCCESS
    } else {
        eprintln!("webhooks were lost or doubled");
        ExitCode::FAILURE
    }
}

/// A figure held against what it should reach.
fn judged(figure: f64, met: bool, budget: &str) -> String {
    let mark = if met { "within" } else { "MISSES" };
    format!("{figure:>9.1}  {mark} {budget}")
}
