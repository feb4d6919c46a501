//! What a scenario expects, and where a report differs from that. What it does not name is not compared.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::report::{HostReport, HostResult, OutcomeKind, Reason, Report};

/// What is expected of a delivery.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub(super) struct Expected {
    #[serde(default)]
    outcome: Option<OutcomeKind>,
    /// The enhanced status code.
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    would_refuse: Option<bool>,
    /// The code of what an audit objects to.
    #[serde(default, deserialize_with = "named")]
    objection: Option<Value>,
    /// The code of the reason.
    #[serde(default, deserialize_with = "named")]
    reason: Option<Value>,
    #[serde(default)]
    tlsrpt: Option<Vec<String>>,
    #[serde(default)]
    hosts: Option<Vec<ExpectedHost>>,
}

/// What is expected of a host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct ExpectedHost {
    host: String,
    #[serde(default)]
    result: Option<HostResult>,
    #[serde(default, deserialize_with = "named")]
    tls_policy: Option<Value>,
    #[serde(default, deserialize_with = "named")]
    tlsa_base: Option<Value>,
    /// The code of the reason.
    #[serde(default, deserialize_with = "named")]
    reason: Option<Value>,
}

/// A word, or `null` where none is expected: that is more than a field which is not there.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    let word = Option::<String>::deserialize(deserializer)?;
    Ok(Some(word.map_or(Value::Null, Value::String)))
}

/// A field that is not as expected.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Difference {
    /// Its place in the report.
    pub(super) field: String,
    pub(super) expected: Value,
    pub(super) found: Value,
}

/// The differences so far.
#[derive(Debug, Default)]
struct Differences(Vec<Difference>);

impl Differences {
    /// Notes a difference, unless nothing is expected.
    fn compare(&mut self, field: &str, expected: Option<Value>, found: Value) {
        if let Some(expected) = expected
            && expected != found
        {
            self.0.push(Difference {
                field: field.to_owned(),
                expected,
                found,
            });
        }
    }
}

impl Expected {
    /// Where the report is not as expected, in the order of its fields.
    pub(super) fn differences(&self, report: &Report) -> Vec<Difference> {
        let mut differences = Differences::default();
        let outcome = self.outcome.map(|outcome| json!(outcome.as_str()));
        differences.compare("outcome", outcome, json!(report.outcome.as_str()));
        let status = self.status.as_ref().map(|status| json!(status));
        differences.compare("status", status, json!(report.status.enhanced));
        let would_refuse = self.would_refuse.map(Value::Bool);
        differences.compare("would_refuse", would_refuse, json!(report.would_refuse));
        let objection = code(report.objection.as_ref());
        differences.compare("objection", self.objection.clone(), objection);
        if let Some(hosts) = &self.hosts {
            let expected: Vec<_> = hosts.iter().map(|host| &host.host).collect();
            let found: Vec<_> = report.hosts.iter().map(|host| &host.host).collect();
            if expected == found {
                for (number, (host, found)) in hosts.iter().zip(&report.hosts).enumerate() {
                    host.compare(number, found, &mut differences);
                }
            } else {
                differences.compare("hosts", Some(json!(expected)), json!(found));
            }
        }
        differences.compare("reason", self.reason.clone(), code(report.reason.as_ref()));
        let tlsrpt = self.tlsrpt.as_ref().map(|types| json!(types));
        differences.compare("tlsrpt", tlsrpt, json!(report.tlsrpt));
        differences.0
    }
}

impl ExpectedHost {
    fn compare(&self, number: usize, found: &HostReport, differences: &mut Differences) {
        let field = |name: &str| format!("hosts[{number}].{name}");
        let result = self.result.map(|result| json!(result.as_str()));
        differences.compare(&field("result"), result, json!(found.result.as_str()));
        let policy = self.tls_policy.clone();
        differences.compare(&field("tls_policy"), policy, json!(found.tls_policy));
        let base = self.tlsa_base.clone();
        differences.compare(&field("tlsa_base"), base, json!(found.tlsa_base));
        let reason = code(found.reason.as_ref());
        differences.compare(&field("reason"), self.reason.clone(), reason);
    }
}

fn code(reason: Option<&Reason>) -> Value {
    reason.map_or(Value::Null, |reason| json!(reason.code))
}
