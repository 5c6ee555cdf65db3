//! The network on a CPU: forward and backward passes written out over flat buffers.
//!
//! Trunk and branches run image by image, so that one image's activations stay in the second-level
//! cache; only the fully connected layers see the whole batch. Nothing is allocated per call.
//! [`super::graph`] is the same network in candle operations; the tests compare the two.

use super::config::NetworkConfig;
use super::layout::{BlockSlots, Layout, Places, Slots, layout};
use crate::bins::logits;
use crate::error::{Error, Result};
use crate::op::conv::{
    ConvShape, InputGradWeights, bias_grad, forward as conv_forward, pad_into, relu_mask,
    weight_grad,
};
use crate::op::linear::{self, Rows};
use crate::op::tile::Isa;
use crate::op::{film, pool};
use std::ops::Range;

/// One convolution: shape and parameters.
#[derive(Debug, Clone)]
struct Conv {
    shape: ConvShape,
    slots: Slots,
    /// Index of its input-gradient weights; none for the stem.
    flipped: Option<usize>,
}

/// A residual block `y = relu(x + conv2(relu(conv1(x))))` and its activations.
#[derive(Debug, Clone)]
struct Block {
    conv1: Conv,
    conv2: Conv,
    hidden: Range<usize>,
    out: Range<usize>,
}

/// The network on a CPU.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    config: NetworkConfig,
    layout: Layout,
    places: Places,
    isa: Isa,
    stem: Conv,
    stem_out: Range<usize>,
    stem_blocks: Vec<Block>,
    down: Conv,
    down_out: Range<usize>,
    trunk_blocks: Vec<Block>,
    film_out: Range<usize>,
    size_down: Conv,
    size_down_out: Range<usize>,
    size_blocks: Vec<Block>,
    squeeze: Conv,
    structure: Conv,
    structure_out: Range<usize>,
    pooled: Range<usize>,
    line1: Conv,
    line1_out: Range<usize>,
    line2: Conv,
    /// Values of one image's activations.
    slab: usize,
    flipped: Vec<InputGradWeights>,
    scratch: usize,
}

/// Buffers of one pass over at most `capacity` samples.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    capacity: usize,
    input: Vec<f32>,
    slabs: Vec<f32>,
    embed1: Vec<f32>,
    embed2: Vec<f32>,
    film: Vec<f32>,
    size_in: Vec<f32>,
    size_hidden: Vec<f32>,
    structure_in: Vec<f32>,
    structure_hidden: Vec<f32>,
    pad_a: Vec<f32>,
    /// Present when the workspace serves training.
    back: Option<Box<Backward>>,
}

impl Workspace {
    /// The largest batch it serves.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }
}

#[derive(Debug, Clone)]
struct Backward {
    flipped: Vec<InputGradWeights>,
    pad_d: Vec<f32>,
    g0: Vec<f32>,
    g1: Vec<f32>,
    d_film_out: Vec<f32>,
    d_embed1: Vec<f32>,
    d_embed2: Vec<f32>,
    d_film: Vec<f32>,
    d_size_in: Vec<f32>,
    d_size_hidden: Vec<f32>,
    d_structure_in: Vec<f32>,
    d_structure_hidden: Vec<f32>,
}

impl Engine {
    pub(crate) fn new(config: &NetworkConfig) -> Result<Self> {
        config.validate()?;
        let c = config.clone();
        let (layout, places) = layout(&c);
        let mut slab = 0usize;
        let mut take = |n: usize| {
            let r = slab..slab + n;
            slab += n;
            r
        };
        let mut flipped = Vec::new();
        let mut scratch = 0usize;
        let mut conv = |size, cin, cout, kernel, stride, slots: &Slots, dx: bool| {
            let shape = ConvShape {
                size,
                cin,
                cout,
                kernel,
                stride,
            };
            scratch = scratch
                .max(shape.padded_input_len())
                .max(shape.padded_output_len());
            let flipped = dx.then(|| {
                flipped.push(InputGradWeights::new(shape));
                flipped.len() - 1
            });
            Conv {
                shape,
                slots: slots.clone(),
                flipped,
            }
        };
        let half = [c.n_kz / 2, c.n_q / 2];
        let quarter = [c.n_kz / 4, c.n_q / 4];
        let eighth = [c.n_kz / 8, c.n_q / 8];
        let stem = conv(
            [c.n_kz, c.n_q],
            c.planes,
            c.stem,
            [5, 5],
            2,
            &places.stem,
            false,
        );
        let stem_out = take(stem.shape.output_len());
        let mut block = |size: [usize; 2], ch: usize, s: &BlockSlots| {
            let conv1 = conv(size, ch, ch, [3, 3], 1, &s.conv1, true);
            let conv2 = conv(size, ch, ch, [3, 3], 1, &s.conv2, true);
            let n = conv1.shape.output_len();
            Block {
                conv1,
                conv2,
                hidden: take(n),
                out: take(n),
            }
        };
        let stem_blocks = places
            .stem_blocks
            .iter()
            .map(|s| block(half, c.stem, s))
            .collect();
        let trunk_blocks: Vec<Block> = places
            .trunk_blocks
            .iter()
            .map(|s| block(quarter, c.trunk, s))
            .collect();
        let size_blocks = places
            .size_blocks
            .iter()
            .map(|s| block(eighth, c.deep, s))
            .collect();
        let down = conv(half, c.stem, c.trunk, [3, 3], 2, &places.down, true);
        let down_out = take(down.shape.output_len());
        let film_out = take(down.shape.output_len());
        let size_down = conv(quarter, c.trunk, c.deep, [3, 3], 2, &places.size_down, true);
        let size_down_out = take(size_down.shape.output_len());
        let squeeze = conv(
            eighth,
            c.deep,
            c.squeeze,
            [1, 1],
            1,
            &places.size_squeeze,
            true,
        );
        let structure = conv(
            quarter,
            c.trunk,
            c.structure,
            [3, 3],
            1,
            &places.structure_conv,
            true,
        );
        let structure_out = take(structure.shape.output_len());
        let row = [1, quarter[1]];
        let line1 = conv(
            row,
            c.groups * c.structure,
            c.line,
            [1, 5],
            1,
            &places.structure_line1,
            true,
        );
        let pooled = take(line1.shape.input_len());
        let line1_out = take(line1.shape.output_len());
        let line2 = conv(
            row,
            c.line,
            c.line,
            [1, 5],
            1,
            &places.structure_line2,
            true,
        );
        Ok(Self {
            config: c,
            layout,
            places,
            isa: Isa::detect(),
            stem,
            stem_out,
            stem_blocks,
            down,
            down_out,
            trunk_blocks,
            film_out,
            size_down,
            size_down_out,
            size_blocks,
            squeeze,
            structure,
            structure_out,
            pooled,
            line1,
            line1_out,
            line2,
            slab,
            flipped,
            scratch,
        })
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Multiply-accumulates of one sample, forward.
    pub(crate) fn macs(&self) -> usize {
        let block = |b: &Block| b.conv1.shape.macs() + b.conv2.shape.macs();
        let blocks = [&self.stem_blocks, &self.trunk_blocks, &self.size_blocks];
        let convs = [
            &self.stem,
            &self.down,
            &self.size_down,
            &self.squeeze,
            &self.structure,
            &self.line1,
            &self.line2,
        ];
        let linear = [
            &self.places.size_hidden,
            &self.places.size_heads,
            &self.places.structure_hidden,
            &self.places.structure_heads,
        ];
        blocks
            .iter()
            .flat_map(|b| b.iter())
            .map(block)
            .sum::<usize>()
            + convs.iter().map(|c| c.shape.macs()).sum::<usize>()
            + linear.iter().map(|s| s.weight.len()).sum::<usize>()
    }

    /// Values of a flattened image in the input of each branch's hidden layer.
    fn flat(&self) -> [usize; 2] {
        [
            self.squeeze.shape.output_len(),
            self.line2.shape.output_len(),
        ]
    }

    fn backward_buffers(&self, capacity: usize) -> Backward {
        let c = &self.config;
        let zeros = |n: usize| vec![0.0f32; n * capacity];
        let [flat_size, flat_structure] = self.flat();
        let size_in = flat_size + c.embed;
        let structure_in = flat_structure + c.size_hidden + c.embed;
        let largest = self.scratch;
        Backward {
            flipped: self.flipped.clone(),
            pad_d: vec![0.0; self.scratch],
            g0: vec![0.0; largest],
            g1: vec![0.0; largest],
            d_film_out: vec![0.0; self.film_out.len()],
            d_embed1: zeros(c.embed),
            d_embed2: zeros(c.embed),
            d_film: zeros(2 * c.trunk),
            d_size_in: zeros(size_in),
            d_size_hidden: zeros(c.size_hidden),
            d_structure_in: zeros(structure_in),
            d_structure_hidden: zeros(c.structure_hidden),
        }
    }

    pub(crate) fn workspace(&self, capacity: usize, training: bool) -> Workspace {
        let c = &self.config;
        let zeros = |n: usize| vec![0.0f32; n * capacity];
        let [flat_size, flat_structure] = self.flat();
        let size_in = flat_size + c.embed;
        let structure_in = flat_structure + c.size_hidden + c.embed;
        let back = training.then(|| Box::new(self.backward_buffers(capacity)));
        Workspace {
            capacity,
            input: zeros(self.stem.shape.padded_input_len()),
            slabs: zeros(self.slab),
            embed1: zeros(c.embed),
            embed2: zeros(c.embed),
            film: zeros(2 * c.trunk),
            size_in: zeros(size_in),
            size_hidden: zeros(c.size_hidden),
            structure_in: zeros(structure_in),
            structure_hidden: zeros(c.structure_hidden),
            pad_a: vec![0.0; self.scratch],
            back,
        }
    }

    fn check(
        &self,
        params: &[f32],
        planes: &[f32],
        scalars: &[f32],
        ws: &Workspace,
    ) -> Result<usize> {
        let c = &self.config;
        let length = |what, expected, found| {
            if expected == found {
                Ok(())
            } else {
                Err(Error::Length {
                    what,
                    expected,
                    found,
                })
            }
        };
        length("parameters", self.layout.len(), params.len())?;
        let batch = scalars.len() / c.scalars;
        length("scalars", batch * c.scalars, scalars.len())?;
        length("planes", batch * c.planes_len(), planes.len())?;
        if batch > ws.capacity {
            return Err(Error::Length {
                what: "batch of the workspace",
                expected: ws.capacity,
                found: batch,
            });
        }
        Ok(batch)
    }

    /// `y = act(conv(x) + b + res)` through the padded scratch.
    fn run(
        &self,
        conv: &Conv,
        params: &[f32],
        x: &[f32],
        res: Option<&[f32]>,
        pad: &mut [f32],
        y: &mut [f32],
    ) {
        let s = &conv.shape;
        let w = &params[conv.slots.weight.clone()];
        let b = conv.slots.bias.clone().map(|b| &params[b]);
        if s.pad() == [0, 0] {
            conv_forward(self.isa, s, x, w, b, res, true, y);
        } else {
            pad_into(self.isa, x, s.size, s.cin, s.pad(), pad);
            conv_forward(self.isa, s, pad, w, b, res, true, y);
        }
    }

    fn run_blocks<'a>(
        &self,
        blocks: &'a [Block],
        params: &[f32],
        mut input: &'a Range<usize>,
        slab: &mut [f32],
        pad: &mut [f32],
    ) -> &'a Range<usize> {
        for b in blocks {
            let [x, h, y] = slab
                .get_disjoint_mut([input.clone(), b.hidden.clone(), b.out.clone()])
                .expect("activations do not overlap");
            self.run(&b.conv1, params, x, None, pad, h);
            self.run(&b.conv2, params, h, Some(x), pad, y);
            input = &b.out;
        }
        input
    }

    /// Runs the network; `logits` gets `bins::logits::COUNT` values per sample.
    pub(crate) fn forward(
        &self,
        params: &[f32],
        planes: &[f32],
        scalars: &[f32],
        ws: &mut Workspace,
        out: &mut [f32],
    ) -> Result<()> {
        let batch = self.check(params, planes, scalars, ws)?;
        let c = &self.config;
        if out.len() != batch * logits::COUNT {
            return Err(Error::Length {
                what: "logits",
                expected: batch * logits::COUNT,
                found: out.len(),
            });
        }
        let dense = |s: &Slots| {
            (
                &params[s.weight.clone()],
                s.bias.clone().map_or(&[][..], |b| &params[b]),
            )
        };
        let linear = |s: &Slots, x: &[f32], n_in: usize, relu, y: &mut [f32], stride: usize| {
            let (w, b) = dense(s);
            linear::forward(
                self.isa,
                x,
                n_in,
                w,
                b,
                relu,
                y,
                Rows {
                    rows: batch,
                    stride,
                },
            );
        };
        let p = &self.places;
        linear(&p.embed1, scalars, c.scalars, true, &mut ws.embed1, c.embed);
        linear(
            &p.embed2,
            &ws.embed1,
            c.embed,
            true,
            &mut ws.embed2,
            c.embed,
        );
        linear(
            &p.film,
            &ws.embed2,
            c.embed,
            false,
            &mut ws.film,
            2 * c.trunk,
        );
        let [flat_size, flat_structure] = self.flat();
        let (size_in, structure_in) = (
            flat_size + c.embed,
            flat_structure + c.size_hidden + c.embed,
        );
        let pin = self.stem.shape.padded_input_len();
        for i in 0..batch {
            let slab = &mut ws.slabs[i * self.slab..][..self.slab];
            let input = &mut ws.input[i * pin..][..pin];
            let pad = &mut ws.pad_a[..];
            interleave(
                &planes[i * c.planes_len()..][..c.planes_len()],
                &self.stem.shape,
                input,
            );
            // (n_kz, n_q, planes) -> (n_kz/2, n_q/2, stem)
            conv_forward(
                self.isa,
                &self.stem.shape,
                input,
                &params[self.stem.slots.weight.clone()],
                self.stem.slots.bias.clone().map(|b| &params[b]),
                None,
                true,
                &mut slab[self.stem_out.clone()],
            );
            let x = self.run_blocks(&self.stem_blocks, params, &self.stem_out, slab, pad);
            // -> (n_kz/4, n_q/4, trunk)
            let [x, y] = slab
                .get_disjoint_mut([x.clone(), self.down_out.clone()])
                .expect("disjoint");
            self.run(&self.down, params, x, None, pad, y);
            let x = self.run_blocks(&self.trunk_blocks, params, &self.down_out, slab, pad);
            let [x, f] = slab
                .get_disjoint_mut([x.clone(), self.film_out.clone()])
                .expect("disjoint");
            film::forward(self.isa, x, &ws.film[i * 2 * c.trunk..][..2 * c.trunk], f);
            // size branch -> (n_kz/8, n_q/8, deep) -> flat
            let [f, y] = slab
                .get_disjoint_mut([self.film_out.clone(), self.size_down_out.clone()])
                .expect("disjoint");
            self.run(&self.size_down, params, f, None, pad, y);
            let x = self.run_blocks(&self.size_blocks, params, &self.size_down_out, slab, pad);
            let row = &mut ws.size_in[i * size_in..][..size_in];
            self.run(
                &self.squeeze,
                params,
                &slab[x.clone()],
                None,
                pad,
                &mut row[..flat_size],
            );
            row[flat_size..].copy_from_slice(&ws.embed2[i * c.embed..][..c.embed]);
            // structure branch -> (1, n_q/4, groups * structure) -> flat
            let [f, g, q, l] = slab
                .get_disjoint_mut([
                    self.film_out.clone(),
                    self.structure_out.clone(),
                    self.pooled.clone(),
                    self.line1_out.clone(),
                ])
                .expect("disjoint");
            self.run(&self.structure, params, f, None, pad, g);
            pool::forward(
                self.isa,
                g,
                self.structure.shape.size,
                c.structure,
                c.groups,
                q,
            );
            self.run(&self.line1, params, q, None, pad, l);
            let row = &mut ws.structure_in[i * structure_in..][..structure_in];
            self.run(
                &self.line2,
                params,
                l,
                None,
                pad,
                &mut row[..flat_structure],
            );
        }
        linear(
            &p.size_hidden,
            &ws.size_in,
            size_in,
            true,
            &mut ws.size_hidden,
            c.size_hidden,
        );
        for i in 0..batch {
            let row = &mut ws.structure_in[i * structure_in + flat_structure..];
            row[..c.size_hidden]
                .copy_from_slice(&ws.size_hidden[i * c.size_hidden..][..c.size_hidden]);
            row[c.size_hidden..][..c.embed].copy_from_slice(&ws.embed2[i * c.embed..][..c.embed]);
        }
        linear(
            &p.structure_hidden,
            &ws.structure_in,
            structure_in,
            true,
            &mut ws.structure_hidden,
            c.structure_hidden,
        );
        linear(
            &p.size_heads,
            &ws.size_hidden,
            c.size_hidden,
            false,
            out,
            logits::COUNT,
        );
        linear(
            &p.structure_heads,
            &ws.structure_hidden,
            c.structure_hidden,
            false,
            &mut out[logits::SIZE_COUNT..],
            logits::COUNT,
        );
        Ok(())
    }

    /// Rearranges the weights for [`Self::backward`]; once per change of the parameters.
    fn prepare(&self, params: &[f32], flipped: &mut [InputGradWeights]) {
        let blocks = [&self.stem_blocks, &self.trunk_blocks, &self.size_blocks];
        let convs = blocks
            .iter()
            .flat_map(|b| b.iter())
            .flat_map(|b| [&b.conv1, &b.conv2]);
        let others = [
            &self.down,
            &self.size_down,
            &self.squeeze,
            &self.structure,
            &self.line1,
            &self.line2,
        ];
        for conv in convs.chain(others) {
            if let Some(i) = conv.flipped {
                flipped[i].update(&params[conv.slots.weight.clone()]);
            }
        }
    }

    /// Gradient of one convolution: `dz` is the gradient before the activation.
    #[allow(clippy::too_many_arguments)]
    fn conv_back(
        &self,
        conv: &Conv,
        flipped: &[InputGradWeights],
        x: &[f32],
        dz: &[f32],
        res: Option<&[f32]>,
        accumulate: bool,
        grad: &mut [f32],
        pad_a: &mut [f32],
        pad_d: &mut [f32],
        dx: &mut [f32],
    ) {
        let s = &conv.shape;
        if let Some(b) = &conv.slots.bias {
            bias_grad(self.isa, dz, &mut grad[b.clone()]);
        }
        let dw = &mut grad[conv.slots.weight.clone()];
        let (xs, ds): (&[f32], &[f32]) = if s.pad() == [0, 0] {
            (x, dz)
        } else {
            pad_into(self.isa, x, s.size, s.cin, s.pad(), pad_a);
            pad_into(self.isa, dz, s.out(), s.cout, s.pad(), pad_d);
            (pad_a, pad_d)
        };
        weight_grad(self.isa, s, xs, ds, dw);
        if let Some(i) = conv.flipped {
            flipped[i].apply(self.isa, ds, res, accumulate, dx);
        }
    }

    /// Backward through residual blocks: `g0` holds the gradient of the last output and gets the
    /// gradient of `input`.
    #[allow(clippy::too_many_arguments)]
    fn blocks_back(
        &self,
        blocks: &[Block],
        input: &Range<usize>,
        slab: &[f32],
        grad: &mut [f32],
        flipped: &[InputGradWeights],
        pad_a: &mut [f32],
        pad_d: &mut [f32],
        g0: &mut [f32],
        g1: &mut [f32],
    ) {
        for (i, b) in blocks.iter().enumerate().rev() {
            let n = b.out.len();
            let x = &slab[if i == 0 {
                input.clone()
            } else {
                blocks[i - 1].out.clone()
            }];
            let (h, y) = (&slab[b.hidden.clone()], &slab[b.out.clone()]);
            let (g0, g1) = (&mut g0[..n], &mut g1[..n]);
            relu_mask(self.isa, g0, y);
            self.conv_back(
                &b.conv2, flipped, h, g0, None, false, grad, pad_a, pad_d, g1,
            );
            relu_mask(self.isa, g1, h);
            // dx = dz + (gradient through conv1)
            self.conv_back(&b.conv1, flipped, x, g1, None, true, grad, pad_a, pad_d, g0);
        }
    }

    /// Adds the gradient of the parameters to `grad`, after [`Self::forward`] on the same
    /// workspace (made for training) and given the gradient of the logits.
    pub(crate) fn backward(
        &self,
        params: &[f32],
        scalars: &[f32],
        d_logits: &[f32],
        ws: &mut Workspace,
        grad: &mut [f32],
    ) -> Result<()> {
        let c = &self.config;
        let batch = scalars.len() / c.scalars;
        let Workspace {
            input,
            slabs,
            embed1,
            embed2,
            film: film_st,
            size_in: size_x,
            size_hidden,
            structure_in: structure_x,
            structure_hidden,
            pad_a,
            back,
            ..
        } = ws;
        let back = back.get_or_insert_with(|| Box::new(self.backward_buffers(batch)));
        let Backward {
            flipped,
            pad_d,
            g0,
            g1,
            d_film_out,
            d_embed1,
            d_embed2,
            d_film,
            d_size_in,
            d_size_hidden,
            d_structure_in,
            d_structure_hidden,
        } = &mut **back;
        self.prepare(params, flipped);
        let p = &self.places;
        let dense_back = |s: &Slots,
                          x: &[f32],
                          n_in: usize,
                          dy: &[f32],
                          stride: usize,
                          grad: &mut [f32],
                          dx: Option<&mut [f32]>| {
            let bias = s.bias.clone().unwrap_or(0..0);
            // Weight and bias are neighbours in the flat buffer.
            let (dw, db) = grad[s.weight.start..bias.end].split_at_mut(s.weight.len());
            let w = &params[s.weight.clone()];
            linear::backward(
                x,
                n_in,
                w,
                dy,
                Rows {
                    rows: batch,
                    stride,
                },
                dw,
                db,
                dx,
            );
        };
        let [flat_size, flat_structure] = self.flat();
        let (n_size, n_structure) = (
            flat_size + c.embed,
            flat_structure + c.size_hidden + c.embed,
        );
        // Heads and hidden layers, whole batch.
        let ns = c.structure_hidden;
        dense_back(
            &p.structure_heads,
            structure_hidden,
            ns,
            &d_logits[logits::SIZE_COUNT..],
            logits::COUNT,
            grad,
            Some(d_structure_hidden),
        );
        relu_mask(
            self.isa,
            &mut d_structure_hidden[..batch * ns],
            structure_hidden,
        );
        dense_back(
            &p.structure_hidden,
            structure_x,
            n_structure,
            d_structure_hidden,
            ns,
            grad,
            Some(d_structure_in),
        );
        let nh = c.size_hidden;
        dense_back(
            &p.size_heads,
            size_hidden,
            nh,
            d_logits,
            logits::COUNT,
            grad,
            Some(d_size_hidden),
        );
        for i in 0..batch {
            let row = &d_structure_in[i * n_structure + flat_structure..][..nh];
            add(&mut d_size_hidden[i * nh..][..nh], row);
        }
        relu_mask(self.isa, &mut d_size_hidden[..batch * nh], size_hidden);
        dense_back(
            &p.size_hidden,
            size_x,
            n_size,
            d_size_hidden,
            nh,
            grad,
            Some(d_size_in),
        );
        for i in 0..batch {
            let row = &mut d_embed2[i * c.embed..][..c.embed];
            row.copy_from_slice(&d_size_in[i * n_size + flat_size..][..c.embed]);
            add(
                row,
                &d_structure_in[i * n_structure + flat_structure + nh..][..c.embed],
            );
        }
        // Branches and trunk, image by image.
        let pin = self.stem.shape.padded_input_len();
        let last = |blocks: &[Block], first: &Range<usize>| {
            blocks
                .last()
                .map_or_else(|| first.clone(), |b| b.out.clone())
        };
        for i in 0..batch {
            let slab = &slabs[i * self.slab..][..self.slab];
            let f = &slab[self.film_out.clone()];
            // structure branch
            let y = &structure_x[i * n_structure..][..flat_structure];
            let dy = &mut d_structure_in[i * n_structure..][..flat_structure];
            relu_mask(self.isa, dy, y);
            let l = &slab[self.line1_out.clone()];
            self.conv_back(
                &self.line2,
                flipped,
                l,
                dy,
                None,
                false,
                grad,
                pad_a,
                pad_d,
                g0,
            );
            relu_mask(self.isa, &mut g0[..l.len()], l);
            let q = &slab[self.pooled.clone()];
            self.conv_back(
                &self.line1,
                flipped,
                q,
                &g0[..l.len()],
                None,
                false,
                grad,
                pad_a,
                pad_d,
                g1,
            );
            let s = &slab[self.structure_out.clone()];
            let size = self.structure.shape.size;
            pool::backward(
                self.isa,
                g1,
                s,
                size,
                c.structure,
                c.groups,
                &mut g0[..s.len()],
            );
            self.conv_back(
                &self.structure,
                flipped,
                f,
                &g0[..s.len()],
                None,
                false,
                grad,
                pad_a,
                pad_d,
                d_film_out,
            );
            // size branch
            let y = &size_x[i * n_size..][..flat_size];
            let dy = &mut d_size_in[i * n_size..][..flat_size];
            relu_mask(self.isa, dy, y);
            let x = &slab[last(&self.size_blocks, &self.size_down_out)];
            self.conv_back(
                &self.squeeze,
                flipped,
                x,
                dy,
                None,
                false,
                grad,
                pad_a,
                pad_d,
                g0,
            );
            self.blocks_back(
                &self.size_blocks,
                &self.size_down_out,
                slab,
                grad,
                flipped,
                pad_a,
                pad_d,
                g0,
                g1,
            );
            let y = &slab[self.size_down_out.clone()];
            relu_mask(self.isa, &mut g0[..y.len()], y);
            self.conv_back(
                &self.size_down,
                flipped,
                f,
                &g0[..y.len()],
                None,
                true,
                grad,
                pad_a,
                pad_d,
                d_film_out,
            );
            // modulation
            let x = &slab[last(&self.trunk_blocks, &self.down_out)];
            let n = 2 * c.trunk;
            film::backward(
                self.isa,
                x,
                f,
                &film_st[i * n..][..n],
                d_film_out,
                &mut d_film[i * n..][..n],
            );
            // trunk
            self.blocks_back(
                &self.trunk_blocks,
                &self.down_out,
                slab,
                grad,
                flipped,
                pad_a,
                pad_d,
                d_film_out,
                g1,
            );
            let y = &slab[self.down_out.clone()];
            relu_mask(self.isa, d_film_out, y);
            let x = &slab[last(&self.stem_blocks, &self.stem_out)];
            self.conv_back(
                &self.down, flipped, x, d_film_out, None, false, grad, pad_a, pad_d, g0,
            );
            self.blocks_back(
                &self.stem_blocks,
                &self.stem_out,
                slab,
                grad,
                flipped,
                pad_a,
                pad_d,
                g0,
                g1,
            );
            let y = &slab[self.stem_out.clone()];
            let dz = &mut g0[..y.len()];
            relu_mask(self.isa, dz, y);
            if let Some(b) = &self.stem.slots.bias {
                bias_grad(self.isa, dz, &mut grad[b.clone()]);
            }
            let shape = &self.stem.shape;
            pad_into(self.isa, dz, shape.out(), shape.cout, shape.pad(), pad_d);
            let xs = &input[i * pin..][..pin];
            weight_grad(
                self.isa,
                shape,
                xs,
                pad_d,
                &mut grad[self.stem.slots.weight.clone()],
            );
        }
        // Embedding of the scalars.
        dense_back(
            &p.film,
            embed2,
            c.embed,
            d_film,
            2 * c.trunk,
            grad,
            Some(d_embed1),
        );
        add(
            &mut d_embed2[..batch * c.embed],
            &d_embed1[..batch * c.embed],
        );
        relu_mask(self.isa, &mut d_embed2[..batch * c.embed], embed2);
        dense_back(
            &p.embed2,
            embed1,
            c.embed,
            d_embed2,
            c.embed,
            grad,
            Some(d_embed1),
        );
        relu_mask(self.isa, &mut d_embed1[..batch * c.embed], embed1);
        dense_back(&p.embed1, scalars, c.scalars, d_embed1, c.embed, grad, None);
        Ok(())
    }
}

fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Planes of one sample, `[plane][y][x]`, to the zero-padded `[y][x][plane]` of the stem.
fn interleave(planes: &[f32], shape: &ConvShape, out: &mut [f32]) {
    let ([h, w], [ph, pw], c) = (shape.size, shape.pad(), shape.cin);
    let row = (w + 2 * pw) * c;
    out[..ph * row].fill(0.0);
    out[(ph + h) * row..].fill(0.0);
    for y in 0..h {
        let line = &mut out[(y + ph) * row..][..row];
        line[..pw * c].fill(0.0);
        line[(pw + w) * c..].fill(0.0);
        let line = &mut line[pw * c..(pw + w) * c];
        for p in 0..c {
            let src = &planes[(p * h + y) * w..][..w];
            for (pixel, &v) in line.chunks_exact_mut(c).zip(src) {
                pixel[p] = v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1u32 << 24) as f32 - 0.5
            })
            .collect()
    }

    #[test]
    fn gradients_match_finite_differences() {
        let config = NetworkConfig::tiny();
        let engine = Engine::new(&config).unwrap();
        let mut params: Vec<f32> = noise(engine.layout().len(), 1)
            .iter()
            .map(|x| 0.3 * x)
            .collect();
        let batch = 3;
        let planes = noise(batch * config.planes_len(), 2);
        let scalars = noise(batch * config.scalars, 3);
        let dl = noise(batch * logits::COUNT, 4);
        let mut ws = engine.workspace(batch, true);
        let mut out = vec![0.0; batch * logits::COUNT];
        let mut loss = |params: &[f32], ws: &mut Workspace| -> f64 {
            engine
                .forward(params, &planes, &scalars, ws, &mut out)
                .unwrap();
            out.iter()
                .zip(&dl)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        loss(&params, &mut ws);
        let mut grad = vec![0.0; params.len()];
        engine
            .backward(&params, &scalars, &dl, &mut ws, &mut grad)
            .unwrap();
        for p in engine.layout().parameters() {
            let g = &grad[p.range()];
            // Along the gradient itself: large signal, few kinks.
            let norm = g.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
            assert!(norm > 0.0, "{} has no gradient", p.name);
            let h = 2e-3 / norm * (norm.min(1.0));
            let keep = params[p.range()].to_vec();
            let mut side = |sign: f64| {
                for (i, at) in p.range().enumerate() {
                    params[at] = keep[i] + (sign * h * f64::from(g[i])) as f32;
                }
                loss(&params, &mut ws)
            };
            let slope = (side(1.0) - side(-1.0)) / (2.0 * h);
            params[p.range()].copy_from_slice(&keep);
            let error = (slope - norm * norm).abs() / (norm * norm);
            assert!(error < 0.03, "{}: {slope} against {}", p.name, norm * norm);
        }
    }

    #[test]
    fn agrees_with_the_candle_graph() {
        let config = NetworkConfig::tiny();
        let engine = Engine::new(&config).unwrap();
        let graph = crate::net::Graph::new(&config, &candle_core::Device::Cpu).unwrap();
        let params: Vec<f32> = noise(engine.layout().len(), 5)
            .iter()
            .map(|x| 0.4 * x)
            .collect();
        let batch = 4;
        let planes = noise(batch * config.planes_len(), 6);
        let scalars = noise(batch * config.scalars, 7);
        let dl = noise(batch * logits::COUNT, 8);
        let mut ws = engine.workspace(batch, true);
        let mut out = vec![0.0; batch * logits::COUNT];
        engine
            .forward(&params, &planes, &scalars, &mut ws, &mut out)
            .unwrap();
        let mut grad = vec![0.0; params.len()];
        engine
            .backward(&params, &scalars, &dl, &mut ws, &mut grad)
            .unwrap();
        let mut expected = vec![0.0; params.len()];
        graph
            .gradient(&params, &planes, &scalars, &mut expected, |host, d| {
                let size = out.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                for (a, b) in host.iter().zip(&out) {
                    assert!((a - b).abs() < 1e-5 * size.max(1.0), "{a} {b}");
                }
                d.copy_from_slice(&dl);
            })
            .unwrap();
        for p in engine.layout().parameters() {
            let (a, b) = (&grad[p.range()], &expected[p.range()]);
            let size = b.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            assert!(size > 0.0, "{} has no gradient", p.name);
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() < 2e-4 * size, "{}: {a} against {b}", p.name);
            }
        }
    }
}
