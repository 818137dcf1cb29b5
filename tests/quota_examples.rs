//! The load that the examples `quota` and `fleet` make, and what they report of it.

#[path = "../examples/quota/load.rs"]
mod load;
#[path = "../examples/fleet/report.rs"]
mod report;

use std::time::Duration;

use hookdeck::Client;
use hookdeck_gateway::{Gateway, RateLimit};
use load::{Load, Outcome};

#[tokio::test]
async fn every_call_is_made_once() {
    let plenty = RateLimit::new(1000, Duration::from_secs(60));
    assert_ne!(plenty, load::SCALED);
    let gateway = Gateway::builder().rate_limit(plenty).start().await.unwrap();
    let client = Client::builder(gateway.api_key()).base_url(gateway.api_url());
    let load = Load {
        calls: 50,
        tasks: 4,
    };
    let outcome = load.run(client).await.unwrap();
    assert_eq!(
        (outcome.done, outcome.failed, outcome.throttled),
        (50, 0, 0)
    );
}

#[test]
fn the_command_line_sets_calls_and_tasks() {
    let load = Load {
        calls: 600,
        tasks: 8,
    };
    let read = |line: &str| {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        load.with_arguments(&words)
    };
    assert_eq!(read(""), Ok(load));
    let both = Load {
        calls: 10,
        tasks: 2,
    };
    assert_eq!(read("--tasks 2 --calls 10"), Ok(both));
    assert!(read("--calls many").unwrap_err().contains("many"));
    assert!(read("--tasks").is_err());
}

#[test]
fn reports_are_read_as_written_and_summed() {
    let line = "done=299 failed=1 throttled=2 seconds=12.13";
    let one: Outcome = line.parse().unwrap();
    assert_eq!(one.to_string(), line);
    let two: Outcome = "done=300 failed=0 throttled=0 seconds=12.20"
        .parse()
        .unwrap();
    let sum = "done=599 failed=1 throttled=2 seconds=12.20";
    assert_eq!(one.and(two).to_string(), sum);
    assert!("done=many".parse::<Outcome>().is_err());
    assert!("finished".parse::<Outcome>().is_err());
}
