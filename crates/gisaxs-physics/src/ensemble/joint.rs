//! Joint distributions of several parameters.

use super::{Distribution, Node};
use crate::elementary::exp;
use crate::error::{Error, Result, check, positive};

/// A joint distribution of several parameters of a particle, such as radius and height: each has
/// its own [`Distribution`], and they are tied by a Gaussian copula. With the normal scores
/// z_i = Phi^-1(F_i(x_i)) of the cumulative distributions F_i and the matrix C of their
/// correlations, the density is
///
/// p(x) = prod_i p_i(x_i) det(C)^(-1/2) exp(-z (C^-1 - 1) z / 2),
///
/// so every marginal keeps its distribution, and two normal parameters form a bivariate normal
/// distribution. Reference: R. B. Nelsen, An Introduction to Copulas, section 2.3.
///
/// ```
/// use gisaxs_physics::{Distribution, Joint};
///
/// let radius = Distribution::LogNormal { median: 5.0, scale: 0.2 };
/// let height = Distribution::Gaussian { mean: 6.0, std_dev: 1.0 };
/// let nodes = Joint::independent(vec![radius, height])?
///     .with_correlation(0, 1, 0.8)?
///     // Flat and upright particles only.
///     .with_condition(|x| x[1] > 0.0 && x[1] <= 2.0 * x[0])
///     .nodes(&[15, 11], 2.5)?;
/// assert!((nodes.iter().map(|n| n.weight).sum::<f64>() - 1.0).abs() < 1e-12);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
pub struct Joint {
    marginals: Vec<Distribution>,
    /// Correlations of the normal scores, ones on the diagonal.
    correlation: Vec<Vec<f64>>,
    condition: Condition,
}

/// Whether a combination of values is allowed.
type Condition = Box<dyn Fn(&[f64]) -> bool + Send + Sync>;

impl std::fmt::Debug for Joint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joint")
            .field("marginals", &self.marginals)
            .field("correlation", &self.correlation)
            .finish_non_exhaustive()
    }
}

/// One point of a discretised joint distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct JointNode {
    /// The values, one per parameter.
    pub values: Vec<f64>,
    /// Weight; the weights of a distribution add up to 1.
    pub weight: f64,
}

/// Most nodes of a joint distribution; each is a particle to compute.
const MOST_NODES: f64 = 1e6;
/// Cumulative distributions are kept away from 0 and 1 by this much, where the scores are infinite.
const EDGE: f64 = 1e-9;

impl Joint {
    /// Independent parameters.
    ///
    /// # Errors
    /// If there are none or a parameter of a distribution is not allowed.
    pub fn independent(marginals: Vec<Distribution>) -> Result<Self> {
        if marginals.is_empty() {
            return Err(Error::Length {
                name: "parameters of a joint distribution",
                found: 0,
                expected: "at least 1",
            });
        }
        for marginal in &marginals {
            marginal.validate()?;
        }
        let n = marginals.len();
        let unit = |i: usize| (0..n).map(|j| f64::from(u8::from(i == j))).collect();
        Ok(Self {
            marginals,
            correlation: (0..n).map(unit).collect(),
            condition: Box::new(|_| true),
        })
    }

    /// The same with the correlation `rho` (-1 < rho < 1) between two parameters: of their values
    /// where both are normal, of their logarithms where both are log-normal, of their normal
    /// scores in general.
    ///
    /// # Errors
    /// If a parameter does not exist, both are the same, or no joint distribution has these correlations.
    pub fn with_correlation(mut self, i: usize, j: usize, rho: f64) -> Result<Self> {
        check("correlation", rho, "", "-1 < correlation < 1", |r| {
            r.abs() < 1.0
        })?;
        if i == j || i.max(j) >= self.marginals.len() {
            return Err(Error::Length {
                name: "parameters of a joint distribution",
                found: self.marginals.len(),
                expected: "more than the indices of two different correlated ones",
            });
        }
        (self.correlation[i][j], self.correlation[j][i]) = (rho, rho);
        cholesky(&self.correlation)?;
        Ok(self)
    }

    /// The same restricted to the values for which `allowed` holds: conditional limits, such as a
    /// height below twice the radius. The rest is scaled up.
    #[must_use]
    pub fn with_condition(self, allowed: impl Fn(&[f64]) -> bool + Send + Sync + 'static) -> Self {
        Self {
            condition: Box::new(allowed),
            ..self
        }
    }

    /// Nodes with weights (sum 1): all combinations of `counts[i]` equidistant nodes of the i-th
    /// parameter, see [`Distribution::nodes`], that the condition allows and whose weight is not
    /// below 1e-12 of the largest.
    ///
    /// # Errors
    /// As [`Distribution::nodes`], if there is not one count per parameter, there are more than a
    /// million combinations, or none is allowed.
    pub fn nodes(&self, counts: &[usize], width: f64) -> Result<Vec<JointNode>> {
        let n = self.marginals.len();
        if counts.len() != n {
            return Err(Error::Length {
                name: "numbers of nodes",
                found: counts.len(),
                expected: "one per parameter",
            });
        }
        let total: f64 = counts.iter().map(|c| *c as f64).product();
        check(
            "nodes of a joint distribution",
            total,
            "",
            "at most 10^6",
            |t| t <= MOST_NODES,
        )?;
        let axes: Vec<Vec<(Node, f64)>> = self
            .marginals
            .iter()
            .zip(counts)
            .map(|(marginal, &count)| {
                let nodes = marginal.nodes(count, width)?;
                Ok(nodes
                    .into_iter()
                    .map(|node| (node, normal_score(marginal.cumulative(node.value))))
                    .collect())
            })
            .collect::<Result<_>>()?;
        let factor = cholesky(&self.correlation)?;

        let mut nodes: Vec<JointNode> = Vec::new();
        let mut scores = vec![0.0; n];
        for combination in 0..total as usize {
            let mut rest = combination;
            let mut values = Vec::with_capacity(n);
            let mut weight = 1.0;
            for (axis, score) in axes.iter().zip(&mut scores) {
                let (node, z) = axis[rest % axis.len()];
                rest /= axis.len();
                values.push(node.value);
                weight *= node.weight;
                *score = z;
            }
            if (self.condition)(&values) {
                weight *= copula(&factor, &scores);
                nodes.push(JointNode { values, weight });
            }
        }
        let largest = nodes.iter().map(|n| n.weight).fold(0.0, f64::max);
        nodes.retain(|n| n.weight >= 1e-12 * largest);
        let sum: f64 = nodes.iter().map(|n| n.weight).sum();
        positive("sum of the weights that the condition allows", sum, "")?;
        for node in &mut nodes {
            node.weight /= sum;
        }
        Ok(nodes)
    }
}

/// Nodes of a mixture of distributions: `parts` are fractions, in any unit, with their nodes.
///
/// ```
/// use gisaxs_physics::{Distribution, mixture};
///
/// let small = Distribution::Gaussian { mean: 3.0, std_dev: 0.3 }.nodes(9, 2.5)?;
/// let large = Distribution::Gaussian { mean: 6.0, std_dev: 0.5 }.nodes(9, 2.5)?;
/// let nodes = mixture(&[(2.0, small), (1.0, large)])?;
/// assert_eq!(nodes.len(), 18);
/// # Ok::<(), gisaxs_physics::Error>(())
/// ```
///
/// # Errors
/// If a fraction is negative or all are zero.
pub fn mixture(parts: &[(f64, Vec<Node>)]) -> Result<Vec<Node>> {
    for (fraction, _) in parts {
        crate::error::non_negative("fraction of a mixture", *fraction, "")?;
    }
    let total = |nodes: &[Node]| nodes.iter().map(|n| n.weight).sum::<f64>();
    let sum: f64 = parts.iter().map(|(f, _)| f).sum();
    positive("sum of the fractions of a mixture", sum, "")?;
    Ok(parts
        .iter()
        .flat_map(|(fraction, nodes)| {
            let scale = fraction / sum / total(nodes);
            nodes.iter().map(move |n| Node {
                weight: n.weight * scale,
                ..*n
            })
        })
        .collect())
}

/// Lower triangular L with L L^T = C.
fn cholesky(c: &[Vec<f64>]) -> Result<Vec<Vec<f64>>> {
    let n = c.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            l[i][j] = if i == j {
                let pivot = check(
                    "smallest pivot of the correlations",
                    c[i][i] - sum,
                    "",
                    "more than 1e-9 (the correlations contradict each other)",
                    |p| p > 1e-9,
                )?;
                pivot.sqrt()
            } else {
                (c[i][j] - sum) / l[j][j]
            };
        }
    }
    Ok(l)
}

/// det(C)^(-1/2) exp(-z (C^-1 - 1) z / 2) with C = L L^T: z C^-1 z = |y|^2, L y = z.
fn copula(l: &[Vec<f64>], z: &[f64]) -> f64 {
    let mut y = vec![0.0; z.len()];
    let mut exponent = 0.0;
    let mut determinant = 1.0;
    for i in 0..z.len() {
        let sum: f64 = (0..i).map(|k| l[i][k] * y[k]).sum();
        y[i] = (z[i] - sum) / l[i][i];
        determinant *= l[i][i];
        exponent += z[i] * z[i] - y[i] * y[i];
    }
    exp(0.5 * exponent) / determinant
}

/// Phi^-1(u): bisection on the complementary error function, to 1e-12, as it runs once per node.
fn normal_score(u: f64) -> f64 {
    let u = u.clamp(EDGE, 1.0 - EDGE);
    let (mut low, mut high) = (-8.0, 8.0);
    while high - low > 1e-12 {
        let middle = 0.5 * (low + high);
        let below = 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2);
        if below < u {
            low = middle
        } else {
            high = middle
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RADIUS: Distribution = Distribution::Gaussian {
        mean: 5.0,
        std_dev: 0.5,
    };
    const HEIGHT: Distribution = Distribution::Gaussian {
        mean: 8.0,
        std_dev: 1.0,
    };

    fn mean(nodes: &[JointNode], f: impl Fn(&[f64]) -> f64) -> f64 {
        nodes.iter().map(|n| n.weight * f(&n.values)).sum()
    }

    #[test]
    fn normal_parameters_have_the_stated_correlation() {
        for rho in [-0.9, 0.0, 0.6] {
            let joint = Joint::independent(vec![RADIUS, HEIGHT]).unwrap();
            let nodes = joint
                .with_correlation(0, 1, rho)
                .unwrap()
                .nodes(&[121, 121], 6.0)
                .unwrap();
            let (r, h) = (mean(&nodes, |x| x[0]), mean(&nodes, |x| x[1]));
            let covariance = mean(&nodes, |x| (x[0] - r) * (x[1] - h));
            let variances = [
                mean(&nodes, |x| (x[0] - r).powi(2)),
                mean(&nodes, |x| (x[1] - h).powi(2)),
            ];
            assert!((r - 5.0).abs() < 1e-6 && (h - 8.0).abs() < 1e-6, "{r} {h}");
            assert!((variances[0] - 0.25).abs() < 1e-5 && (variances[1] - 1.0).abs() < 1e-5);
            assert!((covariance - 0.5 * rho).abs() < 1e-5, "{rho} {covariance}");
        }
    }

    #[test]
    fn marginals_keep_their_distribution() {
        let marginals = [
            Distribution::LogNormal {
                median: 4.0,
                scale: 0.2,
            },
            Distribution::Cosine {
                mean: 7.0,
                sigma: 1.0,
            },
            Distribution::Schulz {
                mean: 5.0,
                std_dev: 1.2,
            },
        ];
        let joint = Joint::independent(marginals.to_vec())
            .and_then(|j| j.with_correlation(0, 1, 0.7))
            .and_then(|j| j.with_correlation(1, 2, -0.5))
            .unwrap();
        let nodes = joint.nodes(&[61, 61, 61], 4.5).unwrap();
        for (i, marginal) in marginals.into_iter().enumerate() {
            let alone = marginal.nodes(61, 4.5).unwrap();
            let expected: f64 = alone.iter().map(|n| n.weight * n.value).sum();
            let found = mean(&nodes, |x| x[i]);
            assert!(
                (found / expected - 1.0).abs() < 3e-3,
                "{marginal:?} {found} {expected}"
            );
        }
    }

    #[test]
    fn conditions_limit_and_renormalise() {
        let joint = Joint::independent(vec![RADIUS, HEIGHT]).unwrap();
        let nodes = joint
            .with_condition(|x| x[1] <= 1.5 * x[0])
            .nodes(&[21, 21], 3.0)
            .unwrap();
        assert!(nodes.len() < 441 && nodes.iter().all(|n| n.values[1] <= 1.5 * n.values[0]));
        assert!((nodes.iter().map(|n| n.weight).sum::<f64>() - 1.0).abs() < 1e-13);
        let nothing = Joint::independent(vec![RADIUS])
            .unwrap()
            .with_condition(|_| false);
        assert!(nothing.nodes(&[5], 2.0).is_err());
    }

    #[test]
    fn refuses_impossible_correlations() {
        let three = || Joint::independent(vec![RADIUS, HEIGHT, RADIUS]).unwrap();
        assert!(three().with_correlation(0, 1, 1.0).is_err());
        assert!(three().with_correlation(0, 0, 0.5).is_err());
        assert!(three().with_correlation(0, 3, 0.5).is_err());
        // R like H, H like the third, but the third against R.
        let odd = three()
            .with_correlation(0, 1, 0.9)
            .and_then(|j| j.with_correlation(1, 2, 0.9))
            .and_then(|j| j.with_correlation(0, 2, -0.9));
        assert!(odd.is_err());
        assert!(Joint::independent(vec![]).is_err());
        assert!(three().nodes(&[3, 3], 2.0).is_err());
        assert!(three().nodes(&[1000, 1000, 1000], 2.0).is_err());
    }

    #[test]
    fn mixtures_weigh_their_parts() {
        let small = RADIUS.nodes(5, 2.0).unwrap();
        let large = HEIGHT.nodes(7, 2.0).unwrap();
        let nodes = mixture(&[(3.0, small), (1.0, large)]).unwrap();
        let weight: f64 = nodes[..5].iter().map(|n| n.weight).sum();
        assert!((weight - 0.75).abs() < 1e-14);
        assert!((nodes.iter().map(|n| n.weight).sum::<f64>() - 1.0).abs() < 1e-14);
        assert!(mixture(&[]).is_err());
        assert!(mixture(&[(-1.0, RADIUS.nodes(2, 1.0).unwrap())]).is_err());
    }

    #[test]
    fn scores_invert_the_normal_distribution() {
        for (u, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.158_655_253_931_457, -1.0),
        ] {
            assert!((normal_score(u) - z).abs() < 1e-9);
        }
    }
}
