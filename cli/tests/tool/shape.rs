//! The form of an object: every field is there, whatever it holds.

use serde_json::Value;

/// Demands all fields that scripts depend on.
pub(crate) fn assert_shape(object: &Value) {
    let fields = "domain outcome would_refuse status mx hosts reason tlsrpt ttl";
    assert_fields(object, fields);
    assert_fields(&object["status"], "enhanced basic");
    assert_fields(&object["mx"], "security kind");
    assert_word(&object["outcome"], "delivered deferred failed");
    assert_reason(&object["reason"]);
    for host in object["hosts"].as_array().unwrap() {
        let fields =
            "host preference addresses tls_policy tlsa_base tlsa unusable attempts result reason";
        assert_fields(host, fields);
        let results = "authenticated encrypted cleartext skipped refused unreachable";
        assert_word(&host["result"], results);
        assert_reason(&host["reason"]);
        for unusable in host["unusable"].as_array().unwrap() {
            assert_fields(unusable, "record reason");
            assert_reason(&unusable["reason"]);
        }
        for attempt in host["attempts"].as_array().unwrap() {
            let fields = "address port result record depth name scope reason tls spki_sha256";
            assert_fields(attempt, fields);
            let results = "authenticated encrypted cleartext refused unreachable";
            assert_word(&attempt["result"], results);
            assert_reason(&attempt["reason"]);
            if !attempt["tls"].is_null() {
                assert_fields(&attempt["tls"], "version suite");
                assert_eq!(attempt["spki_sha256"].as_str().unwrap().len(), 64);
            }
        }
    }
}

pub(crate) fn assert_reason(reason: &Value) {
    if reason.is_null() {
        return;
    }
    assert_fields(reason, "code text cite");
    let cite = reason["cite"].as_str().unwrap();
    assert!(cite.starts_with("RFC ") && cite.contains('§'), "{cite}");
    let code = reason["code"].as_str().unwrap();
    assert!(
        code.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    );
}

pub(crate) fn assert_fields(object: &Value, fields: &str) {
    let object = object.as_object().unwrap();
    for field in fields.split(' ') {
        assert!(object.contains_key(field), "{field} is missing");
    }
}

fn assert_word(value: &Value, words: &str) {
    let word = value.as_str().unwrap();
    assert!(words.split(' ').any(|known| known == word), "{word}");
}
