//! Averages over groups of rows: the structure branch keeps the position along q_par and
//! only coarse groups along k sin(alpha_f), where the structure factor does not vary.

wide_fn! {
    /// `out[x][g][c] = mean over the rows y of group g of image[y][x][c]`, groups of equal height.
    fn forward(image: &[f32], size: [usize; 2], c: usize, groups: usize, out: &mut [f32]) {
        let rows = size[0] / groups;
        let factor = 1.0 / rows as f32;
        out[..size[1] * groups * c].fill(0.0);
        for y in 0..rows * groups {
            let g = y / rows;
            for x in 0..size[1] {
                let src = &image[(y * size[1] + x) * c..][..c];
                let dst = &mut out[(x * groups + g) * c..][..c];
                for (d, s) in dst.iter_mut().zip(src) {
                    *d += factor * s;
                }
            }
        }
    }
}

wide_fn! {
    /// The transposed average: `dimage[y][x][c] = dout[x][g(y)][c] / rows`, and zero where the
    /// rectified `image` is zero.
    fn backward(
        dout: &[f32],
        image: &[f32],
        size: [usize; 2],
        c: usize,
        groups: usize,
        dimage: &mut [f32],
    ) {
        let rows = size[0] / groups;
        let factor = 1.0 / rows as f32;
        for y in 0..size[0] {
            let g = y / rows;
            for x in 0..size[1] {
                let at = (y * size[1] + x) * c;
                let dst = &mut dimage[at..][..c];
                if g >= groups {
                    dst.fill(0.0);
                    continue;
                }
                let src = &dout[(x * groups + g) * c..][..c];
                let val = &image[at..][..c];
                for i in 0..c {
                    dst[i] = if val[i] > 0.0 { factor * src[i] } else { 0.0 };
                }
            }
        }
    }
}
