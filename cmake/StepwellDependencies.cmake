# Libraries come from the system's packages (packages.txt lists Debian's names).

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(wslay CONFIG REQUIRED)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.38)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
if(STEPWELL_DEVELOPER)
  find_package(doctest REQUIRED)
endif()
