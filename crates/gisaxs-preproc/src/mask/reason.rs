//! Why a pixel is left out.

/// Why a pixel is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Reason {
    /// No sensor: between modules, or the sentinel -1.
    Gap = 1,
    /// Excluded by the camera (another negative sentinel), or dead: no count where all
    /// neighbours have many.
    Bad = 2,
    /// Above the count cutoff, or at the end of the file's integer range.
    Saturated = 4,
    /// Far above all neighbours, beyond any counting noise.
    Hot = 8,
    /// Masked by the user.
    User = 16,
    /// In the shadow of a beamstop.
    Beamstop = 32,
    /// Measured, but not on the network's grid: below the horizon, in the specular rod, or
    /// beyond its ends.
    Outside = 64,
    /// In the shadow of something that is no beamstop: a flight tube, a window, a holder.
    Shadow = 128,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::Gap,
        Self::Bad,
        Self::Saturated,
        Self::Hot,
        Self::User,
        Self::Beamstop,
        Self::Shadow,
        Self::Outside,
    ];

    /// All reasons but [`Outside`](Self::Outside): why a pixel is no measurement.
    pub const MEASUREMENT: [Self; 7] = [
        Self::Gap,
        Self::Bad,
        Self::Saturated,
        Self::Hot,
        Self::User,
        Self::Beamstop,
        Self::Shadow,
    ];

    /// Its bit in [`Mask::bits`](crate::Mask::bits).
    #[must_use]
    pub const fn bit(self) -> u8 {
        self as u8
    }

    /// Name for messages and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Bad => "bad",
            Self::Saturated => "saturated",
            Self::Hot => "hot",
            Self::User => "user",
            Self::Beamstop => "beamstop",
            Self::Shadow => "shadow",
            Self::Outside => "outside",
        }
    }
}
