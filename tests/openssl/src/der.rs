//! As much of DER as odd extensions need.

use openssl::asn1::Asn1Object;

/// One element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut octets = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => octets.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
            octets.push(0x80 | u8::try_from(length.len()).expect("a few octets"));
            octets.extend(length);
        }
    }
    octets.extend(content);
    octets
}

pub fn sequence(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    constructed(0x30, parts)
}

/// An element that is made of others.
pub fn constructed(tag: u8, parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    element(tag, &parts.into_iter().collect::<Vec<_>>().concat())
}

pub fn object(identifier: &str) -> Vec<u8> {
    let object = Asn1Object::from_str(identifier).expect("an object identifier");
    element(0x06, object.as_slice())
}

pub fn boolean(value: bool) -> Vec<u8> {
    element(0x01, &[if value { 0xff } else { 0 }])
}
