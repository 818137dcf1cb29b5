//! Two processes with one key and nothing else in common stay under its quota together.
//!
//! ```sh
//! cargo run --example fleet                              # against a gateway started here
//! cargo run --example fleet -- --calls 1000 --tasks 16   # of each process
//! HOOKDECK_API_KEY=... HOOKDECK_BASE_URL=http://127.0.0.1:4100 cargo run --example fleet
//! ```
//!
//! This program starts itself twice. Each copy sees on the replies what the other spends, and
//! leaves it room. The last line sums up both.

#[path = "../quota/load.rs"]
mod load;
mod report;

use std::error::Error;
use std::process::Stdio;

use hookdeck::ClientBuilder;
use hookdeck_gateway::Gateway;
use load::{Load, Outcome};
use tokio::task::spawn_blocking;

const PROCESSES: usize = 2;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let load = Load {
        calls: 300,
        tasks: 8,
    }
    .with_arguments(&arguments)?;
    if arguments.iter().any(|argument| argument == "--member") {
        println!("{}", load.run(ClientBuilder::from_env()?).await?);
        return Ok(());
    }
    if std::env::var_os("HOOKDECK_API_KEY").is_some() {
        println!("{}", fleet(load, &[]).await?);
        return Ok(());
    }
    let gateway = Gateway::builder().rate_limit(load::SCALED).start().await?;
    println!("a gateway at {} allows 240 calls in 6 s", gateway.api_url());
    let environment = [
        ("HOOKDECK_API_KEY", gateway.api_key().to_owned()),
        ("HOOKDECK_BASE_URL", gateway.api_url().to_owned()),
    ];
    println!("{}", fleet(load, &environment).await?);
    gateway.shutdown().await;
    Ok(())
}

/// Starts the copies, waits for them and sums up what they report.
async fn fleet(load: Load, environment: &[(&str, String)]) -> Result<Outcome, Box<dyn Error>> {
    let mut members = Vec::new();
    for _ in 0..PROCESSES {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command
            .args(["--member", "--calls", &load.calls.to_string()])
            .args(["--tasks", &load.tasks.to_string()])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped());
        members.push(command.spawn()?);
    }
    let mut sum = Outcome::default();
    for (number, member) in (1..).zip(members) {
        let output = spawn_blocking(|| member.wait_with_output()).await??;
        if !output.status.success() {
            return Err(format!("process {number} failed: {}", output.status).into());
        }
        let report = String::from_utf8(output.stdout)?;
        println!("process {number}: {}", report.trim());
        sum = sum.and(report.trim().parse()?);
    }
    Ok(sum)
}
