//! Who says what about each domain, and where that is not as it should be.

use crate::Fallible;
use crate::daemons::{BLIND_RESOLVER, RESOLVER};
use crate::options::Options;
use crate::ours::{Opinion, probe};
use crate::table::{Domain, Table};
use crate::verdict::Verdict;

/// Asks everybody about everything, prints the table, and returns what is not as it should be.
pub(crate) fn run(table: &Table, options: &Options) -> Fallible<Vec<String>> {
    let wanted = |domain: &&Domain| options.wants(&domain.name);
    let domains: Vec<&Domain> = table.domain.iter().filter(wanted).collect();
    let ours = Ours::gather(options, &domains)?;
    let mut complaints = Vec::new();
    println!("{:<34} {:<16} {:<16} {:<16}", "domain", "ours", "--validate", "expected");
    for (domain, ours) in domains.iter().zip(&ours) {
        println!(
            "{:<34} {:<16} {:<16} {:<16}",
            domain.name, ours.believing.verdict, ours.validating.verdict, domain.expected
        );
        complaints.extend(ours.complaints(domain));
    }
    Ok(complaints)
}

/// Our opinions on one domain: where unbound's AD bit is believed, and where signatures are checked here.
struct Ours {
    believing: Opinion,
    validating: Opinion,
    mandatory: Opinion,
    mandatory_validating: Opinion,
}

impl Ours {
    fn gather(options: &Options, domains: &[&Domain]) -> Fallible<Vec<Self>> {
        let anchor = options.folder.join("anchor.key").display().to_string();
        let names = || domains.iter().map(|domain| domain.name.as_str());
        let ask = |dane: &str, how: &[&str]| {
            let arguments = [&["--dane", dane, "--resolver"], how].concat();
            probe(&options.tool, &arguments, names()).map(Vec::into_iter)
        };
        let validate = [BLIND_RESOLVER, "--validate", "--trust-anchor", &anchor];
        let mut believing = ask("opportunistic", &[RESOLVER])?;
        let mut validating = ask("opportunistic", &validate)?;
        let mut mandatory = ask("mandatory", &[RESOLVER])?;
        let mut mandatory_validating = ask("mandatory", &validate)?;
        let mut all = Vec::new();
        for domain in domains {
            let next = |opinions: &mut std::vec::IntoIter<Opinion>| {
                let opinion = opinions.next().filter(|it| it.domain == domain.name);
                opinion.ok_or_else(|| format!("{}: the tool said nothing", domain.name))
            };
            all.push(Self {
                believing: next(&mut believing)?,
                validating: next(&mut validating)?,
                mandatory: next(&mut mandatory)?,
                mandatory_validating: next(&mut mandatory_validating)?,
            });
        }
        Ok(all)
    }

    fn complaints(&self, domain: &Domain) -> Vec<String> {
        let opportunistic = [&self.believing, &self.validating];
        let mandatory = [&self.mandatory, &self.mandatory_validating];
        let mut complaints = Vec::new();
        for (opinions, dane) in [(opportunistic, "opportunistic"), (mandatory, "mandatory")] {
            for (opinion, how) in opinions.into_iter().zip(["the AD bit", "--validate"]) {
                let fits = match (dane, &domain.mandatory) {
                    ("opportunistic", _) => opinion.verdict.to_string() == domain.expected,
                    (_, Some(expected)) => opinion.verdict.to_string() == *expected,
                    (_, None) if domain.expected == "authenticated" => {
                        opinion.verdict == Verdict::Authenticated
                    }
                    (_, None) => matches!(opinion.verdict, Verdict::Deferred(_)),
                };
                let host = domain.host.as_ref().filter(|_| dane == "opportunistic");
                if !fits || host.is_some_and(|host| opinion.host.as_ref() != Some(host)) {
                    complaints.push(format!(
                        "{}: with {dane} DANE and {how}: {} at {:?}: {}",
                        domain.name, opinion.verdict, opinion.host, opinion.reason
                    ));
                }
            }
        }
        complaints
    }
}
