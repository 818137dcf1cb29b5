//! The generator by itself: what it makes of each shape a schema can have, what it refuses, and
//! whether what it writes compiles, for our document and for any other
//! (`HOOKDECK_DOCUMENTS=<folder with *.json>`).

#[path = "../build/mod.rs"]
mod generator;

#[path = "generator/additions.rs"]
mod additions;
#[path = "generator/columns.rs"]
mod columns;
#[path = "generator/compile.rs"]
mod compile;
#[path = "generator/filters.rs"]
mod filters;
#[path = "generator/models.rs"]
mod models;
#[path = "generator/naming.rs"]
mod naming;
#[path = "generator/refinements.rs"]
mod refinements;
#[path = "generator/shapes.rs"]
mod shapes;
#[path = "generator/small.rs"]
mod small;
