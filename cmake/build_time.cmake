# comap_batches(TARGET): compiles sources of one folder together, up to COMAP_BATCH of them, which reads the headers that
# they share once; benchmarks/build.sh measures what this saves. So in one folder no two names in unnamed namespaces may be
# alike. Larger batches save little more, and a change of one source compiles its whole batch. Sources with options of
# their own stay alone.
set(COMAP_BATCH 14 CACHE STRING "Sources compiled together at most; 1 for each by itself, as clang-tidy reads them")

function(comap_batches target)
  if(COMAP_BATCH EQUAL 1)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  foreach(source ${sources})
    get_filename_component(folder ${source} DIRECTORY)
    list(APPEND folders ${folder})
    list(APPEND sources_in_${folder} ${source})
  endforeach()
  list(REMOVE_DUPLICATES folders)
  foreach(folder ${folders})
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${folder})
    string(MAKE_C_IDENTIFIER ${name} name)
    list(LENGTH sources_in_${folder} n)
    math(EXPR n_batches "(${n} + ${COMAP_BATCH} - 1) / ${COMAP_BATCH}")
    set(i 0)
    foreach(source ${sources_in_${folder}})
      math(EXPR batch "${i} * ${n_batches} / ${n}")
      math(EXPR i "${i} + 1")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${name}_${batch})
    endforeach()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # To GCC every source of a batch is a header.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()
