//! Pages, and the streams that walk them. How a page is fetched is for the caller to say: a function
//! from a place to a future of the page.

mod cursor;
mod cycle;
mod items;
mod page;
mod pages;
mod prefetch;
mod slices;
mod walk;
mod windows;

pub use cursor::{Cursor, ParseCursorError};
pub use items::Items;
pub use page::Page;
pub use pages::Pages;
pub(crate) use walk::FetchPage;
pub(crate) use windows::TimedList;
pub use windows::{Timed, Windows};
