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
mod zones;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, ExitCode};

use certificates::Identity;
use daemons::output;
use options::Options;
use postfix::Postfix;
use records::Identities;
use table::{Behaviour, Table};

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
    let folder = options.folder.as_path();
    println!("{}", versions(folder)?);
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
    let result = ask(&table, &identities, options, &postfix);
    if options.shell {
        Command::new("sh").current_dir(folder).status()?;
    }
    result
}

fn ask(
    table: &Table,
    identities: &Identities,
    options: &Options,
    postfix: &Postfix,
) -> Fallible<Vec<String>> {
    let complaints = comparison::run(table, identities, options, postfix)?;
    if options.wants(sender::DOMAIN) {
        println!("\n{}", sender::send_and_read(postfix)?);
    }
    Ok(complaints)
}

/// Whose words these are; other versions may differ in other ways.
fn versions(folder: &Path) -> Fallible<String> {
    let first_line = |program, arguments: &[&str]| -> Fallible<String> {
        let text = output(program, arguments, folder)?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    Ok(format!(
        "unbound {}, Postfix {}, {}\n",
        first_line("unbound", &["-V"])?.trim_start_matches("Version "),
        first_line("postconf", &["-dh", "mail_version"])?,
        first_line("openssl", &["version"])?
    ))
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
