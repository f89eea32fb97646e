# What tests call from outside: Python with readers of our files, and PostgreSQL for a private server.
if(NOT COMAP_PYTHON)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/scripts/find_python.sh OUTPUT_VARIABLE python ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(COMAP_PYTHON "${python}" CACHE FILEPATH "Python with numpy, h5py and astropy, for tests" FORCE)
endif()
if(COMAP_PYTHON)
  comap_found(python ${COMAP_PYTHON})
else()
  comap_missing("python: one with numpy, h5py and astropy, in PATH or -DCOMAP_PYTHON=FILE (or -DCOMAP_BUILD_TESTS=OFF)")
endif()

file(GLOB postgres_bins /usr/lib/postgresql/*/bin /usr/pgsql-*/bin)
find_program(COMAP_PG_CTL pg_ctl HINTS ${postgres_bins})
if(COMAP_PG_CTL)
  comap_found(postgresql ${COMAP_PG_CTL})
else()
  comap_missing("postgresql: its pg_ctl, postgresql (or -DCOMAP_BUILD_TESTS=OFF)")
endif()
