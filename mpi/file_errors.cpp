#include "mpi/file_errors.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <mpi.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/file_descriptor.hpp"

// Functions of MPI-IO that HDF5 calls, each in front of the one of the same name that MPI's profiling interface gives
// (PMPI_...). They have no argument in which to find an object of ours, so what they keep is global.

namespace {

struct OpenFile {
  std::string name;
  bool is_only_read = false;
  bool is_given_up = false;  ///< its error has been said: what follows from it need not be
};

std::map<MPI_File, OpenFile> open_files;
MPI_File failed_file = MPI_FILE_NULL;
std::string first_error;
std::set<MPI_Datatype> kept_types;

#if MPI_VERSION > 4 || (MPI_VERSION == 4 && MPI_SUBVERSION > 0)
constexpr auto type_size = PMPI_Type_size_c;
constexpr auto elements_in = PMPI_Get_elements_c;
constexpr auto set_elements = PMPI_Status_set_elements_c;
#else
constexpr auto type_size = PMPI_Type_size_x;
constexpr auto elements_in = PMPI_Get_elements_x;
constexpr auto set_elements = PMPI_Status_set_elements_x;
#endif

/// The reason given by the system, which ROMIO leaves in errno, or else by MPI.
std::string reason_of(int status) {
  if (errno != 0) return std::strerror(errno);
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  PMPI_Error_string(status, text.data(), &length);
  return {text.data(), static_cast<std::size_t>(length)};
}

void keep_error(MPI_File file, const char* action, int status) {
  const OpenFile& opened = open_files[file];
  if (status == MPI_SUCCESS || opened.is_given_up || !first_error.empty()) return;
  first_error = fmt::format("{}: cannot {}: {}", opened.name, action, reason_of(status));
  failed_file = file;
}

/// ROMIO 3.2 remembers the layout of a type for the time of a transfer, by the address of the type, and forgets to
/// forget it when the transfer fails. A later type at that address would be taken for the old one, and its values would
/// land anywhere in any file. So the address is never given to another.
void keep_type(MPI_Datatype type, int status) {
  if (status != MPI_SUCCESS) kept_types.insert(type);
}

MPI_Count bytes_of(int count, MPI_Datatype type) {
  MPI_Count size = 0;
  type_size(type, &size);
  return size * count;
}

/// Open MPI's own file access (ompio) drops errors of the disk in version 4.1, and tells only by the count that nothing
/// was moved. ROMIO gives the count that was asked for where it does not know better.
bool is_short(const MPI_Status& moved, MPI_Count asked_bytes) {
  MPI_Count bytes = 0;
  return elements_in(&moved, MPI_BYTE, &bytes) == MPI_SUCCESS && bytes != MPI_UNDEFINED && bytes < asked_bytes;
}

/// Calls `write(status)`, and is as after a success: HDF5 counts the bytes.
template <typename Write>
int written(MPI_File file, int count, MPI_Datatype type, MPI_Status* told, Write write) {
  const MPI_Count asked_bytes = bytes_of(count, type);
  MPI_Status moved{};
  errno = 0;
  int status = write(&moved);
  if (status == MPI_SUCCESS && is_short(moved, asked_bytes)) status = MPI_ERR_IO;
  keep_error(file, "write", status);
  keep_type(type, status);
  if (status != MPI_SUCCESS) set_elements(&moved, MPI_BYTE, asked_bytes);
  if (told != MPI_STATUS_IGNORE) *told = moved;
  return MPI_SUCCESS;
}

/// Calls `read(status)`. A file that is only read has been checked to be as long as it says, so that fewer bytes are an
/// error of the disk; HDF5 would fill with zeros. Behind the end of a file that is being written there is nothing yet.
template <typename Read>
int is_read(MPI_File file, int count, MPI_Datatype type, MPI_Status* told, Read read) {
  MPI_Status moved{};
  int status = read(&moved);
  if (status == MPI_SUCCESS && open_files[file].is_only_read && is_short(moved, bytes_of(count, type))) {
    status = MPI_ERR_IO;
  }
  keep_type(type, status);
  if (told != MPI_STATUS_IGNORE) *told = moved;
  return status;
}

/// Every MPI but Open MPI has ROMIO alone; there it depends on the version and on what environment.cpp and the user
/// say.
bool is_romio() {
#ifdef OPEN_MPI
  const char* access = std::getenv("OMPI_MCA_io");
  return access == nullptr ? OMPI_MAJOR_VERSION < 6 : std::string_view(access).starts_with("romio");
#else
  return true;
#endif
}

/// ROMIO takes what stands before a colon for the kind of a file system, and the file for missing when it knows no such
/// kind: "ufs:" is the one of plain files. The other file access of Open MPI takes names as they are.
std::string literal_name(const char* name) {
  return std::strchr(name, ':') != nullptr && is_romio() ? std::string("ufs:") + name : name;
}

/// Whether this process can open the file; one that is to be made need not be there yet.
bool can_open(const char* name, int mode) {
  const bool is_to_be_made = (mode & MPI_MODE_CREATE) != 0;
  const int kind = (mode & MPI_MODE_RDONLY) != 0 ? O_RDONLY : O_RDWR;
  return comap::FileDescriptor(::open(name, kind | O_CLOEXEC)).is_open() || (is_to_be_made && errno == ENOENT);
}

/// Asked before ompio opens a file: where one rank alone cannot, the others would wait in it for ever.
bool can_all_open(MPI_Comm ranks, const char* name, int mode) {
  int can = can_open(name, mode) ? 1 : 0;
  return PMPI_Allreduce(MPI_IN_PLACE, &can, 1, MPI_INT, MPI_MIN, ranks) == MPI_SUCCESS && can == 1;
}

/// Open MPI 5.0 keeps the hints of MPI_File_open from ROMIO, which then writes in ways that hold a lock for ever after
/// an error (romio_ds_write).
void give_hints_again([[maybe_unused]] MPI_File file, [[maybe_unused]] MPI_Info hints) {
#if defined(OPEN_MPI) && OMPI_MAJOR_VERSION >= 5
  if (hints != MPI_INFO_NULL) PMPI_File_set_info(file, hints);
#endif
}

}  // namespace

std::string comap::mpi::take_file_error() {
  if (first_error.empty()) return {};
  if (const auto file = open_files.find(failed_file); file != open_files.end()) file->second.is_given_up = true;
  return std::exchange(first_error, {});
}

extern "C" {

int MPI_File_open(MPI_Comm ranks, const char* name, int mode, MPI_Info info, MPI_File* file) {
  if (!is_romio() && !can_all_open(ranks, name, mode)) return MPI_ERR_ACCESS;
  const int status = PMPI_File_open(ranks, literal_name(name).c_str(), mode, info, file);
  if (status != MPI_SUCCESS) return status;
  open_files[*file] = {name, (mode & MPI_MODE_RDONLY) != 0};
  give_hints_again(*file, info);
  return status;
}

int MPI_File_delete(const char* name, MPI_Info info) { return PMPI_File_delete(literal_name(name).c_str(), info); }

int MPI_File_close(MPI_File* file) {
  open_files.erase(*file);
  return PMPI_File_close(file);
}

int MPI_File_write_at(MPI_File file, MPI_Offset offset, const void* values, int count, MPI_Datatype type,
                      MPI_Status* told) {
  return written(file, count, type, told,
                 [&](MPI_Status* moved) { return PMPI_File_write_at(file, offset, values, count, type, moved); });
}

int MPI_File_write_at_all(MPI_File file, MPI_Offset offset, const void* values, int count, MPI_Datatype type,
                          MPI_Status* told) {
  return written(file, count, type, told,
                 [&](MPI_Status* moved) { return PMPI_File_write_at_all(file, offset, values, count, type, moved); });
}

int MPI_File_sync(MPI_File file) {
  errno = 0;
  keep_error(file, "sync", PMPI_File_sync(file));
  return MPI_SUCCESS;
}

int MPI_File_set_size(MPI_File file, MPI_Offset size) {
  errno = 0;
  keep_error(file, "set the size", PMPI_File_set_size(file, size));
  return MPI_SUCCESS;
}

int MPI_File_read_at(MPI_File file, MPI_Offset offset, void* values, int count, MPI_Datatype type, MPI_Status* told) {
  return is_read(file, count, type, told,
                 [&](MPI_Status* moved) { return PMPI_File_read_at(file, offset, values, count, type, moved); });
}

int MPI_File_read_at_all(MPI_File file, MPI_Offset offset, void* values, int count, MPI_Datatype type,
                         MPI_Status* told) {
  return is_read(file, count, type, told,
                 [&](MPI_Status* moved) { return PMPI_File_read_at_all(file, offset, values, count, type, moved); });
}

int MPI_Type_free(MPI_Datatype* type) {
  if (kept_types.contains(*type)) {
    *type = MPI_DATATYPE_NULL;
    return MPI_SUCCESS;
  }
  return PMPI_Type_free(type);
}

}  // extern "C"
