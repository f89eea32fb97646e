// Linked into parallel programs that are built with sanitizers.
#include <sys/resource.h>

/// Libraries that are unloaded have no name in a report of leaks, and Open MPI unloads its plugins: none is.
extern "C" int dlclose(void*) noexcept { return 0; }

/// A sanitizer takes terabytes of address space: no limit that a process sets itself can hold.
extern "C" int setrlimit(__rlimit_resource_t, const struct rlimit*) noexcept { return 0; }
