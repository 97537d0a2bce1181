# Compiler settings and developer switches shared by all targets.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

option(STEPWELL_DEVELOPER "Build tests, benchmarks and examples" ${PROJECT_IS_TOP_LEVEL})
option(STEPWELL_FUZZ "Build libFuzzer targets (needs clang)" OFF)
option(STEPWELL_COVERAGE "Instrument for gcov" OFF)
set(STEPWELL_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")

if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
endif()

find_program(STEPWELL_CCACHE ccache)
if(STEPWELL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${STEPWELL_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${STEPWELL_CCACHE}")
endif()

# Warnings are errors in our own code; third-party headers are SYSTEM includes.
function(stepwell_warnings target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror>
    # Options structs are written with designated initialisers, defaults left out on purpose.
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)
endfunction()

if(STEPWELL_SANITIZE)
  # g++ 12 loses sight of what a sanitizer's checks guard, and warns of optionals that are empty.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_compile_options(-fsanitize=${STEPWELL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1)
  add_link_options(-fsanitize=${STEPWELL_SANITIZE})
endif()
if(STEPWELL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(STEPWELL_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
