# Suites in other languages, run against the programs of this build: real clients in node and
# Python, the page in a browser. Each prints `N passed, N failed` last.

find_program(NODE NAMES node nodejs)

# The distribution's interpreter, because python3-websockets is its package.
set(PYTHON /usr/bin/python3)

# A name with "slow" in it is for `make check-slow`.
function(rill_suite label source)
  get_filename_component(name ${source} NAME_WE)
  set(labels ${label})
  if(name MATCHES "slow")
    list(APPEND labels slow)
  endif()
  rill_test(${label}/${name} LABELS ${labels} COMMAND ${ARGN} ${source})
endfunction()

file(GLOB interop_node CONFIGURE_DEPENDS interop/*.test.js interop/*.test.mjs interop/*.test.cjs)
file(GLOB interop_python CONFIGURE_DEPENDS interop/*_test.py)
file(GLOB browser CONFIGURE_DEPENDS browser/*.test.js browser/*.test.mjs browser/*.test.cjs)

if((interop_node OR browser) AND NOT NODE)
  rill_missing_package("The suites in node" nodejs)
else()
  foreach(source ${interop_node})
    rill_suite(interop ${source} ${NODE})
  endforeach()
  foreach(source ${browser})
    rill_suite(browser ${source} ${NODE})
  endforeach()
endif()
foreach(source ${interop_python})
  rill_suite(interop ${source} ${PYTHON})
endforeach()
