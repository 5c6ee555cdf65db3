//! Bodies of revolution with any profile r(z).

mod panel;
mod spline;

use std::f64::consts::PI;
use std::sync::Arc;

use num_complex::Complex64;

use super::catalogue::Parameter;
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS};
use super::slices::{self, Integrals, Section, Slice, Sliced};
use super::{FormFactor, Scratch, Terms, solid};
use crate::elementary::{hypot, powi, sqrt};
use crate::error::{Error, Result, check, positive};
use crate::simd::{Real, Simd};
use panel::Panel;

/// A body of revolution about the vertical axis: at the height z, 0 <= z <= H, its cross-section is a
/// disk of radius r(z), or an ellipse with the half axes r(z) along x and `ratio` r(z) along y:
///
/// F(q) = ratio int_0^H exp(i q_z z) 2 pi r(z)^2 J1(u r) / (u r) dz, u^2 = q_x^2 + (ratio q_y)^2.
///
/// ```
/// use gisaxs_physics::*;
///
/// // A paraboloid of height 6 nm on a base of radius 4 nm.
/// let lens = Revolution::new(6.0, &[], |z| 4.0 * (1.0 - z / 6.0).sqrt())?;
/// assert!((lens.volume() - 48.0 * std::f64::consts::PI).abs() < 1e-10);
///
/// // A bottle: base, shoulder, neck.
/// let bottle = Revolution::polygon(&[[0.0, 4.0], [5.0, 4.0], [7.0, 1.5], [9.0, 1.5]])?;
/// assert!(bottle.at([0.3, 0.0, 0.4].map(Complex64::from)).norm() < bottle.volume());
/// # Ok::<(), Error>(())
/// ```
///
/// # Accuracy
///
/// The profile is stored as pieces on which r(z)^2 is a polynomial of degree at most 16, found by
/// bisection until the deviation, integrated over height, is below 1e-13 of the volume on every piece.
/// Since |d(r^2 2 J1(u r)/(u r)) / d(r^2)| = |J0(u r)| <= 1, the error of F is at most 1e-13 V per piece
/// for every real q. Then each piece gets as many Gauss-Legendre nodes as a bound of the quadrature
/// error on Bernstein ellipses asks for at the given q (L. N. Trefethen, Approximation Theory and
/// Approximation Practice (SIAM 2013), theorem 19.3): together another 1e-13 V. Both hold up to
/// phases q H of about 8000, where the number of nodes ends. [`Self::polygon`] and [`Self::spline`]
/// are piecewise polynomials to begin with; only the quadrature remains.
///
/// A body evaluates as fast as it is smooth: a sphere given as a function costs as much as
/// [`super::SphericalSegment`], every kink adds a piece of at least two to ten nodes.
#[derive(Debug, Clone)]
pub struct Revolution {
    panels: Arc<[Panel]>,
    height_nm: f64,
    /// Largest r(z).
    largest_nm: f64,
    /// int r^2 dz.
    integral: f64,
    ratio: f64,
}

/// Deviation of r^2, integrated over a piece, relative to its integral over the whole height.
const RESOLUTION: f64 = 1e-13;

/// More pieces than any profile with a few kinks or singular ends needs (a jump takes about 45).
const MOST_PANELS: usize = 1000;

impl Revolution {
    /// Body of the height `height_nm` (nm) with the radius `radius_nm(z)` (nm) at the height z above its
    /// base (nm).
    ///
    /// `kinks_nm` are the heights (nm, inside the body, in any order) where the profile has a kink or
    /// a jump. Others are found by bisection, at the cost of up to 45 pieces each; features
    /// narrower than about a tenth of a smooth piece can be missed altogether. Ends where
    /// r(z)^2 is smooth, like the pole of a sphere, are not kinks.
    ///
    /// # Errors
    /// If the height is not positive, a kink is outside the body, the radius is negative or not
    /// finite somewhere, zero everywhere, or the profile is too rough to be resolved.
    pub fn new(height_nm: f64, kinks_nm: &[f64], radius_nm: impl Fn(f64) -> f64) -> Result<Self> {
        positive("height of the profile", height_nm, "nm")?;
        let mut ends = vec![0.0, height_nm];
        for &kink in kinks_nm {
            check(
                "height of a kink",
                kink,
                "nm",
                "between 0 and the height of the profile",
                |z| (0.0..=height_nm).contains(&z),
            )?;
            ends.push(kink);
        }
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let square = |z: f64| {
            let r = radius_nm(z);
            if r.is_finite() && r >= 0.0 {
                Ok(r * r)
            } else {
                Err(Error::ProfileRadius {
                    z_nm: z,
                    radius_nm: r,
                })
            }
        };
        // The scale of the resolution: int r^2 dz, to a few digits.
        let mut integral = 0.0;
        for pair in ends.windows(2) {
            integral += Panel::fit([pair[0], pair[1]], square)?
                .0
                .integral()
                .max(0.0);
        }
        let mut panels = Vec::new();
        // The next piece to look at is the last one.
        let mut open: Vec<[f64; 2]> = ends
            .windows(2)
            .rev()
            .map(|pair| [pair[0], pair[1]])
            .collect();
        while let Some([low, high]) = open.pop() {
            let (panel, error) = Panel::fit([low, high], square)?;
            let middle = 0.5 * (low + high);
            if error * (high - low) <= RESOLUTION * integral || middle <= low || middle >= high {
                panels.push(panel);
            } else {
                open.extend([[middle, high], [low, middle]]);
            }
            if panels.len() + open.len() > MOST_PANELS {
                return Err(Error::ProfileUnresolved { z_nm: middle });
            }
        }
        Self::from_panels(panels)
    }

    /// Body with straight sides between the points (z, r) in nm. The first z is 0, the others do not
    /// descend; two equal ones make a horizontal step.
    ///
    /// # Errors
    /// If there are fewer than two points, the heights are not as described, or a radius is
    /// negative, not finite, or zero everywhere.
    pub fn polygon(points_nm: &[[f64; 2]]) -> Result<Self> {
        check_points(points_nm, |step| step >= 0.0)?;
        let sides = points_nm.windows(2).filter(|side| side[1][0] > side[0][0]);
        Self::from_panels(
            sides
                .map(|side| {
                    // r = mean + slope x, hence r^2 in T_0, T_1, T_2.
                    let mean = 0.5 * (side[0][1] + side[1][1]);
                    let slope = 0.5 * (side[1][1] - side[0][1]);
                    let square = 0.5 * slope * slope;
                    let series = vec![mean * mean + square, 2.0 * mean * slope, square];
                    Panel::new([side[0][0], side[1][0]], series)
                })
                .collect(),
        )
    }

    /// Body with a smooth profile through the points (z, r) in nm: the monotone piecewise cubic of
    /// F. N. Fritsch and J. Butland (SIAM J. Sci. Stat. Comput. 5, 300 (1984)), which overshoots nowhere. The
    /// first z is 0, the others ascend.
    ///
    /// A rounded end, where r(z) is zero with an infinite slope, needs close points or
    /// [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::polygon`].
    pub fn spline(points_nm: &[[f64; 2]]) -> Result<Self> {
        check_points(points_nm, |step| step > 0.0)?;
        let slopes = spline::slopes(points_nm);
        let pieces = points_nm
            .windows(2)
            .zip(slopes.windows(2))
            .map(|(ends, slopes)| {
                let (low, high) = (ends[0], ends[1]);
                let square = |z: f64| {
                    let r = spline::cubic(low, high, [slopes[0], slopes[1]], z).max(0.0);
                    Ok(r * r)
                };
                Panel::fit([low[0], high[0]], square).map(|(panel, _)| panel)
            });
        Self::from_panels(pieces.collect::<Result<_>>()?)
    }

    /// The same with elliptic cross-sections: `ratio` times as wide along y.
    ///
    /// # Errors
    /// If the ratio is not positive.
    pub fn elliptical(self, ratio: f64) -> Result<Self> {
        positive("ratio of the half axes", ratio, "")?;
        Ok(Self {
            ratio: self.ratio * ratio,
            ..self
        })
    }

    /// Height in nm.
    #[must_use]
    pub fn height_nm(&self) -> f64 {
        self.height_nm
    }

    /// r(z) in nm at a height in nm; 0 outside the body. At a step it is one of the two radii.
    #[must_use]
    pub fn radius_at(&self, z_nm: f64) -> f64 {
        self.square_at(z_nm).sqrt()
    }

    fn square_at(&self, z: f64) -> f64 {
        let above = self.panels.partition_point(|panel| panel.high < z);
        match self.panels.get(above) {
            Some(panel) if z >= panel.low => panel.square_at(z),
            _ => 0.0,
        }
    }

    fn from_panels(mut panels: Vec<Panel>) -> Result<Self> {
        let height_nm = panels.last().map_or(0.0, |panel| panel.high);
        let integral: f64 = panels.iter().map(Panel::integral).sum();
        positive("volume of the profile over pi", integral, "nm^3")?;
        for panel in &mut panels {
            panel.prepare(height_nm, integral);
        }
        let largest_nm = panels
            .iter()
            .map(|panel| panel.support(1.0, 0.0).0)
            .fold(0.0, f64::max);
        Ok(Self {
            panels: panels.into(),
            height_nm,
            largest_nm,
            integral,
            ratio: 1.0,
        })
    }
}

/// Checks points (z, r) of a profile.
fn check_points(points: &[[f64; 2]], accept_step: impl Fn(f64) -> bool) -> Result<()> {
    if points.len() < 2 {
        return Err(Error::Length {
            name: "points of a profile",
            found: points.len(),
            expected: "at least 2",
        });
    }
    check(
        "height of the first point of a profile",
        points[0][0],
        "nm",
        "0",
        |z| z == 0.0,
    )?;
    for pair in points.windows(2) {
        let allowed = "heights that ascend from point to point";
        check(
            "height of a point of a profile",
            pair[1][0],
            "nm",
            allowed,
            |z| accept_step(z - pair[0][0]),
        )?;
    }
    match points.iter().find(|[_, r]| !(r.is_finite() && *r >= 0.0)) {
        Some(&[z_nm, radius_nm]) => Err(Error::ProfileRadius { z_nm, radius_nm }),
        None => Ok(()),
    }
}

impl Sliced for Revolution {
    const SECTION: Section = Section::Disk;

    fn height(&self) -> f64 {
        self.height_nm
    }

    fn largest(&self) -> f64 {
        self.largest_nm
    }

    fn slices(&self, u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        for panel in self.panels.iter() {
            panel.visit(u, q_z, &mut visit);
        }
    }

    fn stretch(&self) -> [f64; 2] {
        [1.0, self.ratio]
    }

    #[inline(always)]
    fn factor<S: Simd>(&self, q_x: Real<S>) -> Real<S> {
        q_x.simd().real(self.ratio)
    }
}

impl FormFactor for Revolution {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        let y = self.ratio * q[1];
        self.ratio * slices::at(self, sqrt(q[0] * q[0] + y * y), q[2])
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        slices::add_terms(self, terms, scratch, re, im);
    }

    fn volume(&self) -> f64 {
        PI * self.ratio * self.integral
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    /// The largest half axis of the cross-sections.
    fn radius(&self) -> f64 {
        self.largest_nm * 0.5 * (1.0 + self.ratio)
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        let side = hypot(x, self.ratio * y);
        let values = self.panels.iter().map(|panel| panel.support(side, z).0);
        values.fold(f64::NEG_INFINITY, f64::max)
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let inside = (0.0..=self.height_nm).contains(&z);
        solid(inside && x * x + powi(y / self.ratio, 2) <= self.square_at(z))
    }

    fn cut(&self, low_nm: f64, high_nm: f64) -> Option<Arc<dyn FormFactor>> {
        let parts = self.panels.iter().filter_map(|panel| {
            let range = [panel.low.max(low_nm), panel.high.min(high_nm)];
            (range[1] > range[0]).then(|| panel.part(range).lowered(low_nm))
        });
        let body = Self::from_panels(parts.collect()).ok()?;
        Some(Arc::new(Self {
            ratio: self.ratio,
            ..body
        }))
    }

    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        slices::at_four(self, hypot(q_x, self.ratio * q_y), k_i, k_f).map(|f| self.ratio * f)
    }
}

/// The profile is no parameter; the gradient and stretches are exact.
impl Differentiable for Revolution {
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let y = self.ratio * q[1];
        let u = sqrt(q[0] * q[0] + y * y);
        self.stretched(q, &slices::integrals(self, u, q[2]))
    }

    fn differential_four(
        &self,
        [q_x, q_y]: [f64; 2],
        k_i: Complex64,
        k_f: Complex64,
    ) -> [Differential; 4] {
        let q_z = [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f];
        let terms = slices::integrals_four(self, hypot(q_x, self.ratio * q_y), k_i, k_f);
        std::array::from_fn(|t| self.stretched([q_x.into(), q_y.into(), q_z[t]], &terms[t]))
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        [0.0; MOST_SHAPE_PARAMETERS]
    }

    fn support_derivatives(&self, _direction: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        [0.0; MOST_SHAPE_PARAMETERS]
    }
}

impl Revolution {
    /// F and its gradient from the integrals at u^2 = q_x^2 + (ratio q_y)^2.
    fn stretched(&self, q: [Complex64; 3], sums: &Integrals) -> Differential {
        let disks = sums.of_disks(q);
        let [x, y, z] = disks.gradient.map(|g| g * self.ratio);
        Differential::new(
            self.ratio * disks.value,
            [x, y * (self.ratio * self.ratio), z],
        )
    }
}

#[cfg(test)]
mod tests;
