//! An index in memory, for selecting from definitions on disk.

use rayon::prelude::*;

use super::document::{Analyzed, Text, analyze};
use super::postings::{PostingList, Postings, Stats};
use super::query::Query;
use super::rank::{Ranking, rank};
use super::words::Analyzer;

/// Documents analysed by one task.
const CHUNK: usize = 256;

/// Postings and statistics of a list of tools; a document's number is its place in the list.
#[derive(Debug, Clone, Default)]
pub struct Index {
    stats: Stats,
    postings: Postings,
    keys: Vec<(String, String)>,
}

impl Index {
    /// Indexes the texts.
    pub fn build(texts: &[Text]) -> Index {
        let analyzed: Vec<Vec<Analyzed>> = texts
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut analyzer = Analyzer::new();
                chunk
                    .iter()
                    .map(|text| analyze(&mut analyzer, text))
                    .collect()
            })
            .collect();
        let mut index = Index::default();
        for (doc, document) in analyzed.into_iter().flatten().enumerate() {
            index.stats.documents += 1;
            index.stats.total_length += u64::from(document.length);
            for term in document.terms {
                match index.postings.get_mut(&term.term) {
                    Some(list) => list.insert_use(doc as i64, document.length, &term),
                    None => {
                        let mut list = PostingList::new();
                        list.insert_use(doc as i64, document.length, &term);
                        index.postings.insert(term.term, list);
                    }
                }
            }
        }
        index.keys = texts
            .iter()
            .map(|text| (text.name.clone(), text.platform.clone()))
            .collect();
        index
    }

    /// What ranking knows about the collection.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The postings of every term.
    pub fn postings(&self) -> &Postings {
        &self.postings
    }

    /// Ranks the tools for a request; equal scores by name, then platform, in byte order.
    pub fn search(&self, request: &str) -> Ranking {
        self.search_query(Query::parse(&mut Analyzer::new(), request))
    }

    /// Ranks the tools for a request already parsed.
    pub fn search_query(&self, mut query: Query) -> Ranking {
        for unknown in query.unknown(&self.postings) {
            query.relate(&unknown, self.postings.keys().map(String::as_str));
        }
        let mut ranking = rank(&query, &self.stats, &self.postings);
        (ranking.hits).order(|doc| usize::try_from(doc).ok().and_then(|doc| self.keys.get(doc)));
        ranking
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn text(name: &str, description: &str) -> Text {
        Text {
            name: name.into(),
            description: description.into(),
            ..Text::default()
        }
    }

    fn names(texts: &[Text], request: &str) -> Vec<String> {
        let index = Index::build(texts);
        index
            .search(request)
            .hits
            .all()
            .iter()
            .map(|hit| texts[hit.doc as usize].name.clone())
            .collect()
    }

    fn sample() -> Vec<Text> {
        vec![
            text("tar", "Archive files into a tape archive"),
            text("gzip", "Compress files"),
            text("find", "Find files below a directory"),
            text("df", "Show free space of each file system"),
            text("mkfs", "Make a filesystem on a partition"),
            text("ping", "Send echo requests to a host"),
        ]
    }

    #[test]
    fn the_words_decide() {
        assert_eq!(names(&sample(), "compressing a file")[0], "gzip");
        assert_eq!(names(&sample(), "echo request")[0], "ping");
        assert!(names(&sample(), "zebra").is_empty());
        assert!(names(&[], "file").is_empty());
    }

    #[test]
    fn an_exact_name_is_first() {
        let mut texts = sample();
        texts.push(text(
            "finder",
            "find find find, find files; find directories",
        ));
        assert_eq!(names(&texts, "find")[0], "find");
        assert_eq!(names(&texts, "`tar` compress echo files")[0], "tar");
    }

    #[test]
    fn compound_words_match_written_apart_and_together() {
        assert!(names(&sample(), "filesystem").contains(&"df".to_owned()));
        assert!(names(&sample(), "file system partition").starts_with(&["mkfs".to_owned()]));
    }

    #[test]
    fn a_synonym_helps_and_a_slip_is_forgiven() {
        assert_eq!(names(&sample(), "locate")[0], "find");
        assert_eq!(names(&sample(), "compresss")[0], "gzip");
    }

    #[test]
    fn coverage_says_how_much_of_the_request_is_known() {
        let ranking = Index::build(&sample()).search("compress zebras quickly unheardof");
        assert_eq!((ranking.known, ranking.words), (1, 4));
        assert!(ranking.coverage() > 0.0 && ranking.coverage() < 0.5);
        assert_eq!(
            ranking.unknown().collect::<Vec<_>>(),
            ["zebras", "quickly", "unheardof"]
        );
        let full = Index::build(&sample()).search("echo requests");
        assert!((full.coverage() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_scores_go_by_name() {
        let texts = vec![text("b", "same words"), text("a", "same words")];
        assert_eq!(names(&texts, "words"), ["a", "b"]);
        let mut ranking = Index::build(&texts).search("words");
        assert_eq!(ranking.hits.top(1).len(), 2);
    }

    fn words() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop::sample::select(vec![
                "find",
                "file",
                "system",
                "log",
                "large",
                "the",
                "host",
                "NodeVersions",
                "ping",
            ]),
            0..8,
        )
        .prop_map(|words| words.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn packed_postings_of_the_terms_rank_the_same(
            descriptions in proptest::collection::vec(words(), 1..12), request in words()
        ) {
            let texts: Vec<Text> =
                descriptions.iter().enumerate().map(|(i, d)| text(&format!("tool{i}"), d)).collect();
            let index = Index::build(&texts);
            let query = Query::parse(&mut Analyzer::new(), &request);
            let fetched: Postings = query
                .terms()
                .into_iter()
                .filter_map(|term| {
                    let list = index.postings().get(&term)?;
                    // Other numbers, as a database would give, in two rows.
                    let (mut low, mut high) = (PostingList::new(), PostingList::new());
                    for entry in list.entries() {
                        let part = if entry.doc % 2 == 0 { &mut low } else { &mut high };
                        part.insert(entry.doc * 7 + 1000, entry.length, entry.frequency, list.positions(entry));
                    }
                    let mut both = PostingList::decode(&low.encode()).ok()?;
                    both.decode_into(&high.encode()).ok()?;
                    Some((term, both))
                })
                .collect();
            let mut here = rank(&query, index.stats(), index.postings());
            let mut there = rank(&query, index.stats(), &fetched);
            prop_assert_eq!(here.hits.len(), there.hits.len());
            for (a, b) in here.hits.all().iter().zip(there.hits.all()) {
                prop_assert_eq!(a.doc * 7 + 1000, b.doc);
                prop_assert_eq!((a.score.to_bits(), a.coverage.to_bits()), (b.score.to_bits(), b.coverage.to_bits()));
            }
        }

        #[test]
        fn any_request_is_ranked(request in ".{0,80}", description in ".{0,80}") {
            let mut texts = sample();
            texts.push(text("any", &description));
            let index = Index::build(&texts);
            let mut first = index.search(&request);
            prop_assert_eq!(&first, &index.search(&request));
            for hit in first.hits.all() {
                prop_assert!((0.0..=1.0).contains(&hit.relevance) && (0.0..=1.0).contains(&hit.coverage));
                prop_assert!(hit.score.is_finite());
            }
        }

        #[test]
        fn tools_without_a_word_of_the_request_are_no_hits(request in words(), others in 0usize..20) {
            let mut texts = sample();
            for i in 0..others {
                texts.push(text(&format!("q{i}x"), "quince zucchini"));
            }
            let index = Index::build(&texts);
            let by_name: HashMap<&str, ()> = index
                .search(&request)
                .hits
                .all()
                .iter()
                .map(|hit| (texts[hit.doc as usize].name.as_str(), ()))
                .collect();
            prop_assert!(by_name.keys().all(|name| !name.starts_with('q')));
        }
    }
}
