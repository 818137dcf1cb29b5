//! What is made from the contract's own document: that every operation succeeds in its shape, refuses
//! what its schemas exclude, and fails over nothing.

mod hostile;
mod operations;
mod validation;
