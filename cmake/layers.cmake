# A layer is one object library that sees the headers of its own row of the table in
# ARCHITECTURE.md and no others: each layer's folder is linked into a root of its own
# (<build>/layers/<name>/<name>), and only the roots of the row are on the include path.

set(RILL_LAYER_ROOT ${PROJECT_BINARY_DIR}/layers)

add_library(rill_flags INTERFACE)
target_compile_options(rill_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow
  -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
  $<$<BOOL:${RILL_WERROR}>:-Werror>)
target_compile_definitions(rill_flags INTERFACE _GNU_SOURCE)
target_include_directories(rill_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)

# rill_layer(NAME SEES layer... LIBS library...)
function(rill_layer name)
  cmake_parse_arguments(ARG "" "" "SEES;LIBS" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY RILL_LAYER_NAMES ${name})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  file(MAKE_DIRECTORY ${RILL_LAYER_ROOT}/${name})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${name} ${RILL_LAYER_ROOT}/${name}/${name} SYMBOLIC)
  if(NOT sources)
    return()
  endif()
  add_library(rill_${name} OBJECT ${sources})
  target_link_libraries(rill_${name} PRIVATE rill_flags ${ARG_LIBS})
  foreach(layer ${name} ${ARG_SEES})
    target_include_directories(rill_${name} PRIVATE ${RILL_LAYER_ROOT}/${layer})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY RILL_LAYERS rill_${name})
endfunction()

# rill_see_all_layers(TARGET): for tests, which look at any layer's inside.
function(rill_see_all_layers target)
  get_property(names GLOBAL PROPERTY RILL_LAYER_NAMES)
  foreach(name ${names})
    target_include_directories(${target} PRIVATE ${RILL_LAYER_ROOT}/${name})
  endforeach()
endfunction()
