//! Tools as the index shows them, read from the tables of definitions.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Jsonb, Nullable, Text};
use serde_json::Value;

use super::entry::{Entry, PatternEntry, Words, commands, inputs, strings};
use crate::select::retrieval::{CapabilityText, PatternText, Text as ToolText};
use crate::store::StoreError;
use crate::store::raw_json::RawJson;

/// A tool as the index shows it.
pub(super) struct Loaded {
    pub id: i64,
    /// What its words come from; without texts where those were not asked for.
    pub text: ToolText,
    /// Each capability, what scoring needs of it, and its texts.
    pub capabilities: Vec<(String, Entry, Words)>,
}

/// Whether texts are read as well as what scoring needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Read,
    Left,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    platform: String,
    #[diesel(sql_type = Text)]
    tool_name: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Nullable<Jsonb>)]
    tags: Option<Value>,
    #[diesel(sql_type = Nullable<BigInt>)]
    capability_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    capability_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    capability_description: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pattern_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pattern_description: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    use_cases: Option<Value>,
    #[diesel(sql_type = Nullable<Text>)]
    time_estimate_ms: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cost_estimate: Option<String>,
    #[diesel(sql_type = Nullable<Double>)]
    complexity_score: Option<f64>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    policy: Option<RawJson>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    preference_match: Option<RawJson>,
    #[diesel(sql_type = Nullable<Text>)]
    effect: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    invocation: Option<RawJson>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    required_inputs: Option<Value>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    optional_inputs: Option<Value>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    examples: Option<Value>,
}

/// The entries of one version of a tool that is switched on, whether or not it is in use.
pub(super) fn load_version(
    connection: &mut PgConnection,
    id: i64,
) -> Result<Vec<(String, Entry)>, StoreError> {
    let tools = load_where(connection, &[id], Texts::Left, "t.enabled")?;
    Ok(tools
        .into_iter()
        .flat_map(|tool| tool.capabilities)
        .map(|(name, entry, _)| (name, entry))
        .collect())
}

/// Those of the tools that may be chosen, by id, with capabilities and patterns in their order.
pub(super) fn load(
    connection: &mut PgConnection,
    ids: &[i64],
    texts: Texts,
) -> Result<Vec<Loaded>, StoreError> {
    load_where(
        connection,
        ids,
        texts,
        "t.is_latest AND t.enabled AND t.status = 'active'",
    )
}

fn load_where(
    connection: &mut PgConnection,
    ids: &[i64],
    texts: Texts,
    condition: &str,
) -> Result<Vec<Loaded>, StoreError> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT t.id, t.platform, t.tool_name, t.version, t.description, \
                t.metadata -> 'tags' AS tags, c.id AS capability_id, c.capability_name, \
                CASE WHEN $2 THEN c.description END AS capability_description, p.pattern_name, \
                CASE WHEN $2 THEN p.description END AS pattern_description, \
                CASE WHEN $2 THEN p.typical_use_cases END AS use_cases, \
                p.time_estimate_ms, p.cost_estimate, p.complexity_score, p.policy, \
                p.preference_match, p.effect, p.invocation, p.required_inputs, p.optional_inputs, \
                p.examples \
         FROM tools t \
         LEFT JOIN tool_capabilities c ON c.tool_id = t.id \
         LEFT JOIN tool_patterns p ON p.capability_id = c.id \
         WHERE t.id = ANY ($1) AND {condition} \
         ORDER BY t.id, c.id, p.id",
    ))
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Bool, _>(texts == Texts::Read)
    .load(connection)?;
    let mut tools: Vec<Loaded> = Vec::new();
    let mut capability = None;
    for row in rows {
        if tools.last().is_none_or(|tool| tool.id != row.id) {
            tools.push(Loaded {
                id: row.id,
                text: ToolText {
                    name: row.tool_name.clone(),
                    platform: row.platform.clone(),
                    description: row.description.clone(),
                    tags: strings(row.tags.as_ref()),
                    capabilities: Vec::new(),
                },
                capabilities: Vec::new(),
            });
            capability = None;
        }
        let Some(tool) = tools.last_mut() else {
            continue;
        };
        if row.capability_id.is_some() && row.capability_id != capability {
            capability = row.capability_id;
            tool.start_capability(&row);
        }
        tool.add_pattern(row);
    }
    Ok(tools)
}

impl Loaded {
    fn start_capability(&mut self, row: &Row) {
        let name = row.capability_name.clone().unwrap_or_default();
        let description = row.capability_description.clone().unwrap_or_default();
        self.text.capabilities.push(CapabilityText {
            name: name.clone(),
            description: description.clone(),
            patterns: Vec::new(),
        });
        let entry = Entry {
            platform: self.text.platform.clone(),
            tool: self.text.name.clone(),
            version: row.version.clone(),
            tags: self.text.tags.clone(),
            patterns: Vec::new(),
        };
        let words = Words {
            tool: match self.capabilities.is_empty() {
                true => self.text.description.clone(),
                false => String::new(),
            },
            description,
            patterns: Vec::new(),
        };
        self.capabilities.push((name, entry, words));
    }

    fn add_pattern(&mut self, row: Row) {
        let (Some(name), Some((_, entry, words)), Some(text)) = (
            row.pattern_name,
            self.capabilities.last_mut(),
            self.text.capabilities.last_mut(),
        ) else {
            return;
        };
        let description = row.pattern_description.unwrap_or_default();
        let use_cases = strings(row.use_cases.as_ref());
        words
            .patterns
            .push((description.clone(), use_cases.clone()));
        text.patterns.push(PatternText {
            name: name.clone(),
            description,
            use_cases,
        });
        entry.patterns.push(PatternEntry {
            name,
            time: row.time_estimate_ms.unwrap_or_default(),
            cost: row.cost_estimate.unwrap_or_default(),
            complexity: row.complexity_score.unwrap_or_default(),
            policy: row.policy.map(|it| it.0).unwrap_or_default(),
            preference: row.preference_match.map(|it| it.0).unwrap_or_default(),
            effect: row.effect,
            invocation: row.invocation.map(|it| it.0),
            required: inputs(row.required_inputs.as_ref()),
            optional: inputs(row.optional_inputs.as_ref()),
            examples: commands(row.examples.as_ref()),
        });
    }
}
