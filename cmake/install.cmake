# What `cmake --install` puts where: headers, libraries, pkg-config and CMake files, the program.
include(CMakePackageConfigHelpers)

set(spw_libraries spanwire)
set(spw_pc spanwire)
if(SPW_BUILD_SDK)
  list(APPEND spw_libraries spanwire-sdk)
  list(APPEND spw_pc spanwire-sdk)
  # the program and the SDK find libspanwire beside them in a prefix the loader does not know
  set_target_properties(spanwire-sdk PROPERTIES INSTALL_RPATH "$ORIGIN")
  if(NOT BUILD_SHARED_LIBS)
    target_sources(spanwire-sdk PRIVATE $<TARGET_OBJECTS:spw_proto>) # an archive cannot refer to one that is not installed
  endif()
endif()

install(TARGETS ${spw_libraries} EXPORT spanwire-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/spanwire DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE-APACHE ${PROJECT_SOURCE_DIR}/LICENSE-MIT DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(TARGET spanwire-cli)
  file(RELATIVE_PATH spw_bin_to_lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
  file(RELATIVE_PATH spw_tool_to_lib /${CMAKE_INSTALL_LIBEXECDIR}/spanwire /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(spanwire-cli PROPERTIES INSTALL_RPATH "$ORIGIN/${spw_bin_to_lib}") # cli/ installs them
  set_target_properties(spanwire-tool PROPERTIES INSTALL_RPATH "$ORIGIN/${spw_tool_to_lib}")
endif()

# pkg-config files say where they are relative to themselves, so that a prefix may be moved.
file(RELATIVE_PATH SPW_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" SPW_PC_PREFIX "${SPW_PC_PREFIX}")
foreach(pc IN LISTS spw_pc)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

set(spw_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spanwire)
install(EXPORT spanwire-targets NAMESPACE spanwire:: DESTINATION ${spw_cmake_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/spanwire-config.cmake.in ${PROJECT_BINARY_DIR}/spanwire-config.cmake
  INSTALL_DESTINATION ${spw_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/spanwire-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/spanwire-config.cmake ${PROJECT_BINARY_DIR}/spanwire-config-version.cmake DESTINATION ${spw_cmake_dir})
