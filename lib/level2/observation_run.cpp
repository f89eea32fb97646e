#include "level2/observation_run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/retry.hpp"
#include "core/version.hpp"
#include "level2/catalogue_values.hpp"
#include "level2/level1_copies.hpp"
#include "level2/level2_path.hpp"
#include "level2/level2_writer.hpp"
#include "level2/product_gather.hpp"
#include "level2/provenance.hpp"
#include "level2/sql_snapshot.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

/// State of one observation in work; every member function is collective over the team.
class ObservationRun {
 public:
  ObservationRun(const ObservationJob& job, const Level2Tools& tools, ObservationOutcome& outcome)
      : job_(job), tools_(tools), team_(tools.team), outcome_(outcome) {}

  void run() {
    find_out_what_to_do();
    if (outcome_.status == ObservationOutcome::Status::up_to_date) return;
    prepare();
    Level2Writer writer(path_, observation_, outputs(), tools_.config.io, team_, tools_.files);
    timed("create_level2", [&] {
      copy_level1_datasets(observation_.level1.path, tools_.config.level2.create_level2, writer, team_);
      writer.write_observation(observation_.products);
    });
    process_feeds(writer);
    timed("finalize_metadata", [&] { finalize(writer); });
    outcome_.status = ObservationOutcome::Status::done;
  }

 private:
  void find_out_what_to_do() {
    std::array<double, 1> up_to_date = {0.0};
    std::string reason = "overwrite = true";
    team_.run_agreed("check_level1", [&] {
      path_ = level2_path(tools_.config.level2, job_.observation);
      if (team_.rank() != 0) return;
      with_retries(tools_.config.io, job_.observation.level1_path,
                   [&] { inputs_ = input_identity(job_.observation.level1_path, job_.following_level2_path); });
      if (tools_.config.level2.overwrite) return;
      reason = reason_to_process(path_, tools_.stages, inputs_);
      up_to_date[0] = reason.empty() ? 1.0 : 0.0;
    });
    team_.max(up_to_date);
    outcome_.result.level2_path = path_;
    if (up_to_date[0] > 0.0) {
      outcome_.status = ObservationOutcome::Status::up_to_date;
      restore_result();
    } else if (team_.rank() == 0) {
      log_info("starting: {}", reason);
    }
    inputs_ = nlohmann::json::parse(broadcast_text(team_, inputs_.dump()));
  }

  /// The file is complete but the catalogue does not know: a run died in between. The file tells what to record.
  void restore_result() {
    team_.run_agreed("restore the result", [&] {
      if (team_.rank() != 0 || job_.observation.level2_path == path_) return;
      outcome_.result = read_sql_snapshot(h5::File::open_read(path_));
      outcome_.result.obsid = job_.observation.obsid;
    });
  }

  void prepare() {
    observation_.obsid = job_.observation.obsid;
    observation_.source = job_.observation.source;
    observation_.source_group = job_.observation.source_group;
    observation_.following_level2_path = job_.following_level2_path;
    timed("check_level1", [&] {
      const auto read = [&] {
        with_retries(tools_.config.io, job_.observation.level1_path, [&] {
          observation_.level1 = read_level1_metadata(job_.observation.level1_path, job_.observation.obsid);
        });
      };
      // One rank opens and checks first: what is wrong with the file is found out once, not by all at the same time.
      team_.run_agreed("check_level1", [&] {
        if (team_.rank() == 0) read();
      });
      team_.run_agreed("check_level1", [&] {
        if (team_.rank() != 0) read();
      });
    });
    for (const auto& stage : tools_.stages) {
      timed(stage->name(), [&] { team_.run_agreed(stage->name(), [&] { stage->prepare(observation_); }); });
    }
  }

  std::vector<OutputSpec> outputs() const {
    std::vector<OutputSpec> all;
    for (const auto& stage : tools_.stages) std::ranges::move(stage->outputs(observation_), std::back_inserter(all));
    return all;
  }

  void process_feeds(Level2Writer& writer) {
    const Level1Metadata& level1 = observation_.level1;
    std::vector<int> rows;
    for (int row = 0; row < level1.n_feeds; ++row) {
      const int feed = level1.feeds[static_cast<std::size_t>(row)];
      if (feed >= 1 && feed <= kScienceFeeds) rows.push_back(row);
    }
    std::optional<h5::File> file;
    std::optional<TodReader> reader;
    bool by_raw_chunks = false;
    team_.run_agreed("open the Level-1 file", [&] { by_raw_chunks = level1_has_raw_chunks(); });
    writer.agreed("open the Level-1 file", [&] {
      file.emplace(tools_.files.open_read(level1.path, !by_raw_chunks));
      reader.emplace(*file);
    });
    const Deliveries deliveries = combined_deliveries(tools_.stages);
    const std::int64_t max_block = tools_.config.level2.find_scans.max_block_samples;
    const PassPlan plan{observation_,
                        tools_.stages,
                        deliveries,
                        plan_pieces(observation_, deliveries, max_block),
                        max_block,
                        tools_.config.io.read_ahead,
                        tools_.between_blocks};
    for (std::size_t first = 0; first < rows.size(); first += static_cast<std::size_t>(team_.size())) {
      const std::size_t mine = first + static_cast<std::size_t>(team_.rank());
      pass(plan, mine < rows.size() ? rows[mine] : -1, *reader, writer);
    }
    outcome_.tod_bytes = team_.sum(reader->tod_bytes_read());
    outcome_.stored_bytes = team_.sum(reader->stored_bytes_read());
  }

  bool level1_has_raw_chunks() const {
    return TodReader::reads_raw_chunks(h5::File::open_read(observation_.level1.path).info("spectrometer/tod"));
  }

  /// One feed on this rank; feed_row -1 = none.
  void pass(const PassPlan& plan, int feed_row, TodReader& reader, Level2Writer& writer) {
    FeedResult result;
    if (feed_row >= 0) result.feed = observation_.level1.feeds[static_cast<std::size_t>(feed_row)];
    run_feed_pass(plan, result.feed, feed_row, reader, team_, result.products, outcome_.seconds);
    timed("write", [&] { writer.write_feed(result.feed, feed_row, result.products); });
    if (feed_row < 0) return;
    quality_.push_back({result.feed, without_time_streams(result.products)});
  }

  ProductTable without_time_streams(const ProductTable& products) const {
    ProductTable kept = products;
    add_sample_counts(observation_, tools_.config.mapmake.glitch_sigma, kept);
    for (const auto& stage : tools_.stages) {
      for (const OutputSpec& output : stage->outputs(observation_)) {
        const bool is_stream =
            output.axis == FeedAxis::feed_number &&
            output.dataset.extent.back() == static_cast<std::uint64_t>(observation_.level1.n_samples);
        if (is_stream) kept.erase(output.path);
      }
    }
    return kept;
  }

  void finalize(Level2Writer& writer) {
    const std::vector<FeedResult> feeds = gather_feed_results(quality_, team_);
    team_.run_agreed("summary", [&] {
      if (team_.rank() == 0) fill_catalogue_values(observation_, tools_.stages, feeds, outcome_.result);
    });
    share_result();
    writer.agreed("finalize_metadata", [&] {
      write_stage_records(writer.file(), tools_.stages, inputs_);
      writer.file().write_attribute("/", "software", "comap_mpi " + software_version() + " " + git_commit());
      writer.file().write_attribute("/", "configuration", tools_.config_text);
      write_sql_snapshot(writer.file(), job_.snapshot, outcome_.result);
    });
    writer.commit();
    outcome_.result.complete = true;
  }

  /// The values that rank 0 of the team has computed go into the file on every rank.
  void share_result() {
    const std::string mine = team_.rank() == 0 ? to_json(outcome_.result).dump() : "";
    outcome_.result = result_from_json(nlohmann::json::parse(broadcast_text(team_, mine)));
  }

  template <typename Work>
  void timed(std::string_view name, const Work& work) {
    const StageClock clock(outcome_.seconds, name);
    work();
  }

  const ObservationJob& job_;
  const Level2Tools& tools_;
  const Communicator& team_;
  ObservationOutcome& outcome_;
  std::string path_;
  nlohmann::json inputs_;
  ObservationContext observation_;
  std::vector<FeedResult> quality_;
};

}  // namespace

ObservationOutcome process_observation(const ObservationJob& job, const Level2Tools& tools) {
  const auto start = Clock::now();
  ObservationOutcome outcome;
  outcome.result.obsid = job.observation.obsid;
  try {
    ObservationRun(job, tools, outcome).run();
  } catch (const Error& error) {
    const bool stopped = std::string_view(error.what()).find(kStoppedBySignal) != std::string_view::npos;
    outcome.status = stopped ? ObservationOutcome::Status::stopped : ObservationOutcome::Status::failed;
    outcome.result.complete = false;
    outcome.result.level2_path.clear();
    outcome.result.error = error.what();
  }
  outcome.wall_s = std::chrono::duration<double>(Clock::now() - start).count();
  return outcome;
}

}  // namespace comap
