/* The sampler that the environment names, and its argument. */
#include "config_fixture.h"

static void test_sampler_argument(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double ratio; /* below 0: refused */
    } cases[] = {
        { "0", 0 },     { "1", 1 },      { "1.0", 1 },  { "0.25", 0.25 }, { ".5", 0.5 },  { "0.1", 0.1 }, { "1e-3", 1e-3 },
        { "5E-1", 0.5 }, { "0.30000000000000004", 0.3 }, { "1.", 1 },      { "-0.5", -1 }, { "1.1", -1 },  { "2", -1 },
        { "half", -1 }, { "nan", -1 },   { "inf", -1 }, { "0,5", -1 },    { "0x1", -1 },  { ".", -1 },    { "1e", -1 },
        { "0.5 %", -1 }, { "1e-99", -1 }, { "1..0", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", 1);
        setenv("OTEL_TRACES_SAMPLER_ARG", cases[i].text, 1);
        assert_int_equal(load(&c, NULL), SPW_OK);
        double expected = cases[i].ratio < 0 ? 1.0 : cases[i].ratio;
        if (c.sampler_ratio != expected || warnings != (cases[i].ratio < 0))
            fail_msg("'%s' is %g: %s", cases[i].text, c.sampler_ratio, said);
        spw__config_free(&c);
    }
}

static void test_samplers_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *starts;
    } cases[] = {
        { "always_on", "AlwaysOnSampler" },
        { "ALWAYS_OFF", "AlwaysOffSampler" },
        { "traceidratio", "TraceIdRatioBased{0.5}" },
        { "parentbased_always_on", "ParentBased{root:AlwaysOnSampler" },
        { "parentbased_always_off", "ParentBased{root:AlwaysOffSampler" },
        { "ParentBased_TraceIdRatio", "ParentBased{root:TraceIdRatioBased{0.5}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw__config c;
        fresh(NULL);
        setenv("OTEL_TRACES_SAMPLER", cases[i].name, 1);
        if (strstr(cases[i].starts, "Ratio"))
            setenv("OTEL_TRACES_SAMPLER_ARG", "0.5", 1);
        assert_int_equal(load(&c, NULL), SPW_OK);
        if (strncmp(spw_sampler_description(c.sampler), cases[i].starts, strlen(cases[i].starts)) != 0)
            fail_msg("%s is %s", cases[i].name, spw_sampler_description(c.sampler));
        assert_int_equal(warnings, 0);
        spw__config_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sampler_argument),
        TEST(test_samplers_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
