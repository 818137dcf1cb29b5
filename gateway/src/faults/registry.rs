//! The faults of one project, and how often they have struck.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use super::{Effect, Fault, FaultError, Plane};

/// The most faults that may be armed at once.
const MOST: usize = 1_000;

/// An armed fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FaultId(u64);

impl FaultId {
    /// As the control API writes it.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The fault of this number.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// A fault and what has become of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ArmedFault {
    /// Its id.
    pub id: FaultId,
    /// How many calls have fitted its conditions.
    pub seen: u64,
    /// How many of them it has struck.
    pub struck: u64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What a fault may fit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FaultTarget<'a> {
    Api {
        operation: &'a str,
        /// Whether the call goes on from a cursor.
        goes_on: bool,
    },
    Ingest {
        source_id: &'a str,
    },
    Delivery {
        destination_id: &'a str,
        connection_id: &'a str,
    },
}

impl FaultTarget<'_> {
    fn fits(self, fault: &Fault) -> bool {
        let one = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|id| id == own);
        match self {
            Self::Api { operation, goes_on } => {
                fault.plane == Plane::Api
                    && one(&fault.operation, operation)
                    // There is no cursor to repeat on a first page.
                    && (goes_on || fault.effect != Effect::RepeatedCursor)
            }
            Self::Ingest { source_id } => {
                fault.plane == Plane::Ingest && one(&fault.source_id, source_id)
            }
            Self::Delivery {
                destination_id,
                connection_id,
            } => {
                fault.plane == Plane::Delivery
                    && one(&fault.destination_id, destination_id)
                    && one(&fault.webhook_id, connection_id)
            }
        }
    }
}

/// A fault that has struck a call.
#[derive(Clone, Debug)]
pub(crate) struct InjectedFault {
    pub(crate) id: FaultId,
    pub(crate) effect: Effect,
}

#[derive(Debug)]
struct ArmedFaults {
    armed: Vec<ArmedFault>,
    next: u64,
    /// Grows when everything is forgotten.
    generation: u64,
    random: fastrand::Rng,
}

/// The faults of one project.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    state: Arc<Mutex<ArmedFaults>>,
    /// Moves with every change of what is armed, for calls that are stalled.
    changed: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(ArmedFaults {
                armed: Vec::new(),
                next: 1,
                generation: 0,
                random: fastrand::Rng::with_seed(seed),
            })),
            changed: watch::Sender::new(0),
        }
    }

    pub(crate) fn reseed(&self, seed: u64) {
        self.lock().random = fastrand::Rng::with_seed(seed);
    }

    /// Arms a fault.
    ///
    /// # Errors
    /// When it could never strike as it is, or too many are armed.
    pub(crate) fn arm(&self, fault: Fault) -> Result<FaultId, FaultError> {
        if let Some(problem) = fault.problem() {
            return Err(FaultError(problem));
        }
        let mut state = self.lock();
        if state.armed.len() >= MOST {
            // What is used up is kept to be counted, as long as there is room.
            let used_up = |armed: &ArmedFault| Some(armed.struck) == armed.fault.times;
            match state.armed.iter().position(used_up) {
                Some(at) => {
                    state.armed.remove(at);
                }
                None => return Err(FaultError(format!("{MOST} faults are armed already"))),
            }
        }
        let id = FaultId(state.next);
        state.next += 1;
        state.armed.push(ArmedFault {
            id,
            seen: 0,
            struck: 0,
            fault,
        });
        Ok(id)
    }

    /// Disarms a fault. Answers whether it was armed.
    pub(crate) fn disarm(&self, id: FaultId) -> bool {
        let mut state = self.lock();
        let before = state.armed.len();
        state.armed.retain(|armed| armed.id != id);
        let found = state.armed.len() < before;
        drop(state);
        self.changed.send_modify(|changes| *changes += 1);
        found
    }

    /// Disarms all of them.
    pub(crate) fn clear(&self) {
        self.lock().armed.clear();
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Disarms all of them, and ends the calls that one has stalled.
    pub(crate) fn forget(&self) {
        let mut state = self.lock();
        state.armed.clear();
        state.generation += 1;
        drop(state);
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// All of them, in the order in which they were armed.
    pub(crate) fn list(&self) -> Vec<ArmedFault> {
        self.lock().armed.clone()
    }

    /// The fault that strikes this call, if one does. A fault that fits has seen it even when it passes.
    pub(crate) fn inject(&self, target: FaultTarget<'_>) -> Option<InjectedFault> {
        let mut state = self.lock();
        let ArmedFaults { armed, random, .. } = &mut *state;
        for armed in armed.iter_mut().filter(|armed| target.fits(&armed.fault)) {
            armed.seen += 1;
            let fault = &armed.fault;
            if armed.seen <= fault.after || fault.times.is_some_and(|times| armed.struck >= times) {
                continue;
            }
            if fault.probability.is_some_and(|share| random.f64() >= share) {
                continue;
            }
            armed.struck += 1;
            return Some(InjectedFault {
                id: armed.id,
                effect: fault.effect.clone(),
            });
        }
        None
    }

    /// Waits until the fault is no longer armed. Answers whether the call it has stalled may go on.
    pub(crate) async fn lifted(&self, id: FaultId) -> bool {
        let mut changed = self.changed.subscribe();
        let generation = self.lock().generation;
        while self.lock().armed.iter().any(|armed| armed.id == id) {
            // The sender lives as long as this does.
            let _ = changed.changed().await;
        }
        self.lock().generation == generation
    }

    fn lock(&self) -> MutexGuard<'_, ArmedFaults> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: FaultTarget<'_> = FaultTarget::Api {
        operation: "getEvents",
        goes_on: false,
    };

    fn strikes(faults: &Faults, calls: usize) -> Vec<bool> {
        (0..calls).map(|_| faults.inject(CALL).is_some()).collect()
    }

    #[test]
    fn some_pass_before_it_and_it_is_used_up() {
        let faults = Faults::seeded(1);
        faults
            .arm(Fault::api(Effect::Reset).after(1).times(2))
            .unwrap();
        assert_eq!(strikes(&faults, 5), [false, true, true, false, false]);
        let armed = &faults.list()[0];
        assert_eq!((armed.seen, armed.struck), (5, 2));
    }

    #[test]
    fn the_first_that_fits_strikes_and_others_pass_it_by() {
        let faults = Faults::seeded(1);
        faults.arm(Fault::ingest(Effect::Reset)).unwrap();
        faults
            .arm(Fault::api(Effect::Reset).operation("getSources"))
            .unwrap();
        let fits = faults
            .arm(Fault::api(Effect::Empty).operation("getEvents"))
            .unwrap();
        faults.arm(Fault::api(Effect::Reset)).unwrap();
        assert_eq!(faults.inject(CALL).unwrap().id, fits);
        assert!(faults.disarm(fits) && !faults.disarm(fits));
        assert_eq!(faults.inject(CALL).unwrap().effect, Effect::Reset);
        faults.clear();
        assert!(faults.inject(CALL).is_none());
    }

    #[test]
    fn a_share_is_drawn_from_the_seed() {
        let drawn = |seed| {
            let faults = Faults::seeded(seed);
            faults
                .arm(Fault::api(Effect::Reset).probability(0.5))
                .unwrap();
            strikes(&faults, 64)
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let struck = drawn(1).iter().filter(|struck| **struck).count();
        assert!((16..48).contains(&struck), "{struck} of 64");
    }

    #[test]
    fn what_could_never_strike_is_not_armed() {
        let faults = Faults::seeded(1);
        for (fault, part) in [
            (Fault::api(Effect::Timeout), "plane"),
            (Fault::delivery(Effect::Stall), "plane"),
            (Fault::ingest(Effect::RepeatedCursor), "plane"),
            (Fault::api(Effect::status(600)), "600"),
            (Fault::api(Effect::status(99)), "99"),
            (
                Fault::api(Effect::Reset).operation("getNothing"),
                "getNothing",
            ),
            (Fault::api(Effect::Reset).source("src_1"), "source_id"),
            (Fault::delivery(Effect::Error("NO_SUCH".into())), "NO_SUCH"),
            (Fault::api(Effect::Reset).probability(1.5), "probability"),
            (
                Fault::api(Effect::Reset).probability(f64::NAN),
                "probability",
            ),
        ] {
            let error = faults.arm(fault).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(faults.list().is_empty());
    }
}
