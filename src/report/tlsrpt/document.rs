//! [`Report`]: the document of RFC 8460 §4.4. Its fields have the names of the RFC, in Rust's spelling.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::{DateRange, PolicyType, ResultType};

/// What a report says of itself, all by the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the caller makes it")]
pub struct Header {
    /// The name of the organization that reports.
    pub organization_name: String,
    /// The mail address of whom to ask about the report.
    pub contact_info: String,
    /// What tells this report from all others of the organization.
    pub report_id: String,
    /// The time in which the sessions were.
    pub date_range: DateRange,
}

/// A TLS report for one domain (RFC 8460 §4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub struct Report {
    organization_name: String,
    date_range: DateRange,
    contact_info: String,
    report_id: String,
    policies: Vec<PolicyReport>,
    #[cfg_attr(feature = "serde", serde(skip))]
    counts: Counts,
    #[cfg_attr(feature = "serde", serde(skip))]
    detail: Detail,
}

impl Report {
    pub(super) fn new(
        header: Header,
        policies: Vec<PolicyReport>,
        counts: Counts,
        detail: Detail,
    ) -> Self {
        Self {
            organization_name: header.organization_name,
            date_range: header.date_range,
            contact_info: header.contact_info,
            report_id: header.report_id,
            policies,
            counts,
            detail,
        }
    }

    /// The name of the organization that reports.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        &self.organization_name
    }

    /// The time in which the sessions were.
    #[must_use]
    pub const fn date_range(&self) -> DateRange {
        self.date_range
    }

    /// The mail address of whom to ask about the report.
    #[must_use]
    pub fn contact_info(&self) -> &str {
        &self.contact_info
    }

    /// What tells this report from all others of the organization.
    #[must_use]
    pub fn report_id(&self) -> &str {
        &self.report_id
    }

    /// The policies and what came of them, at least one, each once.
    #[must_use]
    pub fn policies(&self) -> &[PolicyReport] {
        &self.policies
    }

    /// Whether the counts are exact. The JSON has no field for this.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether every session stands under all that is known of it. The JSON has no field for this.
    #[must_use]
    pub const fn detail(&self) -> Detail {
        self.detail
    }
}

/// Whether the counts of a report are exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "they are exact or not")]
pub enum Counts {
    /// Each session is counted.
    Exact,
    /// A count would have gone above [`MAX_COUNT`](super::MAX_COUNT) and stayed there.
    Saturated,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "the counts are exact",
            Self::Saturated => "a count is greater than the report can say",
        })
    }
}

/// Whether the sessions of a report stand under all that is known of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "they do or do not")]
pub enum Detail {
    /// They do.
    Full,
    /// There was more to tell apart than the bounds of [`Aggregator`](super::Aggregator) allow: some sessions are counted
    /// without their particulars. None is left out of the counts.
    Folded,
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "every session is told with all that is known of it",
            Self::Folded => "some sessions are counted without their particulars",
        })
    }
}

/// One policy, and what came of the sessions under it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub struct PolicyReport {
    /// The policy.
    pub policy: Policy,
    /// How many sessions there were.
    pub summary: Summary,
    /// What went wrong in those that failed. One session may be counted under two types (RFC 8460 §4).
    pub failure_details: Vec<FailureDetails>,
}

/// A policy that was applied. The field `mx-host` of RFC 8460 §4.4 holds the host patterns of an MTA-STS policy, and no other
/// kind has any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub struct Policy {
    /// Of which kind it is.
    pub policy_type: PolicyType,
    /// The TLSA records, each as its four fields (RFC 8460 §4.5).
    pub policy_string: Vec<String>,
    /// The TLSA base domain, or the domain of the recipients where no TLSA records apply.
    pub policy_domain: String,
}

/// How many sessions there were under one policy (RFC 8460 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub struct Summary {
    /// Sessions in which TLS was negotiated as the policy demands.
    pub total_successful_session_count: u64,
    /// All others.
    pub total_failure_session_count: u64,
}

/// Sessions that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub struct FailureDetails {
    /// In which way.
    pub result_type: ResultType,
    /// The address that they came from.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub sending_mta_ip: Option<IpAddr>,
    /// The host as its MX record names it; missing if there was no route to any.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub receiving_mx_hostname: Option<String>,
    /// What the server called itself.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub receiving_mx_helo: Option<String>,
    /// The address that they went to; missing if there was no connection.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub receiving_ip: Option<IpAddr>,
    /// How many they are.
    pub failed_session_count: u64,
    /// The URI of further information.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub additional_information: Option<String>,
    /// What happened, as a sentence (RFC 8460 §4.3.3).
    pub failure_reason_code: String,
}

#[cfg(feature = "serde")]
impl serde::Serialize for ResultType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for PolicyType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
