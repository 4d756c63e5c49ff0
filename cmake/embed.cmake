# cmake -D OUT=page_files.c -P embed.cmake -- FILE...: writes the files as C arrays, as
# app/page_files.h declares them.

set(files)
set(past FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(past)
    list(APPEND files "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(past TRUE)
  endif()
endforeach()
list(SORT files)

set(arrays "")
set(rows "")
set(n 0)
foreach(file ${files})
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" hex HEX)
  file(SIZE "${file}" size)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  # The NUL is not counted; it keeps an empty file from being an empty array.
  string(APPEND arrays "static const unsigned char file_${n}[] = { ${bytes}0 };\n")
  string(APPEND rows "\t{ \"${name}\", file_${n}, ${size} },\n")
  math(EXPR n "${n} + 1")
endforeach()

file(WRITE "${OUT}" "/* Made by cmake/embed.cmake. */
#include \"page_files.h\"

${arrays}
const struct page_file page_files[] = {
${rows}\t{ NULL, NULL, 0 },
};
")
