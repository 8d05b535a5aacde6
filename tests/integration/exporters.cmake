# The OTLP exporter against the scripted peer, without the rest of the SDK.
foreach(name otlp_request otlp_status otlp_faults otlp_proxy otlp_connection)
  spw_add_test(NAME ${name} SOURCES integration/test_${name}.c support/fake_batch.c support/exporter_driver.c
    LIBS spanwire-sdk-testing spw_test_support spw_proto LABELS integration)
endforeach()
if(JANSSON_FOUND)
  spw_add_test(NAME file_pipeline SOURCES integration/test_file_pipeline.c LIBS PkgConfig::JANSSON LABELS integration)
  if(TARGET spanwire-cli)
    set_source_files_properties(integration/test_file_pipeline.c PROPERTIES COMPILE_DEFINITIONS "SPW_TEST_PROGRAM=\"$<TARGET_FILE:spanwire-cli>\"")
    add_dependencies(test_file_pipeline spanwire-cli)
  endif()
  spw_add_test(NAME otlp_http_json SOURCES integration/test_otlp_http_json.c support/fake_batch.c support/exporter_driver.c
    LIBS spanwire-sdk-testing spw_test_support spw_proto PkgConfig::JANSSON LABELS integration)
endif()
# Many pipelines in the whole SDK.
spw_add_test(NAME pipelines SOURCES integration/test_pipelines.c support/fail_alloc.c LIBS spw_proto LABELS integration)
target_link_options(test_pipelines PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)

# The tracing of libcurl, which is a header.
spw_add_test(NAME curl SOURCES integration/test_curl.c LIBS PkgConfig::SPW_CURL spw_proto LABELS integration)
