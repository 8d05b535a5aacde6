# The binary face of a library: SOVERSION, symbol versions, and staying loaded.
#
#   spw_library_abi(spanwire ${PROJECT_SOURCE_DIR}/src/libspanwire.map)
function(spw_library_abi target map)
  set_target_properties(${target} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} C_VISIBILITY_PRESET hidden)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "SHARED_LIBRARY")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON) # may end in a shared library of the user's
    return()
  endif()
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${map})
  # nodelete: threads and thread-exit handlers may run our code after a dlclose
  target_link_options(${target} PRIVATE "LINKER:--version-script=${map}" "LINKER:-z,nodelete")
  if(NOT SPW_SANITIZE)
    target_link_options(${target} PRIVATE "LINKER:-z,defs") # the sanitizers' runtime is in the program, not here
  endif()
endfunction()
