//! Tables that stand in the documentation and are held against the code.

use std::fs;
use std::path::Path;

/// The rows of the first table behind the line `heading` of a file in `src`, without the title and the marks of code.
pub fn rows(file: &str, heading: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let text = fs::read_to_string(path).unwrap();
    let table = text
        .lines()
        .map(|line| line.trim_start_matches("//!").trim())
        .skip_while(|line| *line != heading)
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = table.map(cells).collect();
    let [title, _, rows @ ..] = rows.as_slice() else {
        panic!("{file} has no table behind {heading:?}")
    };
    assert!(!rows.is_empty(), "{file}: {heading:?} has no rows");
    for row in rows {
        assert_eq!(row.len(), title.len(), "{file}: {row:?}");
    }
    rows.to_vec()
}

/// What stands between the bars of one line.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim_start_matches('|').trim_end_matches('|');
    let bare = |cell: &str| cell.trim().replace('`', "");
    inner.split('|').map(bare).collect()
}
