//! The same questions to any server of the API: this gateway, another one, or the live service with a project
//! made for the purpose.
//!
//! They are the rows of `PARITY.md` that can be seen over HTTP. A comparison reads nothing that it did not
//! create, paces itself by what the server says of its quota, and deletes what it made.

mod ask;
mod clean;
mod template;

use std::fmt;

use serde_json::{Value, json};

use crate::parity::{self, Probe, Row};
use ask::{Asker, NotAsked};

/// How often a call is repeated that waits for something to appear.
const TRIES: usize = 40;

/// A server to be asked, and what it is to be asked.
#[derive(Clone)]
pub struct Comparison {
    upstream: String,
    key: String,
    run: String,
    rows: Vec<Row>,
}

impl fmt::Debug for Comparison {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("upstream", &self.upstream)
            .field("run", &self.run)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

/// What a server showed of one behaviour.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// What the live service is known to show.
    Same,
    /// Something else.
    Differs {
        /// What the live service is known to show.
        expected: Value,
        /// What this server showed.
        seen: Value,
    },
    /// It could not be asked, for this reason.
    NotAsked(String),
}

/// One row of a [`Report`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Compared {
    /// The row's id.
    pub id: String,
    /// What it is about.
    pub behaviour: String,
    /// What was found.
    pub finding: Finding,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Row by row.
    pub rows: Vec<Compared>,
    /// What could not be deleted again, and why.
    pub left_behind: Vec<String>,
}

impl Comparison {
    /// A comparison with the server at `upstream`, such as `https://api.hookdeck.com`, in the project of `key`.
    ///
    /// # Errors
    /// When `upstream` is no `http` or `https` URL, as a sentence.
    pub fn new(upstream: &str, key: &str) -> Result<Self, String> {
        let url = url::Url::parse(upstream)
            .map_err(|error| format!("{upstream:?} is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
            return Err(format!(
                "{upstream:?} is no http or https URL without a query"
            ));
        }
        let rows = parity::rows().into_iter().flat_map(|(_, rows)| rows);
        Ok(Self {
            upstream: upstream.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            run: format!("parity-{:08x}", fastrand::u32(..)),
            rows: rows.filter(|row| row.probe.is_some()).collect(),
        })
    }

    /// Asks only about the rows with these ids.
    ///
    /// # Errors
    /// When an id is none of a row that can be asked, as a sentence.
    pub fn only(mut self, ids: &[String]) -> Result<Self, String> {
        if let Some(unknown) = ids
            .iter()
            .find(|id| !self.rows.iter().any(|row| row.id == **id))
        {
            return Err(format!("no row that can be asked has the id {unknown:?}"));
        }
        self.rows.retain(|row| ids.contains(&row.id));
        Ok(self)
    }

    /// What will be done, in a few sentences.
    pub fn plan(&self) -> String {
        let steps = self.rows.iter().filter_map(|row| row.probe.as_ref());
        let calls: usize = steps.map(|probe| probe.steps.len()).sum();
        format!(
            "This asks {} about {} behaviours, with {calls} calls or more, in the project of the given key.\n\
             It creates connections, sources, destinations and transformations whose names begin with {}, sends\n\
             webhooks to those sources, reads nothing else, and deletes what it has created at the end.\n\
             Requests and events cannot be deleted; they stay until the server forgets them.",
            self.upstream,
            self.rows.len(),
            self.run,
        )
    }

    /// Asks, and tells each row as it is found. `pause` is waited for before a call is repeated whose answer
    /// does not show yet what it is to show.
    ///
    /// # Errors
    /// When no HTTP client can be made, as a sentence.
    pub async fn run(
        &self,
        pause: impl AsyncFn(),
        mut tell: impl FnMut(&Compared),
    ) -> Result<Report, String> {
        let mut asker = Asker::new(&self.upstream, &self.key)?;
        let mut report = Report {
            rows: Vec::new(),
            left_behind: Vec::new(),
        };
        for (index, row) in self.rows.iter().enumerate() {
            let Some(probe) = &row.probe else { continue };
            let finding = self.ask(&mut asker, index, probe, &pause).await;
            let compared = Compared {
                id: row.id.clone(),
                behaviour: row.behaviour.clone(),
                finding,
            };
            tell(&compared);
            report.rows.push(compared);
        }
        report.left_behind = asker.clean_up().await;
        Ok(report)
    }

    async fn ask(
        &self,
        asker: &mut Asker,
        index: usize,
        probe: &Probe,
        pause: &impl AsyncFn(),
    ) -> Finding {
        // A word of its own for each row, so that no two use one source.
        let mut scope = json!({
            "run": format!("{}-{index}", self.run),
            "publish": self.publish_url(),
        });
        for step in &probe.steps {
            let mut tries = 0;
            let answer = loop {
                let answer = match asker.call(step, &scope).await {
                    Ok(answer) => answer,
                    Err(NotAsked(why)) => return Finding::NotAsked(why),
                };
                let missing = step
                    .until
                    .iter()
                    .find(|(place, wanted)| template::lookup(&answer, place) != **wanted);
                let Some((place, _)) = missing else {
                    break answer;
                };
                tries += 1;
                if tries == TRIES {
                    let last = template::lookup(&answer, place);
                    return Finding::NotAsked(format!(
                        "{} never showed the expected {place}; the last was {last}",
                        step.call
                    ));
                }
                pause().await;
            };
            if let (Some(name), Value::Object(scope)) = (&step.name, &mut scope) {
                scope.insert(name.clone(), answer);
            }
        }
        let seen = match template::fill(&probe.sees, &scope) {
            Ok(seen) => seen,
            Err(why) => return Finding::NotAsked(why),
        };
        if seen == probe.expects {
            Finding::Same
        } else {
            Finding::Differs {
                expected: probe.expects.clone(),
                seen,
            }
        }
    }

    /// The publish endpoint: a host of its own beside the live API, a path everywhere else.
    fn publish_url(&self) -> String {
        if self.upstream == "https://api.hookdeck.com" {
            "https://hkdk.events/v1/publish".to_owned()
        } else {
            format!("{}/v1/publish", self.upstream)
        }
    }
}

impl Report {
    /// How many rows are the same, differ, and could not be asked.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |which: fn(&Finding) -> bool| {
            self.rows.iter().filter(|row| which(&row.finding)).count()
        };
        (
            count(|finding| matches!(finding, Finding::Same)),
            count(|finding| matches!(finding, Finding::Differs { .. })),
            count(|finding| matches!(finding, Finding::NotAsked(_))),
        )
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.finding {
            Finding::Same => write!(f, "same      {}", self.id),
            Finding::Differs { expected, seen } => write!(
                f,
                "differs   {}: {}\n          live: {expected}\n          here: {seen}",
                self.id, self.behaviour
            ),
            Finding::NotAsked(why) => write!(f, "not asked {}: {why}", self.id),
        }
    }
}

impl fmt::Display for Report {
    /// The count, and what is left behind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (same, differs, not_asked) = self.counts();
        write!(
            f,
            "{same} same, {differs} differ, {not_asked} could not be asked"
        )?;
        for left in &self.left_behind {
            write!(f, "\nleft behind: {left}")?;
        }
        Ok(())
    }
}
