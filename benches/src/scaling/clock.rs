//! The median time of something short, on a machine that is busy with other things, too.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many runs the median is of.
const RUNS: usize = 101;

/// How long a run takes at least. A longer one is more often interrupted, and a shorter one sees the steps of the clock.
const RUN: Duration = Duration::from_micros(200);

/// How many inputs lie ready at a time: few enough to stay in the caches.
const BATCH: usize = 16;

/// The median, in nanoseconds, of `work` on an input of `make`, whose making and dropping are not timed.
///
/// # Panics
/// If the work comes to a wrong end.
pub(super) fn nanoseconds<T>(make: impl Fn() -> T, work: impl Fn(&mut T) -> bool) -> f64 {
    let run = || {
        let (mut taken, mut times) = (Duration::ZERO, 0.0);
        while taken < RUN {
            let mut inputs: Vec<T> = (0..BATCH).map(|_| make()).collect();
            let start = Instant::now();
            let good = inputs.iter_mut().all(|input| work(black_box(input)));
            taken += start.elapsed();
            assert!(good, "the work came to a wrong end");
            times += BATCH as f64;
        }
        nanoseconds_of(taken) / times
    };
    run();
    median((0..RUNS).map(|_| run()).collect())
}

/// What it takes to ask the clock twice.
pub(super) fn of_the_clock() -> f64 {
    let empty = |_| nanoseconds_of(black_box(Instant::now()).elapsed());
    median((0..10_001).map(empty).collect())
}

pub(super) fn nanoseconds_of(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
