spw_add_test(NAME stress SOURCES stress/test_stress.c LABELS stress)
spw_add_test(NAME shared SOURCES stress/test_shared.c LABELS stress)
