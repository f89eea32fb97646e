#include "mpi/parallel_file.hpp"

#include <hdf5.h>

#include "core/error.hpp"

namespace comap::mpi {
namespace {

int close_properties(h5::Id id) { return H5Pclose(id); }

h5::Handle made(hid_t id) {
  if (id < 0) throw Error("HDF5 cannot make a property list");
  return {id, close_properties};
}

void require(herr_t status, const char* what) {
  if (status < 0) throw Error(std::string("HDF5 refuses a property: ") + what);
}

/// MPI_Info of the hints, freed with the object.
class Info {
 public:
  explicit Info(const std::map<std::string, std::string>& hints) {
    check(MPI_Info_create(&info_), "MPI_Info_create");
    // ROMIO crashes on a full disk when it writes with holes through a buffer.
    check(MPI_Info_set(info_, "romio_ds_write", "disable"), "MPI_Info_set");
    // The samples of a channel in a scan are long enough to be read as they are.
    check(MPI_Info_set(info_, "romio_ds_read", "disable"), "MPI_Info_set");
    for (const auto& [name, value] : hints) check(MPI_Info_set(info_, name.c_str(), value.c_str()), "MPI_Info_set");
  }
  ~Info() { MPI_Info_free(&info_); }
  Info(const Info&) = delete;
  Info& operator=(const Info&) = delete;
  MPI_Info native() const { return info_; }

 private:
  MPI_Info info_ = MPI_INFO_NULL;
};

h5::Handle access_properties(const MpiCommunicator& team, const std::map<std::string, std::string>& hints,
                             bool collective_metadata_reads) {
  h5::Handle access = made(H5Pcreate(H5P_FILE_ACCESS));
  const Info info(hints);
  require(H5Pset_fapl_mpio(access.id(), team.native(), info.native()), "MPI-IO driver");
  // Without it every process reads the same metadata, which overloads the metadata servers of Lustre.
  require(H5Pset_all_coll_metadata_ops(access.id(), collective_metadata_reads), "collective metadata reads");
  require(H5Pset_coll_metadata_write(access.id(), true), "collective metadata writes");
  require(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "library version");
  require(H5Pset_file_locking(access.id(), false, true), "file locking");
  require(H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG), "close degree");
  return access;
}

/// HDF5 1.10 sets the view of the file before a collective transfer and resets it after, both collective; a rank on
/// which reading fails leaves the second one out, and the others wait for it there, with the same hints. (Of writing
/// HDF5 hears no errors: file_errors.hpp.)
void reset_view(h5::Id object, const std::map<std::string, std::string>& hints) {
  const h5::Handle file(H5Iget_file_id(object), [](h5::Id id) { return int{H5Fclose(id)}; });
  void* driver_file = nullptr;
  if (file.id() >= 0 && H5Fget_vfd_handle(file.id(), H5P_DEFAULT, &driver_file) >= 0 && driver_file != nullptr) {
    const Info info(hints);
    MPI_File_set_view(*static_cast<MPI_File*>(driver_file), 0, MPI_BYTE, MPI_BYTE, "native", info.native());
  }
  H5Eclear2(H5E_DEFAULT);
}

h5::Transfer collective_transfer(const std::map<std::string, std::string>& hints) {
  h5::Transfer transfer{made(H5Pcreate(H5P_DATASET_XFER)), [hints](h5::Id object) { reset_view(object, hints); }};
  require(H5Pset_dxpl_mpio(transfer.properties.id(), H5FD_MPIO_COLLECTIVE), "collective transfer");
  return transfer;
}

}  // namespace

h5::File ParallelFiles::open_read(const std::string& path, bool collective) const {
  return h5::File::open_read(path, access_properties(team_, hints_, collective), collective_transfer(hints_));
}

h5::File ParallelFiles::open_write(const std::string& path) const {
  return h5::File::open_write(path, access_properties(team_, hints_, true), collective_transfer(hints_));
}

h5::File ParallelFiles::create(const std::string& path) const {
  return h5::File::create(path, access_properties(team_, hints_, true), collective_transfer(hints_));
}

}  // namespace comap::mpi
