//! Chance that is the same every time: a small generator seeded by a seed and what the draw is about.

use sha2::{Digest, Sha256};

/// A stream of numbers. The same seed and words give the same stream on every machine and in every version.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    /// The stream for one subject, such as `["fault", "timeout", "48213", "0"]`.
    pub(crate) fn new(seed: u64, about: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        for word in about {
            // lengths keep ["ab", "c"] and ["a", "bc"] apart
            hash.update((word.len() as u64).to_be_bytes());
            hash.update(word.as_bytes());
        }
        let state = hash.finalize().iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Self { state }
    }

    /// The next 64 bits (`SplitMix64`).
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 (included) to 1 (excluded).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the given probability: never at 0, always at 1.
    pub(crate) fn chance(&mut self, rate: f64) -> bool {
        self.unit() < rate
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.bits() % end.max(1)
    }

    /// One of several, none only if there are none.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let at = self.below(of.len() as u64);
        usize::try_from(at).ok().and_then(|at| of.get(at))
    }

    /// Most often near `median`, now and then much more, as times of real services are; within the limits.
    pub(crate) fn log_normal(&mut self, median: f64, spread: f64, low: f64, high: f64) -> f64 {
        // Box–Muller; 1 − u keeps zero out of the logarithm
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        (median * (spread * normal).exp()).clamp(low, high)
    }

    /// So many lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut out = String::with_capacity(digits + 16);
        while out.len() < digits {
            out.push_str(&hex::encode(self.bits().to_be_bytes()));
        }
        out.truncate(digits);
        out
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let bits = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    /// Puts a list into another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            if let Ok(other) = usize::try_from(self.below(end as u64 + 1)) {
                list.swap(end, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_draw_the_same() {
        let first = |seed, about: &[&str]| Draw::new(seed, about).bits();
        assert_eq!(first(7, &["a", "b"]), first(7, &["a", "b"]));
        assert_ne!(first(7, &["a", "b"]), first(8, &["a", "b"]));
        assert_ne!(first(7, &["ab", "c"]), first(7, &["a", "bc"]));
        // journals and demos rely on it from version to version
        assert_eq!(first(1, &["pinned"]), 12_629_559_202_438_674_403);
    }

    #[test]
    fn chances_come_out_about_as_often_as_they_should() {
        let hits = (0..10_000).filter(|n| Draw::new(3, &[&n.to_string()]).chance(0.2)).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
        let mut draw = Draw::new(3, &[]);
        assert!((0..1_000).all(|_| draw.chance(1.0) && !draw.chance(0.0)));
    }

    #[test]
    fn what_is_drawn_is_in_range() {
        let mut draw = Draw::new(9, &["range"]);
        for _ in 0..1_000 {
            assert!((0.0..1.0).contains(&draw.unit()));
            assert!((1.5..=6.0).contains(&draw.log_normal(3.0, 0.4, 1.5, 6.0)));
            assert!(draw.below(3) < 3);
        }
        assert_eq!(draw.hex(33).len(), 33);
        assert_eq!(uuid::Uuid::parse_str(&draw.uuid()).unwrap().get_version_num(), 4);
        assert_eq!(draw.pick::<u8>(&[]), None);
        let mut list = [1, 2, 3, 4, 5];
        draw.shuffle(&mut list);
        list.sort_unstable();
        assert_eq!(list, [1, 2, 3, 4, 5]);
    }
}
