//! What to tell others about a delivery: pure functions of what happened.

pub mod continuity;
pub mod tlsrpt;

mod status;

pub use status::Status;
