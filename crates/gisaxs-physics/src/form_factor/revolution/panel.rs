//! A piece of a profile on which r(z)^2 is a polynomial.

use std::f64::consts::PI;

use num_complex::Complex64;

use crate::elementary::{cos, ln, norm, sinh};
use crate::form_factor::slices::{ETAS, Slice, gauss, nodes_on_ellipses};

/// r(z)^2 as a Chebyshev series in x = (z - centre) / half, -1 <= x <= 1.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Chebyshev coefficients of r^2, nm^2.
    square: Vec<f64>,
    /// What [`Panel::visit`] needs to know of the integrand on Bernstein ellipses.
    ellipses: [Ellipse; ETAS.len()],
}

/// Bounds on the Bernstein ellipse with the half axes cosh(eta), sinh(eta).
#[derive(Debug, Clone, Copy, Default)]
struct Ellipse {
    /// ln of the largest |r^2| over the mean of r^2 over the whole height.
    amplitude: f64,
    /// Growth with u: the largest |Im r|, nm.
    radial: f64,
    /// Growth with q_z: half the length of the panel times sinh(eta), nm.
    vertical: f64,
}

/// Highest degree of r^2 on a panel.
pub(super) const DEGREE: usize = 16;

impl Panel {
    /// Panel with r^2 of these Chebyshev coefficients.
    pub(super) fn new([low, high]: [f64; 2], mut square: Vec<f64>) -> Self {
        // Coefficients that do not matter cost nodes.
        let largest = square.iter().fold(0.0_f64, |m, c| m.max(c.abs()));
        while square.len() > 1 && square[square.len() - 1].abs() < 1e-17 * largest {
            square.pop();
        }
        Self {
            low,
            high,
            square,
            ellipses: Default::default(),
        }
    }

    /// The polynomial of degree [`DEGREE`] through r^2 at the Chebyshev points, and how far its series
    /// is from having converged, nm^2.
    pub(super) fn fit<E>(
        range: [f64; 2],
        mut square: impl FnMut(f64) -> Result<f64, E>,
    ) -> Result<(Self, f64), E> {
        const N: usize = DEGREE + 1;
        let z = |x: f64| 0.5 * (range[0] + range[1]) + 0.5 * (range[1] - range[0]) * x;
        let mut samples = [0.0; N];
        for (j, sample) in samples.iter_mut().enumerate() {
            *sample = square(z(cos(PI * (j as f64 + 0.5) / N as f64)))?;
        }
        let coefficients: Vec<f64> = (0..N)
            .map(|l| {
                let angle = |j: usize| PI * l as f64 * (j as f64 + 0.5) / N as f64;
                let sum: f64 = samples
                    .iter()
                    .enumerate()
                    .map(|(j, s)| s * cos(angle(j)))
                    .sum();
                sum * if l == 0 { 1.0 } else { 2.0 } / N as f64
            })
            .collect();
        // The tail of the series, and the deviation at points that took no part: a kink between two
        // of the samples shows in the second only.
        let mut error = coefficients[N - 3..]
            .iter()
            .fold(0.0_f64, |m, c| m.max(c.abs()));
        for x in [-0.997, -0.71, -0.24, 0.05, 0.46, 0.83, 0.993] {
            error = error.max((clenshaw(&coefficients, x) - square(z(x))?).abs());
        }
        // Rounding of the samples is not structure.
        let noise = 4.0 * f64::EPSILON * samples.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
        let mut kept = coefficients;
        while kept.len() > 1 && kept[kept.len() - 1].abs() < noise {
            kept.pop();
        }
        Ok((Self::new(range, kept), error))
    }

    /// The part of the panel between two heights inside it.
    pub(super) fn part(&self, range: [f64; 2]) -> Self {
        let exact = |z: f64| Ok::<f64, std::convert::Infallible>(self.square_at(z));
        let Ok((panel, _)) = Self::fit(range, exact);
        panel
    }

    /// The panel shifted downwards.
    pub(super) fn lowered(mut self, by_nm: f64) -> Self {
        self.low -= by_nm;
        self.high -= by_nm;
        self
    }

    /// Prepares the error bounds for a shape of this height and integral of r^2 over height.
    ///
    /// With |J1(w)/w| <= exp(|Im w|)/2, the integrand pi r^2 (2 J1(u r)/(u r)) exp(i q_z z) is on the
    /// ellipse below pi max|r^2| exp(u max|Im r| + q_z (half length) sinh(eta)). A panel may contribute
    /// its share of the height to the error.
    pub(super) fn prepare(&mut self, height: f64, integral: f64) {
        const SAMPLES: usize = 96;
        for (ellipse, eta) in self.ellipses.iter_mut().zip(ETAS) {
            let (mut largest, mut radial) = (0.0_f64, 0.0_f64);
            for i in 0..=SAMPLES {
                let x = cos(Complex64::new(PI * i as f64 / SAMPLES as f64, -eta));
                let square = clenshaw(&self.square, x);
                let norm = norm(square);
                largest = largest.max(norm);
                radial = radial.max((0.5 * (norm - square.re)).max(0.0).sqrt());
            }
            // The maxima lie between samples.
            radial *= 1.01;
            ellipse.amplitude = ln(1.01 * largest * height / integral);
            ellipse.radial = radial;
            ellipse.vertical = 0.5 * (self.high - self.low) * sinh(eta);
        }
    }

    /// Visits the nodes that resolve wavevectors up to `u`, `q_z` (nm^-1).
    pub(super) fn visit(&self, u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        let n = nodes_on_ellipses(|index| {
            let ellipse = &self.ellipses[index];
            ellipse.amplitude + u * ellipse.radial + q_z * ellipse.vertical
        });
        gauss(n, [self.low, self.high], |z, weight| {
            let square = self.square_at(z);
            visit(Slice {
                z,
                volume: PI * weight * square,
                r: square.sqrt(),
            });
        });
    }

    /// r(z)^2, nm^2.
    pub(super) fn square_at(&self, z: f64) -> f64 {
        let half = 0.5 * (self.high - self.low);
        clenshaw(&self.square, (z - 0.5 * (self.low + self.high)) / half).max(0.0)
    }

    /// Integral of r^2 over the panel, nm^3.
    pub(super) fn integral(&self) -> f64 {
        // int T_l = 2 / (1 - l^2) for even l.
        let sum: f64 = self
            .square
            .iter()
            .enumerate()
            .step_by(2)
            .map(|(l, c)| 2.0 * c / (1.0 - (l * l) as f64))
            .sum();
        0.5 * (self.high - self.low) * sum
    }

    /// Largest value of r(z) side + z up over the panel, and where it is.
    pub(super) fn support(&self, side: f64, up: f64) -> (f64, f64) {
        const SAMPLES: usize = 48;
        let value = |z: f64| self.square_at(z).sqrt() * side + z * up;
        let half = 0.5 * (self.high - self.low);
        // Denser at the ends, where r may rise steeply.
        let z = |i: usize| self.low + half * (1.0 - cos(PI * i as f64 / SAMPLES as f64));
        let best = (0..=SAMPLES)
            .max_by(|&a, &b| value(z(a)).total_cmp(&value(z(b))))
            .unwrap_or(0);
        // Golden section between the neighbours; the ends themselves stay candidates.
        let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
        let (mut low, mut high) = (z(best.saturating_sub(1)), z((best + 1).min(SAMPLES)));
        for _ in 0..60 {
            let step = golden * (high - low);
            if value(high - step) > value(low + step) {
                high = low + step;
            } else {
                low = high - step;
            }
        }
        [z(best), 0.5 * (low + high)]
            .map(|z| (value(z), z))
            .into_iter()
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .expect("two candidates")
    }
}

/// sum c_l T_l(x) by Clenshaw's recurrence.
fn clenshaw<T>(coefficients: &[f64], x: T) -> T
where
    T: Copy
        + From<f64>
        + std::ops::Mul<Output = T>
        + std::ops::Add<Output = T>
        + std::ops::Sub<Output = T>,
{
    let (mut b1, mut b2) = (T::from(0.0), T::from(0.0));
    let twice = x + x;
    for c in coefficients[1..].iter().rev() {
        (b1, b2) = (twice * b1 - b2 + T::from(*c), b1);
    }
    x * b1 - b2 + T::from(coefficients[0])
}
