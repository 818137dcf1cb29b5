//! Pages, and the streams that walk them.

mod cursor;
mod items;
mod page;
mod pages;

pub use cursor::{Cursor, ParseCursorError};
pub use items::Items;
pub use page::Page;
pub use pages::Pages;
