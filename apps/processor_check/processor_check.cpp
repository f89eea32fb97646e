// Ends the program with a message where the processor lacks instructions that the rest of it was compiled for, instead
// of "Illegal instruction". Compiled without -march, and from C headers alone: what a C++ header defines inline might
// be linked from a source that was compiled with it.
#include <stdlib.h>
#include <unistd.h>

namespace {

constexpr int kUsage = 2;  // as ExitCode of comap_mpi

struct Text {
  char text[2000] = "";
  size_t length = 0;

  void add(const char* words) {
    for (; *words != '\0' && length + 1 < sizeof text; ++words) text[length++] = *words;
  }
};

void add_missing(Text& missing, const char* feature) {
  if (missing.length > 0) missing.add(", ");
  missing.add(feature);
}

/// The newest level that this processor has, other than the one that it turned out not to have.
const char* level_of_this_processor() {
  const bool is_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  if (is_v3 && __builtin_strcmp(COMAP_ARCH, "x86-64-v3") != 0) return "x86-64-v3";
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt") ? "x86-64-v2" : "x86-64";
}

void end_with(const Text& missing) {
  Text message;
  char host[256] = "";
  message.add("comap_mpi: built for " COMAP_ARCH ": the processor of ");
  message.add(gethostname(host, sizeof host - 1) == 0 ? host : "this machine");
  message.add(" lacks ");
  message.add(missing.text);
  message.add("; build with -DCOMAP_ARCH=");
  message.add(level_of_this_processor());
  message.add(" (docs/install.md)\n");
  if (write(STDERR_FILENO, message.text, message.length) < 0) abort();
  _exit(kUsage);
}

// The first priority that is not the compiler's own: before every initialiser of the program.
__attribute__((constructor(101))) void check_processor() {
  __builtin_cpu_init();
  Text missing;
#define COMAP_FEATURE(name) \
  if (!__builtin_cpu_supports(name)) add_missing(missing, name);
#include "processor_features.inc"
  if (missing.length > 0) end_with(missing);
}

}  // namespace
