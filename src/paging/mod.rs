//! Pages, and the streams that walk them.

mod ahead;
mod cursor;
mod cycle;
mod items;
mod page;
mod pages;
mod walk;

pub use cursor::{Cursor, ParseCursorError};
pub use items::Items;
pub use page::Page;
pub use pages::Pages;
