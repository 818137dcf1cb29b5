//! A look at the schedule: what is ready, destination by destination and group by group.

use rusqlite::Connection;

use super::lanes::{InFlightCounts, Lane};
use super::pace::{CONCURRENT, DeliveryPolicy, Pace, at_once};
use crate::bulk;
use crate::clock::Micros;
use crate::events::due;
use crate::rules::group::UNKNOWN;
use crate::store::StoreError;

/// A look at the schedule.
pub(super) struct DispatchPlan {
    pub(super) waiting: Option<Micros>,
    pub(super) ready: Vec<ReadyDestination>,
    /// Bulk jobs with the moment of their next batch.
    pub(super) jobs: Vec<(String, Micros)>,
}

/// A destination with events that are ready.
pub(super) struct ReadyDestination {
    pub(super) destination_id: String,
    pub(super) policy: DeliveryPolicy,
    /// The next slot that something waits for.
    pub(super) slot: Option<Micros>,
    /// The longest due first and then the oldest, whatever their group. May hold events in flight.
    pub(super) events: Vec<ReadyEvent>,
}

/// An event that is ready.
pub(super) struct ReadyEvent {
    due_at: Micros,
    seq: i64,
    pub(super) event_id: String,
    pub(super) lane: Lane,
}

/// What the dispatcher knows that a look at the schedule depends on.
#[derive(Clone)]
pub(super) struct DispatchState {
    pub(super) now: Micros,
    /// How many more attempts may be in flight.
    pub(super) room: usize,
    pub(super) busy: InFlightCounts,
    pub(super) pace: Pace,
}

/// Looks at the schedule. Events whose slot lies in the future are not read: there may be many groups.
pub(super) fn look(conn: &Connection, state: &DispatchState) -> Result<DispatchPlan, StoreError> {
    let (now, room, busy) = (state.now, state.room, &state.busy);
    let waiting = due::next_waiting(conn)?;
    let jobs = bulk::due(conn)?;
    let mut ready = Vec::new();
    for destination_id in due::ready_destinations(conn)? {
        let config: String = conn
            .prepare_cached("SELECT config FROM destinations WHERE id = ?1")?
            .query_row([&destination_id], |row| row.get(0))?;
        let policy = DeliveryPolicy::of(&config);
        if destination_room(&policy, room, busy.to(&destination_id)) == 0 {
            continue;
        }
        let mut events = Vec::new();
        let whole = Lane::whole(&destination_id);
        let mut slot =
            Some(state.pace.slot(&whole, policy.interval, now)).filter(|slot| *slot > now);
        let groups = if slot.is_none() {
            due::ready_groups(conn, &destination_id)?
        } else {
            Vec::new()
        };
        for group in groups {
            let lane = lane(&policy, &destination_id, group.as_deref());
            let paced = lane.group.as_deref();
            let interval = paced.and_then(|group| policy.group_interval(group));
            let next = state.pace.slot(&lane, interval, now);
            if paced.is_some() && next > now {
                slot = Some(slot.map_or(next, |slot| slot.min(next)));
                continue;
            }
            let wanted = wanted(&policy, &lane, room, busy);
            if wanted == 0 {
                continue;
            }
            // Those in flight are still ready in the store and stand in front. One more tells whether a
            // slot is worth waiting for.
            let limit = wanted
                .saturating_add(busy.on(&lane))
                .saturating_add(1)
                .min(i64::MAX as usize);
            for (due_at, seq, event_id) in
                due::ready(conn, &destination_id, group.as_deref(), limit)?
            {
                events.push(ReadyEvent {
                    due_at,
                    seq,
                    event_id,
                    lane: lane.clone(),
                });
            }
        }
        events.sort_by_key(|event| (event.due_at, event.seq));
        ready.push(ReadyDestination {
            destination_id,
            policy,
            slot,
            events,
        });
    }
    Ok(DispatchPlan {
        waiting,
        ready,
        jobs,
    })
}

/// The lane of events of a group. Without groups in the policy all share the destination's; with them,
/// events from before that have no group belong to the unknown one.
fn lane(policy: &DeliveryPolicy, destination_id: &str, group: Option<&str>) -> Lane {
    Lane {
        destination_id: destination_id.to_owned(),
        group: policy
            .groups
            .as_ref()
            .map(|_| group.unwrap_or(UNKNOWN).to_owned()),
    }
}

/// How many events of a lane could start at the most.
fn wanted(policy: &DeliveryPolicy, lane: &Lane, room: usize, busy: &InFlightCounts) -> usize {
    let paced = match &lane.group {
        Some(group) => at_once(policy.group_interval(group)),
        None => usize::MAX,
    };
    lane_room(policy, lane, room, busy)
        .min(at_once(policy.interval))
        .min(paced)
}

/// How many more attempts a destination may have in flight when `free` are left to all of them and
/// it has `busy`. One is always its own, so that destinations that hang hold up nobody else.
pub(super) fn destination_room(policy: &DeliveryPolicy, free: usize, busy: usize) -> usize {
    let most = match (policy.concurrent, &policy.groups) {
        (Some(most), _) => most,
        (None, None) => CONCURRENT,
        // Each group has as much to itself, so that one that hangs does not hold up the others.
        (None, Some(_)) => return usize::MAX,
    };
    share(free, most, busy)
}

/// How many more attempts a lane may have in flight.
pub(super) fn lane_room(
    policy: &DeliveryPolicy,
    lane: &Lane,
    free: usize,
    busy: &InFlightCounts,
) -> usize {
    let of_destination = destination_room(policy, free, busy.to(&lane.destination_id));
    if policy.groups.is_none() {
        return of_destination;
    }
    of_destination.min(share(free, CONCURRENT, busy.on(lane)))
}

fn share(free: usize, most: usize, busy: usize) -> usize {
    let free = free.max(usize::from(busy == 0));
    most.saturating_sub(busy).min(free)
}

#[cfg(test)]
mod tests {
    use super::super::lanes::InFlight;
    use super::*;

    #[test]
    fn destinations_that_hang_leave_one_attempt_to_every_other() {
        let policy =
            DeliveryPolicy::of(r#"{"delivery_policy":{"rate":500,"period":"concurrent"}}"#);
        assert_eq!(destination_room(&policy, 256, 0), 256);
        assert_eq!(destination_room(&policy, 0, 256), 0);
        assert_eq!(destination_room(&policy, 0, 0), 1);
        assert_eq!(destination_room(&policy, 0, 1), 0);
        assert_eq!(destination_room(&policy, 3, 1), 3);
        let one = DeliveryPolicy::of(r#"{"delivery_policy":{"rate":1,"period":"concurrent"}}"#);
        assert_eq!(destination_room(&one, 100, 0), 1);
        assert_eq!(destination_room(&one, 100, 1), 0);
        assert_eq!(destination_room(&DeliveryPolicy::default(), 100, 30), 2);
    }

    #[test]
    fn a_group_that_hangs_leaves_the_others_their_room_unless_the_destination_is_capped() {
        let groups = r#""groups":{"key":"body.t","rate":100,"rate_period":"second"}"#;
        let policy = DeliveryPolicy::of(&format!(r#"{{"delivery_policy":{{{groups}}}}}"#));
        let lane = |group: &str| lane(&policy, "des", Some(group));
        let mut in_flight = InFlight::default();
        for n in 0..CONCURRENT {
            in_flight.add(n.to_string(), Some(lane("hangs")));
        }
        let busy = in_flight.busy();
        assert_eq!(lane_room(&policy, &lane("hangs"), 100, busy), 0);
        assert_eq!(lane_room(&policy, &lane("other"), 100, busy), CONCURRENT);
        assert_eq!(lane_room(&policy, &lane("other"), 0, busy), 1);
        let capped = DeliveryPolicy::of(&format!(
            r#"{{"delivery_policy":{{"rate":{CONCURRENT},"period":"concurrent",{groups}}}}}"#
        ));
        assert_eq!(lane_room(&capped, &lane("other"), 100, busy), 0);
    }

    #[test]
    fn events_without_a_group_belong_to_the_unknown_one_of_a_grouped_destination() {
        let grouped = DeliveryPolicy::of(
            r#"{"delivery_policy":{"groups":{"key":"path","rate":1,"rate_period":"hour"}}}"#,
        );
        assert_eq!(lane(&grouped, "des", None).group.as_deref(), Some(UNKNOWN));
        assert_eq!(
            lane(&DeliveryPolicy::default(), "des", Some("x")).group,
            None
        );
    }
}
