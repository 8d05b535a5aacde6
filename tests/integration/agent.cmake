# Runs the agent sample, so only where it was built.
if(TARGET agent)
  spw_add_test(NAME agent SOURCES integration/test_agent.c integration/otlp_trace.c LIBS spw_proto LABELS integration)
  add_dependencies(test_agent agent)
  set_source_files_properties(integration/test_agent.c PROPERTIES COMPILE_DEFINITIONS "SPW_TEST_AGENT=\"$<TARGET_FILE:agent>\"")
endif()
