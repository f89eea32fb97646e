#include "core/failure.hpp"

#include <gtest/gtest.h>

#include "core/message.hpp"
#include "core/rank_zero.hpp"
#include "core/stopping.hpp"

namespace comap {
namespace {

/// What another rank throws for an error of this one.
template <typename T>
void expect_kept(const T& thrown) {
  const auto failure = failure_of([&] { throw T(thrown); });
  try {
    throw_again(unpack<Failure>(pack(failure.value())), "stages, rank 1: ");
  } catch (const Error& error) {
    EXPECT_EQ(typeid(error), typeid(T)) << thrown.what();
    EXPECT_EQ(error.what(), "stages, rank 1: " + std::string(thrown.what()));
  }
}

TEST(Failure, KeepsItsTypeOnTheWay) {
  expect_kept(Stopped());
  expect_kept(ConfigError("no such key"));
  expect_kept(CatalogueError("not there"));
  expect_kept(IoError("cannot be read"));
  expect_kept(ReplacedFile("was replaced"));
  expect_kept(ObservationError("/data/a.hd5", "no scan"));
  expect_kept(Error("anything else"));
}

TEST(Failure, OfAnotherTypeIsAnError) {
  EXPECT_THROW(throw_again(*failure_of([] { throw Bug("ours"); })), Error);
  EXPECT_EQ(failure_of([] { throw std::runtime_error(""); })->text, "error without text");
  EXPECT_FALSE(failure_of([] {}));
}

TEST(Failure, OfTheOnlyRank) {
  const SerialCommunicator alone;
  const auto work = [] { throw IoError("a file"); };
  EXPECT_THROW(alone.run_agreed("reading", work), IoError);
  EXPECT_THROW(run_on_rank_zero(alone, work), IoError);
  EXPECT_THROW(run_collective(alone, "reading", work), IoError);
}

TEST(ObservationErrors, KnowWhatIsWrongWithoutThePath) {
  const ObservationError error("/data/a.hd5", "no scan");
  EXPECT_EQ(std::string(error.what()), "/data/a.hd5: no scan");
  EXPECT_EQ(error.without_path(), "no scan");
  EXPECT_EQ(ObservationError("no file at all").without_path(), "no file at all");
}

}  // namespace
}  // namespace comap
