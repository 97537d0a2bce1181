# Finds llhttp, the HTTP/1 parser of Node.js.
#
# Where the system has it as a library (Debian 13, Homebrew, vcpkg) that is used. Debian 12 has only
# its generated C sources, in the package node-llhttp; they are compiled into the target that needs
# them, because a static library of their own would have to be installed beside ours.
#
# Sets Llhttp_FOUND, and Llhttp_LIBRARY_NAME where it is a library (what a consumer of our static ones
# links besides), and defines stepwell_use_llhttp(target).

find_package(llhttp CONFIG QUIET)
if(TARGET llhttp::llhttp_static)
  set(Llhttp_LIBRARY llhttp::llhttp_static)
elseif(TARGET llhttp::llhttp_shared)
  set(Llhttp_LIBRARY llhttp::llhttp_shared)
else()
  find_path(Llhttp_INCLUDE_DIR llhttp.h PATH_SUFFIXES llhttp)
  find_path(Llhttp_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp PATH_SUFFIXES share/llhttp)
  find_path(Llhttp_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp
            PATH_SUFFIXES share/include/llhttp)
  if(Llhttp_SOURCE_DIR)
    set(Llhttp_LIBRARY "${Llhttp_SOURCE_DIR}/llhttp.c")
  endif()
endif()

if(TARGET "${Llhttp_LIBRARY}")
  set(Llhttp_LIBRARY_NAME llhttp)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Llhttp REQUIRED_VARS Llhttp_LIBRARY
  REASON_FAILURE_MESSAGE "install libllhttp-dev, or node-llhttp on Debian 12")

function(stepwell_use_llhttp target)
  if(TARGET "${Llhttp_LIBRARY}")
    target_link_libraries(${target} PRIVATE ${Llhttp_LIBRARY})
    return()
  endif()
  set(sources "${Llhttp_SOURCE_DIR}/llhttp.c" "${Llhttp_SOURCE_DIR}/api.c"
              "${Llhttp_SOURCE_DIR}/http.c")
  target_sources(${target} PRIVATE ${sources})
  # The sources hold a strict and a loose parser; the strict one is compiled.
  set_source_files_properties(${sources} TARGET_DIRECTORY ${target} PROPERTIES
    COMPILE_DEFINITIONS LLHTTP_STRICT_MODE=1 COMPILE_OPTIONS "-w")
  target_include_directories(${target} SYSTEM PRIVATE "${Llhttp_INCLUDE_DIR}")
endfunction()
