# Packages that only some tests and examples need. What a file links is read from what it
# includes, so that adding an example is adding a file.

find_package(PkgConfig QUIET)

# header as it is included, and the pkg-config name of the library behind it
set(RILL_PACKAGE_OF
  "microhttpd.h|libmicrohttpd"
  "event2/|libevent"
  "uv.h|libuv"
  "libwebsockets.h|libwebsockets"
  "glib|glib-2.0"
  "openssl/|openssl"
  "zlib.h|zlib"
  "pthread.h|threads")

# rill_missing_package(WHO NAME): a note, or an error where everything has to be there.
function(rill_missing_package who name)
  if(RILL_REQUIRE_ALL)
    message(FATAL_ERROR "${who} needs ${name}, which is not installed")
  endif()
  message(STATUS "${who} is left out: ${name} is not installed")
endfunction()

# rill_libraries_of(OUT SOURCE): sets OUT to the libraries whose headers SOURCE includes, and
# OUT_MISSING to the name of the first one that is not installed.
function(rill_libraries_of out source)
  set(libraries)
  set(missing)
  file(STRINGS ${source} includes REGEX "^#include <")
  # A changed include changes what is linked.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  foreach(row ${RILL_PACKAGE_OF})
    string(REPLACE "|" ";" row "${row}")
    list(GET row 0 header)
    list(GET row 1 name)
    string(FIND "${includes}" "<${header}" at)
    if(at EQUAL -1)
      continue()
    endif()
    if(name STREQUAL "threads")
      find_package(Threads REQUIRED)
      list(APPEND libraries Threads::Threads)
      continue()
    endif()
    string(MAKE_C_IDENTIFIER "RILL_PKG_${name}" package)
    if(PkgConfig_FOUND)
      pkg_check_modules(${package} QUIET IMPORTED_TARGET GLOBAL ${name})
    endif()
    if(TARGET PkgConfig::${package})
      list(APPEND libraries PkgConfig::${package})
    elseif(NOT missing)
      set(missing ${name})
    endif()
  endforeach()
  set(${out} ${libraries} PARENT_SCOPE)
  set(${out}_MISSING ${missing} PARENT_SCOPE)
endfunction()

# rill_public_program(TARGET SOURCES...): a program that uses rill like anybody else: public
# headers alone, the static library so that it runs from anywhere.
function(rill_public_program target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE rill_flags rill::static)
endfunction()
