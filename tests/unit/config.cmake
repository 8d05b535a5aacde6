spw_add_test(NAME config SOURCES unit/test_config.c LIBS spanwire-sdk-testing LABELS unit)
spw_add_test(NAME diag SOURCES unit/test_diag.c LIBS spanwire-sdk-testing LABELS unit)
spw_add_test(NAME resource SOURCES unit/test_resource.c LIBS spanwire-sdk-testing spw_proto LABELS unit)
