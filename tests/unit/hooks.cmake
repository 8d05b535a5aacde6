# What a program can put in place of the SDK's own: samplers, processors, ids, the clock.
foreach(name sampler sampler_probability sampling processor processor_span processor_threads id_generator clock allocator)
  spw_add_test(NAME ${name} SOURCES unit/test_${name}.c LIBS spanwire-sdk-testing spw_proto m LABELS unit)
endforeach()
