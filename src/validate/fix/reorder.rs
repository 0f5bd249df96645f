//! Moving the lines of a map's entries into the order of the schema, comments with them.

use std::ops::Range;

use crate::format::node::{Kind, Node};
use crate::validate::fields;

/// The line after the last one of a value, counted from 0: its last line counted from 1.
pub fn last_line(node: &Node) -> usize {
    let end = node.span.end;
    let whole = if end.column == 1 {
        end.line - 1
    } else {
        end.line
    };
    (whole as usize).max(node.span.start.line as usize)
}

/// Reorders the maps of a definition. One with anchors is left as it is: an alias must follow its
/// anchor.
pub fn reorder(lines: &mut [String], root: &Node) {
    let first = root.span.start.line as usize - 1;
    let last = last_line(root).min(lines.len());
    let has_anchor = |line: &String| {
        line.split([' ', '[', ',', '{'])
            .any(|word| word.len() > 1 && word.starts_with(['&', '*']))
    };
    if first >= last || lines[first..last].iter().any(has_anchor) {
        return;
    }
    level(lines, root, &mut Vec::new(), first..last);
}

/// Reorders the maps inside one, then the map itself, so that inner ranges stay true.
fn level(lines: &mut [String], node: &Node, path: &mut Vec<String>, range: Range<usize>) {
    let Kind::Map(entries) = &node.kind else {
        return;
    };
    let Some(blocks) = blocks(lines, node, &range) else {
        return;
    };
    for (entry, block) in entries.iter().zip(&blocks) {
        path.push(entry.key.clone());
        let inside = entry.value.span.start.line as usize - 1..block.end;
        if entry.value.span.start.line > entry.key_span.start.line {
            level(lines, &entry.value, path, inside);
        }
        path.pop();
    }
    let order = order(node, path);
    if order.windows(2).all(|pair| pair[0] < pair[1]) {
        return;
    }
    // The last line of a file may lack its end.
    if !lines[range.end - 1].ends_with('\n') {
        return;
    }
    let moved: Vec<String> = order
        .iter()
        .flat_map(|&at| lines[blocks[at].clone()].to_vec())
        .collect();
    let start = blocks[0].start;
    lines[start..start + moved.len()].clone_from_slice(&moved);
}

/// The order that the entries should have: known fields first, others after them as they were.
fn order(node: &Node, path: &[String]) -> Vec<usize> {
    let known = fields::known(path);
    let mut order: Vec<usize> = (0..node.entries().len()).collect();
    if known.is_empty() {
        return order;
    }
    let rank = |at: usize| {
        let key = &node.entries()[at].key;
        let place = known.iter().position(|it| it == key);
        place.unwrap_or(known.len())
    };
    // What holds everything else comes last.
    let long = |at: usize| matches!(node.entries()[at].key.as_str(), "capabilities" | "patterns");
    order.sort_by_key(|&at| (long(at), rank(at), at));
    order
}

/// The lines of each entry, with the comments above it; none if the entries do not stand one
/// below the other.
fn blocks(lines: &[String], node: &Node, range: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let entries = node.entries();
    let column = entries.first()?.key_span.start.column;
    let mut starts = Vec::new();
    for entry in entries {
        let line = entry.key_span.start.line as usize - 1;
        let alone = lines
            .get(line)?
            .trim_start_matches('\u{feff}')
            .chars()
            .take(column as usize - 1)
            .all(|c| c == ' ');
        let follows = starts.last().is_none_or(|last| *last < line);
        if entry.key_span.start.column != column || !alone || !follows {
            return None;
        }
        starts.push(line);
    }
    if starts[0] < range.start {
        return None;
    }
    // Comments belong to the key below them; those above the first key may be about the whole.
    for index in 1..starts.len() {
        let above = starts[index - 1] + 1;
        while starts[index] > above {
            let line = &lines[starts[index] - 1];
            let comment = line.trim_start().starts_with('#');
            let indent = line.len() - line.trim_start().len();
            if !comment || indent + 1 != column as usize {
                break;
            }
            starts[index] -= 1;
        }
    }
    let ends = starts.iter().skip(1).copied().chain([range.end]);
    let blocks: Vec<Range<usize>> = starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect();
    blocks.iter().all(|it| it.start < it.end).then_some(blocks)
}
