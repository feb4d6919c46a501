//! The models, and what they have in common.

pub mod audit;
pub mod delivery;
pub mod host;
pub mod routing;
pub mod session;

use smtp_dane::delivery::Transfer;
use smtp_dane::dns::{Query, QueryId};
use smtp_dane::resolve::Unexpected;
use stateright::Model;

use crate::resolver::Given;
use crate::server::Move;
use crate::zone::Zone;

/// Something that happens to the machine under test.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Answer(QueryId, Box<Given>),
    Connect(bool),
    OnWire(Move),
    Take(Transfer),
}

impl Action {
    /// Every answer to each of the open queries.
    fn answers(open: &[Query], zone: &Zone) -> impl Iterator<Item = Self> {
        open.iter().flat_map(|query| {
            let answers = zone.answers(query.question()).into_iter();
            answers.map(|given| Self::Answer(query.id(), Box::new(given)))
        })
    }
}

/// Something can happen in this state, and the machine takes whatever does.
fn has_way_on<M: Model>(model: &M, state: &M::State) -> bool {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    let takes = |action| model.next_state(state, action).is_some();
    !actions.is_empty() && actions.into_iter().all(takes)
}

/// The machine takes none of these events, and is the same after them.
fn refuses<T: Clone + PartialEq, E>(
    machine: &T,
    mut events: impl Iterator<Item = E>,
    handle: impl Fn(&mut T, E) -> Result<(), Unexpected>,
) -> bool {
    let mut tried = machine.clone();
    events.all(|event| handle(&mut tried, event).is_err()) && tried == *machine
}
