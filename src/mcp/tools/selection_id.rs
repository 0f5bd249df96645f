//! The name of a selection: what was chosen, so that it can be recorded without anything being remembered.

use crate::mcp::uri;
use crate::select::Choice;

/// Stands between the parts.
const BETWEEN: char = ':';

/// What is kept as it is in a part.
const KEPT: &str = "/@ ";

/// What a selection chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Platform, name and version of the tool, as an address.
    pub tool: String,
    /// The capability.
    pub capability: String,
    /// The way of using it.
    pub pattern: String,
}

/// The name of a choice.
pub fn of(choice: &Choice) -> String {
    let tool = format!("{}/{}@{}", choice.platform, choice.tool, choice.version);
    let parts = [&tool, &choice.capability, &choice.pattern];
    parts.map(|it| uri::encode(it, KEPT)).join(":")
}

/// What the name says; none if it does not name a selection.
pub fn read(name: &str) -> Option<Chosen> {
    let parts: Vec<&str> = name.split(BETWEEN).collect();
    let [tool, capability, pattern] = parts[..] else {
        return None;
    };
    let part = |it: &str| uri::decode(it).filter(|it| !it.is_empty());
    Some(Chosen {
        tool: part(tool)?,
        capability: part(capability)?,
        pattern: part(pattern)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_was_chosen() {
        let chosen = read("linux/a b@1.0:disk%3Ausage:use").expect("a name");
        assert_eq!(chosen.tool, "linux/a b@1.0");
        assert_eq!(
            (chosen.capability.as_str(), chosen.pattern.as_str()),
            ("disk:usage", "use")
        );
        for wrong in ["", "a", "a:b", "a:b:", "a:b:c:d", "%zz:b:c"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
