# SPDX-License-Identifier: Apache-2.0
# The files of web/ as C, so that the program carries them and needs no folder beside it:
#   cmake -DDIR=web -DOUT=web.c -P tools/embed.cmake
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_json "application/json")
set(type_svg "image/svg+xml")

file(GLOB files ${DIR}/*)
set(data "")
set(rows "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  string(SUBSTRING ${extension} 1 -1 extension)
  if(NOT type_${extension})
    message(FATAL_ERROR "${file}: no content type is known for .${extension}")
  endif()
  string(MAKE_C_IDENTIFIER ${name} id)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  string(APPEND data "static const unsigned char ${id}[] = {${hex}};\n")
  string(APPEND rows "    { \"${name}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\", ${id}, sizeof ${id} },\n")
endforeach()
file(WRITE ${OUT} "/* Made of web/ by tools/embed.cmake. */\n#include \"server.h\"\n\n${data}\n"
  "const struct web_file web_files[] = {\n${rows}};\nconst size_t web_file_count = sizeof web_files / sizeof web_files[0];\n")
