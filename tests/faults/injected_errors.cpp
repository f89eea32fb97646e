// A library to be preloaded: the n-th call of one kind on files whose path contains a text fails, or is short or slow.
//
//   COMAP_INJECT="KIND:N:TIMES:ERRNO:RANK:TEXT"
//
// KIND is open, read, write (also through a stream of C, and its closing), rename or sync; with N = 0 nothing fails.
// ERRNO is a number, or `short` (half of what a read asks for) or `slow` (0.2 s). Only the process that
// the launcher calls RANK is disturbed. How many calls there were is appended to the file that COMAP_INJECT_COUNT
// names.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

enum class Effect { none, error, shorter, slow };

struct Injection {
  std::string kind, text;
  long first = 0, times = 0;
  int error = 0;
  Effect effect = Effect::none;
  bool active = false;
  std::atomic<long> calls{0};

  Injection() {
    const char* setting = std::getenv("COMAP_INJECT");
    const char* rank = nullptr;
    for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
      if (rank == nullptr) rank = std::getenv(variable);
    }
    std::array<char, 16> kind_text{}, error_text{};
    std::array<char, 512> text_text{};
    int wanted_rank = -1;
    if (setting == nullptr || rank == nullptr ||
        std::sscanf(setting, "%15[^:]:%ld:%ld:%15[^:]:%d:%511s", kind_text.data(), &first, &times, error_text.data(),
                    &wanted_rank, text_text.data()) != 6) {
      return;
    }
    active = std::atoi(rank) == wanted_rank;
    kind = kind_text.data();
    text = text_text.data();
    const std::string what = error_text.data();
    effect = first == 0        ? Effect::none
             : what == "short" ? Effect::shorter
             : what == "slow"  ? Effect::slow
                               : Effect::error;
    error = std::atoi(what.c_str());
  }
  ~Injection() {
    const char* path = std::getenv("COMAP_INJECT_COUNT");
    if (!active || path == nullptr) return;
    if (std::FILE* file = std::fopen(path, "a")) {
      std::fprintf(file, "%ld\n", calls.load());
      std::fclose(file);
    }
  }

  /// What happens to this call.
  Effect next(const char* kind_of_call, const char* path) {
    if (!active || kind != kind_of_call || std::strstr(path, text.c_str()) == nullptr) return Effect::none;
    const long call = ++calls;
    if (effect == Effect::none || call < first || call >= first + times) return Effect::none;
    if (effect == Effect::slow) usleep(200000);
    if (effect == Effect::error) errno = error;
    return effect;
  }
};

Injection& injection() {
  static Injection one;
  return one;
}

Effect next_on(const char* kind, int descriptor) {
  if (!injection().active) return Effect::none;
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  if (readlink(link.c_str(), path.data(), path.size() - 1) < 0) return Effect::none;
  return injection().next(kind, path.data());
}

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

#define COMAP_OPEN(name)                                                   \
  int name(const char* path, int flags, ...) {                             \
    va_list arguments;                                                     \
    va_start(arguments, flags);                                            \
    const mode_t mode = mode_of(flags, arguments);                         \
    va_end(arguments);                                                     \
    if (injection().next("open", path) == Effect::error) return -1;        \
    return real<int (*)(const char*, int, ...)>(#name)(path, flags, mode); \
  }
COMAP_OPEN(open)
COMAP_OPEN(open64)

#define COMAP_OPENAT(name)                                                                 \
  int name(int directory, const char* path, int flags, ...) {                              \
    va_list arguments;                                                                     \
    va_start(arguments, flags);                                                            \
    const mode_t mode = mode_of(flags, arguments);                                         \
    va_end(arguments);                                                                     \
    if (injection().next("open", path) == Effect::error) return -1;                        \
    return real<int (*)(int, const char*, int, ...)>(#name)(directory, path, flags, mode); \
  }
COMAP_OPENAT(openat)
COMAP_OPENAT(openat64)

#define COMAP_FOPEN(name)                                                \
  FILE* name(const char* path, const char* mode) {                       \
    if (injection().next("open", path) == Effect::error) return nullptr; \
    return real<FILE* (*)(const char*, const char*)>(#name)(path, mode); \
  }
COMAP_FOPEN(fopen)
COMAP_FOPEN(fopen64)

size_t fread(void* buffer, size_t size, size_t n, FILE* file) {
  if (next_on("read", fileno(file)) == Effect::error) return 0;
  return real<size_t (*)(void*, size_t, size_t, FILE*)>("fread")(buffer, size, n, file);
}

size_t fwrite(const void* buffer, size_t size, size_t n, FILE* file) {
  if (next_on("write", fileno(file)) == Effect::error) return 0;
  return real<size_t (*)(const void*, size_t, size_t, FILE*)>("fwrite")(buffer, size, n, file);
}

/// Closing a stream writes what is left in its buffer.
int fclose(FILE* file) {
  const bool fails = next_on("write", fileno(file)) == Effect::error;
  const int error = errno;
  const int closed = real<int (*)(FILE*)>("fclose")(file);
  if (!fails) return closed;
  errno = error;
  return EOF;
}

ssize_t read(int descriptor, void* buffer, size_t bytes) {
  const Effect effect = next_on("read", descriptor);
  if (effect == Effect::error) return -1;
  if (effect == Effect::shorter && bytes > 1) bytes /= 2;
  return real<ssize_t (*)(int, void*, size_t)>("read")(descriptor, buffer, bytes);
}

ssize_t write(int descriptor, const void* buffer, size_t bytes) {
  if (next_on("write", descriptor) == Effect::error) return -1;
  return real<ssize_t (*)(int, const void*, size_t)>("write")(descriptor, buffer, bytes);
}

#define COMAP_PREAD(name)                                                                          \
  ssize_t name(int descriptor, void* buffer, size_t bytes, off_t offset) {                         \
    const Effect effect = next_on("read", descriptor);                                             \
    if (effect == Effect::error) return -1;                                                        \
    if (effect == Effect::shorter && bytes > 1) bytes /= 2;                                        \
    return real<ssize_t (*)(int, void*, size_t, off_t)>(#name)(descriptor, buffer, bytes, offset); \
  }
COMAP_PREAD(pread)
COMAP_PREAD(pread64)

#define COMAP_PWRITE(name)                                                                               \
  ssize_t name(int descriptor, const void* buffer, size_t bytes, off_t offset) {                         \
    if (next_on("write", descriptor) == Effect::error) return -1;                                        \
    return real<ssize_t (*)(int, const void*, size_t, off_t)>(#name)(descriptor, buffer, bytes, offset); \
  }
COMAP_PWRITE(pwrite)
COMAP_PWRITE(pwrite64)

#define COMAP_PREADV(name)                                                                        \
  ssize_t name(int descriptor, const iovec* parts, int n, off_t offset) {                         \
    const Effect effect = next_on("read", descriptor);                                            \
    if (effect == Effect::error) return -1;                                                       \
    if (effect == Effect::shorter && n > 1) n /= 2;                                               \
    return real<ssize_t (*)(int, const iovec*, int, off_t)>(#name)(descriptor, parts, n, offset); \
  }
COMAP_PREADV(preadv)
COMAP_PREADV(preadv64)

#define COMAP_PWRITEV(name)                                                                       \
  ssize_t name(int descriptor, const iovec* parts, int n, off_t offset) {                         \
    if (next_on("write", descriptor) == Effect::error) return -1;                                 \
    return real<ssize_t (*)(int, const iovec*, int, off_t)>(#name)(descriptor, parts, n, offset); \
  }
COMAP_PWRITEV(pwritev)
COMAP_PWRITEV(pwritev64)

int fallocate(int descriptor, int mode, off_t offset, off_t bytes) {
  if (next_on("write", descriptor) == Effect::error) return -1;
  return real<int (*)(int, int, off_t, off_t)>("fallocate")(descriptor, mode, offset, bytes);
}

ssize_t readv(int descriptor, const iovec* parts, int n) {
  if (next_on("read", descriptor) == Effect::error) return -1;
  return real<ssize_t (*)(int, const iovec*, int)>("readv")(descriptor, parts, n);
}

ssize_t writev(int descriptor, const iovec* parts, int n) {
  if (next_on("write", descriptor) == Effect::error) return -1;
  return real<ssize_t (*)(int, const iovec*, int)>("writev")(descriptor, parts, n);
}

int rename(const char* from, const char* to) {
  if (injection().next("rename", to) == Effect::error) return -1;
  return real<int (*)(const char*, const char*)>("rename")(from, to);
}

int fsync(int descriptor) {
  if (next_on("sync", descriptor) == Effect::error) return -1;
  return real<int (*)(int)>("fsync")(descriptor);
}

int fdatasync(int descriptor) {
  if (next_on("sync", descriptor) == Effect::error) return -1;
  return real<int (*)(int)>("fdatasync")(descriptor);
}

}  // extern "C"
