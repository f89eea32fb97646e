#include "level2/feed_pass.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <optional>
#include <span>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "math/median.hpp"
#include "stages/check_level1/copied_counts.hpp"
#include "stages/check_level1/feed_flags.hpp"
#include "stages/check_level1/sample_screen.hpp"

namespace comap {
namespace {

/// One read: some bands of a stretch of time. `event` >= 0: a vane event, else the piece of a scan or between scans.
struct ReadStep {
  int event = -1;
  TimePiece piece;
  int first_band = 0;
  int n_bands = 0;
};

void add_steps(std::vector<ReadStep>& steps, int event, const TimePiece& piece, std::int64_t max_block_samples) {
  const int bands_per_read = piece.n_samples > max_block_samples ? 1 : kBands;
  for (int band = 0; band < kBands; band += bands_per_read) steps.push_back({event, piece, band, bands_per_read});
}

constexpr const char* kScreenName = "check_level1";  // whose limits these are
// Rows of TOD that pass through all stages together: half of a second-level cache.
constexpr std::size_t kCacheBytes = std::size_t{1} << 18;

/// The workers of one feed, in the order of the pipeline.
class FeedWorkers {
 public:
  FeedWorkers(const PassPlan& plan, int feed, ProductTable& products) : plan_(plan), feed_(feed), products_(products) {
    if (plan.limits != nullptr) {
      screen_.emplace(plan.observation.level1, *plan.limits);
      flags_.emplace(plan.observation, feed, *plan.limits);
      signatures_ = Array(shape_of(plan.observation.scans.size(), kBands), std::int64_t{0});
    }
    for (const Stage* stage : plan.stages) {
      if (auto worker = stage->start_feed(plan.observation, feed, products)) {
        workers_.push_back({std::string(stage->name()), std::move(worker)});
      }
    }
    medians_.resize(plan.observation.level1.n_channels);
  }

  void consume(const ReadStep& step, float* tod) {
    const std::int64_t n_channels = plan_.observation.level1.n_channels;
    for (int i = 0; i < step.n_bands; ++i) {
      FeedBlock block;
      block.feed = feed_;
      block.band = step.first_band + i;
      block.scan = step.event >= 0 ? step.event : step.piece.scan;
      block.start = step.piece.start;
      block.n_samples = step.piece.n_samples;
      block.n_channels = static_cast<int>(n_channels);
      block.stride = step.piece.n_samples;
      float* const counts = tod + i * n_channels * block.stride;
      block.tod = counts;
      start_screen(step, counts, block);
      if (step.event >= 0) {
        screen_channels(0, block.n_channels);
        end_screen();
        each([&](FeedWorker& worker) { worker.consume_vane(block); });
      } else {
        consume_channels(block);
        end_screen();
        each([&](FeedWorker& worker) { worker.consume(block); });
      }
    }
  }
  void finish_vane() {
    each([](FeedWorker& worker) { worker.finish_vane(); });
  }
  void finish() {
    if (flags_ && plan_.deliveries.scan_samples) {
      flags_->finish(screen_->in_single_channels(), products_.troubles);
      products_.set(level2::kSampleFlags, flags_->take());
      products_.set(kCountSignatures, std::move(signatures_));
    }
    each([](FeedWorker& worker) { worker.finish(); });
  }
  /// Time of each stage; not to be read while a block is in work.
  const StageSeconds& seconds() const { return seconds_; }

 private:
  struct Named {
    std::string stage;
    std::unique_ptr<FeedWorker> worker;
  };

  void start_screen(const ReadStep& step, float* counts, FeedBlock& block) {
    if (!screen_) return;
    const StageClock clock(seconds_, kScreenName);
    const bool is_kept = step.event < 0 && block.scan >= 0;
    between_.resize(block.n_samples);
    const std::span<std::uint8_t> flags =
        is_kept ? flags_->of(block.band, block.start, block.n_samples) : std::span(between_);
    block.flags = flags;
    if (is_kept) signatures_(block.scan, block.band) = count_signature(block);
    FeedBlock screened = block;
    if (!is_kept) screened.scan = -1;
    screen_->begin(screened, counts, flags);
  }
  void screen_channels(int first, int end) {
    if (!screen_) return;
    const StageClock clock(seconds_, kScreenName);
    screen_->screen_channels(first, end);
  }
  void end_screen() {
    if (!screen_) return;
    const StageClock clock(seconds_, kScreenName);
    screen_->end();
  }

  template <typename Call>
  void each(const Call& call) {
    for (Named& entry : workers_) {
      const StageClock clock(seconds_, entry.stage);
      try {
        call(*entry.worker);
      } catch (const Error& error) {
        throw ObservationError(fmt::format("{}: feed {}: {}", entry.stage, feed_, error.what()));
      }
    }
  }

  void consume_channels(FeedBlock& block) {
    const std::size_t row_bytes = block.n_samples * sizeof(float);
    const int group = std::max(1, static_cast<int>(kCacheBytes / std::max<std::size_t>(row_bytes, 1)));
    const bool wants_medians = block.scan >= 0 && plan_.deliveries.channel_medians;
    if (wants_medians) block.channel_median = medians_;
    for (int first = 0; first < block.n_channels; first += group) {
      const int end = std::min(first + group, block.n_channels);
      screen_channels(first, end);
      if (wants_medians) find_medians(block, first, end);
      each([&](FeedWorker& worker) { worker.consume_channels(block, first, end); });
    }
  }

  void find_medians(const FeedBlock& block, int first, int end) {
    const StageClock clock(seconds_, "channel_median");
    for (int channel = first; channel < end; ++channel) {
      medians_[channel] = median(block.channel(channel), median_scratch_);
    }
  }

  const PassPlan& plan_;
  int feed_;
  ProductTable& products_;
  StageSeconds seconds_;
  std::optional<SampleScreen> screen_;
  std::optional<FeedFlags> flags_;
  Array<std::int64_t, 2> signatures_;  ///< [scan][band], copied_counts.hpp
  std::vector<std::uint8_t> between_;  ///< flags of what is no scan
  std::vector<Named> workers_;
  std::vector<float> medians_;
  std::vector<float> median_scratch_;
};

/// Reads step after step into two buffers; while one is filled a thread works on the other.
class BlockStream {
 public:
  BlockStream(const PassPlan& plan, int feed_row, TodReader& reader, const Communicator& team, FeedWorkers* workers,
              StageSeconds& seconds)
      : plan_(plan), feed_row_(feed_row), reader_(reader), team_(team), workers_(workers), seconds_(seconds) {}

  void run(const std::vector<ReadStep>& steps) {
    std::size_t largest = 0;
    for (const ReadStep& step : steps) largest = std::max(largest, block_size(step));
    for (const ReadStep& step : steps) {
      std::span<float> buffer;
      team_.run_agreed("next block", [&] {
        plan_.between_blocks();
        if (workers_ != nullptr) buffer = reader_.buffer(filling_, largest).first(block_size(step));
      });
      // Every rank enters the collective read, whatever happened to its worker: the outcome is agreed on after it.
      const std::exception_ptr read_error = attempt([&] { read(step, buffer); });
      const std::exception_ptr work_error = wait();
      agree(read_error ? read_error : work_error);
      start(step, buffer);
    }
    agree(wait());
  }

 private:
  std::size_t block_size(const ReadStep& step) const {
    return step.n_bands * reader_.n_channels() * step.piece.n_samples;
  }

  template <typename Work>
  static std::exception_ptr attempt(const Work& work) {
    try {
      work();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }

  void agree(const std::exception_ptr& error) const {
    team_.run_agreed("level2", [&] {
      if (error) std::rethrow_exception(error);
    });
  }

  void read(const ReadStep& step, std::span<float> buffer) {
    const StageClock clock(seconds_, "read");
    TodSlab slab;
    if (workers_ != nullptr) slab = {feed_row_, step.first_band, step.n_bands, step.piece.start, step.piece.n_samples};
    reader_.read(slab, buffer);
  }

  std::exception_ptr wait() {
    if (!busy_.valid()) return nullptr;
    return attempt([&] { busy_.get(); });
  }

  void start(const ReadStep& step, std::span<float> buffer) {
    if (workers_ == nullptr) return;
    const auto policy = plan_.read_ahead ? std::launch::async : std::launch::deferred;
    busy_ = std::async(policy, [this, step, data = buffer.data()] { workers_->consume(step, data); });
    if (plan_.read_ahead) filling_ = 1 - filling_;
  }

  const PassPlan& plan_;
  int feed_row_;
  TodReader& reader_;
  const Communicator& team_;
  FeedWorkers* workers_;  ///< null on a rank without share
  StageSeconds& seconds_;
  std::size_t filling_ = 0;
  std::future<void> busy_;  ///< last: its destructor waits for the thread
};

std::vector<ReadStep> vane_steps(const PassPlan& plan) {
  std::vector<ReadStep> steps;
  if (!plan.deliveries.vane_samples) return steps;
  for (std::size_t event = 0; event < plan.observation.vane_events.size(); ++event) {
    const auto [start, end] = plan.observation.vane_events[event];
    add_steps(steps, static_cast<int>(event), {-1, start, end - start}, plan.max_block_samples);
  }
  return steps;
}

std::vector<ReadStep> piece_steps(const PassPlan& plan) {
  std::vector<ReadStep> steps;
  for (const TimePiece& piece : plan.pieces) add_steps(steps, -1, piece, plan.max_block_samples);
  return steps;
}

}  // namespace

void run_feed_pass(const PassPlan& plan, int feed, int feed_row, TodReader& reader, const Communicator& team,
                   ProductTable& products, StageSeconds& seconds) {
  std::unique_ptr<FeedWorkers> workers;
  team.run_agreed("start of a feed", [&] {
    if (feed_row >= 0) workers = std::make_unique<FeedWorkers>(plan, feed, products);
  });
  BlockStream stream(plan, feed_row, reader, team, workers.get(), seconds);
  stream.run(vane_steps(plan));
  team.run_agreed("vane calibration", [&] {
    if (workers) workers->finish_vane();
  });
  stream.run(piece_steps(plan));
  team.run_agreed("end of a feed", [&] {
    if (workers) workers->finish();
  });
  if (workers) {
    for (const auto& [stage, spent_s] : workers->seconds()) seconds[stage] += spent_s;
  }
}

void finish_feed_without_tod(const PassPlan& plan, int feed, ProductTable& products, StageSeconds& seconds) {
  FeedWorkers workers(plan, feed, products);
  workers.finish_vane();
  workers.finish();
  for (const auto& [stage, spent_s] : workers.seconds()) seconds[stage] += spent_s;
}

}  // namespace comap
