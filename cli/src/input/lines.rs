//! The lines of zone files (RFC 1035 §5.1), as far as records go on over several of them.

/// The entries of a text, each with the number of the line where it begins. Comments, from `;` or `#` on, and parentheses
/// are taken out; empty entries are left out. An entry keeps the blank that it begins with.
///
/// # Errors
/// The number of the line where an entry begins of which a parenthesis is not closed.
pub(crate) fn entries(text: &str) -> Result<Vec<(usize, String)>, usize> {
    let mut entries = Vec::new();
    let mut entry = String::new();
    let mut start = 1;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split([';', '#']).next().unwrap_or_default();
        if entry.is_empty() {
            start = number;
        }
        entry.push_str(line);
        entry.push(' ');
        if entry.matches('(').count() > entry.matches(')').count() {
            continue;
        }
        if !entry.trim().is_empty() {
            entries.push((start, entry.replace(['(', ')'], " ")));
        }
        entry.clear();
    }
    match entry.trim().is_empty() {
        true => Ok(entries),
        false => Err(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_on_in_parentheses() {
        let text = "a b ; c\n\n# d\n e (f ; g\n h)\r\ni";
        let read = entries(text).map(|entries| {
            let trimmed = |(line, entry): (_, String)| (line, entry.trim_end().to_owned());
            entries.into_iter().map(trimmed).collect::<Vec<_>>()
        });
        let wanted = [(1, "a b"), (4, " e  f   h"), (6, "i")];
        assert_eq!(
            read,
            Ok(wanted.map(|(line, entry)| (line, entry.to_owned())).into())
        );
        assert_eq!(entries("a\nb ( c\nd"), Err(2));
    }
}
