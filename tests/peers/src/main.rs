//! Holds the tool `smtp-dane` against unbound, Postfix and OpenSSL, over a signed hierarchy and mail servers of its own.
//!
//! `run` starts this program in a network of its own; README.md explains the rest.

mod certificates;
mod client;
mod comparison;
mod daemons;
mod deliveries;
mod differences;
mod finger;
mod options;
mod ours;
mod postfix;
mod records;
mod sender;
mod servers;
mod table;
mod verdict;
mod versions;
mod zones;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::{Command, ExitCode};

use certificates::Identity;
use options::Options;
use postfix::Postfix;
use records::Identities;
use table::{Behaviour, Table};
use versions::Versions;

/// Whatever goes wrong here is for somebody to read.
type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    match Options::read().and_then(|options| run(&options)) {
        Ok(complaints) if complaints.is_empty() => ExitCode::SUCCESS,
        Ok(complaints) => {
            println!();
            for complaint in complaints {
                println!("{complaint}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tests/peers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts everything, asks everybody, and returns what is not as it should be.
fn run(options: &Options) -> Fallible<Vec<String>> {
    let table = Table::read()?;
    options.check(&table)?;
    let folder = options.folder.as_path();
    let versions = Versions::read(folder)?;
    println!("{versions}\n");
    let identities = identities(&table)?;
    let hierarchy = zones::build(&table, &identities, folder)?;
    let _authority = daemons::nsd(&hierarchy, folder)?;
    let _resolvers = daemons::resolvers(&hierarchy, folder)?;
    for (name, server) in &table.server {
        let identity = identities.get(name).ok_or("a server is gone")?;
        match server.behaviour {
            Behaviour::Absent | Behaviour::Postfix => {}
            behaviour => servers::start(identity, behaviour)?,
        }
    }
    let postfix = Postfix::start(identities.get("postfix").ok_or("no Postfix")?, folder)?;
    let world = World {
        table: &table,
        identities: &identities,
        versions: &versions,
        postfix: &postfix,
    };
    let result = ask(&world, options);
    if options.shell {
        Command::new("sh").current_dir(folder).status()?;
    }
    result
}

/// All that stands there to be asked, or about.
struct World<'a> {
    table: &'a Table,
    identities: &'a Identities,
    versions: &'a Versions,
    postfix: &'a Postfix,
}

fn ask(world: &World<'_>, options: &Options) -> Fallible<Vec<String>> {
    let complaints = comparison::run(world, options)?;
    if options.wants(sender::DOMAIN) {
        println!("\n{}", sender::send_and_read(world.postfix)?);
    }
    Ok(complaints)
}

/// Certificates and an address for each server.
fn identities(table: &Table) -> Fallible<Identities> {
    let mut identities = BTreeMap::new();
    for (number, (name, server)) in (1_u8..).zip(&table.server) {
        let address = Ipv4Addr::new(127, 0, 1, number);
        identities.insert(name.clone(), Identity::new(address, server)?);
    }
    Ok(identities)
}
