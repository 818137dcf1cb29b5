//! The schemes that are like no other.

mod adyen;
mod form;
mod header;
mod jwt;
mod key;
mod paymob;
mod praxis;

pub(super) use adyen::adyen;
pub(super) use form::{mandrill, twilio};
pub(super) use header::{coinbase, formstack, vapi};
pub(super) use jwt::{fusionauth, wix};
pub(super) use key::{alipay, bridge_xyz};
pub(super) use paymob::paymob;
pub(super) use praxis::praxis;
