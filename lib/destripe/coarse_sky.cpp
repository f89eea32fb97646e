#include "destripe/coarse_sky.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "math/fft.hpp"

namespace comap {
namespace {

constexpr int kAveraging = 100;             ///< samples
constexpr double kClosure = 1.5;            ///< where R of faster modes is taken, in modes of the averages
constexpr double kUnknown = 1e-7;           ///< eigenvalues below are of directions that cannot be known
constexpr double kSmallestDiagonal = 1e-6;  ///< of S^T W S, of its largest

using Transforms = std::map<std::size_t, CosineTransform>;  // by length

/// Sum of hats over samples, and the nodes where it is not 0.
struct HatSum {
  std::vector<double> value;  ///< [node]
  std::vector<std::size_t> nodes;

  explicit HatSum(std::size_t n_nodes) : value(n_nodes, 0.0) {}
  void add(std::size_t node, double weight) {
    if (!(weight > 0.0)) return;
    if (value[node] == 0.0) nodes.push_back(node);
    value[node] += weight;
  }
  void clear() {
    for (const std::size_t node : nodes) value[node] = 0.0;
    nodes.clear();
  }
};

/// Hats averaged over the offsets of a part, for the nodes that it touches.
struct OffsetAverages {
  std::vector<std::size_t> nodes;
  Eigen::MatrixXd products;  ///< [node][node] sum over offsets of mean x sum
  Eigen::MatrixXd modes;     ///< [mode][node] of averages over kAveraging samples; no rows without R
};

/// phi = w L r / (w L + r) of the modes of averages: what R leaves of the weight.
struct PriorOfModes {
  double faster_per_K2 = 0.0;    ///< of all faster ones
  Eigen::VectorXd below_faster;  ///< [mode] how much less it is
};

/// Adds up the hats over the samples of runs [begin, end); returns the number of samples. Runs between the same nodes
/// are summed before they are added.
double sum_hats(const PixelRuns& runs, const CoarseHats& hats, std::size_t begin, std::size_t end, HatSum& sum) {
  const LargeVector<float>& factor = runs.factor_of_solver();
  const std::uint32_t pixel_mask = (std::uint32_t{1} << runs.pixel_bits) - 1;
  double n_good = 0.0;
  for (std::size_t run = begin; run < end;) {
    const auto nodes = hats.of_pixel(runs.run[run] & pixel_mask).node;
    std::array<double, 4> weights{};
    for (; run < end; ++run) {
      const CoarseHats::Hat& hat = hats.of_pixel(runs.run[run] & pixel_mask);
      if (hat.node[0] != nodes[0]) break;
      auto length = static_cast<double>(runs.run[run] >> runs.pixel_bits);
      if (!factor.empty()) length *= factor[run];
      n_good += length;
      for (std::size_t i = 0; i < nodes.size(); ++i) weights[i] += length * hat.weight[i];
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) sum.add(nodes[i], weights[i]);
  }
  return n_good;
}

/// `n_full`: samples of an offset with its private pixel, over which means are taken; 0 = without R, over the good
/// ones.
OffsetAverages average_offsets(const PixelRuns& runs, const CoarseHats& hats, std::size_t part, double n_full,
                               Transforms& transforms) {
  const std::size_t n_all = hats.n_nodes();
  const auto [segment, first_offset, first_run] = runs.parts[part];
  const std::size_t n = runs.layout.n_offsets(segment);
  const std::size_t per_average = std::max(1, kAveraging / runs.layout.offset_length);
  const std::size_t n_averages = n_full > 0.0 ? (n + per_average - 1) / per_average : 0;
  std::vector<double> products(n_all * n_all, 0.0), rows(n_averages * n_all, 0.0);
  std::vector<char> touched(n_all, 0);
  HatSum sum(n_all);
  std::size_t run = first_run;
  for (std::size_t o = 0; o < n; ++o) {
    const std::size_t end = run + runs.n_runs[first_offset + o];
    const double n_good = sum_hats(runs, hats, run, end, sum);
    run = end;
    const double scale = 1.0 / std::max(n_full > 0.0 ? n_full : n_good, std::numeric_limits<double>::min());
    for (const std::size_t i : sum.nodes) {
      const double mean = sum.value[i] * scale;
      for (const std::size_t j : sum.nodes) products[i * n_all + j] += mean * sum.value[j];
      if (n_averages > 0) rows[o / per_average * n_all + i] += mean;
      touched[i] = 1;
    }
    sum.clear();
  }
  runs.passed_part(part);

  OffsetAverages averages;
  for (std::size_t i = 0; i < n_all; ++i) {
    if (touched[i] != 0) averages.nodes.push_back(i);
  }
  const Eigen::Index n_touched = std::ssize(averages.nodes);
  averages.products.resize(n_touched, n_touched);
  averages.modes.resize(n_averages, n_touched);
  // The sum of squares over averages shall be that over offsets.
  const double scale = 1.0 / std::sqrt(static_cast<double>(per_average));
  for (Eigen::Index j = 0; j < n_touched; ++j) {
    const std::size_t node = averages.nodes[j];
    for (Eigen::Index i = 0; i < n_touched; ++i) {
      averages.products(i, j) = products[averages.nodes[i] * n_all + node];
    }
    for (std::size_t k = 0; k < n_averages; ++k) {
      averages.modes(k, j) = scale * rows[k * n_all + node];
    }
    if (n_averages == 0) continue;
    CosineTransform& cosine = transforms.try_emplace(n_averages, n_averages).first->second;
    cosine.forward({averages.modes.col(j).data(), n_averages});
  }
  return averages;
}

PriorOfModes prior_of_modes(const OffsetInverse& inverse, std::size_t segment, std::size_t lane, Eigen::Index n_modes,
                            const OffsetLayout& layout) {
  const double full = inverse.full_weight_per_K2(segment, lane);
  const auto phi = [&](std::size_t k) {
    const double precision = inverse.precision_per_K2(segment, k, lane);
    return full * precision / (full + precision);
  };
  const auto faster = static_cast<std::size_t>(kClosure * static_cast<double>(n_modes));
  PriorOfModes prior{phi(std::min(faster, layout.n_offsets(segment) - 1)), Eigen::VectorXd(n_modes)};
  for (Eigen::Index k = 0; k < n_modes; ++k) {
    prior.below_faster[k] = std::max(prior.faster_per_K2 - phi(k), 0.0);
  }
  return prior;
}

/// Takes off what the offsets of a part follow of the hats.
void add_part(const PixelRuns& runs, const OffsetInverse& inverse, const CoarseHats& hats, std::size_t part,
              Transforms& transforms, std::vector<double>& e) {
  const std::size_t n_lanes = runs.n_lanes, n_all = hats.n_nodes();
  const std::size_t segment = runs.parts[part].segment;
  const double* weight = runs.weight_per_K2.data() + part * n_lanes;
  const std::size_t leader = std::find_if(weight, weight + n_lanes, [](double w) { return w > 0.0; }) - weight;
  const double n_full = inverse.has_modes() ? inverse.full_weight_per_K2(segment, leader) / weight[leader] : 0.0;
  const OffsetAverages averages = average_offsets(runs, hats, part, n_full, transforms);
  const Eigen::Index n_nodes = std::ssize(averages.nodes);
  for (std::size_t l = 0; l < n_lanes; ++l) {
    if (!(weight[l] > 0.0)) continue;
    Eigen::MatrixXd change = -weight[l] * averages.products;
    if (n_full > 0.0) {
      const PriorOfModes prior = prior_of_modes(inverse, segment, l, averages.modes.rows(), runs.layout);
      change += prior.faster_per_K2 / n_full * averages.products;
      const Eigen::MatrixXd scaled = prior.below_faster.cwiseSqrt().asDiagonal() * averages.modes;
      change.noalias() -= scaled.transpose() * scaled;
    }
    double* matrix = e.data() + l * n_all * n_all;
    for (Eigen::Index i = 0; i < n_nodes; ++i) {
      double* row = matrix + averages.nodes[i] * n_all;
      for (Eigen::Index j = 0; j < n_nodes; ++j) row[averages.nodes[j]] += change(i, j);
    }
  }
}

}  // namespace

CoarseSky::CoarseSky(const PixelRuns& runs, const OffsetInverse& inverse, const SharedPixels& shared,
                     std::span<const std::int32_t> map_pixels, std::span<const double> weight,
                     const DestriperSettings& settings, const Communicator& ranks)
    : shared_(shared), n_lanes_(runs.n_lanes), hats_(map_pixels, settings, ranks) {
  std::vector<double> sws(n_lanes_ * hats_.n_nodes() * hats_.n_nodes(), 0.0);
  std::vector<double> e(sws.size(), 0.0);
  add_pixel_weights(weight, sws);
  Transforms transforms;
  for (std::size_t part = 0; part < runs.parts.size(); ++part) add_part(runs, inverse, hats_, part, transforms, e);
  ranks.sum(std::span<double>(sws));
  ranks.sum(std::span<double>(e));
  for (std::size_t i = 0; i < e.size(); ++i) e[i] += sws[i];
  invert(e, sws);
}

void CoarseSky::add_pixel_weights(std::span<const double> weight, std::vector<double>& sws) const {
  const std::size_t n_nodes = hats_.n_nodes();
  for (std::size_t pixel = 0; pixel * n_lanes_ < weight.size(); ++pixel) {
    if (!shared_.owns(pixel)) continue;
    const CoarseHats::Hat& hat = hats_.of_pixel(pixel);
    for (std::size_t l = 0; l < n_lanes_; ++l) {
      double* matrix = sws.data() + l * n_nodes * n_nodes;
      for (std::size_t i = 0; i < 4; ++i) {
        const double w = weight[pixel * n_lanes_ + l] * hat.weight[i];
        for (std::size_t j = 0; j < 4; ++j) matrix[hat.node[i] * n_nodes + hat.node[j]] += w * hat.weight[j];
      }
    }
  }
}

void CoarseSky::invert(const std::vector<double>& e, const std::vector<double>& sws) {
  const std::size_t n_nodes = hats_.n_nodes();
  inverse_.assign(e.size(), 0.0);
  const Eigen::Index n = hats_.n_nodes();
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  for (std::size_t l = 0; l < n_lanes_ && n > 0; ++l) {
    const std::size_t first = l * n_nodes * n_nodes;
    Eigen::MatrixXd weights = Eigen::Map<const Matrix>(sws.data() + first, n, n);
    const double largest = weights.diagonal().maxCoeff();
    if (!(largest > 0.0)) continue;
    weights.diagonal().array() += kSmallestDiagonal * largest;
    const Eigen::MatrixXd matrix = Eigen::Map<const Matrix>(e.data() + first, n, n);
    const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> modes(matrix, weights);
    if (modes.info() != Eigen::Success) continue;
    const Eigen::VectorXd gain = modes.eigenvalues().unaryExpr(
        [](double lambda) { return lambda > kUnknown && lambda < 1.0 ? 1.0 / lambda - 1.0 : 0.0; });
    Eigen::Map<Matrix>(inverse_.data() + first, n, n) =
        modes.eigenvectors() * gain.asDiagonal() * modes.eigenvectors().transpose();
  }
}

LaneValues CoarseSky::solve(std::span<double> nodes) const {
  const std::vector<double> before(nodes.begin(), nodes.end());
  const std::size_t n_nodes = hats_.n_nodes();
  LaneValues product{};
  for (std::size_t l = 0; l < n_lanes_; ++l) {
    for (std::size_t i = 0; i < n_nodes; ++i) {
      const double* row = inverse_.data() + (l * n_nodes + i) * n_nodes;
      double sum = 0.0;
      for (std::size_t j = 0; j < n_nodes; ++j) sum += row[j] * before[j * n_lanes_ + l];
      nodes[i * n_lanes_ + l] = sum;
      product[l] += sum * before[i * n_lanes_ + l];
    }
  }
  return product;
}

}  // namespace comap
