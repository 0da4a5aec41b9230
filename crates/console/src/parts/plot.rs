//! A plot of percentages by day, drawn here.
//!
//! Labels and points are placed in per cent of an SVG that is as wide as its place, so that texts keep their size on a
//! phone; only line and area are stretched, in an SVG within it.

use std::fmt::Write;

use app::reads::BookingRatePoint;
use chrono::NaiveDate;
use maud::{Markup, html};

use crate::text::percent;

/// One day; no value where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// The day.
    pub(crate) day: NaiveDate,
    /// 0 to 100.
    pub(crate) percent: Option<f64>,
}

impl From<&BookingRatePoint> for Point {
    fn from(point: &BookingRatePoint) -> Self {
        // a day on which nobody could have booked is no day on which nobody did
        let usable = (point.qualified > 0 && point.rate.is_finite()).then(|| point.rate.clamp(0.0, 100.0));
        Self { day: point.date, percent: usable }
    }
}

/// Where the axis ends: a round number that leaves little empty, divided by four.
fn top(points: &[Point]) -> f64 {
    let most = points.iter().filter_map(|point| point.percent).fold(0.0, f64::max);
    [20.0, 40.0, 60.0, 80.0].into_iter().find(|top| most <= *top).unwrap_or(100.0)
}

struct Placed {
    point: Point,
    x: f64,
    y: Option<f64>,
}

fn placed(points: &[Point], top: f64) -> Vec<Placed> {
    let last = points.len().saturating_sub(1);
    let x = |at: usize| if last == 0 { 50.0 } else { at as f64 / last as f64 * 100.0 };
    let y = |value: f64| 100.0 - value / top * 100.0;
    points
        .iter()
        .enumerate()
        .map(|(at, point)| Placed { point: *point, x: x(at), y: point.percent.map(y) })
        .collect()
}

/// Line and area: one piece for each run of days that have a value.
fn paths(placed: &[Placed]) -> (String, String) {
    let (mut line, mut area) = (String::new(), String::new());
    for run in placed.split(|one| one.y.is_none()) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        if run.len() < 2 {
            continue;
        }
        // writing to a string cannot fail
        let _ = write!(area, "M{:.2} 100", first.x);
        for (at, one) in run.iter().enumerate() {
            let y = one.y.unwrap_or(100.0);
            let _ = write!(line, "{}{:.2} {y:.2}", if at == 0 { 'M' } else { 'L' }, one.x);
            let _ = write!(area, "L{:.2} {y:.2}", one.x);
        }
        let _ = write!(area, "L{:.2} 100Z", last.x);
    }
    (line, area)
}

/// Whether no line leads to a point.
fn is_alone(placed: &[Placed], at: usize) -> bool {
    let known = |at: Option<usize>| at.and_then(|at| placed.get(at)).is_some_and(|one| one.y.is_some());
    !known(at.checked_sub(1)) && !known(at.checked_add(1))
}

/// The plot, and the same numbers as a table.
pub(crate) fn rates(points: &[Point], name: &str) -> Markup {
    let top = top(points);
    let placed = placed(points, top);
    let (line, area) = paths(&placed);
    let day = 100.0 / points.len().saturating_sub(1).max(1) as f64;
    let newest = placed.iter().rposition(|one| one.y.is_some());
    html! {
        @if newest.is_none() {
            p.empty { "There is nothing to draw yet." }
        } @else {
            figure.plot-figure {
                svg.plot role="img" aria-label=(summary(points, name)) {
                    @for quarter in 0..=4_i32 {
                        @let y = format!("{}%", quarter * 25);
                        line.grid.base[quarter == 4] x1="0" x2="100%" y1=(y) y2=(y) {}
                        text.axis x="-10" y=(y) dy="0.32em" text-anchor="end" {
                            (percent(top * f64::from(4 - quarter) / 4.0))
                        }
                    }
                    svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%" {
                        path.area d=(area) {}
                        path.line d=(line) vector-effect="non-scaling-stroke" {}
                    }
                    @for (at, one) in placed.iter().enumerate() {
                        g.point.newest[newest == Some(at)].alone[one.y.is_some() && is_alone(&placed, at)] {
                            // the whole day's strip, which a finger can find
                            rect.reach x={ (format!("{:.2}", one.x - day / 2.0)) "%" } y="0"
                                width={ (format!("{day:.2}")) "%" } height="100%" {}
                            @if let Some(y) = one.y {
                                circle cx={ (format!("{:.2}", one.x)) "%" } cy={ (format!("{y:.2}")) "%" } r="3" {}
                            }
                            title {
                                (one.point.day.format("%a, %b %-d")) ": "
                                @match one.point.percent {
                                    Some(value) => (percent(value)),
                                    None => "nobody could have booked",
                                }
                            }
                        }
                    }
                    (days(&placed))
                }
            }
            (table(points, name))
        }
    }
}

/// A few days under the axis: the newest, and every week before it.
fn days(placed: &[Placed]) -> Markup {
    let last = placed.len().saturating_sub(1);
    html! {
        @for (at, one) in placed.iter().enumerate() {
            @if (last - at).is_multiple_of(7) {
                text.axis x={ (format!("{:.2}", one.x)) "%" } y="100%" dy="1.7em" text-anchor="middle" {
                    (one.point.day.format("%b %-d"))
                }
            }
        }
    }
}

fn summary(points: &[Point], name: &str) -> String {
    let values: Vec<f64> = points.iter().filter_map(|point| point.percent).collect();
    let lowest = values.iter().copied().fold(100.0, f64::min);
    let highest = values.iter().copied().fold(0.0, f64::max);
    let newest = values.last().copied().unwrap_or_default();
    format!(
        "{name}, by day: from {} to {}, most recently {}. The numbers follow as a table.",
        percent(lowest),
        percent(highest),
        percent(newest)
    )
}

fn table(points: &[Point], name: &str) -> Markup {
    html! {
        details.as-table {
            summary { "As a table" }
            table.counts {
                caption.unseen { (name) }
                thead { tr { th scope="col" { "Day" } th.number-cell scope="col" { (name) } } }
                tbody {
                    @for point in points.iter().rev() {
                        tr {
                            th scope="row" { (point.day.format("%a, %b %-d")) }
                            td.number-cell {
                                @match point.percent { Some(value) => (percent(value)), None => (super::pill::nothing()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[Option<f64>]) -> Vec<Point> {
        let first: NaiveDate = "2026-11-01".parse().unwrap();
        first.iter_days().zip(values).map(|(day, percent)| Point { day, percent: *percent }).collect()
    }

    #[test]
    fn nothing_known_is_nothing_drawn() {
        for none in [points(&[]), points(&[None]), points(&[None, None, None])] {
            let shown = rates(&none, "Booking rate").into_string();
            assert!(shown.contains("nothing to draw") && !shown.contains("<svg"), "{shown}");
        }
    }

    #[test]
    fn one_point_stands_in_the_middle() {
        let shown = rates(&points(&[Some(50.0)]), "Booking rate").into_string();
        assert!(shown.contains("cx=\"50.00%\" cy=\"16.67%\""), "{shown}");
        assert!(shown.contains("<path class=\"line\" d=\"\""), "{shown}");
        assert!(shown.contains("Sun, Nov 1: 50 %"), "{shown}");
    }

    #[test]
    fn gaps_break_the_line() {
        let values = [Some(0.0), Some(50.0), None, Some(100.0), None, Some(20.0), Some(30.0)];
        let (line, area) = paths(&placed(&points(&values), 100.0));
        assert_eq!((line.matches('M').count(), area.matches('Z').count()), (2, 2));
        let shown = rates(&points(&values), "Booking rate").into_string();
        assert_eq!(shown.matches("<circle").count(), 5);
        assert_eq!(shown.matches("point alone").count(), 1, "a point without a line is seen: {shown}");
    }

    #[test]
    fn what_is_no_number_is_no_point() {
        let day = "2026-11-01".parse().unwrap();
        let of = |rate, qualified| Point::from(&BookingRatePoint { date: day, rate, qualified }).percent;
        assert_eq!(
            (of(f64::NAN, 9), of(f64::INFINITY, 9), of(140.0, 9), of(-1.0, 9)),
            (None, None, Some(100.0), Some(0.0))
        );
        assert_eq!((of(0.0, 1), of(0.0, 0)), (Some(0.0), None), "nobody booked, and nobody could");
    }

    #[test]
    fn the_axis_ends_just_above_the_highest() {
        assert_eq!(
            (top(&points(&[Some(0.0)])), top(&points(&[Some(40.1)])), top(&points(&[Some(81.0)]))),
            (20.0, 60.0, 100.0)
        );
    }

    #[test]
    fn names_are_text_in_attributes_too() {
        let shown = rates(&points(&[Some(1.0)]), "\"><script>").into_string();
        assert!(!shown.contains("<script"), "{shown}");
        assert!(shown.contains("aria-label=\"&quot;&gt;&lt;script&gt;, by day"), "{shown}");
    }
}
