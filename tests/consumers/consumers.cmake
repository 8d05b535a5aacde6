# What strangers do with the libraries as they ship (the shared ones; not the static one that the other tests are made of).
if(NOT BUILD_SHARED_LIBS)
  return()
endif()

# Two plugins of one source, and a program that loads and unloads them.
foreach(plugin red blue)
  add_library(plugin_${plugin} MODULE consumers/plugin.c)
  target_compile_definitions(plugin_${plugin} PRIVATE PLUGIN="${plugin}")
  target_include_directories(plugin_${plugin} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(plugin_${plugin} PRIVATE spw_flags spanwire::spanwire)
endforeach()
add_executable(test_plugin consumers/test_plugin.c)
target_include_directories(test_plugin PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(test_plugin PRIVATE SPW_PLUGIN_RED="$<TARGET_FILE:plugin_red>" SPW_PLUGIN_BLUE="$<TARGET_FILE:plugin_blue>")
target_link_libraries(test_plugin PRIVATE spw_flags spanwire::spanwire-sdk PkgConfig::CMOCKA Threads::Threads ${CMAKE_DL_LIBS})
add_dependencies(test_plugin plugin_red plugin_blue)
add_test(NAME plugin COMMAND test_plugin)
add_executable(test_plugin_alone consumers/test_plugin_alone.c)
target_link_libraries(test_plugin_alone PRIVATE spw_flags ${CMAKE_DL_LIBS})
add_test(NAME plugin_alone COMMAND test_plugin_alone $<TARGET_FILE:plugin_red>)
set_tests_properties(plugin plugin_alone PROPERTIES LABELS stress TIMEOUT 120
  ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/support/tsan.supp")

# Wrong pairs: a libspanwire of another layout, which libspanwire-sdk refuses, and one of the next minor version, which the loader refuses.
get_target_property(other_sources spanwire SOURCES)
list(REMOVE_ITEM other_sources record/engine.c)
list(TRANSFORM other_sources PREPEND ${PROJECT_SOURCE_DIR}/src/)
file(READ ${PROJECT_SOURCE_DIR}/src/libspanwire.map map)
math(EXPR next_minor "${PROJECT_VERSION_MINOR} + 1")
string(REPLACE "_${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} " "_${PROJECT_VERSION_MAJOR}.${next_minor} " map "${map}")
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/next.map CONTENT "${map}")

# a_wrong_libspanwire(NAME MAP): a libspanwire in a folder of its own
function(a_wrong_libspanwire name map)
  add_library(spanwire_${name} SHARED ${other_sources} consumers/other_engine.c)
  target_include_directories(spanwire_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(spanwire_${name} PRIVATE spw_flags Threads::Threads)
  spw_library_abi(spanwire_${name} ${map})
  set_target_properties(spanwire_${name} PROPERTIES OUTPUT_NAME spanwire LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name})
endfunction()
a_wrong_libspanwire(layout ${PROJECT_SOURCE_DIR}/src/libspanwire.map)
a_wrong_libspanwire(next ${CMAKE_CURRENT_BINARY_DIR}/next.map)

add_executable(mismatch consumers/mismatch.c)
target_link_libraries(mismatch PRIVATE spw_flags spanwire::spanwire-sdk)
add_test(NAME pair_same COMMAND mismatch same)
add_test(NAME pair_other_layout COMMAND mismatch other)
add_test(NAME pair_next_minor COMMAND mismatch other)
set_tests_properties(pair_other_layout PROPERTIES ENVIRONMENT "LD_LIBRARY_PATH=${CMAKE_CURRENT_BINARY_DIR}/layout")
set_tests_properties(pair_next_minor PROPERTIES ENVIRONMENT "LD_LIBRARY_PATH=${CMAKE_CURRENT_BINARY_DIR}/next"
  PASS_REGULAR_EXPRESSION "version `SPANWIRE_[PRIVATE0-9._]+' not found")
set_tests_properties(pair_same pair_other_layout pair_next_minor PROPERTIES LABELS integration TIMEOUT 60)
