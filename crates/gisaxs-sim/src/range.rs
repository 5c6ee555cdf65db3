//! What a prior says of one number: a density and its limits.

use gisaxs_physics::elementary::{exp, ln};
use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result, normal};

/// A density over an interval, drawn from by its inverse cumulative distribution: one number of
/// the unit interval makes one value, so that designs (Latin hypercube, Sobol) apply to it, and
/// tighter limits make a conditional density without a pile-up at the edge.
///
/// In a configuration: a bare number, or a table of one key, e.g. `{ log-uniform = [1.0, 20.0] }`.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// Always this value. Written as a bare number.
    Fixed(f64),
    /// Every value between the two is equally likely.
    Uniform([f64; 2]),
    /// Every factor is equally likely: uniform in the logarithm. Both ends positive.
    LogUniform([f64; 2]),
    /// Normal density, cut off (not clipped) at its limits.
    Normal(Bell),
    /// Normal density of the logarithm, cut off at its limits. `centre` is the median and
    /// `spread` the standard deviation of the logarithm.
    LogNormal(Bell),
    /// One of several values, each with its weight.
    Discrete(Choice),
}

/// A bell curve and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bell {
    /// Mean (normal) or median (log-normal).
    pub centre: f64,
    /// Standard deviation, of the value (normal) or its logarithm (log-normal).
    pub spread: f64,
    /// Smallest value; 5 spreads below the centre if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value; 5 spreads above the centre if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// Values to choose from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The values, ascending.
    pub values: Vec<f64>,
    /// Their weights, relative to each other; all equal if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
}

/// Where a bell curve without limits ends: all but 6e-7 of it lies inside.
const SPREADS: f64 = 5.0;

impl Bell {
    /// Limits and the position of the curve on the axis where it is normal.
    fn limits(&self, log: bool) -> [f64; 2] {
        let default = |side: f64| {
            if log {
                self.centre * exp(side * SPREADS * self.spread)
            } else {
                self.centre + side * SPREADS * self.spread
            }
        };
        [
            self.min.unwrap_or_else(|| default(-1.0)),
            self.max.unwrap_or_else(|| default(1.0)),
        ]
    }

    /// Value below which the share `u` of the curve between its limits lies.
    fn quantile(&self, u: f64, log: bool) -> f64 {
        let [low, high] = self.limits(log);
        let score = |x: f64| {
            if log {
                ln(x / self.centre) / self.spread
            } else {
                (x - self.centre) / self.spread
            }
        };
        let (a, b) = (score(low), score(high));
        // In the upper tail the cumulative is 1 - tiny: the mirror image keeps its digits.
        let z = if a > 0.0 {
            let (p, q) = (normal::cumulative(-b), normal::cumulative(-a));
            -normal::quantile(p + (q - p) * (1.0 - u))
        } else {
            let (p, q) = (normal::cumulative(a), normal::cumulative(b));
            normal::quantile(p + (q - p) * u)
        };
        let value = if log {
            self.centre * exp(self.spread * z)
        } else {
            self.centre + self.spread * z
        };
        // Rounding only: the inverse lies between the limits.
        value.clamp(low, high)
    }
}

impl Choice {
    fn weight(&self, i: usize) -> f64 {
        self.weights.get(i).copied().unwrap_or(1.0)
    }

    fn quantile(&self, u: f64) -> f64 {
        let total: f64 = (0..self.values.len()).map(|i| self.weight(i)).sum();
        let mut left = u * total;
        for (i, &value) in self.values.iter().enumerate() {
            left -= self.weight(i);
            if left < 0.0 {
                return value;
            }
        }
        self.values.last().copied().unwrap_or(f64::NAN)
    }
}

impl Range {
    /// Lower end.
    #[must_use]
    pub fn min(&self) -> f64 {
        match self {
            Self::Fixed(x) => *x,
            Self::Uniform([a, _]) | Self::LogUniform([a, _]) => *a,
            Self::Normal(bell) => bell.limits(false)[0],
            Self::LogNormal(bell) => bell.limits(true)[0],
            Self::Discrete(choice) => choice.values.first().copied().unwrap_or(f64::NAN),
        }
    }

    /// Upper end.
    #[must_use]
    pub fn max(&self) -> f64 {
        match self {
            Self::Fixed(x) => *x,
            Self::Uniform([_, b]) | Self::LogUniform([_, b]) => *b,
            Self::Normal(bell) => bell.limits(false)[1],
            Self::LogNormal(bell) => bell.limits(true)[1],
            Self::Discrete(choice) => choice.values.last().copied().unwrap_or(f64::NAN),
        }
    }

    /// One draw.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        let u: f64 = rng.random();
        self.quantile(u)
    }

    /// The value below which the share `u` (0 to 1) of the density lies: the inverse of the
    /// cumulative distribution.
    #[must_use]
    pub fn quantile(&self, u: f64) -> f64 {
        match self {
            Self::Fixed(x) => *x,
            Self::Uniform([a, b]) => a + (b - a) * u,
            Self::LogUniform([a, b]) => exp(ln(*a) + ln(b / a) * u),
            Self::Normal(bell) => bell.quantile(u, false),
            Self::LogNormal(bell) => bell.quantile(u, true),
            Self::Discrete(choice) => choice.quantile(u),
        }
    }

    /// The same density between tighter limits: a conditional draw, without the pile-up at
    /// the edge that clipping would give. Where the limits leave nothing, the nearest end: who
    /// draws asks [`require`](Self::require) first.
    #[must_use]
    pub fn within(&self, low: f64, high: f64) -> Self {
        let clamp = |x: f64| x.clamp(self.min(), self.max());
        let (a, b) = (clamp(low), clamp(high.max(low)));
        let cut = |bell: &Bell| Bell {
            min: Some(a),
            max: Some(b),
            ..*bell
        };
        match self {
            Self::Fixed(x) => Self::Fixed(*x),
            Self::Uniform(_) => Self::Uniform([a, b]),
            Self::LogUniform(_) => Self::LogUniform([a, b]),
            Self::Normal(bell) => Self::Normal(cut(bell)),
            Self::LogNormal(bell) => Self::LogNormal(cut(bell)),
            Self::Discrete(choice) => {
                let (values, weights): (Vec<f64>, Vec<f64>) = choice
                    .values
                    .iter()
                    .enumerate()
                    .filter(|(_, v)| **v >= low && **v <= high)
                    .map(|(i, &v)| (v, choice.weight(i)))
                    .unzip();
                if values.is_empty() {
                    Self::Fixed(if self.max() < low {
                        self.max()
                    } else {
                        self.min()
                    })
                } else {
                    Self::Discrete(Choice { values, weights })
                }
            }
        }
    }

    /// Whether any value lies between `low` and `high`.
    #[must_use]
    pub fn reaches(&self, low: f64, high: f64) -> bool {
        match self {
            Self::Discrete(choice) => choice.values.iter().any(|v| *v >= low && *v <= high),
            _ => low <= high && self.min() <= high && self.max() >= low,
        }
    }

    /// Refuses limits that leave nothing to draw. `limit` says in words what the density must
    /// reach, and which keys and numbers this comes from.
    ///
    /// # Errors
    /// [`Error::Conditional`] naming `key`.
    pub fn require(
        &self,
        key: &'static str,
        [low, high]: [f64; 2],
        limit: impl FnOnce() -> String,
    ) -> Result<()> {
        if self.reaches(low, high) {
            return Ok(());
        }
        Err(Error::Conditional {
            key,
            value: self.to_string(),
            limit: limit(),
        })
    }

    /// Checks order, sign and finiteness, and that the range lies inside `allowed`.
    ///
    /// # Errors
    /// [`Error::Prior`] naming `key`.
    pub fn check(
        &self,
        key: &'static str,
        allowed: [f64; 2],
        expected: &'static str,
    ) -> Result<()> {
        if self.is_valid(allowed) {
            Ok(())
        } else {
            Err(Error::Prior {
                key,
                value: self.to_string(),
                expected,
            })
        }
    }

    /// Whether the range is one, and lies inside `allowed`.
    #[must_use]
    pub fn is_valid(&self, allowed: [f64; 2]) -> bool {
        let (a, b) = (self.min(), self.max());
        let ordered = a.is_finite() && b.is_finite() && a <= b;
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let formed = match self {
            Self::Fixed(_) | Self::Uniform(_) => true,
            Self::LogUniform(_) => a > 0.0,
            Self::Normal(bell) => bell.centre.is_finite() && positive(bell.spread),
            Self::LogNormal(bell) => a > 0.0 && positive(bell.centre) && positive(bell.spread),
            Self::Discrete(choice) => {
                let Choice { values, weights } = choice;
                values.windows(2).all(|pair| pair[0] < pair[1])
                    && (weights.is_empty() || weights.len() == values.len())
                    && weights.iter().all(|w| positive(*w))
            }
        };
        ordered && formed && a >= allowed[0] && b <= allowed[1]
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(x) => write!(f, "{x}"),
            Self::Discrete(choice) => write!(f, "{:?}", choice.values),
            _ => write!(f, "{} .. {}", self.min(), self.max()),
        }
    }
}

/// A [`Range`] that is not a bare number, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Written {
    Uniform([f64; 2]),
    LogUniform([f64; 2]),
    Normal(Bell),
    LogNormal(Bell),
    Discrete(Choice),
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let written = match self.clone() {
            Self::Fixed(x) => return serializer.serialize_f64(x),
            Self::Uniform(ends) => Written::Uniform(ends),
            Self::LogUniform(ends) => Written::LogUniform(ends),
            Self::Normal(bell) => Written::Normal(bell),
            Self::LogNormal(bell) => Written::LogNormal(bell),
            Self::Discrete(choice) => Written::Discrete(choice),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Range;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "a number, or a table with one of the keys uniform, log-uniform, normal, \
                     log-normal, discrete",
                )
            }

            fn visit_f64<E>(self, x: f64) -> std::result::Result<Range, E> {
                Ok(Range::Fixed(x))
            }

            fn visit_i64<E>(self, x: i64) -> std::result::Result<Range, E> {
                Ok(Range::Fixed(x as f64))
            }

            fn visit_u64<E>(self, x: u64) -> std::result::Result<Range, E> {
                Ok(Range::Fixed(x as f64))
            }

            fn visit_map<A: de::MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<Range, A::Error> {
                let written = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(match written {
                    Written::Uniform(ends) => Range::Uniform(ends),
                    Written::LogUniform(ends) => Range::LogUniform(ends),
                    Written::Normal(bell) => Range::Normal(bell),
                    Written::LogNormal(bell) => Range::LogNormal(bell),
                    Written::Discrete(choice) => Range::Discrete(choice),
                })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Checks a probability.
///
/// # Errors
/// [`Error::Prior`] naming `key`.
pub(crate) fn check_share(key: &'static str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::Prior {
            key,
            value: value.to_string(),
            expected: "a share, 0 to 1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, stream};

    fn ranges() -> Vec<Range> {
        let bell = |centre, spread, min, max| Bell {
            centre,
            spread,
            min,
            max,
        };
        vec![
            Range::Uniform([-1.0, 4.0]),
            Range::LogUniform([0.1, 50.0]),
            Range::Normal(bell(3.0, 0.5, None, None)),
            Range::Normal(bell(3.0, 2.0, Some(2.5), Some(9.0))),
            // Limits far out in the tail.
            Range::Normal(bell(0.0, 1.0, Some(7.0), Some(8.0))),
            Range::LogNormal(bell(4.0, 0.3, None, Some(6.0))),
        ]
    }

    #[test]
    fn draws_stay_inside_and_fill_the_range() {
        let mut rng = stream(3, Purpose::Sample, 0);
        for range in ranges() {
            let draws: Vec<f64> = (0..4000).map(|_| range.draw(&mut rng)).collect();
            assert!(draws.iter().all(|x| *x >= range.min() && *x <= range.max()));
            let middle = range.quantile(0.5);
            let below = draws.iter().filter(|x| **x < middle).count();
            // 4 sigma of a binomial of 4000 trials.
            assert!((below as f64 - 2000.0).abs() < 127.0, "{range:?} {below}");
        }
    }

    #[test]
    fn quantiles_invert_the_density() {
        // The slope of the quantile is 1 / density; for the normal tail beyond 7, the density
        // relative to its start is known in closed form.
        let bell = Bell {
            centre: 0.0,
            spread: 1.0,
            min: Some(7.0),
            max: Some(8.0),
        };
        let range = Range::Normal(bell);
        let (x, du) = (range.quantile(0.3), 1e-6);
        let slope = |u: f64| (range.quantile(u + du) - range.quantile(u - du)) / (2.0 * du);
        let ratio = slope(0.3) / slope(0.6);
        let y = range.quantile(0.6);
        let expected = (0.5 * (x * x - y * y)).exp();
        assert!((ratio / expected - 1.0).abs() < 1e-4, "{ratio} {expected}");
    }

    #[test]
    fn tighter_limits_do_not_pile_up() {
        let mut rng = stream(4, Purpose::Sample, 0);
        for range in ranges() {
            let [low, high] = [range.quantile(0.2), range.quantile(0.7)];
            let tight = range.within(low, high);
            let draws: Vec<f64> = (0..4000).map(|_| tight.draw(&mut rng)).collect();
            assert!(draws.iter().all(|x| *x >= low && *x <= high));
            // The lowest and highest hundredth of the mass hold a hundredth of the draws each.
            for (a, b) in [(low, tight.quantile(0.01)), (tight.quantile(0.99), high)] {
                let n = draws.iter().filter(|x| (a..=b).contains(x)).count();
                assert!((10..80).contains(&n), "{range:?}: {n} of 40 expected");
            }
        }
    }

    #[test]
    fn choices_follow_their_weights_and_limits() {
        let range = Range::Discrete(Choice {
            values: vec![1.0, 2.0, 5.0],
            weights: vec![1.0, 2.0, 1.0],
        });
        assert_eq!(
            [0.0, 0.2, 0.3, 0.7, 0.8, 0.999].map(|u| range.quantile(u)),
            [1.0, 1.0, 2.0, 2.0, 5.0, 5.0]
        );
        assert_eq!(range.within(1.5, 3.0).quantile(0.9), 2.0);
        assert_eq!(range.within(6.0, 7.0).quantile(0.1), 5.0);
        assert!(!range.reaches(3.0, 4.0));
    }

    #[test]
    fn ranges_are_written_as_they_are_read() {
        for range in ranges().into_iter().chain([Range::Fixed(0.105)]) {
            let text = serde_json::to_string(&range).unwrap();
            assert_eq!(
                serde_json::from_str::<Range>(&text).unwrap(),
                range,
                "{text}"
            );
        }
        let wrong = serde_json::from_str::<Range>("{\"unifrom\": [1, 2]}").unwrap_err();
        assert!(wrong.to_string().contains("uniform"), "{wrong}");
    }

    #[test]
    fn bad_ranges_name_their_key() {
        let error = Range::LogUniform([0.0, 1.0])
            .check("particles.radius_nm", [0.0, 100.0], "positive lengths")
            .unwrap_err();
        assert!(error.to_string().contains("particles.radius_nm"));
        for bad in [
            Range::Fixed(f64::NAN),
            Range::Discrete(Choice {
                values: vec![],
                weights: vec![],
            }),
            Range::Normal(Bell {
                centre: 1.0,
                spread: 0.0,
                min: None,
                max: None,
            }),
        ] {
            assert!(!bad.is_valid([0.0, 10.0]), "{bad:?}");
        }
    }
}
