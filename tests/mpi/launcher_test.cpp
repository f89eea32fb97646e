#include "mpi/launcher.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace comap {
namespace {

using mpi::MpiFamily;
using Variables = std::map<std::string, std::string>;

mpi::Launch read(const Variables& variables) {
  return mpi::read_launch([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

/// The message, or empty where a program of this library is let run as one of `n_ranks`.
std::string refusal(const Variables& variables, MpiFamily family, int n_ranks) {
  try {
    mpi::check_launcher(read(variables), family);
    mpi::check_world_size(read(variables), n_ranks, family);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

struct Case {
  std::string started_by;
  Variables variables;
  MpiFamily family;
  int n_ranks;          ///< that MPI finds
  std::string refused;  ///< part of the message; empty = runs
};

constexpr auto kOpenMpi = MpiFamily::open_mpi;
constexpr auto kMpich = MpiFamily::mpich;
const Variables kHydra = {
    {"PMI_RANK", "0"}, {"PMI_SIZE", "4"}, {"PMI_FD", "6"}, {"MPI_LOCALNRANKS", "2"}, {"MPI_LOCALRANKID", "0"}};
const Variables kPrte = {{"OMPI_COMM_WORLD_SIZE", "4"}, {"OMPI_COMM_WORLD_RANK", "0"}, {"PMIX_RANK", "0"}};
const Variables kSrun = {
    {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}};

Variables operator+(Variables one, const Variables& other) {
  one.insert(other.begin(), other.end());
  return one;
}

const std::vector<Case> kCases = {
    {"nobody", {}, kOpenMpi, 1, ""},
    {"nobody", {}, kMpich, 1, ""},
    {"mpirun of Open MPI", kPrte, kOpenMpi, 4, ""},
    {"mpirun of Open MPI", kPrte, kMpich, 1, "started 4 processes (OMPI_COMM_WORLD_SIZE), but they found 1 for MPI"},
    {"Hydra", kHydra, kMpich, 4, ""},
    {"Hydra", kHydra, kOpenMpi, 1, "started 4 processes (PMI_SIZE)"},
    {"MVAPICH2", {{"MV2_COMM_WORLD_SIZE", "2"}, {"MV2_COMM_WORLD_RANK", "0"}}, kOpenMpi, 1, "(MV2_COMM_WORLD_SIZE)"},
    {"jsrun", {{"JSM_NAMESPACE_SIZE", "2"}, {"JSM_NAMESPACE_RANK", "0"}}, kMpich, 1, "(JSM_NAMESPACE_SIZE)"},
    {"MPICH, which says those of a node", {{"MPI_LOCALNRANKS", "2"}}, kOpenMpi, 1, "2 processes on this node"},
    {"MPICH, which says those of a node", {{"MPI_LOCALNRANKS", "2"}}, kMpich, 6, ""},

    {"srun --mpi=pmix", kSrun + Variables{{"PMIX_RANK", "0"}}, kOpenMpi, 4, ""},
    {"srun --mpi=pmix", kSrun + Variables{{"PMIX_RANK", "0"}}, kMpich, 1, "started 4 processes (SLURM_STEP_NUM_TASKS)"},
    {"srun --mpi=pmi2", kSrun + Variables{{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}}, kMpich, 4, ""},
    {"srun --mpi=pmi2", kSrun + Variables{{"PMI_RANK", "0"}, {"PMI_FD", "6"}}, kMpich, 4, ""},
    {"srun --mpi=pmi2", kSrun + Variables{{"PMI_RANK", "0"}}, kOpenMpi, 1, "srun started 4 tasks without PMIx"},
    {"srun --mpi=none", kSrun, kOpenMpi, 1, "srun started 4 tasks without PMIx"},
    {"srun --mpi=none", kSrun, kMpich, 1, "started 4 processes (SLURM_STEP_NUM_TASKS)"},
    {"srun of old", {{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "2"}}, kOpenMpi, 1, "srun started 2 tasks"},
    {"srun --mpi=none -n 1", {{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "8"}}, kMpich, 1, ""},
    {"a batch script", {{"SLURM_STEP_ID", "4294967291"}, {"SLURM_NTASKS", "8"}}, kOpenMpi, 1, ""},
    {"a batch script", {{"SLURM_STEP_ID", "4294967291"}, {"SLURM_NTASKS", "8"}}, kMpich, 1, ""},

    {"mpirun in a step of one task", Variables{{"SLURM_STEP_NUM_TASKS", "1"}} + kPrte, kOpenMpi, 4, ""},
    {"Hydra, which starts its own helpers with srun", Variables{{"SLURM_STEP_NUM_TASKS", "2"}} + kHydra, kMpich, 4, ""},
    {"Hydra for one rank, in a task of srun --mpi=pmix",
     {{"PMIX_RANK", "3"}, {"PMI_RANK", "0"}, {"PMI_SIZE", "1"}},
     kMpich,
     1,
     ""},
    {"srun --mpi=pmix in a shell of srun --mpi=pmi2",
     {{"PMI_SIZE", "1"}, {"PMI_RANK", "0"}, {"PMIX_RANK", "1"}},
     kOpenMpi,
     4,
     ""},

    {"a launcher that says the rank alone", {{"PMIX_RANK", "1"}}, kMpich, 1, "calls this process rank 1 (PMIX_RANK)"},
    {"a launcher that says the rank alone", {{"PMI_RANK", "2"}}, kOpenMpi, 1, "rank 2 (PMI_RANK)"},
    {"a launcher that says the rank alone", {{"PALS_RANKID", "1"}}, kOpenMpi, 1, "(PALS_RANKID)"},
    {"a launcher that says the rank alone", {{"JSM_NAMESPACE_RANK", "1"}}, kMpich, 1, "(JSM_NAMESPACE_RANK)"},
    {"a launcher that says the rank alone", {{"MPI_LOCALRANKID", "1"}}, kOpenMpi, 1, "(MPI_LOCALRANKID)"},
    {"one rank on each node", {{"MPI_LOCALNRANKS", "1"}, {"PALS_RANKID", "1"}}, kOpenMpi, 1, "(PALS_RANKID)"},
    {"a launcher that says the rank alone", {{"PALS_RANKID", "1"}}, kMpich, 2, ""},
    {"a launcher that says nonsense", {{"PMI_SIZE", "many"}, {"PMI_RANK", ""}}, kMpich, 1, ""},
};

TEST(Launcher, RanksThatAreAloneAreRefused) {
  for (const Case& c : kCases) {
    const std::string library = c.family == kOpenMpi ? "Open MPI" : "MPICH";
    SCOPED_TRACE(c.started_by + ", a program of " + library);
    const std::string message = refusal(c.variables, c.family, c.n_ranks);
    if (c.refused.empty()) {
      EXPECT_EQ(message, "");
      continue;
    }
    EXPECT_NE(message.find(c.refused), std::string::npos) << message;
    EXPECT_NE(message.find(c.family == kOpenMpi ? "srun --mpi=pmix" : "srun --mpi=pmi2"), std::string::npos) << message;
    EXPECT_NE(message.find("mpirun"), std::string::npos) << message;
  }
}

TEST(Launcher, OneRankSpeaks) {
  EXPECT_TRUE(mpi::speaks_for_all(read({})));
  EXPECT_TRUE(mpi::speaks_for_all(read(kHydra)));
  EXPECT_FALSE(mpi::speaks_for_all(read({{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}})));
  EXPECT_FALSE(mpi::speaks_for_all(read({{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "4"}})));
  EXPECT_TRUE(mpi::speaks_for_all(read({{"PMIX_RANK", "1"}}))) << "rank 0 takes itself for the only one";
  EXPECT_FALSE(mpi::speaks_for_all(read({{"PMIX_RANK", "2"}})));
}

TEST(Launcher, MpiIsStartedOnlyUnderOne) {
  EXPECT_FALSE(mpi::is_launched(read({})));
  EXPECT_FALSE(mpi::is_launched(read({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}})));
  EXPECT_TRUE(mpi::is_launched(read(kSrun)));
  for (const char* rank : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "PALS_RANKID", "JSM_NAMESPACE_RANK"}) {
    EXPECT_TRUE(mpi::is_launched(read({{rank, "0"}}))) << rank;
  }
}

TEST(Launcher, TheLauncherOfThisRunIsUnderstood) {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const mpi::Launch launch = mpi::read_launch();
  EXPECT_EQ(launch.n_tasks, size);
  EXPECT_FALSE(launch.size_variable.empty());
  EXPECT_TRUE(mpi::is_launched(launch));
}

TEST(Launcher, TheLibraryHasNameAndVersion) {
  const std::string version = mpi::library_version();
  EXPECT_NE(version.find("MPI"), std::string::npos) << version;
  EXPECT_NE(version.find_first_of("0123456789"), std::string::npos) << version;
  EXPECT_EQ(version.find_first_of("\t\n:"), std::string::npos) << version;
}

}  // namespace
}  // namespace comap
