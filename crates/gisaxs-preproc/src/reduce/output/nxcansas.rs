//! NXcanSAS (NeXus application definition, version 1.0): reduced data in HDF5.
//!
//! One dimension: `I(Q)` with `Idev`, and the number of pixels of each bin. What runs along
//! q_y, an angle or pixels is still called `Q`, as the definition wants it, with its own name
//! in `long_name` and its own unit.
//!
//! Two dimensions: the definition has no convention for grazing incidence. `I` has shape
//! (y, x); `Q` of the same shape is the length of (x, y), `Qx` and `Qy` of the same shape are
//! what SasView reads, and the axes themselves stand beside it under their own names, which
//! the plain NeXus attributes `axes` refer to. Empty cells are NaN and 1 in `Mask`.

use gisaxs_physics::elementary::{cos, hypot, sin};
use hdf5_writer::{
    AttributeBuilder, DatasetBuilder, Error as WriteError, FilterDescription, Hdf5Builder,
    WriteOptions,
};

use super::super::map::Map;
use super::super::profile::Profile;
use super::super::provenance::Provenance;
use crate::error::{Error, Result};
use crate::geometry::Quantity;

const ENTRY: &str = "sasentry01";
const DATA: &str = "sasentry01/sasdata01";
const INSTRUMENT: &str = "sasentry01/sasinstrument01";
const PROCESS: &str = "sasentry01/sasprocess01";
const FILTER_DEFLATE: u16 = 1;
const FILTER_SHUFFLE: u16 = 2;
const LEVEL: u32 = 4;

type Build<T> = std::result::Result<T, WriteError>;

fn text_attribute(name: &str, value: &str) -> AttributeBuilder {
    AttributeBuilder::fixed_string(name, value)
}

/// A file with everything but the data.
fn file(provenance: &Provenance) -> Build<Hdf5Builder> {
    let mut file = Hdf5Builder::new()
        .attribute(text_attribute("default", ENTRY))
        .attribute(text_attribute("creator", Provenance::program()));
    let detector = format!("{INSTRUMENT}/sasdetector01");
    let source = format!("{INSTRUMENT}/sassource01");
    for (path, nx_class, sas_class) in [
        (ENTRY, "NXentry", "SASentry"),
        (DATA, "NXdata", "SASdata"),
        (INSTRUMENT, "NXinstrument", "SASinstrument"),
        (&detector, "NXdetector", "SASdetector"),
        (&source, "NXsource", "SASsource"),
        (PROCESS, "NXprocess", "SASprocess"),
    ] {
        file = file
            .group_attribute(path, text_attribute("NX_class", nx_class))
            .group_attribute(path, text_attribute("canSAS_class", sas_class));
    }
    file = file
        .group_attribute(ENTRY, text_attribute("version", "1.0"))
        .group_attribute(ENTRY, text_attribute("default", "sasdata01"));

    let name = provenance.detector_name.unwrap_or("detector");
    let mut texts = vec![
        (format!("{ENTRY}/definition"), "NXcanSAS".to_owned()),
        (format!("{ENTRY}/title"), provenance.frame.clone()),
        // The run of a beamline is not known; the name of the frame holds its number.
        (format!("{ENTRY}/run"), provenance.frame.clone()),
        (format!("{source}/probe"), "x-ray".to_owned()),
        (format!("{detector}/name"), name.to_owned()),
        (format!("{PROCESS}/name"), Provenance::program().to_owned()),
        (
            format!("{PROCESS}/description"),
            provenance.selection.clone(),
        ),
    ];
    let terms = provenance.entries().into_iter().enumerate();
    texts.extend(terms.map(|(i, (key, value))| {
        // Terms of a process are numbered, as the definition names its groups.
        (
            format!("{PROCESS}/term{:02}", i + 1),
            format!("{key} = {value}"),
        )
    }));
    for (path, text) in texts {
        let text = text.replace('\0', " ");
        file = file.dataset(DatasetBuilder::fixed_string_data(path, vec![], &[text])?);
    }

    let geometry = &provenance.geometry;
    let (beam, pixel_mm) = (geometry.beam(), geometry.pixel_mm());
    let mut numbers = vec![
        (
            format!("{source}/incident_wavelength"),
            beam.wavelength_nm(),
            "nm",
        ),
        (format!("{detector}/SDD"), geometry.pose().distance_mm, "mm"),
        (format!("{detector}/x_pixel_size"), pixel_mm[0], "mm"),
        (format!("{detector}/y_pixel_size"), pixel_mm[1], "mm"),
        (
            format!("{ENTRY}/incidence_angle"),
            beam.alpha_i_rad().to_degrees(),
            "degree",
        ),
    ];
    // Lengths in this definition: from the outer edge of pixel 0.
    for (name, px, mm) in geometry
        .direct_beam_px()
        .into_iter()
        .flat_map(|px| [("x", px[0], pixel_mm[0]), ("y", px[1], pixel_mm[1])])
    {
        let path = format!("{detector}/beam_center_{name}");
        numbers.push((path, (px + 0.5) * mm, "mm"));
    }
    for (path, value, unit) in numbers {
        let dataset = DatasetBuilder::typed_data(path, vec![], &[value])?;
        file = file.dataset(dataset.attribute(text_attribute("units", unit)));
    }
    Ok(file)
}

fn encode(name: &str, builder: Build<Hdf5Builder>) -> Result<Vec<u8>> {
    builder
        .and_then(|builder| builder.into_plan()?.encode(WriteOptions::default()))
        .map_err(|source| Error::Hdf5Write {
            file: name.to_owned(),
            source: Box::new(source),
        })
}

fn data_path(name: &str) -> String {
    format!("{DATA}/{name}")
}

/// The wave vectors of files: NeXus programs know this unit.
fn with_unit(dataset: DatasetBuilder, unit: &str) -> DatasetBuilder {
    dataset.attribute(text_attribute("units", unit))
}

impl Profile {
    /// The profile as an NXcanSAS file.
    ///
    /// # Errors
    /// [`Error::Hdf5Write`]; [`Error::Value`] for an empty profile.
    pub fn to_nxcansas(&self) -> Result<Vec<u8>> {
        if self.is_empty() {
            return Err(Error::Value {
                file: self.provenance.frame.clone(),
                key: "profile".to_owned(),
                value: "empty".to_owned(),
                expected: "at least one bin with a valid pixel".to_owned(),
            });
        }
        encode(&self.provenance.frame, self.build())
    }

    fn build(&self) -> Build<Hdf5Builder> {
        let shape = vec![self.len() as u64];
        let list = |name: &str, values: &[f64], unit: &str| -> Build<DatasetBuilder> {
            let dataset = DatasetBuilder::typed_data(data_path(name), shape.clone(), values)?;
            Ok(with_unit(dataset, unit))
        };
        let q = list("Q", &self.coordinate, self.coordinate_unit)?
            .attribute(text_attribute("long_name", self.coordinate_name));
        let intensity = list("I", &self.mean, &self.unit)?
            .attribute(text_attribute("uncertainties", "Idev"))
            .attribute(text_attribute("long_name", "mean of the valid pixels"));
        let pixels = DatasetBuilder::typed_data(data_path("pixels"), shape.clone(), &self.pixels)?
            .attribute(text_attribute("units", "1"))
            .attribute(text_attribute("long_name", "valid pixels of each bin"));
        Ok(file(&self.provenance)?
            .group_attribute(DATA, text_attribute("signal", "I"))
            .group_attribute(DATA, text_attribute("I_axes", "Q"))
            .group_attribute(DATA, text_attribute("axes", "Q"))
            .group_attribute(DATA, AttributeBuilder::scalar("Q_indices", 0_i64)?)
            .dataset(q)
            .dataset(intensity)
            .dataset(list("Idev", &self.error, &self.unit)?)
            .dataset(pixels))
    }
}

impl Map {
    /// The map as an NXcanSAS file.
    ///
    /// # Errors
    /// [`Error::Hdf5Write`].
    pub fn to_nxcansas(&self) -> Result<Vec<u8>> {
        encode(&self.provenance.frame, self.build())
    }

    fn build(&self) -> Build<Hdf5Builder> {
        let shape = vec![self.y.bins() as u64, self.x.bins() as u64];
        let packed = |dataset: DatasetBuilder, bytes: u32| {
            let filter = |id, parameter| FilterDescription {
                id,
                name: None,
                client_data: vec![parameter],
            };
            dataset
                .chunked(shape.clone())
                .filter(filter(FILTER_SHUFFLE, bytes))
                .filter(filter(FILTER_DEFLATE, LEVEL))
        };
        let plane = |name: &str, values: Vec<f32>, unit: &str| -> Build<DatasetBuilder> {
            let dataset = DatasetBuilder::typed_data(data_path(name), shape.clone(), &values)?;
            Ok(with_unit(packed(dataset, 4), unit))
        };
        let [x_unit, y_unit] = [self.x, self.y].map(|axis| axis.quantity().unit());
        let [x_name, y_name] = [self.x, self.y].map(|axis| axis.quantity().name());
        let (across, up) = (self.x.centres(), self.y.centres());
        let over = |value: &dyn Fn(f64, f64) -> f64| -> Vec<f32> {
            let each = |&y: &f64| across.iter().map(move |&x| value(x, y) as f32);
            up.iter().flat_map(each).collect()
        };
        // Polar maps: the plane of SasView is (q sin chi, q cos chi).
        let polar = self.x.quantity() == Quantity::Q && self.y.quantity() == Quantity::Chi;
        let q_x = |x: f64, y: f64| if polar { x * sin(y) } else { x };
        let q_y = |x: f64, y: f64| if polar { x * cos(y) } else { y };
        let in_plane = if polar { [x_unit; 2] } else { [x_unit, y_unit] };

        let masked: Vec<i8> = self.pixels.iter().map(|&n| i8::from(n == 0)).collect();
        let mask = DatasetBuilder::typed_data(data_path("Mask"), shape.clone(), &masked)?
            .attribute(text_attribute("long_name", "1 where no valid pixel is"));
        let pixels: Vec<u32> = self.pixels.iter().copied().collect();
        let pixels = DatasetBuilder::typed_data(data_path("pixels"), shape.clone(), &pixels)?;
        let pixels = packed(with_unit(pixels, "1"), 4)
            .attribute(text_attribute("long_name", "valid pixels of each cell"));

        let axis = |name: &str, values: &[f64], unit: &str| -> Build<DatasetBuilder> {
            let shape = vec![values.len() as u64];
            let dataset = DatasetBuilder::typed_data(data_path(name), shape, values)?;
            Ok(with_unit(dataset, unit).attribute(text_attribute("long_name", name)))
        };
        let mut file = file(&self.provenance)?
            .group_attribute(DATA, text_attribute("signal", "I"))
            .group_attribute(
                DATA,
                AttributeBuilder::fixed_string_vector("I_axes", &["Q", "Q"])?,
            )
            .group_attribute(
                DATA,
                AttributeBuilder::fixed_string_vector("axes", &[y_name, x_name])?,
            )
            .group_attribute(
                DATA,
                AttributeBuilder::scalar(format!("{y_name}_indices"), 0_i64)?,
            )
            .group_attribute(
                DATA,
                AttributeBuilder::scalar(format!("{x_name}_indices"), 1_i64)?,
            );
        for name in ["Q_indices", "Qx_indices", "Qy_indices", "Mask_indices"] {
            let both = AttributeBuilder::vector(name, &[0_i64, 1])?;
            file = file.group_attribute(DATA, both);
        }
        let intensity = plane("I", self.mean.iter().copied().collect(), &self.unit)?
            .attribute(text_attribute("uncertainties", "Idev"));
        let error = self.variance.iter().map(|v| v.sqrt()).collect();
        let length = |x: f64, y: f64| hypot(q_x(x, y), q_y(x, y));
        Ok(file
            .dataset(intensity)
            .dataset(plane("Idev", error, &self.unit)?)
            .dataset(plane("Q", over(&length), x_unit)?)
            .dataset(plane("Qx", over(&q_x), in_plane[0])?)
            .dataset(plane("Qy", over(&q_y), in_plane[1])?)
            .dataset(packed(mask, 1))
            .dataset(pixels)
            .dataset(axis(x_name, &across, x_unit)?)
            .dataset(axis(y_name, &up, y_unit)?))
    }
}
