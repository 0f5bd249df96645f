//! The page around the charts.

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

/// A page that is put together from parts. What takes text escapes it.
#[derive(Debug, Default)]
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// An empty page with a title.
    pub fn new(title: &str) -> Self {
        Self {
            title: escape(title),
            body: format!("<h1>{}</h1>\n", escape(title)),
        }
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.body.push_str(&format!("<p>{}</p>\n", escape(text)));
    }

    /// A heading that starts a section, which others can link to by its number.
    pub fn section(&mut self, number: usize, title: &str) {
        self.body
            .push_str(&format!("<h2 id=\"s{number}\">{}</h2>\n", escape(title)));
    }

    /// A table; the first cell of a row links to the section of the row's number, from 1.
    pub fn index(&mut self, heading: &[&str], rows: &[Vec<String>]) {
        self.body
            .push_str("<div class=\"wide\"><table>\n<thead><tr>");
        for cell in heading {
            self.body.push_str(&format!("<th>{}</th>", escape(cell)));
        }
        self.body.push_str("</tr></thead>\n<tbody>\n");
        for (number, row) in rows.iter().enumerate() {
            self.body.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let cell = escape(cell);
                self.body.push_str(&match column {
                    0 => format!("<td><a href=\"#s{}\">{cell}</a></td>", number + 1),
                    _ => format!("<td>{cell}</td>"),
                });
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</tbody></table></div>\n");
    }

    /// Named values, side by side where there is room.
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

    /// Charts, side by side where there is room; each is SVG with a caption.
    pub fn charts(&mut self, charts: &[(String, String)]) {
        self.body.push_str("<div class=\"charts\">\n");
        for (caption, svg) in charts {
            let caption = escape(caption);
            self.body.push_str(&format!(
                "<figure><figcaption>{caption}</figcaption>{svg}</figure>\n"
            ));
        }
        self.body.push_str("</div>\n");
    }

    /// Counts as bars, the longest one as wide as there is room: content of a chart's figure.
    pub fn bars(counts: &[(String, usize)]) -> String {
        let most = counts
            .iter()
            .map(|it| it.1)
            .max()
            .unwrap_or_default()
            .max(1) as f64;
        let mut html = "<div class=\"bars\">".to_owned();
        for (name, count) in counts {
            let width = *count as f64 / most * 100.0;
            html.push_str(&format!(
                "<div><span>{}</span><i style=\"width:{width:.1}%\"></i><b>{count}</b></div>",
                escape(name)
            ));
        }
        html.push_str("</div>");
        html
    }

    /// The whole page.
    pub fn html(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
             </head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
            self.title, self.body
        )
    }
}

const STYLE: &str = include_str!("page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_stays_text() {
        let mut page = Page::new("<script>alert(1)</script>");
        page.findings([(
            "error",
            "\"><img src=x onerror=alert(1)>\u{1b}[2J".to_owned(),
        )]);
        page.charts(&[("a".into(), Page::bars(&[("<b>".into(), 3)]))]);
        let html = page.html();
        assert!(!html.contains("<script") && !html.contains("<img"));
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;\\e[2J"));
        assert!(!html.contains("http://") && !html.contains("https://"));
    }
}
