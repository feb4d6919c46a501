#[test]
fn sessions() {
    let report = smtp_dane_models::sessions();
    println!("{report}");
    assert!(report.holds());
}

#[test]
fn hosts() {
    let report = smtp_dane_models::hosts(smtp_dane_models::Size::Small);
    println!("{report}");
    assert!(report.holds());
}

#[test]
fn routes() {
    let report = smtp_dane_models::routes(smtp_dane_models::Size::Small);
    println!("{report}");
    assert!(report.holds());
}
