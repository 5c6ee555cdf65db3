//! Exponential and logarithm for a million pixels.
//!
//! Without branches and calls, so that the compiler makes vectors of a loop over them, and of
//! additions, products and quotients only, whose bits are the same on every machine.

/// e^x for -87 <= x <= 88 to 1.5e-7 of itself; arguments beyond are moved to these limits.
///
/// x = n ln 2 + r with |r| <= ln(2) / 2, the Taylor polynomial of degree 7 in r (the next term is
/// below 6e-9) times 2^n.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 x 2^23: a sum with it is rounded to a whole number, found in its last bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts: the first has 9 bits, so that its product with n is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let mut sum = 1.0 / 5040.0;
    for inverse in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        sum = sum * r + inverse;
    }
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    sum * f32::from_bits(exponent.wrapping_add(127) << 23)
}

/// ln(x) for normal x > 0, to 1.5e-7 of itself, or of 1 near x = 1.
///
/// x = 2^n m with sqrt(1/2) <= m < sqrt(2); ln(m) = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172,
/// the series up to s^9 (the next term is below 1e-9).
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    let from_root = x
        .to_bits()
        .wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits()) as i32;
    let n = (from_root >> 23) as f32;
    let fraction = (from_root & 0x7f_ffff) as u32;
    let m = f32::from_bits(fraction + std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let mut sum = 2.0 / 9.0;
    for term in [2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0] {
        sum = sum * s2 + term;
    }
    // ln 2 in two parts, as above.
    n * 0.693_359_4 + (n * -2.121_944_4e-4 + (sum * s2 * s + 2.0 * s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_agree_with_the_functions_in_double_precision() {
        let (mut of_exp, mut of_ln) = (0.0_f64, 0.0_f64);
        for i in 0..2_000_000 {
            let x = -87.0 + 175.0 * (i as f32 / 2e6);
            let truth = f64::from(x).exp();
            of_exp = of_exp.max((f64::from(exp(x)) / truth - 1.0).abs());
            let y = truth as f32;
            let truth = f64::from(y).ln();
            of_ln = of_ln.max((f64::from(ln(y)) - truth).abs() / truth.abs().max(1.0));
        }
        assert!(of_exp < 1.5e-7 && of_ln < 1.5e-7, "{of_exp:e} {of_ln:e}");
        assert_eq!((exp(0.0), ln(1.0)), (1.0, 0.0));
        assert_eq!((exp(-1e9), exp(1e9)), (exp(-87.0), exp(88.0)));
    }
}
