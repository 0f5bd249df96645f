//! Tools of Anthropic's API: `name`, `description`, `input_schema`.

use crate::definition::Document;

use super::names::Limits;
use super::node::Node;
use super::openai::{not_a_function, read_tool, write_tools};
use super::{Problem, Written};

/// Tool names: at most 64 letters, digits, `_`, `-`.
pub const NAMES: Limits = Limits {
    length: 64,
    dots: false,
};

/// The tools in a document, if it is one of the shapes of Anthropic.
pub fn tools(root: &Node) -> Option<Vec<&Node>> {
    let is_tool = |node: &Node| node.get("name").is_some() && node.get("input_schema").is_some();
    for list in [Some(root), root.get("tools")].into_iter().flatten() {
        if list.items().iter().any(is_tool) {
            return Some(list.items().iter().collect());
        }
    }
    is_tool(root).then(|| vec![root])
}

/// One tool as a definition.
pub fn read(node: &Node, problems: &mut Vec<Problem>) -> Option<(Node, Vec<Problem>)> {
    if node.get("input_schema").is_none() && node.get("type").is_some() {
        problems.push(not_a_function(node));
        return None;
    }
    read_tool(node, "input_schema", NAMES, &[], problems)
}

/// Writes definitions as a list of tools.
pub fn write(documents: &[Document]) -> Written {
    write_tools(documents, NAMES, |tool, schema, interface| {
        tool.insert("input_schema".to_owned(), schema);
        for field in ["type", "cache_control"] {
            if let Some(value) = interface.get(field) {
                tool.insert(field.to_owned(), value.clone());
            }
        }
    })
}
