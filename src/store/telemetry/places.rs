//! What executions belong to: tools, their capabilities and the usage patterns of these.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use crate::definition::Identity;
use crate::telemetry::intake::{TargetRow, Targets};

/// A tool with one of its capabilities and one of that one's patterns, if it has any.
#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = BigInt)]
    tool_id: i64,
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Bool)]
    is_latest: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    capability_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    capability_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pattern_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pattern_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    time_estimate_ms: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cost_estimate: Option<String>,
}

const PLACES: &str = "SELECT t.id AS tool_id, t.platform, t.tool_name, t.version, t.is_latest, \
            c.id AS capability_id, c.capability_name, p.id AS pattern_id, p.pattern_name, \
            p.time_estimate_ms, p.cost_estimate \
     FROM tools t LEFT JOIN tool_capabilities c ON c.tool_id = t.id \
                  LEFT JOIN tool_patterns p ON p.capability_id = c.id";

impl Place {
    fn identity(&self) -> Identity {
        Identity {
            platform: self.platform.clone(),
            name: self.tool_name.clone(),
            version: self.version.clone(),
        }
    }
}

/// Loads the tools of those names, or all of them, with their patterns.
pub fn targets(connection: &mut PgConnection, names: Option<&[&str]>) -> QueryResult<Targets> {
    let places: Vec<Place> = diesel::sql_query(format!(
        "{PLACES} WHERE $1 IS NULL OR t.tool_name = ANY ($1) ORDER BY t.id, c.id, p.id"
    ))
    .bind::<Nullable<Array<Text>>, _>(names)
    .load(connection)?;
    Ok(Targets::new(places.into_iter().map(|place| TargetRow {
        tool_id: place.tool_id,
        identity: place.identity(),
        is_latest: place.is_latest,
        capability: place.capability_id.zip(place.capability_name),
        pattern: place.pattern_id.zip(place.pattern_name),
        expressions: place.time_estimate_ms.zip(place.cost_estimate),
    })))
}

/// What executions belong to: a usage pattern of a version of a tool, or a version where no pattern was named.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// The number that stands for it in this module's answers.
    pub key: i64,
    /// The version of the tool.
    pub tool_id: i64,
    /// Its identity.
    pub identity: Identity,
    /// Whether it is the version in use.
    pub is_latest: bool,
    /// The capability.
    pub capability: Option<String>,
    /// The pattern.
    pub pattern: Option<String>,
    /// The pattern's expression for the time in milliseconds.
    pub time_estimate: Option<String>,
    /// The pattern's expression for the cost.
    pub cost_estimate: Option<String>,
}

impl Unit {
    /// The tool of a place, without its pattern.
    fn of_tool(place: &Place) -> Self {
        Self {
            key: -place.tool_id,
            tool_id: place.tool_id,
            identity: place.identity(),
            is_latest: place.is_latest,
            capability: None,
            pattern: None,
            time_estimate: None,
            cost_estimate: None,
        }
    }
}

/// What the numbers stand for, and every pattern of the tools given.
pub fn units(
    connection: &mut PgConnection,
    keys: &[i64],
    tools: &[i64],
) -> QueryResult<HashMap<i64, Unit>> {
    let places: Vec<Place> = diesel::sql_query(format!(
        "{PLACES} WHERE p.id = ANY ($1) OR -t.id = ANY ($1) OR t.id = ANY ($2)"
    ))
    .bind::<Array<BigInt>, _>(keys)
    .bind::<Array<BigInt>, _>(tools)
    .load(connection)?;
    let keys: HashSet<i64> = keys.iter().copied().collect();
    let mut units = HashMap::new();
    for place in places {
        let tool = Unit::of_tool(&place);
        let is_asked = |key: &i64| keys.contains(key) || tools.contains(&place.tool_id);
        if let Some(key) = place.pattern_id.filter(is_asked) {
            let unit = Unit {
                key,
                capability: place.capability_name,
                pattern: place.pattern_name,
                time_estimate: place.time_estimate_ms,
                cost_estimate: place.cost_estimate,
                ..tool.clone()
            };
            units.insert(key, unit);
        }
        if keys.contains(&tool.key) {
            units.insert(tool.key, tool);
        }
    }
    Ok(units)
}
