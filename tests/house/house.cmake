# The rules of the house: who may include what, headers that stand alone, what the libraries show.
file(GLOB house_tests CONFIGURE_DEPENDS house/*_test.py)
foreach(source ${house_tests})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  rill_test(house/${name} LABELS house COMMAND ${PYTHON} ${source})
endforeach()
