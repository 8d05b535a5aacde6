/* Which URL an endpoint setting stands for, and which ones are refused, how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "otlp/otlp_url.h"

struct row {
    const char *endpoint;
    bool is_signal;
    const char *full;
    const char *shown; /* NULL: as full */
};

static const struct row good[] = {
    { "http://localhost:4318", false, "http://localhost:4318/v1/traces", NULL },
    { "http://localhost:4318/", false, "http://localhost:4318/v1/traces", NULL },
    { "http://c:4318//", false, "http://c:4318/v1/traces", NULL },
    { "http://c/x", false, "http://c/x/v1/traces", NULL },
    { "http://c/x/", false, "http://c/x/v1/traces", NULL },
    { "http://c/x/y/?a=b", false, "http://c/x/y/v1/traces?a=b", "http://c/x/y/v1/traces" },
    { "http://c", false, "http://c/v1/traces", NULL }, /* port 80, not 4318 */
    { "https://c", false, "https://c/v1/traces", NULL },
    { "HTTPS://C.example", false, "https://C.example/v1/traces", NULL },
    { "http://c?key=s3cret", false, "http://c/v1/traces?key=s3cret", "http://c/v1/traces" },
    { "http://c/#frag", false, "http://c/v1/traces", NULL },
    { "http://user:pa%40ss@c:1/", false, "http://user:pa%40ss@c:1/v1/traces", "http://c:1/v1/traces" },
    { "http://user:p@ss@c:1/", false, "http://user:p@ss@c:1/v1/traces", "http://c:1/v1/traces" },
    { "http://[::1]:4318", false, "http://[::1]:4318/v1/traces", NULL },
    { "http://[::1]", false, "http://[::1]/v1/traces", NULL },
    { "http://c/v1/traces", false, "http://c/v1/traces/v1/traces", NULL }, /* a base is a base */
    { "http://c:4318", true, "http://c:4318/", NULL },
    { "http://c:4318/", true, "http://c:4318/", NULL },
    { "http://c:4318/v1/traces", true, "http://c:4318/v1/traces", NULL },
    { "http://c/any/path/", true, "http://c/any/path/", NULL },
    { "http://c?x=1", true, "http://c/?x=1", "http://c/" },
    { "http://c:65535", true, "http://c:65535/", NULL },
};

static void good_endpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct spw__otlp_url url;
        spw_error error = SPW_ERROR_INIT;
        if (spw__otlp_url_parse(&url, good[i].endpoint, good[i].is_signal, "v1/traces", &error) != SPW_OK)
            fail_msg("%s: %s", good[i].endpoint, error.text);
        assert_string_equal(url.full, good[i].full);
        assert_string_equal(url.shown, good[i].shown ? good[i].shown : good[i].full);
        assert_int_equal(url.tls, strncmp(good[i].full, "https", 5) == 0);
        spw__otlp_url_fini(&url);
    }
}

static const struct {
    const char *endpoint;
    bool is_signal;
    const char *socket;
    bool abstract;
    const char *full, *shown, *origin;
} sockets[] = {
    { "unix:///run/o.sock", false, "/run/o.sock", false, "http://localhost/v1/traces", "unix:///run/o.sock:/v1/traces", "unix:///run/o.sock" },
    { "unix:/run/o.sock", true, "/run/o.sock", false, "http://localhost/", "unix:/run/o.sock:/", "unix:/run/o.sock" },
    { "UNIX:/a:/x/", false, "/a", false, "http://localhost/x/v1/traces", "UNIX:/a:/x/v1/traces", "UNIX:/a" },
    { "unix:/a:/v1/traces", true, "/a", false, "http://localhost/v1/traces", "unix:/a:/v1/traces", "unix:/a" },
    { "unix:///a?token=s3cret", false, "/a", false, "http://localhost/v1/traces?token=s3cret", "unix:///a:/v1/traces", "unix:///a" },
    { "unix:///a:/p?token=s3cret#f", true, "/a", false, "http://localhost/p?token=s3cret", "unix:///a:/p", "unix:///a" },
    { "unix:///a%3ab%20c%2f", false, "/a:b c/", false, "http://localhost/v1/traces", "unix:///a%3ab%20c%2f:/v1/traces", "unix:///a%3ab%20c%2f" },
    { "unix-abstract:otel", false, "otel", true, "http://localhost/v1/traces", "unix-abstract:otel:/v1/traces", "unix-abstract:otel" },
};

static void endpoints_that_are_sockets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        struct spw__otlp_url url;
        spw_error error = SPW_ERROR_INIT;
        if (spw__otlp_url_parse(&url, sockets[i].endpoint, sockets[i].is_signal, "v1/traces", &error) != SPW_OK)
            fail_msg("%s: %s", sockets[i].endpoint, error.text);
        assert_string_equal(url.socket, sockets[i].socket);
        assert_int_equal(url.abstract, sockets[i].abstract);
        assert_string_equal(url.full, sockets[i].full);
        assert_string_equal(url.shown, sockets[i].shown);
        assert_int_equal(url.origin, strlen(sockets[i].origin));
        assert_memory_equal(url.shown, sockets[i].origin, url.origin);
        assert_int_equal(url.query.size, strstr(url.full, "token") ? strlen("token=s3cret") : 0);
        assert_false(url.tls);
        spw__otlp_url_fini(&url);
    }
}

static void user_info_and_query_are_found(void **state)
{
    (void)state;
    struct spw__otlp_url url;
    assert_int_equal(spw__otlp_url_parse(&url, "http://me:you@c/?k=v&w", false, "v1/traces", NULL), SPW_OK);
    assert_int_equal(url.user_info.size, 6);
    assert_memory_equal(url.user_info.data, "me:you", 6);
    assert_int_equal(url.query.size, 5);
    assert_memory_equal(url.query.data, "k=v&w", 5);
    spw__otlp_url_fini(&url);
}

static const struct {
    const char *endpoint;
    const char *says;
} bad[] = {
    { "", "write it like http://localhost:4318" },
    { "localhost:4318", "(localhost:4318); write it like http://localhost:4318" },
    { "ftp://c", "neither http nor https" },
    { "grpc://c:4317", "neither http nor https" },
    { "http://", "not a URL" },
    { "http:///path", "not a URL" },
    { "http://:4318", "not a URL" },
    { "http://c:", "not a URL" },
    { "http://[::1", "not a URL" },
    { "http://[]", "not a URL" },
    { "http://[::1]x", "not a URL" },
    { "http://c:0", "not a number from 1 to 65535" },
    { "http://c:65536", "not a number from 1 to 65535" },
    { "http://c:99999999999999999999", "not a number from 1 to 65535" },
    { "http://c:43a8", "not a number from 1 to 65535" },
    { "http://c:4318 ", "percent-encode" },
    { "http://c:4318\r\nHost: evil", "percent-encode" },
    { "http://c\x01", "percent-encode" },
    { "http://c\\d", "percent-encode" },
    { "http://c:4317", "use http/protobuf on port 4318" },
    { "https://c:4317/x", "use http/protobuf on port 4318" },
    { "unix:", "no absolute path; write it like unix:///run/otel.sock" },
    { "unix:x", "no absolute path; write it like unix:///run/otel.sock" },
    { "unix://x", "three slashes; write it like unix:///run/otel.sock" },
    { "unix:///a/", "names a folder" },
    { "unix:///a%", "'%' that stands for nothing" },
    { "unix:///a%0", "'%' that stands for nothing" },
    { "unix:///a%zz", "'%' that stands for nothing" },
    { "unix:///a%00b", "'%' that stands for nothing" },
    { "unix:///a:x", "no path of HTTP" },
    { "unix-abstract:", "names no socket" },
    { "unix-abstract::/v1/traces", "names no socket" },
};

static void bad_endpoints_are_refused_with_the_cure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct spw__otlp_url url;
        spw_error error = SPW_ERROR_INIT;
        if (spw__otlp_url_parse(&url, bad[i].endpoint, false, "v1/traces", &error) != SPW_ERR_INVALID)
            fail_msg("taken: %s", bad[i].endpoint);
        if (!strstr(error.text, bad[i].says))
            fail_msg("%s: '%s' does not say '%s'", bad[i].endpoint, error.text, bad[i].says);
        spw__otlp_url_fini(&url);
    }
}

static void refusals_repeat_no_secret(void **state)
{
    (void)state;
    static const char *const endpoints[] = { "u:canary@c", "ftp://u:canary@c", "http://u:canary@c:x", "c?key=canary", "http://u:canary@c:4317", "http://u:canary@ c" };
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        struct spw__otlp_url url;
        spw_error error = SPW_ERROR_INIT;
        assert_int_equal(spw__otlp_url_parse(&url, endpoints[i], false, "v1/traces", &error), SPW_ERR_INVALID);
        assert_null(strstr(error.text, "canary"));
        spw__otlp_url_fini(&url);
    }
}

static void a_very_long_endpoint_is_refused(void **state)
{
    (void)state;
    char *endpoint = calloc(1, 70000);
    memset(endpoint, 'a', 69999);
    memcpy(endpoint, "http://", 7);
    struct spw__otlp_url url;
    spw_error error = SPW_ERROR_INIT;
    assert_int_equal(spw__otlp_url_parse(&url, endpoint, false, "v1/traces", &error), SPW_ERR_INVALID);
    spw__otlp_url_fini(&url);
    free(endpoint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_endpoints),
        cmocka_unit_test(endpoints_that_are_sockets),
        cmocka_unit_test(user_info_and_query_are_found),
        cmocka_unit_test(bad_endpoints_are_refused_with_the_cure),
        cmocka_unit_test(refusals_repeat_no_secret),
        cmocka_unit_test(a_very_long_endpoint_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
