# A ten-line program through pkg-config and find_package against an installed tree, and through
# add_subdirectory.
set(consumer ${CMAKE_CURRENT_SOURCE_DIR}/consumer/run.sh)
rill_test(consumer/install LABELS consumer COMMAND ${consumer} install)
set_tests_properties(consumer/install PROPERTIES FIXTURES_SETUP installed)
foreach(way pkg_config find_package)
  rill_test(consumer/${way} LABELS consumer COMMAND ${consumer} ${way})
  set_tests_properties(consumer/${way} PROPERTIES FIXTURES_REQUIRED installed)
endforeach()
rill_test(consumer/add_subdirectory LABELS consumer COMMAND ${consumer} add_subdirectory)
