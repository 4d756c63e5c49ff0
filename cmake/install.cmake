# Everything is found from where it lies (rill.pc by ${pcfiledir}, the CMake package by its own
# folder), so that `make install PREFIX=` may differ from the prefix at configuration time and a
# DESTDIR tree can be built against as it stands.
include(CMakePackageConfigHelpers)

install(TARGETS rill EXPORT rillTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS rill_static EXPORT rillStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/rill DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET rill_program)
  install(TARGETS rill_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# What the static library needs besides, when it was there.
set(isal_found FALSE)
set(rill_pc_isal)
if(TARGET PkgConfig::ISAL)
  set(isal_found TRUE)
  set(rill_pc_isal ", libisal")
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rill)
install(EXPORT rillTargets NAMESPACE rill:: DESTINATION ${package_dir})
install(EXPORT rillStaticTargets NAMESPACE rill:: DESTINATION ${package_dir})
configure_package_config_file(cmake/rillConfig.cmake.in rillConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(rillConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rillConfig.cmake ${PROJECT_BINARY_DIR}/rillConfigVersion.cmake
  DESTINATION ${package_dir})

file(RELATIVE_PATH pc_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(cmake/rill.pc.in rill.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rill.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

foreach(section 1 3 5 7)
  file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
  if(pages)
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endif()
endforeach()
