//! x
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a model may stop at what it did not expect"
)]

mod cases;
mod domains;
mod facts;
mod known;
mod model;
pub mod mutant;
pub mod property;
mod resolver;
mod run;
mod server;
mod strange;
mod zone;

pub use cases::Size;
pub use run::Report;

use run::check;

/// The models, by name.
pub const MODELS: [(&str, fn(Size) -> Report); 5] = [
    ("session", |_| {
        check("session", model::session::Sessions::new())
    }),
    ("host", |size| check("host", model::host::Hosts::new(size))),
    ("routing", |size| {
        check("routing", model::routing::Routes::new(size))
    }),
    ("delivery", |size| {
        check("delivery", model::delivery::Deliveries::new(size))
    }),
    ("audit", |size| {
        check("audit", model::audit::Audits::new(size))
    }),
];

/// Runs the models of these names, or all if there are none, prints what came of each, and says whether everything holds.
#[must_use]
pub fn run(size: Size, names: &[String]) -> bool {
    let (mut unique, mut total, mut time, mut holds) = (0, 0, 0.0, true);
    for (name, model) in MODELS {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            let report = model(size);
            println!("{report}");
            unique += report.unique;
            total += report.total;
            time += report.time.as_secs_f64();
            holds &= report.holds();
        }
    }
    println!(
        "{:<10} {unique:>9} states, {total:>10} with repeats, {time:>18.2} s",
        "total"
    );
    holds
}
