use app::reads::TopObjection;
use maud::{Markup, html};

use crate::text::{percent, words};

/// What customers object to most, as bars. The longest fills the width, so that small shares can be told apart.
pub(crate) fn objections(objections: &[TopObjection]) -> Markup {
    let usable = |value: f64| if value.is_finite() { value.clamp(0.0, 100.0) } else { 0.0 };
    let most = objections.iter().map(|one| usable(one.percentage)).fold(0.0, f64::max);
    html! {
        @if objections.is_empty() {
            p.empty { "No objection was heard in these days." }
        } @else {
            ol.bars {
                @for objection in objections {
                    @let width = if most > 0.0 { usable(objection.percentage) / most * 100.0 } else { 0.0 };
                    li {
                        span.bar-name { (words(&objection.label)) }
                        span.bar-value { (percent(usable(objection.percentage))) }
                        svg.bar aria-hidden="true" {
                            title { (objection.label) ": " (percent(usable(objection.percentage))) }
                            rect.bar-track width="100%" height="100%" rx="3" {}
                            rect.bar-fill width={ (format!("{width:.1}")) "%" } height="100%" rx="3" {}
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

    #[test]
    fn labels_are_text_and_widths_are_numbers() {
        let one = |label: &str, percentage| TopObjection { label: label.to_owned(), percentage };
        let shown =
            objections(&[one("</title><script>", 40.0), one("b", f64::NAN), one("c", 10.0)]).into_string();
        assert!(!shown.contains("<script"), "{shown}");
        assert!(shown.contains("width=\"100.0%\"") && shown.contains("width=\"25.0%\""), "{shown}");
        assert!(!shown.contains("NaN"));
        assert!(objections(&[]).into_string().contains("No objection"));
    }
}
