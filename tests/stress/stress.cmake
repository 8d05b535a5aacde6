spw_add_test(NAME stress SOURCES stress/test_stress.c LABELS stress)
