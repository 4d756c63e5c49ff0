# tests/<layer>/<noun>_test.c tests src/<layer>/<noun>.c; found by path.

if(PkgConfig_FOUND)
  pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
endif()
if(NOT TARGET PkgConfig::CMOCKA)
  rill_missing_package("The unit tests" cmocka)
  return()
endif()

find_program(VALGRIND valgrind)
get_property(layers GLOBAL PROPERTY RILL_LAYER_NAMES)

file(GLOB support CONFIGURE_DEPENDS support/*.c)
add_library(test_support STATIC EXCLUDE_FROM_ALL ${support})
target_link_libraries(test_support PUBLIC rill_flags PkgConfig::CMOCKA rill_static)
target_include_directories(test_support PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
rill_see_all_layers(test_support)

function(rill_unit_test layer source)
  get_filename_component(file ${source} NAME_WE)
  string(REGEX REPLACE "_test$" "" noun ${file})
  set(target ${layer}_${file})
  rill_libraries_of(libraries ${source})
  if(libraries_MISSING)
    rill_missing_package("tests/${layer}/${file}.c" ${libraries_MISSING})
    return()
  endif()
  add_executable(${target} ${source})
  if(RILL_LAZY_TESTS)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  add_dependencies(unit_tests ${target})
  target_link_libraries(${target} PRIVATE test_support ${libraries})
  rill_see_all_layers(${target})
  rill_test(${layer}/${noun} LABELS unit ${layer} COMMAND ${target})
  # valgrind sees what the sanitizers cannot: reads of memory never written. On the codecs and the
  # promises of conn, which are small enough for its pace.
  if(VALGRIND AND NOT RILL_INSTRUMENTED AND layer MATCHES "^(wire|conn)$")
    rill_test(valgrind/${layer}/${noun} LABELS valgrind TIMEOUT 600
      COMMAND ${VALGRIND} --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
        $<TARGET_FILE:${target}>)
  endif()
endfunction()

foreach(layer ${layers})
  file(GLOB sources CONFIGURE_DEPENDS ${layer}/*_test.c)
  foreach(source ${sources})
    rill_unit_test(${layer} ${source})
  endforeach()
endforeach()
