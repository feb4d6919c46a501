//! All integration tests, in one binary: a file for each standard, named tests for each of its sections, and the properties
//! that hold over all of them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    unreachable_pub,
    reason = "a test may stop at what it did not expect"
)]

mod audit;
mod bounds;
mod certificates;
mod dependencies;
mod faults;
mod fingerprint;
mod limits;
mod load;
mod manual_decisions;
mod manual_machines;
mod manual_threats;
mod plain_values;
mod prop_delivery;
mod prop_dns;
#[cfg(feature = "serde")]
mod prop_stored;
mod prop_values;
mod prop_verify;
mod publish;
mod reason_walk;
mod reasons;
mod report;
mod report_continuity;
#[cfg(feature = "serde")]
mod report_json;
mod report_tlsrpt;
mod report_tlsrpt_counts;
// The map names tests of both features.
#[cfg(all(feature = "rustls", feature = "serde"))]
mod requirement_map;
mod resolver_check;
mod rfc1034;
mod rfc1035;
mod rfc1035_records;
mod rfc2181;
mod rfc4035;
mod rfc5280;
mod rfc5280_4;
mod rfc5280_6_2;
mod rfc5280_octets;
mod rfc5321;
mod rfc5321_loops;
mod rfc6672;
mod rfc6698;
mod rfc6698_4;
mod rfc6840;
mod rfc6891;
mod rfc7505;
mod rfc7671;
mod rfc7671_5;
mod rfc7671_5_2;
mod rfc7671_9;
mod rfc7672_2_1;
mod rfc7672_2_1_3;
mod rfc7672_2_2;
mod rfc7672_2_2_1;
mod rfc7672_2_2_2;
mod rfc7672_2_2_3;
mod rfc7672_3;
mod rfc7672_3_1;
mod rfc7672_3_2;
mod rfc7672_4_to_10;
mod rfc8914;
mod rfc9525;
#[cfg(feature = "rustls")]
mod rustls_handshakes;
#[cfg(feature = "rustls")]
mod rustls_odd;
mod sentences;
mod session;
mod session_more;
mod shuffle;
mod signature_checks;
#[cfg(feature = "serde")]
mod stored;
#[cfg(feature = "serde")]
mod stored_bounds;
#[cfg(feature = "serde")]
mod stored_damage;
#[cfg(feature = "serde")]
mod stored_delivery;
mod submission;
mod submission_0;
mod support;
mod tlsrpt;
mod views;
