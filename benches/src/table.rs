//! The figures: which measurement stands over which, and what is aimed at.

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The work. It is the group of the measurements.
    pub work: &'static str,
    /// The measurement below the line.
    pub over: &'static str,
    /// The ratio that is aimed at.
    pub aim: f64,
    /// Whether what is compared is the cost of an octet.
    pub by_length: bool,
    /// Where both are measured.
    pub bench: Bench,
}

/// A program that measures. Each measures both sides of its figures, so that no ratio is one of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bench {
    /// `benches/ratios.rs` of this package.
    Crates,
    /// `tests/openssl/benches/ratios.rs`, which there is only where libssl is.
    OpenSsl,
}

/// Our own measurement in each group.
pub const OURS: &str = "smtp-dane";

/// OpenSSL's measurement in its groups of `3 1 1`.
pub const OPENSSL_LEAF: &str = "OpenSSL's d2i and digest";

/// OpenSSL's measurement in its groups of `2 1 1`, each of a chain of three.
pub const OPENSSL_CHAIN: &str = "OpenSSL's d2i and X509_verify_cert";

const fn figure(work: &'static str, over: &'static str, aim: f64) -> Figure {
    Figure {
        work,
        over,
        aim,
        by_length: false,
        bench: Bench::Crates,
    }
}

const fn by_length(work: &'static str, over: &'static str) -> Figure {
    Figure {
        by_length: true,
        ..figure(work, over, 4.0)
    }
}

const fn openssl(work: &'static str, over: &'static str, aim: f64) -> Figure {
    Figure {
        bench: Bench::OpenSsl,
        ..figure(work, over, aim)
    }
}

/// All of them, in the order of the table.
pub const FIGURES: &[Figure] = &[
    figure("reply of 4 MX", "domain", 0.5),
    figure("reply of 4 MX", "domain, names kept", 0.5),
    figure("reply of 4 MX", "hickory-proto", 0.15),
    figure("reply of 4 TLSA", "domain", 0.5),
    figure("reply of 4 TLSA", "hickory-proto", 0.15),
    figure("3 1 1, P-256", "SHA-256 of the key", 2.0),
    figure("3 1 1, P-256", "x509-parser and sha2", 0.2),
    figure("3 1 1, RSA", "SHA-256 of the key", 2.0),
    figure("3 1 1, RSA", "x509-parser and sha2", 0.2),
    figure("3 0 1, P-256", "SHA-256 of the certificate", 1.3),
    figure("3 0 1, RSA", "SHA-256 of the certificate", 1.3),
    figure("2 1 1, chain of 3, P-256", "webpki", 1.05),
    figure("2 1 1, chain of 3, RSA", "webpki", 1.05),
    figure(
        "64 records, 16 certificates, no match",
        "one digest each",
        1.3,
    ),
    figure("100 names, 3 references, no signatures", "webpki", 1.0),
    figure("whole delivery", "its replies and its digest", 3.0),
    figure("whole delivery", "hickory-proto, x509-parser, sha2", 0.25),
    by_length("64 KiB of pointers", "reply of 4 MX"),
    by_length("64 KiB of pointers", "64 KiB of long records"),
    by_length("64 KiB of small records", "reply of 4 MX"),
    by_length("64 KiB of small records", "64 KiB of long records"),
    openssl("3 1 1 beside OpenSSL, P-256", OPENSSL_LEAF, 1.0),
    openssl("3 1 1 beside OpenSSL, RSA", OPENSSL_LEAF, 1.0),
    openssl("2 1 1 beside OpenSSL, P-256", OPENSSL_CHAIN, 1.0),
    openssl("2 1 1 beside OpenSSL, RSA", OPENSSL_CHAIN, 1.0),
];
