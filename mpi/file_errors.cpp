#include "mpi/file_errors.hpp"

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

// Functions of MPI-IO that HDF5 calls, each in front of the one of the same name that MPI's profiling interface gives
// (PMPI_...). They have no argument in which to find an object of ours, so what they keep is global.

namespace {

struct OpenFile {
  std::string name;
  bool is_given_up = false;  ///< its error has been said: what follows from it need not be
};

std::map<MPI_File, OpenFile> open_files;
MPI_File failed_file = MPI_FILE_NULL;
std::string first_error;
std::set<MPI_Datatype> kept_types;

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

/// As after a success: HDF5 counts the bytes.
int pretend_written(MPI_File file, int count, MPI_Datatype type, MPI_Status* written, int status) {
  if (status == MPI_SUCCESS) return status;
  keep_error(file, "write", status);
  keep_type(type, status);
  MPI_Count size = 0;
  PMPI_Type_size_x(type, &size);
  if (written != MPI_STATUS_IGNORE) PMPI_Status_set_elements_x(written, MPI_BYTE, size * count);
  return MPI_SUCCESS;
}

/// ROMIO takes what stands before a colon for the kind of a file system, and the file for missing when it knows no such
/// kind: "ufs:" is the one of plain files. The other file access of Open MPI takes names as they are.
std::string literal_name(const char* name) {
  const char* access = std::getenv("OMPI_MCA_io");  // set in any case (environment.cpp)
  const bool is_romio = access != nullptr && std::string_view(access).starts_with("romio");
  return is_romio && std::strchr(name, ':') != nullptr ? std::string("ufs:") + name : name;
}

}  // namespace

std::string comap::mpi::take_file_error() {
  if (first_error.empty()) return {};
  if (const auto file = open_files.find(failed_file); file != open_files.end()) file->second.is_given_up = true;
  return std::exchange(first_error, {});
}

extern "C" {

int MPI_File_open(MPI_Comm ranks, const char* name, int mode, MPI_Info info, MPI_File* file) {
  const int status = PMPI_File_open(ranks, literal_name(name).c_str(), mode, info, file);
  if (status == MPI_SUCCESS) open_files[*file] = {name};
  return status;
}

int MPI_File_delete(const char* name, MPI_Info info) { return PMPI_File_delete(literal_name(name).c_str(), info); }

int MPI_File_close(MPI_File* file) {
  open_files.erase(*file);
  return PMPI_File_close(file);
}

int MPI_File_write_at(MPI_File file, MPI_Offset offset, const void* values, int count, MPI_Datatype type,
                      MPI_Status* written) {
  errno = 0;
  const int status = PMPI_File_write_at(file, offset, values, count, type, written);
  return pretend_written(file, count, type, written, status);
}

int MPI_File_write_at_all(MPI_File file, MPI_Offset offset, const void* values, int count, MPI_Datatype type,
                          MPI_Status* written) {
  errno = 0;
  const int status = PMPI_File_write_at_all(file, offset, values, count, type, written);
  return pretend_written(file, count, type, written, status);
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

int MPI_File_read_at(MPI_File file, MPI_Offset offset, void* values, int count, MPI_Datatype type, MPI_Status* read) {
  const int status = PMPI_File_read_at(file, offset, values, count, type, read);
  keep_type(type, status);
  return status;
}

int MPI_File_read_at_all(MPI_File file, MPI_Offset offset, void* values, int count, MPI_Datatype type,
                         MPI_Status* read) {
  const int status = PMPI_File_read_at_all(file, offset, values, count, type, read);
  keep_type(type, status);
  return status;
}

int MPI_Type_free(MPI_Datatype* type) {
  if (kept_types.contains(*type)) {
    *type = MPI_DATATYPE_NULL;
    return MPI_SUCCESS;
  }
  return PMPI_Type_free(type);
}

}  // extern "C"
