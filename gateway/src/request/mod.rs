//! A request as such: how it came in, what is wrong with it whatever its source, and how rules see it.

mod content_type;
mod receive;
mod view;

pub use content_type::{BodyKind, is_binary};
pub use receive::{ReceivedRequest, RequestError};
pub use view::RequestView;
