//! What commands say to people: results on standard output, complaints on standard error.

use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Writes a result. A reader who has gone (`otto … | head`) is no failure.
pub fn say(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Says what is wrong.
pub fn complain(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "otto: {text}");
    ExitCode::FAILURE
}

/// Lines of cells as a table, each column as wide as its widest cell.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(header.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}
