//! Dark image, flat field, normalisation and background of `reduce`.

use gisaxs_preproc::reduce::{
    Errors, FlatField, Image, Normalisation, PixelFactors, header_number,
};
use gisaxs_preproc::{Corrections as OfGeometry, FrameHeader, FrameStack, PixelMap, Result};
use std::path::{Path, PathBuf};

/// Corrections, applied in this order.
#[derive(clap::Args)]
#[command(next_help_heading = "Corrections")]
pub(super) struct Args {
    /// Frames without beam; their mean is scaled to the exposure of each frame.
    #[arg(long, value_name = "PATH")]
    dark: Option<PathBuf>,
    /// Response of the pixels, which counts are divided by; not positive = left out.
    #[arg(long, value_name = "FILE")]
    flat: Option<PathBuf>,
    /// Divide by the solid angle of each pixel.
    #[arg(long)]
    solid_angle: bool,
    /// Divide by the exposure time in the header.
    #[arg(long)]
    per_second: bool,
    /// Divide by the number that follows KEY in the header, as Flux.
    #[arg(long, value_name = "KEY")]
    monitor: Option<String>,
    /// Frames without sample, corrected like the others; their mean is subtracted.
    #[arg(long, value_name = "PATH")]
    background: Option<PathBuf>,
    /// Factor of the background.
    #[arg(
        long,
        value_name = "X",
        default_value_t = 1.0,
        requires = "background",
        allow_negative_numbers = true
    )]
    background_factor: f64,
}

/// The corrections of one instrument.
pub(super) struct Corrections {
    dark: Option<Image>,
    flat: Option<FlatField>,
    factors: Option<PixelFactors>,
    per_second: bool,
    monitor: Option<String>,
    background: Option<(Image, f64)>,
}

impl Corrections {
    pub(super) fn new(args: &Args, pixels: &PixelMap) -> Result<Self> {
        let mut corrections = Self {
            dark: match &args.dark {
                Some(path) => Some(mean(path, pixels)?.0),
                None => None,
            },
            flat: match &args.flat {
                Some(path) => {
                    let response = FrameStack::open(path)?.only_frame()?;
                    let flat = FlatField::sparing_dead_pixels(response.counts().to_owned());
                    Some(flat.with_name(response.name()))
                }
                None => None,
            },
            factors: match args.solid_angle {
                true => Some(PixelFactors::of_geometry(
                    &pixels.instrument().geometry()?,
                    &OfGeometry::new().with_solid_angle(),
                )?),
                false => None,
            },
            per_second: args.per_second,
            monitor: args.monitor.clone(),
            background: None,
        };
        if let Some(path) = &args.background {
            let (image, header) = mean(path, pixels)?;
            let image = corrections.apply(image, &header)?;
            corrections.background = Some((image, args.background_factor));
        }
        Ok(corrections)
    }

    /// Corrects the image of a frame with this header.
    pub(super) fn apply(&self, mut image: Image, header: &FrameHeader) -> Result<Image> {
        if let Some(dark) = &self.dark {
            image = image.minus_dark(dark)?;
        }
        if let Some(flat) = &self.flat {
            image = image.divided_by_flat(flat)?;
        }
        if let Some(factors) = &self.factors {
            image = image.divided_by(factors)?;
        }
        let mut normalisation = Normalisation::default();
        if self.per_second {
            normalisation = normalisation.per_second();
        }
        if let Some(key) = &self.monitor {
            let reading = header_number(image.name(), header, key)?;
            normalisation = normalisation.monitor(reading, 0.0);
        }
        image = image.normalised(&normalisation)?;
        match &self.background {
            Some((background, factor)) => image.minus_background(background, *factor),
            None => Ok(image),
        }
    }
}

/// Mean of all frames of a file or folder, with the header of the first.
fn mean(path: &Path, pixels: &PixelMap) -> Result<(Image, FrameHeader)> {
    let stack = FrameStack::open(path)?;
    let header = stack.frame(0)?.header().clone();
    let mask = |frame: &_| pixels.mask(frame);
    let image = Image::mean(&stack, 0..stack.len(), Errors::Counting, mask)?;
    Ok((image, header))
}
