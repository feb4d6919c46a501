//! Names as text and as octets: one form leads to the other and back.

use smtp_dane::{MAX_NAME, Name};

pub fn run(data: &[u8]) {
    if let Ok(name) = Name::from_wire(data) {
        let text = name.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&name), "{text}");
    }
    let text = str::from_utf8(data).ok();
    if let Some(name) = text.and_then(|text| text.parse::<Name>().ok()) {
        assert!(name.as_wire().len() <= MAX_NAME);
        assert_eq!(Name::from_wire(name.as_wire()).as_ref(), Ok(&name));
        assert_eq!(name.to_string().parse().as_ref(), Ok(&name));
        if let Some(server) = name.to_server_name() {
            assert_eq!(server.as_ref().parse().as_ref(), Ok(&name));
        }
    }
}
