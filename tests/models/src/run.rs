//! Runs the checker and words what it found.

use std::fmt;
use std::time::{Duration, Instant};

use stateright::{Checker, Expectation, Model, Path};

/// What the checker found in one model.
#[derive(Debug)]
pub struct Report {
    /// The model.
    pub model: &'static str,
    /// Different states.
    pub unique: usize,
    /// States, each as often as it was reached.
    pub total: usize,
    /// Events on the longest way, and the initial state.
    pub depth: usize,
    /// How long it took.
    pub time: Duration,
    /// The properties that do not hold, each with the way to a state where it does not.
    pub violated: Vec<(&'static str, String)>,
    /// What should be possible and is not.
    pub unreached: Vec<&'static str>,
}

impl Report {
    /// Whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violated.is_empty() && self.unreached.is_empty()
    }

    /// The names of all that does not hold.
    pub fn faults(&self) -> impl Iterator<Item = &'static str> {
        let violated = self.violated.iter().map(|(name, _)| *name);
        violated.chain(self.unreached.iter().copied())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<10} {:>9} states, {:>10} with repeats, depth {:>3}, {:>7.2} s",
            self.model,
            self.unique,
            self.total,
            self.depth,
            self.time.as_secs_f64()
        )?;
        for (name, path) in &self.violated {
            write!(f, "\nVIOLATED: {name}\n{path}")?;
        }
        for name in &self.unreached {
            write!(f, "\nUNREACHED: {name}")?;
        }
        Ok(())
    }
}

/// Explores all of a model.
pub(crate) fn check<M>(name: &'static str, model: M) -> Report
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + fmt::Debug + PartialEq + std::hash::Hash + Send + Sync,
    M::Action: Clone + fmt::Debug + PartialEq,
{
    let started = Instant::now();
    let checker = model.checker().threads(2).spawn_bfs().join();
    let found = checker.discoveries();
    let properties = checker.model().properties();
    let of = |fails: Expectation| {
        let all = properties.iter();
        all.filter(move |property| property.expectation == fails)
    };
    let violated = of(Expectation::Always).filter_map(|property| {
        let path = found.get(property.name)?;
        Some((property.name, words(path.clone())))
    });
    let unreached = of(Expectation::Sometimes)
        .map(|property| property.name)
        .filter(|name| !found.contains_key(name));
    Report {
        model: name,
        unique: checker.unique_state_count(),
        total: checker.state_count(),
        depth: checker.max_depth(),
        violated: violated.collect(),
        unreached: unreached.collect(),
        time: started.elapsed(),
    }
}

/// The last state of a way, after the events that led there.
fn words<S: fmt::Debug, A: fmt::Debug>(path: Path<S, A>) -> String {
    let mut text = String::new();
    let steps = path.into_vec();
    for (_, action) in &steps {
        if let Some(action) = action {
            text.push_str(&format!("  {action:?}\n"));
        }
    }
    if let Some((state, _)) = steps.last() {
        text.push_str(&format!("  leads to {state:?}"));
    }
    text
}
