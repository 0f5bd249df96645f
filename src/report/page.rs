//! The page around the charts.

use chrono::{DateTime, Utc};

use crate::output::text::visible;

/// The text as HTML content or as the value of a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Where a page comes from.
#[derive(Debug, Clone)]
pub struct Made {
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The catalog whose figures it shows.
    pub catalog: String,
    /// The catalog's revision.
    pub revision: i64,
}

impl Made {
    fn sentence(&self) -> String {
        format!(
            "Made by {} on {} UTC from the catalog {} at revision {}, toolcat {}.",
            self.by,
            self.at.format("%Y-%m-%d %H:%M"),
            self.catalog,
            self.revision,
            env!("CARGO_PKG_VERSION")
        )
    }
}

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// To be looked at.
    Bad,
    /// Neither.
    Plain,
}

impl Tone {
    /// The tone as a class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Plain => "plain",
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// Text.
    Text(&'static str),
    /// Numbers, which stand below one another.
    Number(&'static str),
}

/// A chart with its caption.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it shows.
    pub caption: String,
    /// The chart as HTML.
    pub html: String,
}

impl Figure {
    /// A chart, which is HTML already, with its caption.
    pub fn new(caption: impl Into<String>, html: String) -> Self {
        Self {
            caption: caption.into(),
            html,
        }
    }

    /// The figure as HTML.
    pub fn html(&self) -> String {
        let (caption, html) = (escape(&self.caption), &self.html);
        format!("<figure class=\"chart\"><figcaption>{caption}</figcaption>{html}</figure>\n")
    }
}

/// A page that is put together from parts. What takes text escapes it.
#[derive(Debug)]
pub struct Page {
    title: String,
    body: String,
    foot: String,
}

impl Page {
    /// A page with a title and its verdict in words.
    pub fn new(title: &str, tone: Tone, verdict: &str, made: &Made) -> Self {
        let (title, class) = (escape(title), tone.class());
        Self {
            body: format!(
                "<h1>{title}</h1>\n<p class=\"verdict {class}\">{}</p>\n",
                escape(verdict)
            ),
            title,
            foot: escape(&made.sentence()),
        }
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.body.push_str(&format!("<p>{}</p>\n", escape(text)));
    }

    /// A paragraph that stands back.
    pub fn aside(&mut self, text: &str) {
        self.body
            .push_str(&format!("<p class=\"soft\">{}</p>\n", escape(text)));
    }

    /// A sentence that stands out.
    pub fn verdict(&mut self, tone: Tone, text: &str) {
        let class = tone.class();
        self.body.push_str(&format!(
            "<p class=\"verdict {class}\">{}</p>\n",
            escape(text)
        ));
    }

    /// A heading that starts a section, which others can link to by its number.
    pub fn section(&mut self, number: usize, title: &str) {
        self.body
            .push_str(&format!("<h2 id=\"s{number}\">{}</h2>\n", escape(title)));
    }

    /// A table; the first cell of a row links to the section of the row's number, from 1.
    pub fn index(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        self.rows(columns, rows, true);
    }

    /// A table.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        self.rows(columns, rows, false);
    }

    fn rows(&mut self, columns: &[Column], rows: &[Vec<String>], linked: bool) {
        let class = |column: Option<&Column>| match column {
            Some(Column::Number(_)) => " class=\"n\"",
            _ => "",
        };
        let mut html = "<div class=\"wide\"><table>\n<thead><tr>".to_owned();
        for column in columns {
            let (Column::Text(name) | Column::Number(name)) = column;
            let class = class(Some(column));
            html.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escape(name)));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for (number, row) in rows.iter().enumerate() {
            html.push_str("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let (cell, class) = (escape(cell), class(columns.get(at)));
                html.push_str(&match at {
                    0 if linked => format!("<td><a href=\"#s{}\">{cell}</a></td>", number + 1),
                    _ => format!("<td{class}>{cell}</td>"),
                });
            }
            html.push_str("</tr>\n");
        }
        self.body.push_str(&html);
        self.body.push_str("</tbody></table></div>\n");
    }

    /// Named values, side by side if there is room.
    pub fn facts(&mut self, facts: &[(&str, String)]) {
        self.body.push_str("<dl>\n");
        for (name, value) in facts {
            let (name, value) = (escape(name), escape(value));
            self.body
                .push_str(&format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
        }
        self.body.push_str("</dl>\n");
    }

    /// A list of findings, each with what kind it is.
    pub fn findings<'a>(&mut self, lines: impl IntoIterator<Item = (&'a str, String)>) {
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(kind, line)| format!("<li><b>{}</b> {}</li>\n", escape(kind), escape(&line)))
            .collect();
        if !lines.is_empty() {
            self.body
                .push_str(&format!("<ul>\n{}</ul>\n", lines.concat()));
        }
    }

    /// Charts, side by side if there is room.
    pub fn charts(&mut self, figures: &[Figure]) {
        self.body.push_str("<div class=\"charts\">\n");
        for figure in figures {
            self.body.push_str(&figure.html());
        }
        self.body.push_str("</div>\n");
    }

    /// The whole page.
    pub fn html(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{STYLE}{}</style>\n\
             </head>\n<body>\n<main>\n{}</main>\n<footer>{}</footer>\n</body>\n</html>\n",
            self.title,
            super::CHART_STYLE,
            self.body,
            self.foot
        )
    }
}

const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_stays_text() {
        let made = Made {
            by: "<b>anna</b>".to_owned(),
            at: DateTime::UNIX_EPOCH,
            catalog: "main".to_owned(),
            revision: 7,
        };
        let mut page = Page::new("<script>alert(1)</script>", Tone::Bad, "<i>", &made);
        page.findings([(
            "error",
            "\"><img src=x onerror=alert(1)>\u{1b}[2J".to_owned(),
        )]);
        page.charts(&[Figure::new(
            "<u>",
            crate::report::bars(&[crate::report::Bar::count("<b>", 3)]),
        )]);
        let html = page.html();
        for tag in ["<script", "<img", "<b>anna", "<i>", "<u>", "<span><b>"] {
            assert!(!html.contains(tag), "{tag}");
        }
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;\\e[2J"));
        assert!(!html.contains("http://") && !html.contains("https://"));
        assert!(html.contains(
            "Made by &lt;b&gt;anna&lt;/b&gt; on 1970-01-01 00:00 UTC from the catalog main at revision 7"
        ));
    }
}
