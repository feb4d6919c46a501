//! Who says what about each domain, and where that is not as it should be.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use crate::deliveries::Deliveries;
use crate::differences::{self, Difference};
use crate::options::Options;
use crate::records::{Host, Identities};
use crate::table::Domain;
use crate::verdict::{Statement, Witness};
use crate::{Fallible, World, client, finger, ours};

/// How many programs run at once; they wait for the network most of the time.
const WORKERS: usize = 8;

/// How many chains `s_client` must have been asked about, lest a change of the table leave it without work.
const LEAST_CHAINS: usize = 50;

/// The witnesses that have a column, and how wide it is.
const COLUMNS: [(Witness, usize); 5] = [
    (Witness::Ours, 15),
    (Witness::Validate, 15),
    (Witness::Finger, 14),
    (Witness::Client, 14),
    (Witness::Postfix, 13),
];

/// Asks everybody about everything, prints the table, and returns what is not as it should be.
pub(crate) fn run(world: &World<'_>, options: &Options) -> Fallible<Vec<String>> {
    let table = world.table;
    let wanted = |domain: &&Domain| options.wants(&domain.name);
    let domains: Vec<&Domain> = table.domain.iter().filter(wanted).collect();
    let statements = gather(&domains, world, options)?;
    let agreed = differences::listed(table)?;
    let listed = &agreed.difference;
    let mut met = vec![0; listed.len()];
    let mut complaints = Vec::new();
    print_row("domain", |who| who.name().to_owned(), "expected", "");
    for domain in &domains {
        let said = statements.get(&domain.name).map_or(&[][..], Vec::as_slice);
        let complaints_before = complaints.len();
        let mut agree = "yes";
        for statement in said.iter().filter(|it| it.said != it.expected) {
            let covers = |it: &Difference| it.covers(&domain.name, statement);
            match listed
                .iter()
                .position(covers)
                .and_then(|entry| met.get_mut(entry))
            {
                Some(count) => *count += 1,
                None => complaints.push(complaint(domain, statement)),
            }
            agree = "listed";
        }
        if complaints.len() > complaints_before {
            agree = "NO";
        }
        let cell = |who| cell(said, who);
        print_row(&domain.name, cell, &domain.expected.to_string(), agree);
    }
    let gone = gone(listed, &met, &domains);
    if world.versions.are(&agreed.versions) {
        complaints.extend(gone);
    } else {
        let versions = world.versions;
        println!("\ndifferences.toml was written with other versions than {versions}.");
        for difference in gone {
            println!("{difference}");
        }
    }
    let chains = statements
        .values()
        .flatten()
        .filter(|it| it.who == Witness::Client)
        .count();
    if domains.len() == table.domain.len() && chains < LEAST_CHAINS {
        complaints.push(format!("s_client was asked about {chains} chains alone"));
    }
    println!(
        "\n{} domains, {} statements, {} listed differences:",
        domains.len(),
        statements.values().map(Vec::len).sum::<usize>(),
        met.iter().sum::<usize>()
    );
    for (entry, _) in listed.iter().zip(&met).filter(|(_, met)| **met > 0) {
        println!("{entry}");
    }
    Ok(complaints)
}

/// The statements of all witnesses by domain.
fn gather(
    domains: &[&Domain],
    world: &World<'_>,
    options: &Options,
) -> Fallible<BTreeMap<String, Vec<Statement>>> {
    let deliveries = Deliveries::start(world.postfix, domains)?;
    let mut statements = ours::ask(options, domains)?;
    for (domain, of_peers) in ask_peers(domains, world.identities, &world.postfix.settings)? {
        statements.entry(domain).or_default().extend(of_peers);
    }
    for (domain, statement) in deliveries.finish()? {
        statements.entry(domain).or_default().push(statement);
    }
    Ok(statements)
}

/// The opinions of others, several domains at once.
fn ask_peers(
    domains: &[&Domain],
    identities: &Identities,
    settings: &Path,
) -> Fallible<Vec<(String, Vec<Statement>)>> {
    let waiting = Mutex::new(domains.iter());
    let next = || waiting.lock().ok()?.next();
    let work = || {
        let mut done = Vec::new();
        while let Some(domain) = next() {
            let (name, expected) = (&domain.name, &domain.expected);
            let mut statements = vec![finger::ask(name, expected, settings)?];
            if let Some(host) = Host::of(domain, identities)? {
                statements.extend(client::ask(name, &host, expected)?);
            }
            done.push((name.clone(), statements));
        }
        Fallible::Ok(done)
    };
    let mut all = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            all.extend(worker.join().map_err(|_| "a thread broke down")??);
        }
        Ok(all)
    })
}

fn cell(said: &[Statement], who: Witness) -> String {
    match said.iter().find(|it| it.who == who) {
        Some(statement) if statement.said == statement.expected => statement.said.clone(),
        Some(statement) => format!("*{}", statement.said),
        None => "-".to_owned(),
    }
}

fn print_row(domain: &str, cell: impl Fn(Witness) -> String, expected: &str, agree: &str) {
    let mut line = format!("{domain:<34}");
    for (who, width) in COLUMNS {
        line.push_str(&format!(" {:<width$}", cell(who)));
    }
    line.push_str(&format!(" {expected:<15} {agree}"));
    println!("{}", line.trim_end());
}

fn complaint(domain: &Domain, statement: &Statement) -> String {
    let Statement {
        who,
        expected,
        said,
        detail,
    } = statement;
    let (name, because, who) = (&domain.name, &domain.because, who.name());
    format!(
        "{name}: {who} says '{said}', and '{expected}' is expected.\n  {because}\n  {}",
        detail.trim_end().replace('\n', "\n  ")
    )
}

/// The listed differences of the domains that were not met for each who is listed.
fn gone(listed: &[Difference], met: &[usize], domains: &[&Domain]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (entry, met) in listed.iter().zip(met) {
        let asked = domains.iter().any(|domain| domain.name == entry.domain);
        if asked && *met != entry.who.len() {
            complaints.push(format!(
                "{}: differences.toml lists '{}' for {} witnesses, and {met} say it",
                entry.domain,
                entry.says,
                entry.who.len()
            ));
        }
    }
    complaints
}
