//! What is in flight, by destination and by group.

use std::collections::HashMap;

/// Where an event of a destination waits: with its group, where events are grouped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    pub(super) destination_id: String,
    pub(super) group: Option<String>,
}

impl Lane {
    /// The lane of a destination as a whole.
    pub(super) fn whole(destination_id: &str) -> Self {
        Self {
            destination_id: destination_id.to_owned(),
            group: None,
        }
    }
}

/// Attempts and batches in flight.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    /// The event or the job, and the lane of an event.
    ids: HashMap<String, Option<Lane>>,
    busy: InFlightCounts,
}

/// How many attempts are in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlightCounts {
    destinations: HashMap<String, usize>,
    lanes: HashMap<Lane, usize>,
}

impl InFlightCounts {
    /// To one destination.
    pub(super) fn to(&self, destination_id: &str) -> usize {
        self.destinations.get(destination_id).copied().unwrap_or(0)
    }

    /// In one lane.
    pub(super) fn on(&self, lane: &Lane) -> usize {
        self.lanes.get(lane).copied().unwrap_or(0)
    }
}

impl InFlight {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    pub(super) fn busy(&self) -> &InFlightCounts {
        &self.busy
    }

    /// Notes an attempt, or without a lane a batch.
    pub(super) fn add(&mut self, id: String, lane: Option<Lane>) {
        if let Some(lane) = &lane {
            let destination = lane.destination_id.clone();
            *self.busy.destinations.entry(destination).or_default() += 1;
            *self.busy.lanes.entry(lane.clone()).or_default() += 1;
        }
        self.ids.insert(id, lane);
    }

    /// Notes the end of one.
    pub(super) fn remove(&mut self, id: &str) {
        if let Some(Some(lane)) = self.ids.remove(id) {
            less(&mut self.busy.destinations, &lane.destination_id);
            less(&mut self.busy.lanes, &lane);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn less<K, Q>(counts: &mut HashMap<K, usize>, key: &Q)
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: std::hash::Hash + Eq + ?Sized,
{
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_is_no_longer_counted() {
        let lane = |group: &str| Lane {
            destination_id: "des".to_owned(),
            group: Some(group.to_owned()),
        };
        let mut in_flight = InFlight::default();
        in_flight.add("a".to_owned(), Some(lane("x")));
        in_flight.add("b".to_owned(), Some(lane("y")));
        in_flight.add("job".to_owned(), None);
        assert_eq!(in_flight.busy().to("des"), 2);
        assert_eq!(in_flight.busy().on(&lane("x")), 1);
        for id in ["a", "a", "unknown", "job"] {
            in_flight.remove(id);
        }
        assert_eq!(in_flight.busy().to("des"), 1);
        assert_eq!(in_flight.busy().on(&lane("x")), 0);
        assert!(in_flight.contains("b") && in_flight.len() == 1);
    }
}
