//! What to tell others about a delivery: pure functions of what happened.

pub mod continuity;
pub mod tlsrpt;

mod explanation;
mod status;

pub use explanation::Explanation;
pub use status::Status;
