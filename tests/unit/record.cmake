# The recording engine, bottom up.
foreach(name utf8 wire pool segment engine thread tracestate propagation context span scope limits value link error slot slot_threads signal queue)
  spw_add_test(NAME ${name} SOURCES unit/test_${name}.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
endforeach()

target_link_options(test_thread PRIVATE -Wl,--wrap=mmap)

# What needs no engine: contexts and what travels in them.
foreach(name context_values context_stack baggage propagators tracestate_list environment http)
  spw_add_test(NAME ${name} SOURCES unit/test_${name}.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
endforeach()
spw_add_test(NAME context_memory SOURCES unit/test_context_memory.c support/fail_alloc.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
target_link_options(test_context_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)

# Everything against protobuf-c and protoc, through HTTP.
spw_add_test(NAME wire_oracle SOURCES integration/test_wire_oracle.c integration/oracle_draw.c integration/oracle_model.c
  integration/oracle_protoc.c integration/oracle_value.c LIBS spanwire-sdk-testing spw_proto LABELS integration)
target_compile_definitions(test_wire_oracle PRIVATE SPW_PROTO_DIR="${PROJECT_SOURCE_DIR}/proto")
