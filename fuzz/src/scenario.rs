//! The reader of scenarios, and the deliveries that they tell of: any text is replayed or refused, and the same text always
//! comes to the same.

pub fn run(data: &[u8]) {
    let replayed = smtp_dane_cli::replay_text(data);
    if let Err(why) = &replayed {
        assert!(!why.is_empty());
        assert!(
            !why.contains("please report it"),
            "the tool's own mistake: {why}"
        );
    }
    assert_eq!(smtp_dane_cli::replay_text(data), replayed);
}
