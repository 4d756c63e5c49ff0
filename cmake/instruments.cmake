# What a build carries besides the code: sanitizers, coverage counters, link-time optimisation.

if(RILL_SANITIZE)
  add_compile_options(-fsanitize=${RILL_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RILL_SANITIZE})
endif()

if(RILL_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "The fuzz targets need clang: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(RILL_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# Such a build proves things about the code; it is not the one to install or to run under valgrind.
if(RILL_SANITIZE OR RILL_COVERAGE OR CMAKE_C_FLAGS MATCHES "-fsanitize")
  set(RILL_INSTRUMENTED ON)
else()
  set(RILL_INSTRUMENTED OFF)
endif()

if(RILL_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(LANGUAGES C)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
