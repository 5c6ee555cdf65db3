//! Ridges along x: bars and ripples with different profiles along and across.

use std::f64::consts::PI;

use num_complex::Complex64;

use super::catalogue::{Parameter, ShapeInfo, nm, nm_signed};
use super::slices::{self, Section, Slice, Sliced, gauss};
use super::derivative::{Differentiable, Differential, MOST_SHAPE_PARAMETERS, contour_derivative, slab};
use super::{FormFactor, Scratch, Terms, cis};
use crate::elementary::{cos, exp, powi, sin_cos, sinh};
use crate::error::{Result, check, positive};
use crate::exponential::divided_difference;
use crate::simd::{Real, Simd};
use crate::special::sinc;
use crate::special_derivatives::sinc_derivative;

/// Density of a [`Ridge`] along x, by its Fourier transform X(q_x) with X(0) = L.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlongRidge {
    /// 1 over the length L: L sinc(q_x L/2).
    Box,
    /// exp(-x^2 / 2 L^2) / sqrt(2 pi): L exp(-(q_x L)^2 / 2).
    Gauss,
    /// exp(-|x| / L) / 2: L / (1 + (q_x L)^2).
    Lorentz,
    /// exp(-|x| / l) L / (2 l), l = sqrt(2.5) L: L / (1 + 2.5 (q_x L)^2).
    LongLorentz,
}

/// Cross-section of a [`Ridge`] in the y, z plane, of width W and height H, on z = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CrossSection {
    /// Rectangle.
    Rectangle,
    /// Height H/2 (1 + cos(2 pi y / W)).
    Cosine,
    /// Triangle from y = -W/2 - d to W/2 - d with its top at y = 0.
    Sawtooth {
        /// Shift d of the base, nm.
        asymmetry_nm: f64,
    },
}

/// A body with the same cross-section all along x:
/// F(q) = X(q_x) G(q_y, q_z), the transforms of the density along x and of the cross-section.
///
/// G of the rectangle is W H sinc(q_y W/2) sinc(q_z H/2) exp(i q_z H/2); that of the sawtooth is a
/// divided difference of the exponential over the corners; that of the cosine is
/// int 2 w sinc(q_y w) exp(i q_z z) dz over the half width w(z) by Gauss-Legendre quadrature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ridge {
    length_nm: f64,
    width_nm: f64,
    height_nm: f64,
    along: AlongRidge,
    section: CrossSection,
}

const LENGTHS: &[Parameter] = &[
    nm("length", "length or width parameter along x"),
    nm("width", "width along y"),
    nm("height", "height"),
];
const SAWTOOTH: &[Parameter] = &[
    LENGTHS[0],
    LENGTHS[1],
    LENGTHS[2],
    nm_signed("asymmetry", "shift of the base against the top along y"),
];

macro_rules! ridge {
    ($info:ident, $name:literal, $summary:literal, $along:ident, $section:ident) => {
        pub(super) const $info: ShapeInfo = ShapeInfo {
            name: $name,
            summary: $summary,
            parameters: LENGTHS,
            examples: &[&[9.0, 6.0, 4.0]],
            constructor: |v| {
                Ok(Box::new(Ridge::new(
                    [v[0], v[1], v[2]],
                    AlongRidge::$along,
                    CrossSection::$section,
                )?))
            },
        };
    };
    ($info:ident, $name:literal, $summary:literal, $along:ident) => {
        pub(super) const $info: ShapeInfo = ShapeInfo {
            name: $name,
            summary: $summary,
            parameters: SAWTOOTH,
            examples: &[&[9.0, 6.0, 4.0, 0.0], &[9.0, 6.0, 4.0, 1.5]],
            constructor: |v| {
                let section = CrossSection::Sawtooth { asymmetry_nm: v[3] };
                Ok(Box::new(Ridge::new(
                    [v[0], v[1], v[2]],
                    AlongRidge::$along,
                    section,
                )?))
            },
        };
    };
}

ridge!(
    BAR_GAUSS,
    "BarGauss",
    "rectangular bar, Gaussian along x",
    Gauss,
    Rectangle
);
ridge!(
    BAR_LORENTZ,
    "BarLorentz",
    "rectangular bar, exponential along x",
    Lorentz,
    Rectangle
);
ridge!(
    LONG_BOX_GAUSS,
    "LongBoxGauss",
    "rectangular bar, Gaussian along x",
    Gauss,
    Rectangle
);
ridge!(
    LONG_BOX_LORENTZ,
    "LongBoxLorentz",
    "rectangular bar, long exponential along x",
    LongLorentz,
    Rectangle
);
ridge!(
    COSINE_BOX,
    "CosineRippleBox",
    "cosine ripple of finite length",
    Box,
    Cosine
);
ridge!(
    COSINE_GAUSS,
    "CosineRippleGauss",
    "cosine ripple, Gaussian along x",
    Gauss,
    Cosine
);
ridge!(
    COSINE_LORENTZ,
    "CosineRippleLorentz",
    "cosine ripple, exponential along x",
    Lorentz,
    Cosine
);
ridge!(
    SAWTOOTH_BOX,
    "SawtoothRippleBox",
    "triangular ripple of finite length",
    Box
);
ridge!(
    SAWTOOTH_GAUSS,
    "SawtoothRippleGauss",
    "triangular ripple, Gaussian along x",
    Gauss
);
ridge!(
    SAWTOOTH_LORENTZ,
    "SawtoothRippleLorentz",
    "triangular ripple, exponential along x",
    Lorentz
);

impl Ridge {
    /// Ridge with \[length, width, height\] in nm.
    ///
    /// # Errors
    /// If a length is not positive, or the asymmetry is not finite.
    pub fn new(size_nm: [f64; 3], along: AlongRidge, section: CrossSection) -> Result<Self> {
        if let CrossSection::Sawtooth { asymmetry_nm } = section {
            check(
                "ripple asymmetry",
                asymmetry_nm,
                "nm",
                "a finite number",
                |_| true,
            )?;
        }
        Ok(Self {
            length_nm: positive("ridge length", size_nm[0], "nm")?,
            width_nm: positive("ridge width", size_nm[1], "nm")?,
            height_nm: positive("ridge height", size_nm[2], "nm")?,
            along,
            section,
        })
    }

    /// X(q_x) in nm.
    fn along(&self, q_x: Complex64) -> Complex64 {
        let l = self.length_nm;
        let x = q_x * l;
        match self.along {
            AlongRidge::Box => l * sinc(0.5 * x),
            AlongRidge::Gauss => l * exp(-0.5 * x * x),
            AlongRidge::Lorentz => l / (1.0 + x * x),
            AlongRidge::LongLorentz => l / (1.0 + 2.5 * x * x),
        }
    }

    /// G(q_y, q_z) in nm^2.
    fn section(&self, q_y: Complex64, q_z: Complex64) -> Complex64 {
        let (w, h) = (self.width_nm, self.height_nm);
        match self.section {
            CrossSection::Rectangle => {
                w * h * sinc(0.5 * w * q_y) * sinc(0.5 * h * q_z) * cis(0.5 * h * q_z)
            }
            CrossSection::Cosine => slices::at(self, q_y, q_z),
            CrossSection::Sawtooth { asymmetry_nm: d } => {
                let corner = |y: f64, z: f64| Complex64::I * (q_y * y + q_z * z);
                w * h
                    * divided_difference([
                        corner(-0.5 * w - d, 0.0),
                        corner(0.5 * w - d, 0.0),
                        corner(0.0, h),
                    ])
            }
        }
    }

    /// dX/dq_x in nm^2.
    fn along_slope(&self, q_x: Complex64) -> Complex64 {
        let l = self.length_nm;
        let x = q_x * l;
        match self.along {
            AlongRidge::Box => 0.5 * l * l * sinc_derivative(0.5 * x),
            AlongRidge::Gauss => -l * l * x * exp(-0.5 * x * x),
            AlongRidge::Lorentz => -2.0 * l * l * x / ((1.0 + x * x) * (1.0 + x * x)),
            AlongRidge::LongLorentz => -5.0 * l * l * x / ((1.0 + 2.5 * x * x) * (1.0 + 2.5 * x * x)),
        }
    }

    /// G and dG/dq_y, dG/dq_z in nm^3.
    fn section_slopes(&self, q_y: Complex64, q_z: Complex64) -> [Complex64; 3] {
        let (w, h) = (self.width_nm, self.height_nm);
        match self.section {
            CrossSection::Rectangle => {
                let half = 0.5 * w * q_y;
                let (across, across_slope) = (w * sinc(half), 0.5 * w * w * sinc_derivative(half));
                let [up, up_slope] = slab(h, q_z).map(|s| s * h);
                [across * up, across_slope * up, across * up_slope]
            }
            CrossSection::Cosine => {
                let sums = slices::integrals(self, q_y, q_z);
                [sums.value, -q_y * sums.lateral, Complex64::I * sums.vertical]
            }
            CrossSection::Sawtooth { asymmetry_nm } => {
                let across = 0.5 * w + asymmetry_nm.abs();
                [
                    self.section(q_y, q_z),
                    contour_derivative(across, |step| self.section(q_y + step, q_z)),
                    contour_derivative(h, |step| self.section(q_y, q_z + step)),
                ]
            }
        }
    }

    /// Half the extent along x over the length; soft ends count until they have decayed to about 1e-5.
    fn half_lengths(&self) -> f64 {
        match self.along {
            AlongRidge::Box => 0.5,
            AlongRidge::Gauss => 5.0,
            AlongRidge::Lorentz => 11.0,
            AlongRidge::LongLorentz => 18.0,
        }
    }

    /// Where a plane of this normal touches the cosine, in units of the half width and the height. The
    /// hull of the cosine is bounded by its tangents; a rectangle is close enough sideways.
    fn cosine_tangent(&self, y: f64, z: f64) -> (f64, f64) {
        let reach = |(across, up): (f64, f64)| 0.5 * self.width_nm * across * y.abs() + self.height_nm * up * z;
        (0..=64)
            .map(|i| f64::from(i) / 64.0)
            .map(|at| (at, 0.5 * (1.0 + cos(PI * at))))
            .fold((1.0, 0.0), |best, point| if reach(point) > reach(best) { point } else { best })
    }

    /// Area of the cross-section, nm^2.
    fn area(&self) -> f64 {
        let rectangle = self.width_nm * self.height_nm;
        match self.section {
            CrossSection::Rectangle => rectangle,
            CrossSection::Cosine | CrossSection::Sawtooth { .. } => 0.5 * rectangle,
        }
    }
}

/// Horizontal slices of the cross-section, for profiles that are symmetric in y.
impl Sliced for Ridge {
    const SECTION: Section = Section::Strip;

    fn height(&self) -> f64 {
        self.height_nm
    }

    fn largest(&self) -> f64 {
        0.5 * self.width_nm
    }

    fn slices(&self, u: f64, q_z: f64, mut visit: impl FnMut(Slice)) {
        let (h, w) = (self.height_nm, self.width_nm);
        match self.section {
            // z = H/2 (1 + cos t), half width W t / (2 pi): entire in t, 0 <= t <= pi.
            CrossSection::Cosine => {
                let n = slices::nodes_on_ellipses(|index| {
                    let of_eta = sinh(slices::ETAS[index]);
                    let imaginary = 0.5 * PI * of_eta;
                    let amplitude = imaginary + slices::ETAS[index] + 1.0;
                    amplitude + u * 0.25 * w * of_eta + q_z * 0.5 * h * sinh(imaginary)
                });
                gauss(n, [0.0, PI], |t, weight| {
                    let (sin, cos) = sin_cos(t);
                    let r = w * t / (2.0 * PI);
                    visit(Slice {
                        z: 0.5 * h * (1.0 + cos),
                        volume: weight * h * sin * r,
                        r,
                    });
                });
            }
            CrossSection::Rectangle | CrossSection::Sawtooth { .. } => {
                // Half width at the base, and how it shrinks to the top.
                let shrinks = f64::from(u8::from(self.section != CrossSection::Rectangle));
                let n = slices::nodes(0.5 * h * q_z + 0.25 * w * shrinks * u) + 1;
                gauss(n, [0.0, h], |z, weight| {
                    let r = 0.5 * w * (1.0 - shrinks * z / h);
                    visit(Slice {
                        z,
                        volume: 2.0 * weight * r,
                        r,
                    });
                });
            }
        }
    }

    /// X(q_x).
    #[inline(always)]
    fn factor<S: Simd>(&self, q_x: Real<S>) -> Real<S> {
        let (l, one) = (self.length_nm, q_x.simd().real(1.0));
        let x = q_x * l;
        match self.along {
            AlongRidge::Box => Section::Strip.transform_vector(x * 0.5) * l,
            AlongRidge::Gauss => (x * x * -0.5).exp() * l,
            AlongRidge::Lorentz => one / (x * x + one) * l,
            AlongRidge::LongLorentz => one / (x * x * 2.5 + one) * l,
        }
    }

    /// The centre moves from y = -d at the base to 0 at the top.
    fn lean(&self) -> [f64; 2] {
        match self.section {
            CrossSection::Sawtooth { asymmetry_nm: d } if d != 0.0 => [-d, d / self.height_nm],
            _ => [0.0; 2],
        }
    }
}

impl FormFactor for Ridge {
    fn at(&self, q: [Complex64; 3]) -> Complex64 {
        self.along(q[0]) * self.section(q[1], q[2])
    }

    fn at_four(&self, [q_x, q_y]: [f64; 2], k_i: Complex64, k_f: Complex64) -> [Complex64; 4] {
        let along = self.along(q_x.into());
        let section = match self.section {
            CrossSection::Cosine => slices::at_four(self, q_y.abs(), k_i, k_f),
            _ => [-k_i - k_f, k_i - k_f, k_f - k_i, k_i + k_f]
                .map(|q_z| self.section(q_y.into(), q_z)),
        };
        section.map(|f| along * f)
    }

    fn add_terms(&self, terms: &Terms<'_>, scratch: &mut Scratch, re: &mut [f64], im: &mut [f64]) {
        match self.section {
            CrossSection::Rectangle => {
                slices::add_terms_upright(self, self.width_nm, terms, scratch, re, im);
            }
            _ => slices::add_terms(self, terms, scratch, re, im),
        }
    }

    fn volume(&self) -> f64 {
        self.length_nm * self.area()
    }

    fn derivatives(&self) -> Option<&dyn Differentiable> {
        Some(self)
    }

    /// Half the width.
    fn radius(&self) -> f64 {
        match self.along {
            AlongRidge::LongLorentz => 0.5 * self.length_nm,
            _ => 0.25 * (self.length_nm + self.width_nm),
        }
    }

    fn support(&self, [x, y, z]: [f64; 3]) -> f64 {
        let half_length = self.half_lengths() * self.length_nm;
        let (w, h) = (0.5 * self.width_nm, self.height_nm);
        let section = match self.section {
            CrossSection::Rectangle => w * y.abs() + h * z.max(0.0),
            CrossSection::Cosine => {
                let (across, up) = self.cosine_tangent(y, z);
                w * across * y.abs() + h * up * z
            }
            CrossSection::Sawtooth { asymmetry_nm: d } => {
                (h * z).max((w - d) * y).max((-w - d) * y)
            }
        };
        half_length * x.abs() + section
    }

    fn density(&self, [x, y, z]: [f64; 3]) -> f64 {
        let (w, h, l) = (0.5 * self.width_nm, self.height_nm, self.length_nm);
        let top = match self.section {
            CrossSection::Rectangle if y.abs() <= w => h,
            CrossSection::Cosine if y.abs() <= w => 0.5 * h * (1.0 + cos(PI * y / w)),
            CrossSection::Sawtooth { asymmetry_nm: d } => {
                // Height over the side that y is on; beyond the base it is negative.
                let (left, right) = (-w - d, w - d);
                (h * (1.0 - y / right)).min(h * (1.0 - y / left))
            }
            _ => return 0.0,
        };
        if !(0.0..=top).contains(&z) {
            return 0.0;
        }
        match self.along {
            AlongRidge::Box => super::solid(x.abs() <= 0.5 * l),
            AlongRidge::Gauss => exp(-0.5 * powi(x / l, 2)) / (2.0 * PI).sqrt(),
            AlongRidge::Lorentz => 0.5 * exp(-x.abs() / l),
            AlongRidge::LongLorentz => {
                let decay = 2.5_f64.sqrt();
                0.5 / decay * exp(-x.abs() / (decay * l))
            }
        }
    }
}

impl Differentiable for Ridge {
    fn parameters(&self) -> &'static [Parameter] {
        match self.section {
            CrossSection::Sawtooth { .. } => SAWTOOTH,
            _ => LENGTHS,
        }
    }

    /// Every parameter is a stretch or, for the asymmetry of the sawtooth, a shear of its base
    /// against its top: y moves by -dd (1 - z/H), and z becomes -i d/dq_z.
    fn differential(&self, q: [Complex64; 3]) -> Differential {
        let (along, along_slope) = (self.along(q[0]), self.along_slope(q[0]));
        let [section, y_slope, z_slope] = self.section_slopes(q[1], q[2]);
        let f = Differential::new(along * section, [along_slope * section, along * y_slope, along * z_slope]);
        let [x, y, z] = [0, 1, 2].map(|axis| f.stretch(q, axis));
        let (length, height) = (x / self.length_nm, z / self.height_nm);
        match self.section {
            CrossSection::Sawtooth { asymmetry_nm } => {
                let shear = q[1] * (f.gradient[2] / self.height_nm - Complex64::I * f.value);
                let width = (y - asymmetry_nm * shear) / self.width_nm;
                f.with([length, width, height, shear])
            }
            _ => f.with([length, y / self.width_nm, height]),
        }
    }

    fn radius_derivatives(&self) -> [f64; MOST_SHAPE_PARAMETERS] {
        match self.along {
            AlongRidge::LongLorentz => [0.5, 0.0, 0.0, 0.0, 0.0],
            _ => [0.25, 0.25, 0.0, 0.0, 0.0],
        }
    }

    /// The support is linear in the lengths, with the coefficients of the touching point.
    fn support_derivatives(&self, [x, y, z]: [f64; 3]) -> [f64; MOST_SHAPE_PARAMETERS] {
        let length = self.half_lengths() * x.abs();
        let w = 0.5 * self.width_nm;
        let [width, height, shift] = match self.section {
            CrossSection::Rectangle => [0.5 * y.abs(), z.max(0.0), 0.0],
            CrossSection::Cosine => {
                let (across, up) = self.cosine_tangent(y, z);
                [0.5 * across * y.abs(), up * z, 0.0]
            }
            CrossSection::Sawtooth { asymmetry_nm: d } => {
                let (top, right, left) = (self.height_nm * z, (w - d) * y, (-w - d) * y);
                if top >= right.max(left) {
                    [0.0, z, 0.0]
                } else if right >= left {
                    [0.5 * y, 0.0, -y]
                } else {
                    [-0.5 * y, 0.0, -y]
                }
            }
        };
        [length, width, height, shift, 0.0]
    }
}
