/// A rate as a fraction, not rounded; nothing over nothing is nothing (`metrics.md` §0.3).
pub fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

/// A percentage from 0 to 100, rounded half up to two decimals; 0 over nothing (`metrics.md` §0.3, the exceptions).
///
/// Computed in integers: 1/3 of 100 is 33.33 on every machine.
pub fn percentage(part: i64, whole: i64) -> f64 {
    if whole <= 0 || part <= 0 {
        return 0.0;
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    let hundredths = (part * 20_000 + whole) / (whole * 2);
    let hundredths = i32::try_from(hundredths.min(10_000)).unwrap_or(10_000);
    f64::from(hundredths) / 100.0
}

/// Whether a call's lead quality counts as qualified: Q(c) of `metrics.md` §0.2.
pub fn is_qualified(lead_quality: &str) -> bool {
    let quality = lead_quality.trim().to_ascii_lowercase();
    matches!(quality.as_str(), "hot" | "warm" | "cold" | "qualified")
}

/// An objection as a key for counting: trimmed, runs of white space made one blank, lower case; `None` for a blank
/// (key(o) of `metrics.md` §0.2).
pub fn objection_key(text: &str) -> Option<String> {
    let key = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::float_cmp, reason = "rounded to two places, which is one way to write each")]
    #[test]
    fn percentages_round_half_up() {
        assert_eq!(percentage(2, 3), 66.67);
        assert_eq!(percentage(1, 3), 33.33);
        assert_eq!(percentage(1, 800), 0.13); // 0.125
        assert_eq!(percentage(0, 0), 0.0);
        assert_eq!(percentage(3, 2), 100.0);
    }

    #[test]
    fn rates_of_nothing_are_nothing() {
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(2, 5), Some(0.4));
    }

    #[test]
    fn objection_keys_are_the_contracts_example() {
        for text in ["Price too high", "price too high", "price  too high "] {
            assert_eq!(objection_key(text).unwrap(), "price too high");
        }
        assert_eq!(objection_key(" \t"), None);
    }

    proptest! {
        #[test]
        fn percentages_stay_in_range(part in any::<i64>(), whole in any::<i64>()) {
            prop_assert!((0.0..=100.0).contains(&percentage(part, whole)));
        }

        #[test]
        fn a_key_is_its_own_key(text in "\\PC{0,30}") {
            if let Some(key) = objection_key(&text) {
                prop_assert_eq!(objection_key(&key), Some(key));
            }
        }
    }
}
