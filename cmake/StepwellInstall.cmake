# `cmake --install`: the program, the libraries, the public headers, a CMake package and pkg-config
# files. Both libraries are static; the packages name what they need, so that a consumer links
# with find_package(stepwell) or `pkg-config stepwell` alone.

include(CMakePackageConfigHelpers)

set(STEPWELL_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/stepwell")
# Where llhttp is a library of the system, consumers must find and link it too.
if(Llhttp_LIBRARY_NAME)
  set(STEPWELL_FIND_LLHTTP "find_dependency(llhttp CONFIG)")
  set(STEPWELL_LLHTTP_FLAG " -l${Llhttp_LIBRARY_NAME}")
endif()

set_target_properties(stepwell_engine PROPERTIES OUTPUT_NAME stepwell)
target_compile_features(stepwell_engine PUBLIC cxx_std_20)
install(TARGETS stepwell_engine stepwell_server EXPORT stepwell
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY api/stepwell DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")
if(TARGET stepwell)
  install(TARGETS stepwell RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(FILES LICENSE README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT stepwell NAMESPACE stepwell:: FILE stepwellTargets.cmake
  DESTINATION "${STEPWELL_PACKAGE_DIR}")
configure_package_config_file(cmake/stepwellConfig.cmake.in stepwellConfig.cmake
  INSTALL_DESTINATION "${STEPWELL_PACKAGE_DIR}")
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(stepwellConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/stepwellConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/stepwellConfigVersion.cmake"
  DESTINATION "${STEPWELL_PACKAGE_DIR}")

# Relative to the file itself, so that --prefix at installation counts.
file(RELATIVE_PATH STEPWELL_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
foreach(package IN ITEMS stepwell stepwell-server)
  configure_file(cmake/${package}.pc.in ${package}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${package}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
