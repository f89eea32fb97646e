#include "level2/observation_run.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/file_identity.hpp"
#include "core/json_text.hpp"
#include "core/log.hpp"
#include "core/message.hpp"
#include "core/retry.hpp"
#include "core/stopping.hpp"
#include "core/version.hpp"
#include "data/level2_datasets.hpp"
#include "level2/catalogue_values.hpp"
#include "level2/feed_prefetch.hpp"
#include "level2/kept_products.hpp"
#include "level2/level1_copies.hpp"
#include "level2/level2_place.hpp"
#include "level2/level2_writer.hpp"
#include "level2/observation_inputs.hpp"
#include "level2/observation_troubles.hpp"
#include "level2/product_gather.hpp"
#include "level2/provenance.hpp"
#include "level2/rerun_plan.hpp"
#include "level2/sql_snapshot.hpp"
#include "stages/check_level1/feed_flags.hpp"
#include "stages/check_level1/pointing_screen.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

/// StageOutput::axis
std::string_view part_name(level2::FeedAxis axis) {
  if (axis == level2::FeedAxis::none) return "observation";
  return axis == level2::FeedAxis::file_row ? "file_row" : "feed";
}

/// State of one observation in work; every member function is collective over the team.
class ObservationRun {
 public:
  ObservationRun(const ObservationJob& job, const Level2Tools& tools, ObservationOutcome& outcome)
      : job_(job), tools_(tools), team_(tools.team), outcome_(outcome) {}

  void run() {
    find_out_what_to_do();
    if (outcome_.status == ObservationOutcome::Status::up_to_date) return;
    prepare();
    Level2Writer writer(path_, observation_, datasets(), earlier(), tools_.config.io, team_, tools_.files);
    timed("create_level2", [&] {
      copy_from_level1(writer);
      writer.write_observation(observation_.products);
    });
    process_feeds(writer);
    timed("finalize_metadata", [&] { finalize(writer); });
    outcome_.status = ObservationOutcome::Status::done;
  }

 private:
  void find_out_what_to_do() {
    team_.run_agreed("check_level1", [&] {
      if (team_.rank() != 0) return;
      const Level2Place place = level2_place(tools_.config.level2, job_.observation, job_.snapshot, tools_.why_deadly);
      if (!place.remark.empty()) log_warning("{}", place.remark);
      const std::string& level1 = job_.observation.level1_path;
      const std::string& following = job_.following_level2_path;
      if (const std::string deadly = tools_.why_deadly(following); !deadly.empty()) {
        throw ObservationError(
            fmt::format("{}: {}; its vane calibration is needed for this sky dip", following, deadly));
      }
      const RerunQuestion question{tools_.stages, level1,    place.path,
                                   job_.snapshot, following, tools_.why_deadly(place.path)};
      path_ = place.path;
      with_retries(tools_.config.io, level1, [&] {
        inputs_ = identify_inputs(level1, path_);
        plan_ = plan_rerun(question);
      });
      if (plan_.up_to_date()) restore_result();
    });
    path_ = share(team_, path_);
    plan_ = share(team_, plan_);
    outcome_.result.level2_path = path_;
    outcome_.result.level2_digest = settings_digest(plan_.records);
    if (plan_.up_to_date()) {
      outcome_.status = ObservationOutcome::Status::up_to_date;
      return;
    }
    if (team_.rank() == 0) log_info("starting: {}", plan_.text());
    for (std::size_t i = 0; i < tools_.stages.size(); ++i) {
      if (plan_.runs(i)) running_.push_back(tools_.stages[i].get());
    }
  }

  /// The file is complete but the catalogue does not know: a run died in between. The file tells what to record; where
  /// it cannot, its copy of the catalogue is made anew.
  void restore_result() {
    if (job_.observation.level2_path == std::filesystem::absolute(path_).lexically_normal().string()) return;
    try {
      outcome_.result = read_sql_snapshot(h5::File::open_read(path_));
      outcome_.result.obsid = job_.observation.obsid;
    } catch (const IoError& error) {
      for (std::size_t i = 0; i < tools_.stages.size(); ++i) {
        if (tools_.stages[i]->copies_catalogue()) plan_.reasons[i] = error.what();
      }
    }
  }

  void prepare() {
    observation_.obsid = job_.observation.obsid;
    observation_.source = job_.observation.source;
    observation_.source_group = job_.observation.source_group;
    observation_.following_level2_path = job_.following_level2_path;
    observation_.n_freq_bin = tools_.config.level2.gain_filter.n_freq_bin;
    timed("check_level1", [&] {
      // One rank opens and checks first: what is wrong with the file is found out once, not by all at the same time.
      team_.run_agreed("check_level1", [&] {
        if (team_.rank() != 0) return;
        if (plan_.needs_level1) tools_.probe(job_.observation.level1_path);
        read_metadata();
      });
      team_.run_agreed("check_level1", [&] {
        if (team_.rank() != 0) read_metadata();
      });
    });
    // With Level-1 at hand stages whose results are kept say again what others need to know, vane events and scans.
    for (const Stage* stage : plan_.needs_level1 ? all_of(tools_.stages) : running_) {
      timed(stage->name(), [&] { team_.run_agreed(stage->name(), [&] { stage->prepare(observation_); }); });
      outcome_.result.troubles = merged(observation_.troubles);
    }
  }

  void read_metadata() {
    if (!plan_.needs_level1) {
      observation_.level1 = read_level1_copies(path_);
      observation_.products = read_observation_products(h5::File::open_read(path_), kept_datasets());
      const auto edges = observation_.products.flat(level2::kScanEdges);
      observation_.scans = checked_scans(path_, edges, observation_.level1.n_samples);
      observation_.pointing_faults = bridge_pointing(tools_.config.level2.check_level1, observation_.level1);
      return;
    }
    with_retries(tools_.config.io, job_.observation.level1_path, [&] {
      observation_.level1 = read_level1_metadata(job_.observation.level1_path, job_.observation.obsid);
      observation_.troubles = observation_.level1.troubles;
    });
  }

  /// Results in the file that are used: those that its stages have written and would write now.
  DatasetList kept_datasets() const {
    DatasetList kept;
    for (std::size_t i = 0; i < plan_.records.size(); ++i) {
      if (!plan_.reuses[i]) continue;
      const std::vector<StageOutput>& written = plan_.earlier.at(plan_.records[i].stage).outputs;
      std::ranges::copy_if(tools_.stages[i]->writes(), std::back_inserter(kept), [&](const level2::Dataset* dataset) {
        return std::ranges::find(written, dataset->path, &StageOutput::path) != written.end();
      });
    }
    return kept;
  }

  DatasetList datasets() const {
    DatasetList all;
    for (const Stage* stage : running_) std::ranges::copy(datasets_of(*stage, observation_), std::back_inserter(all));
    return all;
  }

  /// The file to start from, without what the stages that run have written there.
  std::optional<EarlierFile> earlier() const {
    if (!plan_.no_earlier_file.empty()) return std::nullopt;
    EarlierFile file{path_, {}};
    std::vector<std::string> stages = plan_.dropped;
    for (const Stage* stage : running_) stages.emplace_back(stage->name());
    for (const std::string& stage : stages) {
      const auto record = plan_.earlier.find(stage);
      if (record == plan_.earlier.end()) continue;
      for (const StageOutput& output : record->second.outputs) file.removed.push_back(output.path);
    }
    for (const std::string& stage : plan_.dropped) file.removed.push_back(stage_record_path(stage));
    return file;
  }

  /// Datasets of the stages whose results are kept, as they would write them now.
  DatasetList datasets_of_others() const {
    DatasetList all;
    for (const auto& stage : tools_.stages) {
      if (!runs(stage->name())) std::ranges::copy(datasets_of(*stage, observation_), std::back_inserter(all));
    }
    return all;
  }

  bool runs(std::string_view stage) const { return std::ranges::find(running_, stage, &Stage::name) != running_.end(); }

  void copy_from_level1(Level2Writer& writer) {
    if (!runs("create_level2")) return;
    const auto& config = tools_.config.level2.create_level2;
    for (std::string& path : copy_level1_datasets(observation_.level1, config, writer, team_)) {
      record_of("create_level2").outputs.push_back({std::move(path), "copy"});
    }
  }

  StageRecord& record_of(std::string_view stage) {
    return *std::ranges::find(plan_.records, stage, &StageRecord::stage);
  }

  void process_feeds(Level2Writer& writer) {
    const Deliveries deliveries = combined_deliveries(running_);
    const bool reads_samples = deliveries.vane_samples || deliveries.scan_samples || deliveries.between_scans;
    team_.run_agreed("open the earlier Level-2 file", [&] {
      if (!plan_.no_earlier_file.empty()) return;
      earlier_.emplace(h5::File::open_read(path_));
      if (plan_.needs_level1) check_shapes(*earlier_, datasets_of_others(), axis_lengths(observation_));
    });
    if (reads_samples) open_tod(writer);
    const std::int64_t max_block = tools_.config.level2.find_scans.max_block_samples;
    const PassPlan plan{observation_, running_, deliveries, plan_pieces(observation_, deliveries, max_block),
                        // A stored chunk holds all bands: reading band by band would inflate it four times.
                        by_raw_chunks_ ? std::numeric_limits<std::int64_t>::max() : max_block,
                        tools_.config.io.read_ahead, tools_.between_blocks, &tools_.config.level2.check_level1};
    const std::vector<int> rows = science_rows();
    const auto n_ranks = static_cast<std::size_t>(team_.size());
    std::vector<int> mine;
    for (auto i = static_cast<std::size_t>(team_.rank()); i < rows.size(); i += n_ranks) mine.push_back(rows[i]);
    std::optional<FeedPrefetch> prefetch;
    team_.run_agreed("read ahead", [&] {
      if (!tod_ || !tools_.config.io.read_ahead) return;
      prefetch.emplace(observation_.level1.path, tod_->info(), mine, team_.size());
    });
    for (std::size_t i = 0; i * n_ranks < rows.size(); ++i) {
      if (prefetch) prefetch->begin(i);
      pass(plan, i < mine.size() ? mine[i] : -1, writer);
    }
    n_samples_left_ = team_.sum(n_samples_left_);
    outcome_.tod_bytes = team_.sum(tod_ ? tod_->tod_bytes_read() : 0);
    outcome_.stored_bytes = team_.sum(tod_ ? tod_->stored_bytes_read() : 0);
  }

  /// Rows of the Level-1 file that are processed.
  std::vector<int> science_rows() const {
    const Level1Metadata& level1 = observation_.level1;
    std::vector<int> rows;
    for (int row = 0; row < level1.n_feeds; ++row) {
      const int feed = level1.feeds[row];
      if (feed >= 1 && feed <= kScienceFeeds) rows.push_back(row);
    }
    return rows;
  }

  void open_tod(Level2Writer& writer) {
    team_.run_agreed("open the Level-1 file", [&] { by_raw_chunks_ = level1_has_raw_chunks(); });
    writer.agreed("open the Level-1 file", [&] {
      level1_.emplace(tools_.files.open_read(observation_.level1.path, !by_raw_chunks_));
      tod_.emplace(*level1_, observation_.level1.order);
    });
  }

  bool level1_has_raw_chunks() const {
    return TodReader::reads_raw_chunks(h5::File::open_read(observation_.level1.path).info("spectrometer/tod"));
  }

  /// One feed on this rank; feed_row -1 = none.
  void pass(const PassPlan& plan, int feed_row, Level2Writer& writer) {
    FeedResult result;
    if (feed_row >= 0) result.feed = observation_.level1.feeds[feed_row];
    team_.run_agreed("results that are kept", [&] {
      if (earlier_ && feed_row >= 0) {
        result.products = read_feed_products(*earlier_, kept_datasets(), result.feed, feed_row);
      }
    });
    if (tod_) {
      run_feed_pass(plan, result.feed, feed_row, *tod_, team_, result.products, outcome_.seconds);
      if (feed_row >= 0 && plan.deliveries.scan_samples) {
        n_samples_left_ += n_samples_left(observation_, result.products.flat(level2::kSampleFlags));
      }
    } else {
      team_.run_agreed("stages without samples", [&] {
        plan.between_blocks();
        if (feed_row >= 0) finish_feed_without_tod(plan, result.feed, result.products, outcome_.seconds);
      });
    }
    timed("write", [&] { writer.write_feed(result.feed, feed_row, result.products); });
    if (feed_row < 0) return;
    quality_.push_back({result.feed, without_time_streams(result.products)});
  }

  ProductTable without_time_streams(const ProductTable& products) const {
    ProductTable kept = products;
    add_sample_counts(observation_, tools_.config.mapmake.glitch_sigma, kept);
    for (const auto& stage : tools_.stages) {
      for (const level2::Dataset* dataset : stage->writes()) {
        if (dataset->has_axis(level2::Axis::sample)) kept.erase(dataset->path);
      }
    }
    return kept;
  }

  void finalize(Level2Writer& writer) {
    const std::vector<FeedResult> feeds = gather_feed_results(quality_, team_);
    team_.run_agreed("summary", [&] {
      if (team_.rank() != 0) return;
      fill_catalogue_values(observation_, tools_.stages, feeds, outcome_.result);
      outcome_.result.troubles = observation_troubles(observation_, running_, feeds,
                                                      earlier_ ? read_troubles(*earlier_) : std::vector<Trouble>());
      const bool has_read_scans = tod_ && combined_deliveries(running_).scan_samples && !observation_.scans.empty();
      if (has_read_scans && n_samples_left_ == 0) {
        throw ObservationError(observation_.level1.path + ": no sample of any scan is left" +
                               why_no_samples(outcome_.result.troubles));
      }
    });
    outcome_.result = share(team_, outcome_.result);  // goes into the file on every rank
    complete_records();
    writer.agreed("finalize_metadata", [&] {
      for (const StageRecord& record : plan_.records) {
        if (runs(record.stage)) write_stage_record(writer.file(), record);
      }
      write_attributes(writer.file());
      writer.file().create_group(level2::kTroublesGroup);
      writer.file().write_attribute(level2::kTroublesGroup, level2::kTroublesAttribute,
                                    json_text(to_json(outcome_.result.troubles)));
      writer.file().write_attribute("/", "software", "comap_mpi " + software_version() + " " + git_commit());
      writer.file().write_attribute("/", "configuration", tools_.config_text);
      write_sql_snapshot(writer.file(), job_.snapshot, outcome_.result);
    });
    team_.run_agreed("the inputs are still the same", [&] {
      if (team_.rank() == 0)
        check_inputs(job_.observation.level1_path, job_.following_level2_path, plan_, path_, inputs_);
    });
    writer.commit();
    outcome_.result.complete = true;
  }

  void write_attributes(h5::File& file) const {
    for (const Stage* stage : running_) {
      for (const OutputAttribute& attribute : stage->attributes()) {
        file.write_attribute(attribute.object, attribute.name, attribute.value);
      }
    }
  }

  void complete_records() {
    for (const Stage* stage : running_) {
      StageRecord& record = record_of(stage->name());
      for (const level2::Dataset* dataset : datasets_of(*stage, observation_)) {
        record.outputs.push_back({std::string(dataset->path), std::string(part_name(dataset->feed_axis()))});
      }
      for (const OutputAttribute& attribute : stage->attributes())
        record.outputs.push_back({attribute.object, "group"});
      if (stage->copies_catalogue()) record.outputs.push_back({std::string(level2::kSqlSnapshot), "group"});
    }
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
  RerunPlan plan_;
  ObservationInputs inputs_;  ///< on rank 0 of the team
  StageSelection running_;    ///< the stages that run
  ObservationContext observation_;
  std::optional<h5::File> earlier_;  ///< the file of which results are kept
  std::optional<h5::File> level1_;   ///< opened by the team, for samples
  bool by_raw_chunks_ = false;
  std::optional<TodReader> tod_;
  std::vector<FeedResult> quality_;
  std::int64_t n_samples_left_ = 0;  ///< in scans, of all feeds and bands
};

}  // namespace

ObservationOutcome process_observation(const ObservationJob& job, const Level2Tools& tools) {
  const auto start = Clock::now();
  ObservationOutcome outcome;
  outcome.result.obsid = job.observation.obsid;
  try {
    ObservationRun(job, tools, outcome).run();
  } catch (const Error& error) {
    const bool stopped = dynamic_cast<const Stopped*>(&error) != nullptr;
    outcome.status = stopped ? ObservationOutcome::Status::stopped : ObservationOutcome::Status::failed;
    outcome.result.complete = false;
    outcome.result.level2_path.clear();
    outcome.result.error = error.what();
  }
  outcome.wall_s = std::chrono::duration<double>(Clock::now() - start).count();
  return outcome;
}

}  // namespace comap
