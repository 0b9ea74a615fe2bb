//! Tables of plain text: the first column to the left, figures to the right.

use std::fmt;

/// Columns stand in groups, each with a title above it.
pub(crate) struct Table {
    groups: Vec<Group>,
    rows: Vec<Vec<String>>,
}

struct Group {
    title: String,
    columns: Vec<&'static str>,
}

impl Table {
    /// A table whose first column bears this name.
    pub(crate) fn new(first: &'static str) -> Self {
        Self { groups: vec![Group { title: String::new(), columns: vec![first] }], rows: Vec::new() }
    }

    pub(crate) fn group(&mut self, title: impl Into<String>, columns: &[&'static str]) {
        self.groups.push(Group { title: title.into(), columns: columns.to_vec() });
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn widths(&self) -> Vec<usize> {
        let headers = self.groups.iter().flat_map(|group| &group.columns);
        headers
            .enumerate()
            .map(|(column, header)| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let widest = cells.map(|cell| width(cell)).max().unwrap_or(0);
                widest.max(width(header))
            })
            .collect()
    }

    /// The titles of the groups, each over its columns.
    fn titles(&self, widths: &[usize]) -> String {
        let mut columns = widths;
        let mut titles = Vec::new();
        for Group { title, columns: own } in &self.groups {
            let (these, rest) = columns.split_at(own.len());
            columns = rest;
            let span = these.iter().sum::<usize>() + GAP.len() * own.len().saturating_sub(1);
            titles.push(if title.is_empty() {
                " ".repeat(span)
            } else {
                format!("{:-^span$}", format!(" {title} "))
            });
        }
        titles.join(GAP)
    }
}

/// What stands between two columns.
const GAP: &str = "   ";

fn width(text: &str) -> usize {
    text.chars().count()
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        if self.groups.iter().any(|group| !group.title.is_empty()) {
            writeln!(out, "{}", self.titles(&widths).trim_end())?;
        }
        let headers = self.groups.iter().flat_map(|group| &group.columns).copied();
        writeln!(out, "{}", line(headers, &widths))?;
        for row in &self.rows {
            let cells = row.iter().map(String::as_str);
            writeln!(out, "{}", line(cells, &widths))?;
        }
        Ok(())
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let padded: Vec<String> = cells
        .zip(widths)
        .enumerate()
        .map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        })
        .collect();
    padded.join(GAP)
}
