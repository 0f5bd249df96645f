//! Candidates from definitions on disk, with the answers that a catalog of them would give.

use std::cell::OnceCell;

use crate::definition::{Identity, Tool, ToolRef};
use crate::format;
use crate::select::candidate::candidates_of;
use crate::select::retrieval::{
    CapabilityText, Encoding, Hit, Index, PatternText, Ranking, Reader, Text, WordMemory, order,
};
use crate::select::search::{self, Found, RETRIEVED, Ranked, Words, relevance_of_text};
use crate::select::{Candidate, Pool, Request};
use crate::store::StoreError;
use crate::validate::{Options, Severity, check};
use crate::words::counted;

use crate::operations::refusal::Flaw;
use crate::operations::{Kind, Refusal};

/// Tools that may be chosen, and the index of their words once it is needed.
pub struct Files {
    /// The newest version of each tool that is switched on and active.
    tools: Vec<(Tool, Vec<Candidate>)>,
    index: OnceCell<Index>,
    encoding: Encoding,
}

impl Files {
    /// Reads and validates definitions; of several versions of a tool the newest counts. The encoding judges the meaning
    /// of words.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if a definition has an error, or cannot be read.
    pub fn load(paths: &[String], encoding: &Encoding) -> Result<Self, Refusal> {
        let inputs = format::collect(paths)
            .map_err(|error| Refusal::new(Kind::Invalid, error.to_string()))?;
        let mut options = Options::default();
        options.lenient = true;
        options.complete = true;
        let report = check(&inputs, &options);
        let errors = report.count(Severity::Error);
        if errors > 0 {
            let message = format!(
                "{} in {}; nothing was chosen",
                counted(errors, "error"),
                counted(report.files, "file")
            );
            let flaws = Flaw::errors(&report);
            return Err(Refusal::new(Kind::Invalid, message).flaws(flaws));
        }
        let mut newest: indexmap::IndexMap<(String, String), Tool> = indexmap::IndexMap::new();
        for loaded in report.documents {
            let tool = loaded.document.to_tool().map_err(StoreError::from)?;
            let key = (tool.platform.clone(), tool.tool_name.clone());
            let newer = newest.get(&key).is_none_or(|present| {
                crate::definition::Version::new(&present.version)
                    < crate::definition::Version::new(&tool.version)
            });
            if newer {
                newest.insert(key, tool);
            }
        }
        Ok(Self::of(newest.into_values(), encoding))
    }

    /// Those of the tools that may be chosen.
    pub fn of(tools: impl IntoIterator<Item = Tool>, encoding: &Encoding) -> Self {
        let tools = tools
            .into_iter()
            .map(|tool| {
                let candidates = candidates_of(&tool, &[]);
                (tool, candidates)
            })
            .filter(|(_, candidates)| !candidates.is_empty())
            .collect();
        Self {
            tools,
            index: OnceCell::new(),
            encoding: encoding.clone(),
        }
    }

    /// The candidates of a request.
    pub fn pool(&self, request: &Request) -> Pool {
        let scope = &request.scope;
        let admits =
            |tool: &Tool| scope.admits(&identity(tool), |tag| tool.tags().any(|it| it == tag));
        if !scope.capabilities.is_empty() {
            let candidates = self
                .tools
                .iter()
                .filter(|(tool, _)| admits(tool))
                .flat_map(|(_, candidates)| candidates)
                .filter(|candidate| scope.capabilities.contains(&candidate.capability))
                .cloned()
                .collect();
            return Pool::Offered(candidates);
        }
        let mut ranking = self.search(&request.query);
        let (found, _) = self.retrieved(&mut ranking, admits);
        Pool::Retrieved {
            words: Words::of(&ranking),
            found,
        }
    }

    /// The tools that are judged, and how many hits were read for them.
    fn retrieved(
        &self,
        ranking: &mut Ranking,
        admits: impl Fn(&Tool) -> bool,
    ) -> (Vec<Found>, usize) {
        let encoder = self.encoding.as_deref();
        let mut memory = WordMemory::default();
        let mut reader = Reader::of(&ranking.weights, &ranking.asked, encoder, &mut memory);
        let mut found = Vec::new();
        let mut seen = 0;
        for hit in ranking.hits.all() {
            if found.len() == RETRIEVED {
                break;
            }
            seen += 1;
            let place = usize::try_from(hit.doc).ok();
            let Some((tool, candidates)) = place.and_then(|place| self.tools.get(place)) else {
                continue;
            };
            if admits(tool) {
                let text = text_of(tool);
                let candidates = candidates.clone();
                found.push(Found::new(&mut reader, hit, (&text, None), candidates));
            }
        }
        (found, seen)
    }

    /// The tools that share words with the query, best first.
    pub fn ranked(&self, query: &str) -> Vec<Ranked> {
        let mut ranking = self.search(query);
        let (best, seen) = self.retrieved(&mut ranking, |_| true);
        // the order of a catalog: among equals by name, not by the place in the files
        let mut rest: Vec<Hit> = ranking.hits.after(seen).to_vec();
        order(&mut rest, |doc| {
            let (tool, _) = self.tools.get(usize::try_from(doc).ok()?)?;
            Some((tool.tool_name.as_str(), tool.platform.as_str()))
        });
        let rest = rest.iter().filter_map(|hit| {
            let (tool, _) = self.tools.get(usize::try_from(hit.doc).ok()?)?;
            Some(Ranked {
                tool: tool.tool_name.clone(),
                platform: tool.platform.clone(),
                relevance: relevance_of_text(hit.strength),
            })
        });
        search::ranked(best).into_iter().chain(rest).collect()
    }

    /// Identity, capabilities and tags of a tool that may be chosen.
    pub fn find(&self, reference: &ToolRef) -> Option<(Identity, Vec<String>, Vec<String>)> {
        let (tool, _) = self
            .tools
            .iter()
            .find(|(tool, _)| reference.matches(&identity(tool)))?;
        Some((
            identity(tool),
            tool.capabilities.keys().cloned().collect(),
            tool.tags().map(str::to_owned).collect(),
        ))
    }

    fn search(&self, query: &str) -> Ranking {
        self.index
            .get_or_init(|| {
                let texts: Vec<Text> = self.tools.iter().map(|(tool, _)| text_of(tool)).collect();
                Index::build(&texts)
            })
            .search(query)
    }
}

fn identity(tool: &Tool) -> Identity {
    Identity {
        platform: tool.platform.clone(),
        name: tool.tool_name.clone(),
        version: tool.version.clone(),
    }
}

/// The text of a tool that retrieval reads.
pub fn text_of(tool: &Tool) -> Text {
    Text {
        name: tool.tool_name.clone(),
        platform: tool.platform.clone(),
        description: tool.description.clone(),
        tags: tool.tags().map(str::to_owned).collect(),
        capabilities: tool
            .capabilities
            .iter()
            .map(|(name, capability)| CapabilityText {
                name: name.clone(),
                description: capability.description.clone(),
                patterns: capability
                    .patterns
                    .iter()
                    .map(|(name, pattern)| PatternText {
                        name: name.clone(),
                        description: pattern.description.clone(),
                        use_cases: pattern.typical_use_cases.clone(),
                    })
                    .collect(),
            })
            .collect(),
    }
}
