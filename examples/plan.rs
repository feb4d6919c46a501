//! What a delivery to a domain would have to do: its hosts in order, and the TLS policy of each. No mail server is spoken to.
//!
//! ```console
//! $ cargo run --example plan -- 127.0.0.1:53 example.com
//! ```
//!
//! Blocking, one query at a time, with the sockets of the standard library. The resolver must validate, and only one on this
//! machine is believed to.

#[path = "shared/arguments.rs"]
mod arguments;
#[path = "shared/blocking.rs"]
mod blocking;
#[path = "shared/dns.rs"]
mod dns;

use smtp_dane::dns::Question;
use smtp_dane::resolve::{HostLookup, NextHop, Routing, Step, TlsPolicy};

use arguments::{Arguments, Error};

fn main() -> Result<(), Error> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    for next_hop in &arguments.next_hops {
        plan(next_hop, &arguments)?;
    }
    Ok(())
}

fn plan(next_hop: &NextHop, arguments: &Arguments) -> Result<(), Error> {
    let policy = &arguments.policy;
    let ask = |question: &Question| blocking::ask(arguments.resolver, question, arguments.patience);
    let mut routing = Routing::new(next_hop.clone(), policy, getrandom::u64()?);
    while let Step::Lookup([query, ..]) = routing.step() {
        let (id, answer) = (query.id(), ask(query.question()));
        routing.handle(id, answer)?;
    }
    let Step::Done(route) = routing.step() else {
        return Err("a machine without a query is done".into());
    };
    let route = match route {
        Ok(route) => route,
        Err(error) => {
            println!("{next_hop}: no route: {error} ({})", error.cite());
            return Ok(());
        }
    };
    println!(
        "{}: the MX answer is {}",
        route.next_hop(),
        route.security()
    );

    for exchanger in route.exchangers() {
        let mut lookup = HostLookup::new(exchanger, route, policy);
        while let Step::Lookup([query, ..]) = lookup.step() {
            let (id, answer) = (query.id(), ask(query.question()));
            lookup.handle(id, answer)?;
        }
        let what = match lookup.step() {
            Step::Done(Ok(plan)) => match plan.tls() {
                TlsPolicy::Opportunistic(why) => format!("TLS if offered: {why} ({})", why.cite()),
                TlsPolicy::Encrypt(encryption) => format!("TLS: {}", encryption.cause()),
                TlsPolicy::Audit(_) => "TLS if offered: an audit demands nothing".to_owned(),
                TlsPolicy::Pkix(pkix) => format!("TLS, authenticated as {}", pkix.name()),
                TlsPolicy::Authenticate(wanted) => {
                    format!(
                        "TLS, authenticated by {} TLSA records",
                        wanted.tlsa().records().count()
                    )
                }
            },
            Step::Done(Err(error)) => format!("not to be used: {error} ({})", error.cite()),
            Step::Lookup(_) => return Err("a machine that waits has a query".into()),
        };
        println!("{:5} {}: {what}", exchanger.preference(), exchanger.host());
    }
    Ok(())
}
