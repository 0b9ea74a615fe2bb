//! A writer of bars: panels of named rows, each with one bar or more, as SVG.

use std::fmt::Write;

/// A panel.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) scale: Scale,
    /// What the bars of a row are, where there are several.
    pub(super) series: &'static [&'static str],
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) name: String,
    pub(super) bars: Vec<f64>,
    pub(super) is_ours: bool,
}

/// From where to where bars reach.
#[derive(Clone, Copy)]
pub(super) enum Scale {
    /// From nothing to this.
    Linear(f64),
    /// From one to this, each power of ten as far from the next.
    Log(f64),
}

impl Scale {
    /// How much of the width a bar takes.
    fn part(self, figure: f64) -> f64 {
        let part = match self {
            Self::Linear(most) => figure / most,
            Self::Log(most) => figure.log10() / most.log10(),
        };
        part.clamp(0.0, 1.0)
    }

    /// Where lines are drawn.
    fn marks(self) -> Vec<f64> {
        let all = |first, next: fn(f64, f64) -> f64, last| -> Vec<f64> {
            let marks = std::iter::successors(Some(first), |mark| Some(next(*mark, first)));
            marks.take_while(|mark| *mark <= last).collect()
        };
        match self {
            Self::Log(most) => all(1.0, |mark, _| mark * 10.0, most),
            Self::Linear(most) => {
                // Two to four, at round figures.
                let ten = 10_f64.powf(most.log10().floor());
                let step = [ten / 2.0, ten, ten * 2.0].into_iter().find(|step| most < step * 5.0);
                all(step.unwrap_or(most), |mark, step| mark + step, most)
            }
        }
    }
}

/// In pixels.
const NAMES: f64 = 218.0;
const BARS: f64 = 200.0;
const COLUMN: f64 = NAMES + BARS + 62.0;
const TITLE: f64 = 44.0;
const BAR: f64 = 9.0;
const BETWEEN: f64 = 8.0;
const LINE: f64 = 17.0;
const MARGIN: f64 = 14.0;

/// Readable on light and on dark ground, of which it has none of its own.
const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:13px}\
.small{font-size:11px;fill:#59636e}.mark{stroke:#8b949e;stroke-opacity:.35}\
.other{fill:#8b949e}.ours{fill:#0a69da}.second{fill-opacity:.5}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.ours{fill:#4493f8}.other{fill:#7d8590}}";

/// Draws columns of panels, side by side, with lines of text beneath.
pub(super) fn draw(columns: &[Vec<Panel>], notes: &[String]) -> String {
    let mut body = String::new();
    let mut lowest = 0.0_f64;
    let mut left = MARGIN;
    for column in columns {
        let mut top = MARGIN;
        for panel in column {
            top = draw_panel(&mut body, panel, left, top) + MARGIN;
        }
        lowest = lowest.max(top);
        left += COLUMN;
    }
    for note in notes {
        lowest += LINE;
        text(&mut body, MARGIN, lowest, "small", "start", note);
    }
    let height = lowest + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {left} {height}\" width=\"{left}\" \
         height=\"{height}\" role=\"img\">\n<style>{STYLE}</style>\n{body}</svg>\n"
    )
}

/// Returns where it ends.
fn draw_panel(body: &mut String, panel: &Panel, left: f64, top: f64) -> f64 {
    text(body, left, top + 12.0, "title", "start", &panel.title);
    let start = left + NAMES;
    let bottom = panel.rows.iter().fold(top + TITLE, |at, row| at + height(row));
    for mark in panel.scale.marks() {
        let x = start + BARS * panel.scale.part(mark);
        let _ = writeln!(
            body,
            "<line class=\"mark\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\"/>",
            top + TITLE - 8.0
        );
        text(body, x, top + TITLE - 12.0, "small", "middle", &shown(mark));
    }
    if !panel.series.is_empty() {
        let names = panel.series.join(", and paler ");
        text(body, left, top + TITLE - 12.0, "small", "start", &names);
    }
    let mut at = top + TITLE;
    for row in &panel.rows {
        let middle = at + (height(row) - BETWEEN) / 2.0;
        text(body, start - 8.0, middle + 4.0, "", "end", &row.name);
        for (place, &figure) in row.bars.iter().enumerate() {
            let kind = if row.is_ours { "ours" } else { "other" };
            let second = if place > 0 { " second" } else { "" };
            let width = BARS * panel.scale.part(figure);
            let _ = writeln!(
                body,
                "<rect class=\"{kind}{second}\" x=\"{start:.1}\" y=\"{at:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"1.5\"/>"
            );
            text(body, start + width + 5.0, at + BAR - 0.5, "small", "start", &shown(figure));
            at += BAR + 1.0;
        }
        at += BETWEEN - 1.0;
    }
    bottom
}

#[expect(clippy::cast_precision_loss, reason = "a row has few bars")]
fn height(row: &Row) -> f64 {
    row.bars.len() as f64 * (BAR + 1.0) - 1.0 + BETWEEN
}

/// A figure below ten with a decimal, as long as that says something.
fn shown(figure: f64) -> String {
    if figure < 10.0 && figure.fract() != 0.0 { format!("{figure:.1}") } else { format!("{figure:.0}") }
}

fn text(body: &mut String, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        body,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact in binary")]
mod tests {
    use super::{Panel, Row, Scale, draw};

    #[test]
    fn bars_are_as_long_as_their_scale_says() {
        assert_eq!([50.0, 100.0, 300.0].map(|figure| Scale::Linear(100.0).part(figure)), [0.5, 1.0, 1.0]);
        assert_eq!(
            [0.5, 1.0, 10.0, 100.0].map(|figure| Scale::Log(100.0).part(figure)),
            [0.0, 0.0, 0.5, 1.0]
        );
        assert_eq!(Scale::Log(500.0).marks(), [1.0, 10.0, 100.0]);
        assert_eq!(Scale::Linear(100.0).marks(), [50.0, 100.0]);
        assert_eq!(Scale::Linear(257.0).marks(), [100.0, 200.0]);
        assert_eq!(Scale::Linear(99.0).marks(), [20.0, 40.0, 60.0, 80.0]);
    }

    #[test]
    fn names_are_escaped() {
        let row = Row { name: "a<b> & c".to_owned(), bars: vec![1.0], is_ours: true };
        let panel = Panel { title: String::new(), scale: Scale::Linear(1.0), series: &[], rows: vec![row] };
        assert!(draw(&[vec![panel]], &[]).contains(">a&lt;b> &amp; c</text>"));
    }
}
