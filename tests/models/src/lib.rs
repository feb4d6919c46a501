//! x
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a model may stop at what it did not expect"
)]

mod cases;
mod domains;
mod facts;
mod known;
mod model;
mod property;
mod resolver;
mod run;
mod server;
mod strange;
mod zone;

pub use cases::Size;
pub use run::Report;

pub fn sessions() -> Report {
    run::check("session", model::session::Sessions::new())
}

pub fn hosts(size: Size) -> Report {
    run::check("host", model::host::Hosts::new(size))
}

pub fn routes(size: Size) -> Report {
    run::check("routing", model::routing::Routes::new(size))
}
