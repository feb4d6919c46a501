#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_dane_fuzz::stored_delivery::run(data));
