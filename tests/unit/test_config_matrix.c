/* Every variable of the table times every value it should not have: said once in one clean line, and as if it were not there. */
#include "config_fixture.h"

#include "sdk/config_table.h"
#include "support/environment_matrix.h"

/* What has only such values that are something: any text is one for a name, a path, a list of names that others judge. */
static bool takes_any_text(const struct spw__setting *setting)
{
    return setting->kind == SPW__KIND_TEXT || setting->kind == SPW__KIND_FILE || setting->kind == SPW__KIND_URL || setting->kind == SPW__KIND_PAIRS ||
           setting->kind == SPW__KIND_HEADERS;
}

static bool is(const struct matrix_case *c, const char *what)
{
    return strcmp(c->what, what) == 0;
}

static void check_lines(const struct matrix_case *c)
{
    char line[1000];
    for (const char *at = said, *end; (end = strchr(at, '\n')); at = end + 1) {
        size_t size = (size_t)(end - at);
        assert_true(size < sizeof line);
        memcpy(line, at, size);
        line[size] = '\0';
        const char *wrong = environment_matrix_judge(line);
        if (wrong)
            fail_msg("%s, %s: %s: %s", c->variable, c->what, wrong, line);
    }
}

static void check_source(const struct matrix_case *c, int lines)
{
    struct seen seen;
    char path[160];
    snprintf(path, sizeof path, "%s%s", c->of_pipeline ? "tracer_provider.processors[0].batch." : "", c->setting->path);
    (void)print(NULL, path, &seen);
    bool defaulted = seen.times == 0 || strcmp(seen.source, c->variable) != 0;
    bool never = is(c, "64 KiB") || is(c, "not UTF-8"), nothing = is(c, "empty");
    if (nothing && (lines || !defaulted))
        fail_msg("%s, %s: %d lines said, from %s", c->variable, c->what, lines, seen.source);
    if (never && (lines != 1 || !defaulted))
        fail_msg("%s, %s: %d lines said, from %s", c->variable, c->what, lines, seen.source);
    bool taken_as_false = c->setting->kind == SPW__KIND_BOOL;
    if (!takes_any_text(c->setting) && !nothing && (lines != 1 || (!defaulted && !taken_as_false)))
        fail_msg("%s, %s: %d lines said, from %s: %s", c->variable, c->what, lines, seen.source, said);
}

static void check(void *arg, const struct matrix_case *c)
{
    struct spw__config config;
    size_t *refused = arg;
    said[0] = '\0';
    warnings = 0;
    if (!c->setting)
        return;
    spw_result result = load(&config, NULL);
    spw__config_free(&config);
    if (result != SPW_OK && (result != SPW_ERR_INVALID || !error.text[0]))
        fail_msg("%s, %s: the start fails with %d: %s", c->variable, c->what, (int)result, error.text);
    *refused += result != SPW_OK;
    if (result != SPW_OK && c->setting->kind != SPW__KIND_URL)
        fail_msg("%s, %s: the start is refused: %s", c->variable, c->what, error.text);
    if (warnings > 1)
        fail_msg("%s, %s: %d lines are said: %s", c->variable, c->what, warnings, said);
    check_lines(c);
    check_source(c, warnings);
}

static void no_value_is_too_odd(void **state)
{
    (void)state;
    size_t refused = 0, count = environment_matrix(check, &refused);
    assert_true(count > 9 * SPW__SETTINGS);
    assert_in_range(refused, 2, 2 * 9); /* endpoints that cannot be one: sending elsewhere would be worse */
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(no_value_is_too_odd) };
    return cmocka_run_group_tests_name("config matrix", tests, NULL, NULL);
}
