//! One-dimensional profiles: cuts, arcs, sectors, radial averages, lines of any course.
//!
//! A bin is the mean of its valid pixels: sum / n with variance sum of variances / n^2, for
//! raw counts the error sqrt(N) / n. Bins without a valid pixel are dropped, never written as
//! zero.

use gisaxs_physics::elementary::sin;

use super::axis::Axis;
use super::image::{Image, check_shape, is_measured};
use super::line::{Band, Kind, Line, length};
use super::provenance::Provenance;
use crate::error::Result;
use crate::geometry::{Geometry, Quantity};
use crate::instrument::Instrument;

/// A profile: equally long lists, one entry per bin that holds a valid pixel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// Name of what it runs along: that of a [`Quantity`], or `distance` along a polyline.
    pub coordinate_name: &'static str,
    /// Unit of the coordinate, as `1/nm`.
    pub coordinate_unit: &'static str,
    /// Mean coordinate of the valid pixels of each bin; of logarithmic bins the geometric
    /// mean.
    pub coordinate: Vec<f64>,
    /// Mean value of the valid pixels.
    pub mean: Vec<f64>,
    /// Standard deviation of `mean`.
    pub error: Vec<f64>,
    /// Sum over the valid pixels.
    pub sum: Vec<f64>,
    /// Number of valid pixels.
    pub pixels: Vec<u32>,
    /// Unit of mean, error and sum.
    pub unit: String,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

impl Profile {
    /// A profile of one image. For a series, keep a [`Profiler`].
    ///
    /// # Errors
    /// As [`Profiler::new`] and [`Profiler::profile`].
    pub fn new(image: &Image, instrument: &Instrument, line: &Line) -> Result<Self> {
        Profiler::new(instrument, line)?.profile(image)
    }

    /// Number of bins with a valid pixel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mean.len()
    }

    /// Whether no bin holds a valid pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }
}

/// A pixel of the line.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Index of the pixel.
    pixel: u32,
    bin: u16,
    /// Place in the bin in units of 2^-16 of its width: a shift of the mean coordinate by at
    /// most 1e-5 of a bin.
    offset: u16,
}

/// The pixels of a line on an instrument: made once for a series of frames.
#[derive(Clone, Debug)]
pub struct Profiler {
    instrument: Instrument,
    shape: [usize; 2],
    line: Line,
    axis: Axis,
    entries: Vec<Entry>,
}

impl Profiler {
    /// Finds the pixels of a line.
    ///
    /// # Errors
    /// [`Error::DetectorUndetermined`](crate::Error::DetectorUndetermined) if shape or pixel
    /// size are left to the frame: see [`Instrument::for_frame`].
    pub fn new(instrument: &Instrument, line: &Line) -> Result<Self> {
        let geometry = instrument.geometry()?;
        let [n_rows, cols] = geometry.shape();
        let axis = line.axis()?;
        // Bands of exit angles are bands of k sin alpha_f, without an arc tangent.
        let bands: Vec<Band> = line
            .bands
            .iter()
            .map(|band| by_k_z(band, &geometry))
            .collect();

        let mut entries = Vec::new();
        let mut inside = vec![true; cols];
        let mut values = vec![0.0; cols];
        let mut second = vec![0.0; cols];
        for row in 0..n_rows {
            inside.fill(true);
            for band in &bands {
                geometry.row(band.quantity, row, &mut values);
                let [low, high] = band.range;
                for (inside, &x) in inside.iter_mut().zip(&values) {
                    let x = if band.both_sides { x.abs() } else { x };
                    *inside &= x >= low && x <= high;
                }
            }
            if !inside.contains(&true) {
                continue;
            }
            match &line.kind {
                Kind::Axis(axis) => {
                    geometry.row(axis.quantity(), row, &mut values);
                    axis.positions(&mut values);
                }
                Kind::Polyline {
                    plane,
                    points,
                    half_width,
                    ..
                } => {
                    geometry.row(plane[0], row, &mut values);
                    geometry.row(plane[1], row, &mut second);
                    for (x, &y) in values.iter_mut().zip(&second) {
                        *x = distance_along(points, *half_width, [*x, y]).unwrap_or(-1.0);
                    }
                    axis.positions(&mut values);
                }
            }
            let bins = axis.bins() as f64;
            for (col, (&inside, &p)) in inside.iter().zip(&values).enumerate() {
                if inside && p >= 0.0 && p < bins {
                    entries.push(Entry {
                        pixel: (row * cols + col) as u32,
                        bin: p as u16,
                        offset: (p.fract() * 65536.0) as u16,
                    });
                }
            }
        }
        Ok(Self {
            instrument: instrument.clone(),
            shape: [n_rows, cols],
            line: line.clone(),
            axis,
            entries,
        })
    }

    /// The profile of an image of this instrument.
    ///
    /// # Errors
    /// [`Error::Mismatch`](crate::Error::Mismatch) if the image has another shape than the
    /// instrument's detector.
    pub fn profile(&self, image: &Image) -> Result<Profile> {
        check_shape(
            "the instrument's detector",
            "shape",
            self.shape,
            image.shape(),
        )?;
        #[derive(Clone, Copy, Default)]
        struct Bin {
            sum: f64,
            variance: f64,
            offsets: f64,
            pixels: u32,
        }
        let mut bins = vec![Bin::default(); self.axis.bins()];
        let (values, variances) = (image.as_slice(), image.variances());
        let mask = image.mask().bits();
        for entry in &self.entries {
            let at = entry.pixel as usize;
            if is_measured(mask[at]) {
                let bin = &mut bins[usize::from(entry.bin)];
                bin.sum += f64::from(values[at]);
                bin.variance += f64::from(variances[at]);
                // The middle of the rounding interval.
                bin.offsets += f64::from(entry.offset) + 0.5;
                bin.pixels += 1;
            }
        }
        let filled = || bins.iter().enumerate().filter(|(_, bin)| bin.pixels > 0);
        let list = |value: &dyn Fn(usize, &Bin, f64) -> f64| {
            let each = |(i, bin): (usize, &Bin)| value(i, bin, f64::from(bin.pixels));
            filled().map(each).collect()
        };
        Ok(Profile {
            coordinate_name: self.line.coordinate(),
            coordinate_unit: self.axis.quantity().unit(),
            coordinate: list(&|i, bin, n| self.axis.value(i as f64 + bin.offsets / n / 65536.0)),
            mean: list(&|_, bin, n| bin.sum / n),
            error: list(&|_, bin, n| bin.variance.sqrt() / n),
            sum: list(&|_, bin, _| bin.sum),
            pixels: filled().map(|(_, bin)| bin.pixels).collect(),
            unit: image.unit().to_owned(),
            provenance: Provenance::new(image, &self.instrument, self.line.to_string())?,
        })
    }
}

/// A band of alpha_f as one of k sin(alpha_f), on which it is monotonic.
fn by_k_z(band: &Band, geometry: &Geometry) -> Band {
    let quarter = std::f64::consts::FRAC_PI_2;
    if band.quantity != Quantity::AlphaF {
        return *band;
    }
    Band {
        quantity: Quantity::KZ,
        range: band
            .range
            .map(|alpha| geometry.beam().k() * sin(alpha.clamp(-quarter, quarter))),
        ..*band
    }
}

/// Distance from the first point of a polyline to the foot of `point` on it, if that is at
/// most `half_width` away and not beyond an end.
fn distance_along(points: &[[f64; 2]], half_width: f64, point: [f64; 2]) -> Option<f64> {
    let last = points.len() - 2;
    let (mut nearest, mut along, mut before) = (half_width * half_width, None, 0.0);
    for (i, ends) in points.windows(2).enumerate() {
        let [a, b] = [ends[0], ends[1]];
        let step = length(a, b);
        let (d, r) = (
            [b[0] - a[0], b[1] - a[1]],
            [point[0] - a[0], point[1] - a[1]],
        );
        let t = (r[0] * d[0] + r[1] * d[1]) / (step * step);
        let beyond = (i == 0 && t < 0.0) || (i == last && t > 1.0);
        let foot = t.clamp(0.0, 1.0);
        let (x, y) = (r[0] - foot * d[0], r[1] - foot * d[1]);
        let squared = x * x + y * y;
        if squared <= nearest {
            nearest = squared;
            along = (!beyond).then_some(before + foot * step);
        }
        before += step;
    }
    along
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::frame::Frame;
    use crate::mask::{Mask, Reason};

    fn instrument() -> Instrument {
        Instrument::from_toml(
            "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\nshape = [200, 100]\n\
             pixel_size_mm = [0.2, 0.2]\ndistance_mm = 2000\ndirect_beam_px = [50, 180]",
            "test.toml",
        )
        .unwrap()
    }

    /// Counts that differ from pixel to pixel, with a gap of columns.
    fn image() -> Image {
        let counts = Array2::from_shape_fn((200, 100), |(r, c)| ((7 * r + 3 * c) % 50) as f32);
        let mut bits = vec![0_u8; 200 * 100];
        for row in bits.chunks_exact_mut(100) {
            row[30..40].fill(Reason::Gap.bit());
        }
        let mask = Mask::from_bits([200, 100], bits);
        Image::counts(Frame::new(counts).unwrap(), mask).unwrap()
    }

    /// Slow and obvious: every pixel by its exact direction.
    fn reference(
        image: &Image,
        axis: Axis,
        of: impl Fn([f64; 3], f64) -> Option<f64>,
    ) -> Vec<(f64, f64, f64, u32)> {
        let instrument = instrument();
        let (beam, detector) = (instrument.beam(), instrument.detector().unwrap());
        let mut bins = vec![(0.0, 0.0, 0.0, 0_u32); axis.bins()];
        for ((row, col), &value) in image.values().indexed_iter() {
            let direction = detector.direction(&beam, col as f64, row as f64);
            let coordinate = of(direction.q(&beam), direction.alpha_f_rad);
            if let Some(x) = coordinate
                && let Some(i) = axis.bin(x)
                && image.mask().is_measured(row, col)
            {
                let bin = &mut bins[i];
                bin.0 += x;
                bin.1 += f64::from(value);
                bin.2 += f64::from(value);
                bin.3 += 1;
            }
        }
        bins.retain(|bin| bin.3 > 0);
        bins.iter()
            .map(|&(x, sum, variance, n)| {
                let n_pixels = f64::from(n);
                (x / n_pixels, sum / n_pixels, variance.sqrt() / n_pixels, n)
            })
            .collect()
    }

    fn assert_same(profile: &Profile, expected: &[(f64, f64, f64, u32)], width: f64) {
        assert_eq!(profile.len(), expected.len());
        assert!(!profile.is_empty());
        for (i, &(x, mean, error, n)) in expected.iter().enumerate() {
            assert_eq!(profile.pixels[i], n);
            assert!((profile.coordinate[i] - x).abs() < 1e-5 * width);
            assert!((profile.mean[i] - mean).abs() < 1e-9);
            assert!((profile.error[i] - error).abs() < 1e-9);
        }
    }

    #[test]
    fn cuts_agree_with_the_obvious_sum() {
        let image = image();
        let line = Line::horizontal([0.002, 0.012], [-0.3, 0.3], 120).unwrap();
        let profile = Profile::new(&image, &instrument(), &line).unwrap();
        let axis = Axis::linear(Quantity::QY, [-0.3, 0.3], 120).unwrap();
        let expected = reference(&image, axis, |q, alpha| {
            (0.002..=0.012).contains(&alpha).then_some(q[1])
        });
        assert_same(&profile, &expected, 0.005);
        assert_eq!(profile.coordinate_name, "qy");
        // The gap has no bins.
        assert!(profile.len() < 100);

        let line = Line::vertical([0.05, 0.1], [0.0, 1.0], 50).unwrap();
        let profile = Profile::new(&image, &instrument(), &line).unwrap();
        let axis = Axis::linear(Quantity::QZ, [0.0, 1.0], 50).unwrap();
        let expected = reference(&image, axis, |q, _| {
            (0.05..=0.1).contains(&q[1].abs()).then_some(q[2])
        });
        assert_same(&profile, &expected, 0.02);
    }

    #[test]
    fn the_cut_of_before_has_the_same_numbers() {
        let (image, instrument) = (image(), instrument());
        let line = Line::horizontal([0.002, 0.012], [-0.3, 0.3], 120).unwrap();
        let profile = Profile::new(&image, &instrument, &line).unwrap();
        let kind = crate::CutKind::Horizontal {
            alpha_f_rad: [0.002, 0.012],
        };
        let detector = instrument.detector().unwrap();
        let beam = instrument.beam();
        let counts = image.as_slice();
        let cut = crate::Cut::new(
            counts,
            image.mask(),
            &beam,
            &detector,
            kind,
            [-0.3, 0.3],
            120,
        );
        assert_eq!(profile.mean, cut.mean);
        assert_eq!(profile.error, cut.error);
        assert_eq!(profile.pixels, cut.pixels);
    }

    #[test]
    fn arcs_and_sectors_agree_with_the_obvious_sum() {
        let image = image();
        let axis = Axis::linear(Quantity::Chi, [-1.0, 1.0], 40).unwrap();
        let line = Line::along(axis).within(Band::new(Quantity::Q, [0.4, 0.5]).unwrap());
        let profile = Profile::new(&image, &instrument(), &line).unwrap();
        let length = |q: [f64; 3]| q.iter().map(|c| c * c).sum::<f64>().sqrt();
        let chi = |q: [f64; 3]| {
            let q_xy = q[0].hypot(q[1]);
            // Zero counts as left, as in pyFAI.
            (if q[1] > 0.0 { q_xy } else { -q_xy }).atan2(q[2])
        };
        let expected = reference(&image, axis, |q, _| {
            (0.4..=0.5).contains(&length(q)).then(|| chi(q))
        });
        assert_same(&profile, &expected, 0.05);

        let axis = Axis::logarithmic(Quantity::Q, [0.01, 2.0], 40).unwrap();
        let line = Line::along(axis).within(Band::new(Quantity::Chi, [0.1, 0.6]).unwrap());
        let profile = Profile::new(&image, &instrument(), &line).unwrap();
        let expected = reference(&image, axis, |q, _| {
            (0.1..=0.6).contains(&chi(q)).then(|| length(q))
        });
        for (i, &(_, mean, error, n)) in expected.iter().enumerate() {
            assert_eq!(profile.pixels[i], n);
            assert!((profile.mean[i] - mean).abs() < 1e-9);
            assert!((profile.error[i] - error).abs() < 1e-9);
        }
    }

    #[test]
    fn polylines_in_pixels_collect_what_lies_beside_them() {
        // Down, then to the right, between pixels so that no distance is at an edge of a bin.
        let counts = Array2::from_shape_fn((200, 100), |(r, c)| (r + 1000 * c) as f32);
        let mask = Mask::from_bits([200, 100], vec![0; 200 * 100]);
        let image = Image::counts(Frame::new(counts).unwrap(), mask).unwrap();
        let plane = [Quantity::Column, Quantity::Row];
        let points = [[9.5, 49.5], [9.5, 149.5], [59.5, 149.5]];
        let line = Line::polyline(plane, &points, 2.0, 150).unwrap();
        let profile = Profile::new(&image, &instrument(), &line).unwrap();
        assert_eq!(profile.coordinate_name, "distance");
        assert_eq!(profile.coordinate_unit, "pixel");
        assert_eq!(profile.len(), 150);
        // Columns 8 to 11 of row 70; rows 148 to 151 of column 40.
        assert_eq!((profile.pixels[20], profile.mean[20]), (4, 9_570.0));
        assert_eq!((profile.pixels[130], profile.mean[130]), (4, 40_149.5));
        assert!((profile.coordinate[130] - 130.5).abs() < 1e-4);
        // Ends are square: nothing above row 50.
        assert_eq!((profile.pixels[0], profile.mean[0]), (4, 9_550.0));
    }

    #[test]
    fn a_tilted_line_in_q_follows_the_ridge() {
        // A ridge of intensity along q_z = 0.2 + 2 q_y.
        let instrument = instrument();
        let geometry = instrument.geometry().unwrap();
        let mut counts = Array2::zeros((200, 100));
        let (mut q_y, mut q_z) = (vec![0.0; 100], vec![0.0; 100]);
        for row in 0..200 {
            geometry.row(Quantity::QY, row, &mut q_y);
            geometry.row(Quantity::QZ, row, &mut q_z);
            for col in 0..100 {
                let across = (q_z[col] - 0.2 - 2.0 * q_y[col]) / 5_f64.sqrt();
                counts[[row, col]] = (-0.5 * (across / 0.005).powi(2)).exp() as f32;
            }
        }
        let mask = Mask::from_bits([200, 100], vec![0; 200 * 100]);
        let image = Image::counts(Frame::new(counts).unwrap(), mask).unwrap();
        let points = [[0.05, 0.3], [0.25, 0.7]];
        let line = Line::polyline([Quantity::QY, Quantity::QZ], &points, 0.004, 20).unwrap();
        let profile = Profile::new(&image, &instrument, &line).unwrap();
        assert_eq!(profile.len(), 20);
        assert!(profile.mean.iter().all(|&m| m > 0.85), "{:?}", profile.mean);
        let end = profile.coordinate[19];
        assert!((end - length(points[0], points[1])).abs() < 0.02, "{end}");
    }

    #[test]
    fn variances_propagate_into_bins() {
        let line = Line::horizontal([0.002, 0.012], [-0.3, 0.3], 30).unwrap();
        let profiler = Profiler::new(&instrument(), &line).unwrap();
        let raw = profiler.profile(&image()).unwrap();
        let scaled = image().scaled(0.25, "a quarter").unwrap();
        let scaled = profiler.profile(&scaled).unwrap();
        for i in 0..raw.len() {
            assert!((scaled.mean[i] - 0.25 * raw.mean[i]).abs() < 1e-6);
            assert!((scaled.error[i] - 0.25 * raw.error[i]).abs() < 1e-6);
        }
        assert_eq!(scaled.provenance.steps, ["a quarter"]);
    }

    #[test]
    fn nothing_valid_is_an_empty_profile() {
        let frame = Frame::new(Array2::from_elem((200, 100), -1.0)).unwrap();
        let mask = Mask::from_bits([200, 100], vec![1; 200 * 100]);
        let image = Image::counts(frame, mask).unwrap();
        let line = Line::vertical([0.0, 0.02], [0.0, 1.0], 100).unwrap();
        assert!(
            Profile::new(&image, &instrument(), &line)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn the_yoneda_band_is_that_of_the_particles() {
        let toml = "[beam]\nwavelength_nm = 0.1\nincidence_deg = 0.4\n[detector]\n\
                    shape = [200, 100]\npixel_size_mm = [0.2, 0.2]\ndistance_mm = 2000\n\
                    direct_beam_px = [50, 180]\n";
        let bare = Instrument::from_toml(toml, "test.toml").unwrap();
        let error = Line::yoneda(&bare, 1e-4, [-1.0, 1.0], 10).unwrap_err();
        assert!(error.to_string().contains("sample.particle"), "{error}");
        let sample = "[sample]\nparticle = \"Au\"\nsubstrate = \"Si\"\n";
        let gold = Instrument::from_toml(&format!("{toml}{sample}"), "test.toml").unwrap();
        let line = Line::yoneda(&gold, 1e-4, [-1.0, 1.0], 10).unwrap();
        let delta = gold.sample_knowledge().particle.unwrap().delta;
        let [low, high] = line.bands[0].range;
        assert!(((low + high) / 2.0 - (2.0 * delta).sqrt()).abs() < 1e-12);
    }
}
