//! Selection by words: the tools that retrieval found, judged by relevance and by fitness.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Choice, SetAside, assess, conclude, set_aside_order};
use super::policy::Reason;
use super::relevance::{
    Combined, DOUBTFUL, Measures, REFUSED, SUBSTITUTE, WeightError, combine, likeness, relevance,
};
use super::retrieval::{self, Hit, Kept, PatternFit, Ranking, Reader, Text};
use super::score::by_name;
use super::{Candidate, Request};
use crate::definition::Effect;

/// How many tools are judged; retrieval finds them best first.
pub const RETRIEVED: usize = 40;

/// A tool that retrieval found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// How strongly its whole text holds the request's words, 0 to 1.
    #[serde(alias = "relevance")]
    pub strength: f64,
    /// Share of the request's information that its text holds, 0 to 1.
    pub coverage: f64,
    /// Whether the request names it exactly.
    pub named: bool,
    /// Every pattern of it, with its fit.
    pub patterns: Vec<(Candidate, PatternFit)>,
}

impl Found {
    /// A hit, with its candidates in the order of its text, and with the vectors of its texts where they are kept.
    pub fn new(
        reader: &mut Reader,
        hit: &Hit,
        (text, kept): (&Text, Option<&Kept>),
        candidates: Vec<Candidate>,
    ) -> Self {
        let mut fits = reader.fits(text, kept);
        for (fit, candidate) in fits.iter_mut().zip(&candidates) {
            // What the definition says counts; where it says nothing, what its words say.
            if let Some(effect) = candidate.usage.effect {
                let loses = effect == Effect::Destroy;
                fit.uncalled = loses && !reader.calls_for_loss(&text.name);
                fit.beside = reader.is_beside(effect);
                // What only tells does not undo what is asked for: a preview of what would be removed shows it.
                fit.opposed &= effect != Effect::Read || fit.beside;
            }
        }
        Self {
            strength: hit.strength,
            coverage: hit.coverage,
            named: hit.exact,
            patterns: candidates.into_iter().zip(fits).collect(),
        }
    }

    /// Its name and platform.
    pub fn name(&self) -> Option<(String, String)> {
        let (first, _) = self.patterns.first()?;
        Some((first.tool.clone(), first.platform.clone()))
    }

    /// The likeness of its best pattern.
    pub fn likeness(&self) -> f64 {
        let patterns = self.patterns.iter();
        patterns
            .map(|(_, fit)| likeness(self.strength, fit))
            .fold(0.0, f64::max)
    }
}

/// Orders tools as their best patterns deserve: named ones, then by likeness, equal ones by name and platform.
fn best_first(found: &mut [Found]) {
    found.sort_by_cached_key(|tool| {
        // A likeness is not negative, so that its bits order as it does.
        let likeness = tool.likeness().max(0.0).to_bits();
        (!tool.named, std::cmp::Reverse(likeness), tool.name())
    });
}

/// A tool in the order of retrieval.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The tool's name.
    pub tool: String,
    /// Where it runs.
    pub platform: String,
    /// The chance that it is what was meant, 0 to 1.
    pub relevance: f64,
}

/// The tools that are judged, best first.
pub fn ranked(mut found: Vec<Found>) -> Vec<Ranked> {
    best_first(&mut found);
    let likenesses: Vec<f64> = found.iter().map(Found::likeness).collect();
    let best = |but: usize| {
        let others = likenesses.iter().enumerate().filter(|(at, _)| *at != but);
        others
            .map(|(_, likeness)| *likeness)
            .take(2)
            .reduce(f64::max)
    };
    let tools = found.iter().enumerate().filter_map(|(at, tool)| {
        let (name, platform) = tool.name()?;
        let relevance = match tool.named {
            true => 1.0,
            false => relevance(likenesses[at], best(at)),
        };
        Some(Ranked {
            tool: name,
            platform,
            relevance,
        })
    });
    tools.collect()
}

/// How relevant a tool is of which only the strength of its whole text is known.
pub fn relevance_of_text(strength: f64) -> f64 {
    let likeness = likeness(strength, &PatternFit::default());
    relevance(likeness, None)
}

/// What retrieval made of the request's words, before tools are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// How many words carry meaning.
    pub words: usize,
    /// How many of them the catalog knows.
    pub known: usize,
    /// The words that it does not know.
    pub unknown: Vec<String>,
    /// The coverage of the best hit.
    pub coverage: f64,
    /// The words that were read as others.
    #[serde(default)]
    pub read: Vec<Read>,
}

/// A word that was read as another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The word as written, in lower case.
    pub word: String,
    /// What it was read as: a word of what was found, or its stem.
    #[serde(rename = "as")]
    pub term: String,
}

impl Read {
    /// The same with a whole word in the place of a stem, where a text that was found holds one.
    fn found_in(&self, found: &[Found]) -> Self {
        let patterns = found.iter().flat_map(|tool| &tool.patterns);
        let texts = patterns.map(|(_, fit)| fit.text.as_str());
        let word = retrieval::surface(&self.term, texts);
        Self {
            word: self.word.clone(),
            term: word.unwrap_or_else(|| self.term.clone()),
        }
    }
}

impl Words {
    /// What a ranking says of them.
    pub fn of(ranking: &Ranking) -> Self {
        Self {
            words: ranking.words,
            known: ranking.known,
            unknown: ranking.unknown().map(str::to_owned).collect(),
            coverage: ranking.coverage(),
            read: ranking.read(),
        }
    }
}

/// What retrieval made of the request's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retrieval {
    /// How many words carry meaning.
    pub words: usize,
    /// How many of them the catalog knows.
    pub known: usize,
    /// The words that it does not know.
    pub unknown: Vec<String>,
    /// The words that were read as others.
    #[serde(default)]
    pub read: Vec<Read>,
    /// The share of the request's information that the best shares, 0 to 1.
    pub coverage: f64,
    /// The weight of relevance against fitness.
    pub relevance_weight: f64,
}

/// How relevant a choice is, and what the rule of [`relevance`](super::relevance) makes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relevance {
    /// The chance that it is what was meant, 0 to 1.
    pub relevance: f64,
    /// How like the request it is, 0 to 1.
    #[serde(default)]
    pub likeness: f64,
    /// Share of the request's information that the tool's text holds, 0 to 1.
    pub coverage: f64,
    /// Likeness and score, combined by weight.
    pub combined: f64,
    /// Whether it is relevant enough to compete by its score.
    pub relevant: bool,
    /// Whether the request names the tool exactly.
    pub named: bool,
    /// The text of the pattern, its capability or its tool that says most nearly what was asked.
    #[serde(default)]
    pub text: String,
}

/// The best match, where policy sets it aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blocked {
    /// Where it runs.
    pub platform: String,
    /// The tool's name.
    pub tool: String,
    /// The version of its definition.
    pub version: String,
    /// The capability.
    pub capability: String,
    /// The way of using it.
    pub pattern: String,
    /// The permissions that it needs.
    pub needs: Vec<String>,
    /// Why it is set aside.
    pub reason: Reason,
    /// The chance that it is what was meant, 0 to 1.
    pub relevance: f64,
}

/// A candidate with what is judged by.
struct Judged<'a> {
    tool: &'a Found,
    candidate: &'a Candidate,
    fit: &'a PatternFit,
    likeness: f64,
    outcome: Result<Choice, Reason>,
}

/// Ranks the patterns of the tools that retrieval found.
///
/// # Errors
/// A relevance weight that is not in 0..=1.
pub fn search(request: &Request, words: &Words, found: &[Found]) -> Result<Answer, WeightError> {
    let weights = request.weights();
    let likenesses: Vec<f64> = found.iter().map(Found::likeness).collect();
    let mut judged: Vec<Judged> = Vec::new();
    for tool in found {
        for (candidate, fit) in &tool.patterns {
            judged.push(Judged {
                tool,
                candidate,
                fit,
                likeness: likeness(tool.strength, fit),
                outcome: assess(request, candidate, weights),
            });
        }
    }
    let chance = |it: &Judged| {
        let others = found.iter().zip(&likenesses);
        let other = others
            .filter(|(tool, _)| !std::ptr::eq(*tool, it.tool))
            .map(|(_, likeness)| *likeness)
            .reduce(f64::max);
        match it.tool.named {
            true => 1.0,
            false => relevance(it.likeness, other),
        }
    };
    let measures: Vec<Measures> = judged.iter().map(Judged::measures).collect();
    let combined = combine(&measures, request.relevance_weight)?;
    let blocked = best_match(request, &judged).and_then(|it| it.blocked(chance(it)));
    let mut ranked: Vec<(Choice, Combined)> = Vec::new();
    let mut set_aside: Vec<SetAside> = Vec::new();
    let candidates = judged.len();
    for (it, combined) in judged.iter().zip(combined) {
        match &it.outcome {
            Ok(choice) => {
                let choice = Choice {
                    relevance: Some(it.relevance(chance(it), combined)),
                    ..choice.clone()
                };
                ranked.push((choice, combined));
            }
            Err(reason) => set_aside.push(SetAside::of(it.candidate, reason.clone())),
        }
    }
    // Of what is near enough to stand in for the best, the asker's own operating system comes first.
    let most = judged
        .iter()
        .map(|it| it.measures().likeness)
        .fold(0.0, f64::max);
    let near = |it: &Choice| {
        let relevance = it.relevance.as_ref();
        relevance.is_some_and(|it| it.named || it.likeness >= SUBSTITUTE * most)
    };
    ranked.sort_by(|(a, left), (b, right)| {
        (near(b).cmp(&near(a)))
            .then_with(|| a.away.cmp(&b.away))
            .then_with(|| left.compare(right))
            .then_with(|| by_name(a, b))
    });
    set_aside.sort_by(set_aside_order);
    let ranking: Vec<Choice> = ranked.into_iter().map(|(choice, _)| choice).collect();
    let best = ranking.first().and_then(|best| best.relevance.clone());
    let mut answer = conclude(request, weights, ranking, set_aside, candidates);
    let most = best_match(request, &judged).map_or(0.0, |it| it.likeness);
    settle(&mut answer, best.as_ref(), blocked, most);
    answer.retrieval = Some(Retrieval {
        words: words.words,
        known: words.known,
        unknown: words.unknown.clone(),
        read: words.read.iter().map(|it| it.found_in(found)).collect(),
        coverage: best.map_or(words.coverage, |best| best.coverage),
        relevance_weight: request.relevance_weight,
    });
    Ok(answer)
}

/// Whether the best that remains is an answer, a doubtful one, or none.
fn settle(answer: &mut Answer, best: Option<&Relevance>, blocked: Option<Blocked>, most: f64) {
    answer.blocked = blocked;
    let Some(best) = best else { return };
    let substitute = answer.blocked.is_some() && best.likeness < SUBSTITUTE * most;
    let refused = !best.named && (substitute || best.relevance < REFUSED);
    answer.doubtful = !best.named && best.relevance < DOUBTFUL;
    if refused {
        answer.answer = None;
        answer.ambiguous = false;
        answer.clarifying_question = None;
        answer.doubtful = false;
    }
}

/// What is meant most likely, set aside or not.
fn best_match<'a>(request: &Request, judged: &'a [Judged<'a>]) -> Option<&'a Judged<'a>> {
    let key = |it: &Judged| (it.tool.named, it.likeness);
    let mut best: Option<&Judged> = None;
    let here = |it: &&Judged| !it.fit.uncalled && !request.is_away(&it.candidate.platform);
    for it in judged.iter().filter(here) {
        let better = best.is_none_or(|best| {
            let (named, likeness) = key(best);
            let by_name = it.tool.named.cmp(&named);
            by_name.then(it.likeness.total_cmp(&likeness)).is_gt()
        });
        if better {
            best = Some(it);
        }
    }
    best
}

impl Judged<'_> {
    fn measures(&self) -> Measures {
        Measures {
            likeness: if self.fit.uncalled {
                0.0
            } else {
                self.likeness
            },
            score: self.outcome.as_ref().map_or(0.0, |choice| choice.score),
            exact: self.tool.named,
        }
    }

    fn relevance(&self, chance: f64, combined: Combined) -> Relevance {
        Relevance {
            relevance: if self.fit.uncalled { 0.0 } else { chance },
            likeness: self.likeness,
            coverage: self.tool.coverage,
            combined: combined.value,
            relevant: combined.relevant,
            named: self.tool.named,
            text: self.fit.text.clone(),
        }
    }

    fn blocked(&self, relevance: f64) -> Option<Blocked> {
        let reason = self.outcome.as_ref().err()?.clone();
        if relevance < REFUSED {
            return None;
        }
        Some(Blocked {
            platform: self.candidate.platform.clone(),
            tool: self.candidate.tool.clone(),
            version: self.candidate.version.clone(),
            capability: self.candidate.capability.clone(),
            pattern: self.candidate.pattern.clone(),
            needs: self.candidate.policy.required_permissions.clone(),
            reason,
            relevance,
        })
    }
}
