//! The network in candle operations: any device, with candle's own gradients.
//!
//! The same graph as [`super::engine`], which replaces it on the CPU because it is about ten
//! times faster there; tests hold the two together.

use super::config::NetworkConfig;
use super::layout::{BlockSlots, Layout, Places, Slots, layout};
use crate::bins::logits;
use crate::error::{Error, Result};
use candle_core::{Device, Tensor, Var};

/// The network as a candle graph on one device.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    config: NetworkConfig,
    layout: Layout,
    places: Places,
    device: Device,
}

type Candle<T> = std::result::Result<T, candle_core::Error>;

impl Graph {
    pub(crate) fn new(config: &NetworkConfig, device: &Device) -> Result<Self> {
        config.validate()?;
        let (layout, places) = layout(config);
        Ok(Self {
            config: config.clone(),
            layout,
            places,
            device: device.clone(),
        })
    }

    /// The flat parameters on the device.
    pub(crate) fn upload(&self, params: &[f32]) -> Result<Tensor> {
        Tensor::from_slice(params, params.len(), &self.device).map_err(|source| Error::Candle {
            action: "copy the weights",
            source,
        })
    }

    fn weight(&self, flat: &Tensor, s: &Slots, shape: &[usize]) -> Candle<Tensor> {
        flat.narrow(0, s.weight.start, s.weight.len())?
            .reshape(shape)
    }

    /// NCHW convolution with a kernel stored `[k_y][k_x][in][out]`.
    fn conv(
        &self,
        flat: &Tensor,
        s: &Slots,
        shape: [usize; 4],
        stride: usize,
        x: &Tensor,
        res: Option<&Tensor>,
    ) -> Candle<Tensor> {
        let [ky, kx, ..] = shape;
        let w = self
            .weight(flat, s, &shape)?
            .permute((3, 2, 0, 1))?
            .contiguous()?;
        // candle pads both axes alike; a kernel of height one needs padding along the width only.
        let (ph, pw) = (ky / 2, kx / 2);
        let x = if ph == pw {
            x.clone()
        } else {
            x.pad_with_zeros(3, pw, pw)?
        };
        let mut y = x.conv2d(&w, if ph == pw { ph } else { 0 }, stride, 1, 1)?;
        if let Some(b) = &s.bias {
            y = y.broadcast_add(&flat.narrow(0, b.start, b.len())?.reshape((
                1,
                b.len(),
                1,
                1,
            ))?)?;
        }
        if let Some(res) = res {
            y = (y + res)?;
        }
        y.relu()
    }

    fn linear(&self, flat: &Tensor, s: &Slots, x: &Tensor) -> Candle<Tensor> {
        let n_in = x.dim(1)?;
        let y = x.matmul(&self.weight(flat, s, &[n_in, s.weight.len() / n_in])?)?;
        match &s.bias {
            Some(b) => y.broadcast_add(&flat.narrow(0, b.start, b.len())?.unsqueeze(0)?),
            None => Ok(y),
        }
    }

    fn blocks(&self, flat: &Tensor, blocks: &[BlockSlots], ch: usize, x: Tensor) -> Candle<Tensor> {
        let mut x = x;
        for b in blocks {
            let h = self.conv(flat, &b.conv1, [3, 3, ch, ch], 1, &x, None)?;
            x = self.conv(flat, &b.conv2, [3, 3, ch, ch], 1, &h, Some(&x))?;
        }
        Ok(x)
    }

    /// Logits (B, COUNT) from planes (B, planes, n_kz, n_q) and scalars (B, scalars).
    pub(crate) fn forward(
        &self,
        flat: &Tensor,
        planes: &Tensor,
        scalars: &Tensor,
    ) -> Result<Tensor> {
        self.run(flat, planes, scalars)
            .map_err(|source| Error::Candle {
                action: "run the network",
                source,
            })
    }

    fn run(&self, flat: &Tensor, planes: &Tensor, scalars: &Tensor) -> Candle<Tensor> {
        let (c, p) = (&self.config, &self.places);
        let e = self.linear(flat, &p.embed1, scalars)?.relu()?;
        let e = self.linear(flat, &p.embed2, &e)?.relu()?;
        // (B, planes, n_kz, n_q) -> (B, stem, n_kz/2, n_q/2)
        let x = self.conv(flat, &p.stem, [5, 5, c.planes, c.stem], 2, planes, None)?;
        let x = self.blocks(flat, &p.stem_blocks, c.stem, x)?;
        // -> (B, trunk, n_kz/4, n_q/4)
        let x = self.conv(flat, &p.down, [3, 3, c.stem, c.trunk], 2, &x, None)?;
        let x = self.blocks(flat, &p.trunk_blocks, c.trunk, x)?;
        let st = self.linear(flat, &p.film, &e)?.unsqueeze(2)?.unsqueeze(3)?;
        let scale = (st.narrow(1, 0, c.trunk)? + 1.0)?;
        let f = x
            .broadcast_mul(&scale)?
            .broadcast_add(&st.narrow(1, c.trunk, c.trunk)?)?
            .relu()?;
        // Size branch -> (B, deep, n_kz/8, n_q/8) -> flat in the order (y, x, channel).
        let x = self.conv(flat, &p.size_down, [3, 3, c.trunk, c.deep], 2, &f, None)?;
        let x = self.blocks(flat, &p.size_blocks, c.deep, x)?;
        let x = self.conv(
            flat,
            &p.size_squeeze,
            [1, 1, c.deep, c.squeeze],
            1,
            &x,
            None,
        )?;
        let x = x.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?;
        let u = self
            .linear(flat, &p.size_hidden, &Tensor::cat(&[&x, &e], 1)?)?
            .relu()?;
        // Structure branch -> (B, groups * structure, 1, n_q/4), channels in the order (group, channel).
        let g = self.conv(
            flat,
            &p.structure_conv,
            [3, 3, c.trunk, c.structure],
            1,
            &f,
            None,
        )?;
        let (b, _, rows, cols) = g.dims4()?;
        let g = g
            .reshape((b, c.structure, c.groups, rows / c.groups, cols))?
            .mean(3)?;
        let g = g
            .transpose(1, 2)?
            .contiguous()?
            .reshape((b, c.groups * c.structure, 1, cols))?;
        let l = self.conv(
            flat,
            &p.structure_line1,
            [1, 5, c.groups * c.structure, c.line],
            1,
            &g,
            None,
        )?;
        let l = self.conv(
            flat,
            &p.structure_line2,
            [1, 5, c.line, c.line],
            1,
            &l,
            None,
        )?;
        let l = l.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?;
        let v = self
            .linear(flat, &p.structure_hidden, &Tensor::cat(&[&l, &u, &e], 1)?)?
            .relu()?;
        let size = self.linear(flat, &p.size_heads, &u)?;
        let structure = self.linear(flat, &p.structure_heads, &v)?;
        Tensor::cat(&[size, structure], 1)
    }

    /// Copies a batch to the device.
    pub(crate) fn inputs(&self, planes: &[f32], scalars: &[f32]) -> Result<(Tensor, Tensor)> {
        let c = &self.config;
        let batch = scalars.len() / c.scalars;
        let load = || -> Candle<(Tensor, Tensor)> {
            Ok((
                Tensor::from_slice(planes, (batch, c.planes, c.n_kz, c.n_q), &self.device)?,
                Tensor::from_slice(scalars, (batch, c.scalars), &self.device)?,
            ))
        };
        load().map_err(|source| Error::Candle {
            action: "copy a batch",
            source,
        })
    }

    /// Gradient of a loss whose value and logit gradient `loss` computes on the host.
    #[cfg_attr(not(any(feature = "train", test)), allow(dead_code))]
    pub(crate) fn gradient(
        &self,
        params: &[f32],
        planes: &[f32],
        scalars: &[f32],
        grad: &mut [f32],
        loss: impl FnOnce(&[f32], &mut [f32]),
    ) -> Result<()> {
        let wrap = |source| Error::Candle {
            action: "compute the gradient",
            source,
        };
        let flat = Var::from_tensor(&self.upload(params)?).map_err(wrap)?;
        let (planes, scalars) = self.inputs(planes, scalars)?;
        let out = self.forward(flat.as_tensor(), &planes, &scalars)?;
        let host: Vec<f32> = out.flatten_all().and_then(|t| t.to_vec1()).map_err(wrap)?;
        let mut d = vec![0.0; host.len()];
        loss(&host, &mut d);
        // The gradient of sum(logits * d) with d held fixed is the gradient of the loss.
        let run = || -> Candle<Vec<f32>> {
            let d = Tensor::from_slice(
                &d,
                (host.len() / logits::COUNT, logits::COUNT),
                &self.device,
            )?;
            let grads = (out * d)?.sum_all()?.backward()?;
            match grads.get(&flat) {
                Some(g) => g.to_vec1(),
                None => Ok(vec![0.0; self.layout.len()]),
            }
        };
        grad.copy_from_slice(&run().map_err(wrap)?);
        Ok(())
    }
}
