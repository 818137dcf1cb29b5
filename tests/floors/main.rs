//! The floors of both crates: an arrow from one room to another may only point down, so no rooms can import
//! each other in a circle. ARCHITECTURE.md says what each room is for.

mod arrows;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use arrows::{Arrow, arrows, rooms};

/// A crate with its rooms from the roof down.
struct House {
    name: &'static str,
    src: &'static str,
    roots: &'static [&'static str],
    floors: &'static [&'static str],
    /// Arrows that point up all the same, from one room to another, each with its reason.
    exceptions: &'static [(&'static str, &'static str, &'static str)],
}

const SDK: House = House {
    name: "hookdeck",
    src: "src",
    roots: &["lib.rs"],
    floors: &[
        "lib",
        "publish raw",
        "resources",
        "configuration webhook",
        "models",
        "macros",
        "call",
        "client",
        "paging",
        "pipeline",
        "transport auth",
        "version",
        "operation",
        "query",
        "error",
        "contract types",
    ],
    exceptions: &[],
};

const GATEWAY: House = House {
    name: "hookdeck_gateway",
    src: "gateway/src",
    roots: &["lib.rs", "main.rs"],
    floors: &[
        "main",
        "lib",
        "builder",
        "gateway",
        "compare",
        "control",
        "server",
        "api",
        "project",
        "engine",
        "bulk",
        "ingest",
        "sessions",
        "delivery",
        "intake journal request",
        "services",
        "faults metrics rules issues",
        "events",
        "contract transform",
        "query",
        "defaults",
        "store",
        "clock crypto ids settings json json_match parity wire",
    ],
    exceptions: &[(
        "gateway",
        "builder",
        "a gateway is started by the builder it hands out",
    )],
};

#[test]
fn the_rooms_of_the_sdk_stand_on_floors() {
    inspect(&SDK);
}

#[test]
fn the_rooms_of_the_gateway_stand_on_floors() {
    inspect(&GATEWAY);
}

fn inspect(house: &House) {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(house.src);
    let arrows = arrows(&src, house.roots, house.name);
    let faults = faults(house, &arrows);
    assert!(
        faults.is_empty(),
        "{} faults in the floors of {}:\n{}",
        faults.len(),
        house.name,
        faults.join("\n")
    );
}

/// What is wrong, a line each.
fn faults(house: &House, arrows: &[Arrow]) -> Vec<String> {
    let floor_of: BTreeMap<&str, usize> = house
        .floors
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.split(' ').map(move |room| (room, floor)))
        .collect();
    let mut faults: Vec<String> = rooms(arrows)
        .iter()
        .filter(|room| !floor_of.contains_key(room.as_str()))
        .map(|room| format!("{}/{room}: this room is on no floor", house.src))
        .collect();
    let is_excepted = |arrow: &Arrow| {
        let mut exceptions = house.exceptions.iter();
        exceptions.any(|(from, to, _)| *from == arrow.from && *to == arrow.to)
    };
    let mut upward = Vec::new();
    for arrow in arrows {
        let (Some(from), Some(to)) = (
            floor_of.get(arrow.from.as_str()),
            floor_of.get(arrow.to.as_str()),
        ) else {
            continue;
        };
        if from < to {
            continue;
        }
        upward.push(arrow);
        if !is_excepted(arrow) {
            faults.push(format!(
                "{}/{}:{}: {} names {} ({}), which stands on the same floor or above",
                house.src, arrow.file, arrow.line, arrow.from, arrow.to, arrow.path
            ));
        }
    }
    for (from, to, _) in house.exceptions {
        if !upward
            .iter()
            .any(|arrow| arrow.from == *from && arrow.to == *to)
        {
            faults.push(format!("{from} no longer names {to}: strike the exception"));
        }
    }
    faults
}

#[test]
fn an_arrow_up_a_homeless_room_and_a_stale_exception_are_told_with_file_and_line() {
    let house = House {
        name: "house",
        src: "src",
        roots: &[],
        floors: &["roof", "attic loft", "cellar"],
        exceptions: &[("loft", "roof", "nobody does this any more")],
    };
    let arrow = |from: &str, to: &str| Arrow {
        from: from.to_owned(),
        to: to.to_owned(),
        file: format!("{from}.rs"),
        line: 7,
        path: format!("{to}::Thing"),
    };
    let found = faults(
        &house,
        &[
            arrow("roof", "cellar"),
            arrow("cellar", "roof"),
            arrow("attic", "loft"),
            arrow("roof", "shed"),
        ],
    );
    assert_eq!(
        found,
        [
            "src/shed: this room is on no floor",
            "src/cellar.rs:7: cellar names roof (roof::Thing), which stands on the same floor or above",
            "src/attic.rs:7: attic names loft (loft::Thing), which stands on the same floor or above",
            "loft no longer names roof: strike the exception",
        ]
    );
}
