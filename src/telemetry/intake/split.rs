//! Fields of one CSV record (RFC 4180).

/// Splits a record into its fields; the record may hold line breaks within quotes.
///
/// # Errors
/// What is wrong with the quotes.
pub(super) fn split(record: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        if after.is_empty() {
            return Ok(fields);
        }
        rest = after
            .strip_prefix(',')
            .ok_or("text follows a closing quote")?;
    }
}

fn quoted_field(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"').ok_or("a quote is not closed")?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, rest)),
        }
    }
}

/// Whether the quotes are closed at the end of the text, so that a record ends there.
pub(super) fn is_closed(text: &str) -> bool {
    text.bytes()
        .filter(|byte| *byte == b'"')
        .count()
        .is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_and_quotes() {
        let fields = split("a,\"b,\"\"c\"\"\",,\"d\ne\"").unwrap();
        assert_eq!(fields, ["a", "b,\"c\"", "", "d\ne"]);
        assert_eq!(split("").unwrap(), [""]);
        assert_eq!(split("a,").unwrap(), ["a", ""]);
        assert!(split("\"a").is_err());
        assert!(split("\"a\"b").is_err());
        assert!(!is_closed("a,\"b"));
    }
}
