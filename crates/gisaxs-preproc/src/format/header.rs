//! The text block of Pilatus files: `# key value` lines, in CBF and TIFF alike.
//!
//! Spelling differs (`Tau = 199.1e-09 s`, `Threshold_setting: 6000 eV`,
//! `Threshold_setting 5300 eV`): `()#:=,` count as blanks.

use crate::frame::FrameHeader;
use crate::metadata::MetadataEntry;

/// Reads the lines of a header block.
pub(crate) fn parse(text: &str) -> FrameHeader {
    let mut header = FrameHeader::default();
    for line in text.lines() {
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        // `###CBF: VERSION` is not a header line.
        let Some(line) = line.strip_prefix('#').filter(|l| !l.starts_with('#')) else {
            continue;
        };
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        read_line(&mut header, line);
        header.lines.push(line.to_owned());
    }
    header
}

/// The lines as entries: the key, the first value and its unit where there are just two
/// fields, otherwise the rest of the line.
pub(crate) fn metadata(header: &FrameHeader) -> Vec<MetadataEntry> {
    let is_blank = |c: char| c.is_whitespace() || ":=,".contains(c);
    let entry = |line: &String| {
        let (key, rest) = line.split_once(is_blank).unwrap_or((line, ""));
        let rest = rest.trim_matches(is_blank);
        let mut entry = MetadataEntry::new(key, rest);
        if let Some((value, unit)) = rest.split_once(char::is_whitespace)
            && value.parse::<f64>().is_ok()
            && !unit.contains(char::is_whitespace)
        {
            entry.value = value.to_owned();
            entry.unit = Some(unit.to_owned());
        }
        entry
    };
    header.lines.iter().map(entry).collect()
}

fn read_line(header: &mut FrameHeader, line: &str) {
    let is_blank = |c: char| c.is_whitespace() || "()#:=,".contains(c);
    let line = line.trim_start_matches(is_blank);
    let mut fields = line.split(is_blank).filter(|f| !f.is_empty());
    let key = fields.next().unwrap_or_default();
    let rest: Vec<&str> = fields.collect();
    // A header is a hint: a value that is no finite number is left out, not an error.
    let number = |i: usize| -> Option<f64> {
        let x: f64 = rest.get(i)?.parse().ok()?;
        x.is_finite().then_some(x)
    };
    let positive = |i: usize| number(i).filter(|&x| x > 0.0);
    match key.to_ascii_lowercase().as_str() {
        "detector" => {
            let value = line[key.len()..].trim_start_matches(is_blank);
            let value = value.split(',').next().unwrap_or_default().trim();
            header.detector = (!value.is_empty()).then(|| value.to_owned());
        }
        "pixel_size" => {
            // "172e-6 m x 172e-6 m": fields 0 and 3.
            if let (Some(x), Some(y)) = (positive(0), positive(3)) {
                header.pixel_mm = Some([x * 1e3, y * 1e3]);
            }
        }
        "exposure_time" => header.exposure_s = positive(0),
        "count_cutoff" => header.count_cutoff = positive(0),
        "wavelength" => header.wavelength_nm = positive(0).map(|x| x * 0.1),
        "detector_distance" => header.distance_mm = positive(0).map(|x| x * 1e3),
        "beam_xy" => {
            if let (Some(x), Some(y)) = (number(0), number(1)) {
                header.beam_px = Some([x, y]);
            }
        }
        _ if header.date.is_none() && looks_like_date(line) => {
            header.date = Some(line.to_owned());
        }
        _ => {}
    }
}

/// The header as Pilatus lines: the fields that are known here, then all other lines.
pub(crate) fn lines(header: &FrameHeader) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(name) = &header.detector {
        lines.push(format!("Detector: {}", name.replace(['\r', '\n'], " ")));
    }
    if let Some([x, y]) = header.pixel_mm {
        lines.push(format!("Pixel_size {:e} m x {:e} m", x * 1e-3, y * 1e-3));
    }
    if let Some(t) = header.exposure_s {
        lines.push(format!("Exposure_time {t} s"));
    }
    if let Some(n) = header.count_cutoff {
        lines.push(format!("Count_cutoff {n} counts"));
    }
    if let Some(x) = header.wavelength_nm {
        lines.push(format!("Wavelength {} A", x * 10.0));
    }
    if let Some(x) = header.distance_mm {
        lines.push(format!("Detector_distance {} m", x * 1e-3));
    }
    if let Some([x, y]) = header.beam_px {
        lines.push(format!("Beam_xy ({x}, {y}) pixels"));
    }
    let known = [
        "detector",
        "pixel_size",
        "exposure_time",
        "count_cutoff",
        "wavelength",
        "detector_distance",
        "beam_xy",
    ];
    let others = header.lines.iter().filter(|line| {
        let key = line.split([' ', ':', '=', ',']).next().unwrap_or_default();
        !known.contains(&key.to_ascii_lowercase().as_str())
    });
    lines.extend(others.map(|line| line.replace(['\r', '\n'], " ")));
    lines
}

/// `2024-10-26T01:38:05.208` and the like.
fn looks_like_date(line: &str) -> bool {
    let b = line.as_bytes();
    b.len() >= 10
        && b[..4].iter().all(u8::is_ascii_digit)
        && matches!(b[4], b'-' | b'/' | b':')
        && matches!(b[7], b'-' | b'/' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(
            blank in "[ (:=,]{0,4}",
            key in "(Detector|Pixel_size|Beam_xy|\\PC{0,12})",
            rest in "\\PC{0,40}",
        ) {
            let header = parse(&format!("# {blank}{key}{rest}\n# {rest}{key}"));
            prop_assert!(header.lines.len() <= 2);
        }
    }

    #[test]
    fn both_spellings() {
        let cbf = parse(
            "# Detector: PILATUS 2M, S/N 24-0104, EMBL\r\n# 2024-10-26T01:38:05.208\r\n\
             # Pixel_size 172e-6 m x 172e-6 m\r\n# Exposure_time 0.9950000 s\r\n\
             # Count_cutoff 1382835 counts\r\n# Wavelength 1.0500 A\r\n\
             # Detector_distance 2.56500 m\r\n# Beam_xy (791.50, 1310.00) pixels\r\n",
        );
        assert_eq!(cbf.detector.as_deref(), Some("PILATUS 2M"));
        assert_eq!(cbf.date.as_deref(), Some("2024-10-26T01:38:05.208"));
        assert_eq!(cbf.count_cutoff, Some(1_382_835.0));
        assert_eq!(cbf.exposure_s, Some(0.995));
        assert!((cbf.pixel_mm.unwrap()[1] - 0.172).abs() < 1e-12);
        assert!((cbf.wavelength_nm.unwrap() - 0.105).abs() < 1e-12);
        assert!((cbf.distance_mm.unwrap() - 2565.0).abs() < 1e-9);
        assert_eq!(cbf.beam_px, Some([791.5, 1310.0]));
        assert_eq!(cbf.lines.len(), 8);
    }

    #[test]
    fn entries_keep_their_units() {
        let header = parse(
            "# Exposure_time 0.995 s\n# Tau = 199.1e-09 s\n# N_oscillations 1\n\
                            # Pixel_size 172e-6 m x 172e-6 m\n",
        );
        let entries = metadata(&header);
        assert_eq!(entries[0].seconds(), Some(0.995));
        assert_eq!(entries[1].key, "Tau");
        assert_eq!(entries[1].seconds(), Some(199.1e-9));
        assert_eq!((entries[2].number(), &entries[2].unit), (Some(1.0), &None));
        assert_eq!(entries[3].value, "172e-6 m x 172e-6 m");
    }

    #[test]
    fn nonsense_is_left_out() {
        let header = parse("# Count_cutoff inf\n# Wavelength\n# Pixel_size 1\n#\nno comment\n");
        assert_eq!(header.count_cutoff, None);
        assert_eq!(header.wavelength_nm, None);
        assert_eq!(header.pixel_mm, None);
    }
}
