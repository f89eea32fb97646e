# Two ways to read large headers less often; benchmarks/build.sh measures what they save.
option(COMAP_ONE_BY_ONE "Compile every source by itself and without precompiled headers, as clang-tidy reads it" OFF)
if(COMAP_ONE_BY_ONE)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()

# Outside headers that most sources include. A source includes what it needs all the same.
set(COMAP_COMMON_HEADERS
    <algorithm> <array> <charconv> <chrono> <cmath> <filesystem> <fstream> <functional> <limits> <map> <memory> <numeric>
    <optional> <set> <span> <sstream> <string> <string_view> <thread> <utility> <vector>
    <fmt/chrono.h> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>)

# comap_batches(TARGET SIZE): compiles up to SIZE sources of a folder at once. So in one folder no two names in unnamed
# namespaces may be alike. Larger batches save little more, and a change of one source compiles its whole batch.
# Sources with options of their own stay alone.
function(comap_batches target size)
  if(COMAP_ONE_BY_ONE)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  foreach(source ${sources})
    get_filename_component(folder ${source} DIRECTORY)
    file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${folder})
    string(MAKE_C_IDENTIFIER ${folder} group)
    math(EXPR batch "0${n_${group}} / ${size}")
    math(EXPR n_${group} "0${n_${group}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group}_${batch})
  endforeach()
endfunction()
