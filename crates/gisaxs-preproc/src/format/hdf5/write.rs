//! NeXus files in the layout of NXsas: frames under `entry/instrument/detector/data`.
//!
//! One chunk per frame, shuffled and deflated, which every HDF5 program reads without a
//! plugin. Values that are not known are left out, so a file may have less than NXsas asks.

use hdf5_writer::{
    AttributeBuilder, DatasetBuilder, Error as WriteError, FilterDescription, Hdf5Builder,
    WriteOptions,
};

use crate::error::{Error, Result};
use crate::frame::Frame;

const FILTER_DEFLATE: u16 = 1;
const FILTER_SHUFFLE: u16 = 2;
/// Fast; counts are small numbers, and higher levels gain a few per cent.
const LEVEL: u32 = 2;
const DETECTOR: &str = "entry/instrument/detector";

/// The file of `frames`, which have one shape; the header is that of the first.
pub(crate) fn encode(file: &str, frames: &[Frame]) -> Result<Vec<u8>> {
    build(frames)
        .and_then(|builder| builder.into_plan()?.encode(WriteOptions::default()))
        .map_err(|source| Error::Hdf5Write {
            file: file.to_owned(),
            source: Box::new(source),
        })
}

fn build(frames: &[Frame]) -> std::result::Result<Hdf5Builder, WriteError> {
    let first = &frames[0];
    let header = first.header();
    let [rows, cols] = first.shape().map(|n| n as u64);
    let shape = vec![frames.len() as u64, rows, cols];
    let whole: std::result::Result<Vec<Vec<i32>>, _> =
        frames.iter().map(Frame::whole_counts).collect();
    let data = format!("{DETECTOR}/data");
    let data = match whole {
        Ok(counts) => DatasetBuilder::typed_data(data, shape, &counts.concat())?,
        Err(_) => {
            let counts: Vec<f32> = frames.iter().flat_map(|f| f.as_slice()).copied().collect();
            DatasetBuilder::typed_data(data, shape, &counts)?
        }
    };
    let filter = |id, parameter| FilterDescription {
        id,
        name: None,
        client_data: vec![parameter],
    };
    let data = data
        .chunked(vec![1, rows, cols])
        .filter(filter(FILTER_SHUFFLE, 4))
        .filter(filter(FILTER_DEFLATE, LEVEL))
        .attribute(AttributeBuilder::fixed_string("units", "counts"));

    let mut file = Hdf5Builder::new()
        .attribute(AttributeBuilder::fixed_string("default", "entry"))
        .attribute(AttributeBuilder::fixed_string(
            "creator",
            concat!("gisaxs-preproc ", env!("CARGO_PKG_VERSION")),
        ));
    for (path, class) in [
        ("entry", "NXentry"),
        ("entry/instrument", "NXinstrument"),
        (DETECTOR, "NXdetector"),
        ("entry/instrument/source", "NXsource"),
        ("entry/instrument/monochromator", "NXmonochromator"),
    ] {
        file = file.group_attribute(path, AttributeBuilder::fixed_string("NX_class", class));
    }
    let mut texts = vec![
        ("entry/definition".to_owned(), "NXsas".to_owned()),
        ("entry/title".to_owned(), first.name().to_owned()),
        (
            "entry/instrument/source/probe".to_owned(),
            "x-ray".to_owned(),
        ),
    ];
    if let Some(name) = &header.detector {
        texts.push((format!("{DETECTOR}/description"), name.clone()));
    }
    if let Some(date) = &header.date {
        texts.push(("entry/start_time".to_owned(), date.clone()));
    }
    for (path, text) in texts {
        let text = text.replace('\0', " ");
        file = file.dataset(DatasetBuilder::fixed_string_data(path, vec![], &[text])?);
    }
    let numbers = [
        ("x_pixel_size", header.pixel_mm.map(|p| p[0]), "mm"),
        ("y_pixel_size", header.pixel_mm.map(|p| p[1]), "mm"),
        ("distance", header.distance_mm, "mm"),
        ("beam_center_x", header.beam_px.map(|p| p[0]), "pixel"),
        ("beam_center_y", header.beam_px.map(|p| p[1]), "pixel"),
        ("count_time", header.exposure_s, "s"),
        (
            "countrate_correction_count_cutoff",
            header.count_cutoff,
            "counts",
        ),
        ("saturation_value", header.full_scale, "counts"),
    ];
    let numbers = numbers
        .into_iter()
        .map(|(name, value, unit)| (format!("{DETECTOR}/{name}"), value, unit))
        .chain([(
            "entry/instrument/monochromator/wavelength".to_owned(),
            header.wavelength_nm,
            "nm",
        )]);
    for (path, value, unit) in numbers {
        if let Some(value) = value {
            let dataset = DatasetBuilder::typed_data(path, vec![], &[value])?;
            file = file.dataset(dataset.attribute(AttributeBuilder::fixed_string("units", unit)));
        }
    }
    Ok(file.dataset(data))
}
