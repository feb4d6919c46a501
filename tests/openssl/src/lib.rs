//! OpenSSL as a second opinion on usages 2 and 3.
//!
//! Each [`Case`](cases::Case) is a server with its certificates and a client with TLSA records. The client is asked twice:
//! once by this library, and once by libssl, which shakes hands with the server in memory, with DANE turned on as its manual
//! tells mail servers to. Both must come to the same verdict, meet the same certificate and name the same record.
//!
//! Where they differ, `differences.toml` says which cases, what each of the two decides, and what place in the standards
//! makes ours right. A difference that is not listed fails the test; so does a listed one that no longer occurs.
//!
//! | module | what is in it |
//! |---|---|
//! | [`authority`] | certificates, as odd as one likes |
//! | [`sites`] | servers: what certificates there are, and which of them are sent |
//! | [`cases`] | servers and TLSA records put together |
//! | [`ours`], [`libssl`] | the two opinions |
//! | [`differences`] | the list of agreed differences |
//! | [`bare`] | what libssl does with certificates, without the handshake around it: `benches/ratios.rs` measures it |
//!
//! Both clients live at [`NOW`]. Everything is made anew on each run, but nothing of the keys decides a verdict.

pub mod authority;
pub mod bare;
pub mod cases;
mod dane;
mod der;
pub mod differences;
pub mod libssl;
pub mod ours;
pub mod records;
pub mod sites;
pub mod verdict;

/// The time of all handshakes: 2026-01-01T00:00:00Z.
pub const NOW: i64 = 1_767_225_600;

/// The TLSA base domain of all servers, unless a case says otherwise.
pub const BASE: &str = "mx.example.com";
