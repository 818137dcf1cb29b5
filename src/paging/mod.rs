//! Pages, and the streams that walk them.

mod ahead;
mod cursor;
mod cycle;
mod items;
mod page;
mod pages;
mod slices;
mod walk;
mod windows;

pub use cursor::{Cursor, ParseCursorError};
pub use items::Items;
pub use page::Page;
pub use pages::Pages;
pub use windows::{Timed, Windows};
