//! Feature-wise modulation: `y = relu(x (1 + s_c) + t_c)` with scale and shift per channel
//! (Perez et al. 2018, <https://arxiv.org/abs/1709.07871>).

wide_fn! {
    /// Modulates one NHWC image; `st` holds the scales, then the shifts.
    fn forward(x: &[f32], st: &[f32], y: &mut [f32]) {
        let c = st.len() / 2;
        let (scale, shift) = st.split_at(c);
        for (x, y) in x.chunks_exact(c).zip(y.chunks_exact_mut(c)) {
            for i in 0..c {
                y[i] = (x[i] * (1.0 + scale[i]) + shift[i]).max(0.0);
            }
        }
    }
}

wide_fn! {
    /// Turns `dy` (gradient of the rectified output `y`) into the gradient of `x`, in place, and
    /// writes the gradient of scales and shifts to `dst`.
    fn backward(x: &[f32], y: &[f32], st: &[f32], dy: &mut [f32], dst: &mut [f32]) {
        let c = st.len() / 2;
        let (ds, dt) = dst.split_at_mut(c);
        ds.fill(0.0);
        dt.fill(0.0);
        for ((x, y), d) in x
            .chunks_exact(c)
            .zip(y.chunks_exact(c))
            .zip(dy.chunks_exact_mut(c))
        {
            for i in 0..c {
                let g = if y[i] > 0.0 { d[i] } else { 0.0 };
                ds[i] += g * x[i];
                dt[i] += g;
                d[i] = g * (1.0 + st[i]);
            }
        }
    }
}
