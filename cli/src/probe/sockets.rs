//! Whether this process may have as many sockets as the domains under way take.
//!
//! A socket that the system does not give looks like a server or a resolver that is not there, and a domain must not be blamed for
//! it. So they are counted before the first domain begins.

use core::net::Ipv4Addr;
use std::io;
use std::net::UdpSocket;

use crate::args::{ProbeArgs, Source};
use crate::exit::Ending;
use crate::terminal::domains;

/// Most sockets of one delivery at once: of its lookups, or of its connection.
const EACH: usize = 2;

/// The same where its lookups are validated.
const EACH_VALIDATING: usize = 3;

/// Takes as many sockets as the deliveries will, with those of the resolver's check, and gives them back.
///
/// # Errors
/// [`Ending::Unusable`] if there are not as many, which says how many deliveries there is room for.
pub(super) fn check(args: &ProbeArgs) -> Result<(), Ending> {
    let each = match args.validate {
        true => EACH_VALIDATING,
        false => EACH,
    };
    let jobs = usize::from(args.jobs);
    let is_stream = |source: &Source| matches!(source, Source::StandardInput);
    let at_once = match args.domains.iter().any(is_stream) {
        true => jobs,
        false => jobs.min(args.domains.len()),
    };
    let wanted = at_once.saturating_add(1).saturating_mul(each);
    let Err((had, error)) = take(wanted) else {
        return Ok(());
    };
    let room = domains((had / each).saturating_sub(1));
    let at_once = domains(at_once);
    Err(Ending::Unusable(format!(
        "--jobs <N>: {at_once} at once may take {wanted} sockets, and this process gets {had} ({error}); \
         there is room for {room}, and for more if the system's limit (ulimit -n) is raised"
    )))
}

/// Takes that many sockets and gives them back. Where there is none at all, it is no matter of how many, and the deliveries say
/// by themselves what is wrong.
///
/// # Errors
/// How many there were, and why there was not one more.
fn take(wanted: usize) -> Result<(), (usize, io::Error)> {
    let Ok(first) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) else {
        return Ok(());
    };
    // Copies count as sockets do, but take no ports.
    let mut taken = Vec::with_capacity(wanted);
    while taken.len().saturating_add(1) < wanted {
        match first.try_clone() {
            Ok(copy) => taken.push(copy),
            Err(error) => return Err((taken.len().saturating_add(1), error)),
        }
    }
    Ok(())
}
