# The recording engine, bottom up.
foreach(name utf8 wire pool segment tracestate propagation context limits slot queue)
  spw_add_test(NAME ${name} SOURCES unit/test_${name}.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
endforeach()
