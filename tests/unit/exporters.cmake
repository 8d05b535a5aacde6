# The loop, the reader, the registry and the exporters, each alone. What uses fake_batch.c gets the batch functions from there, not from the SDK.
spw_add_test(NAME loop SOURCES unit/test_loop.c LIBS spanwire-sdk-testing LABELS unit)
spw_add_test(NAME registry SOURCES unit/test_registry.c LIBS spanwire-sdk-testing LABELS unit)
foreach(name reader memory console)
  spw_add_test(NAME ${name} SOURCES unit/test_${name}.c support/fake_batch.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
endforeach()
foreach(name otlp_url otlp_headers otlp_response)
  spw_add_test(NAME ${name} SOURCES unit/test_${name}.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
endforeach()
