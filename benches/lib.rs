//! Benchmarks of `smtp-dane`, in a package of their own so that what they need never becomes a dependency of the library.
//!
//! `cargo bench -p smtp-dane-benches` runs them; the files are in `benches/`.
