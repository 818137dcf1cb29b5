//! Hundreds of calls as fast as the quota allows, and none refused.
//!
//! ```sh
//! cargo run --example quota                              # against a gateway started here
//! cargo run --example quota -- --calls 1000 --tasks 16
//! HOOKDECK_API_KEY=... HOOKDECK_BASE_URL=http://127.0.0.1:4100 cargo run --example quota
//! ```
//!
//! The gateway started here allows 240 calls in 6 seconds, so 600 calls take at least 12. With
//! `HOOKDECK_API_KEY` set the calls go to the address in `HOOKDECK_BASE_URL`, or to the live API.

mod load;

use std::error::Error;

use hookdeck::{Client, ClientBuilder};
use hookdeck_gateway::Gateway;
use load::Load;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let load = Load {
        calls: 600,
        tasks: 8,
    }
    .with_arguments(&arguments)?;
    let outcome = if std::env::var_os("HOOKDECK_API_KEY").is_some() {
        load.run(ClientBuilder::from_env()?).await?
    } else {
        let gateway = Gateway::builder().rate_limit(load::SCALED).start().await?;
        println!("a gateway at {} allows 240 calls in 6 s", gateway.api_url());
        let client = Client::builder(gateway.api_key()).base_url(gateway.api_url());
        let outcome = load.run(client).await?;
        gateway.shutdown().await;
        outcome
    };
    println!("{outcome}");
    Ok(())
}
