/* Resource detectors: what they read, in the shapes it comes in, and who may register what. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/diag.h"
#include "sdk/resource.h"

#define ID "432624d2150b349fe35ba397284dea788c2bf66b885d14dfc1569b01890ca7da"
#define POD "f2cc29db7fcd7ad6a1ab3d6a7b1c1f0a4b2e54a5d5a6e9fd1f0f6d3b0a5a4c3e"

static void test_cgroup_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id;
    } cases[] = {
        { "13:name=systemd:/docker/" ID "\n", ID },
        { "0::/docker/" ID, ID },
        { "0::/system.slice/docker-" ID ".scope\n", ID },
        { "0::/machine.slice/libpod-" ID ".scope/container\n", ID },
        { "11:cpuset:/kubepods/besteffort/pod0b1fc6f1-2a3b-4c5d-8e9f-0123456789ab/" ID "\n", ID },
        { "1:name=systemd:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b1f_2a3b.slice/cri-containerd-" ID ".scope\n", ID },
        { "0::/kubepods.slice/kubepods-pod0b1f.slice/crio-" ID ".scope\n", ID },
        { "0::/../cri-containerd-" ID ".scope\n", ID },
        { "0::/system.slice/containerd.service/kubepods-burstable-pod0b1f.slice:cri-containerd:" ID "\n", ID },
        { "9:perf_event:/ecs/55091c13-b8cf-4801-b527-f4601742204d/" ID "\n", ID },
        { "2:cpu:/ecs/447438d4540b4b3c8f2ba1f7a1a3e9f1/447438d4540b4b3c8f2ba1f7a1a3e9f1-1234567890\n",
          "447438d4540b4b3c8f2ba1f7a1a3e9f1-1234567890" },
        { "5:pids:/docker/" POD "/docker/" ID "\n", ID }, /* a container in a container */
        { "0::/\n", NULL },
        { "0::/user.slice/user-1000.slice/session-3.scope\n", NULL },
        { "0::/init.scope", NULL },
        { "0::/docker/" ID "0\n", NULL },
        { "0::/docker/432624d2150b\n", NULL },
        { "0::/docker/432624D2150B349FE35BA397284DEA788C2BF66B885D14DFC1569B01890CA7DA\n", NULL },
        { "0::/docker/x" ID "\n", NULL },
        { "0::/docker-.scope\n", NULL },
        { ".scope", NULL },
        { "", NULL },
        { "::", NULL },
        { "no colon/" ID, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char id[65] = "";
        bool found = spw__container_of_cgroup(cases[i].line, id);
        if (found != (cases[i].id != NULL) || (found && strcmp(id, cases[i].id) != 0))
            fail_msg("%s gives '%s'", cases[i].line, id);
    }
}

static void test_mount_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id;
    } cases[] = {
        { "983 961 0:56 /docker/containers/" ID "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n", ID },
        { "473 456 254:1 /var/lib/docker/containers/" ID "/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda1 rw\n", ID },
        { "1152 1129 0:79 /home/u/.local/share/containers/storage/overlay-containers/" ID "/userdata/hosts /etc/hosts rw - xfs /dev/sda rw\n", ID },
        { "1191 1165 0:27 /containers/overlay-containers/" ID "/userdata/.containerenv /run/.containerenv rw - tmpfs tmpfs rw\n", ID },
        { "632 629 0:27 /../cri-containerd-" ID ".scope /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n", ID },
        { "630 629 0:28 /kubepods/besteffort/pod12/" ID " /sys/fs/cgroup/systemd ro - cgroup cgroup rw,name=systemd\n", ID },
        /* a pod's, not the container's */
        { "911 900 8:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/" POD "/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n", NULL },
        { "912 900 8:1 /var/lib/kubelet/pods/0b1fc6f1-2a3b/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw\n", NULL },
        { "913 900 8:1 /var/lib/kubelet/pods/0b1f/containers/app/0a1b2c3d /dev/termination-log rw - ext4 /dev/sda1 rw\n", NULL },
        /* the host that runs containers */
        { "120 29 0:50 / /var/lib/docker/containers/" ID "/mounts/shm rw,nosuid - tmpfs shm rw\n", NULL },
        { "121 29 0:51 / /var/lib/docker/overlay2/" POD "/merged rw - overlay overlay rw,lowerdir=/x/" ID "/diff\n", NULL },
        { "25 30 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", NULL },
        { "473 456 254:1 /docker/containers/" ID "0/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n", NULL },
        { "473 456 254:1", NULL },
        { "", NULL },
        { "     ", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char id[65] = "";
        bool found = spw__container_of_mount(cases[i].line, id);
        if (found != (cases[i].id != NULL) || (found && strcmp(id, cases[i].id) != 0))
            fail_msg("%s gives '%s'", cases[i].line, id);
    }
}

static void test_os_release(void **state)
{
    (void)state;
    static const struct {
        const char *line, *key, *value;
    } cases[] = {
        { "NAME=\"Debian GNU/Linux\"\n", "NAME", "Debian GNU/Linux" },
        { "VERSION_ID=40\n", "VERSION_ID", "40" },
        { "VERSION_ID='3.20.1'\n", "VERSION_ID", "3.20.1" },
        { "PRETTY_NAME=\"a \\\"quoted\\\" \\$name\"", "PRETTY_NAME", "a \"quoted\" $name" },
        { "NAME=Alpine \n", "NAME", "Alpine" },
        { "NAME='a\\b'\n", "NAME", "a\\b" },
        { "NAME=\"unterminated\n", "NAME", "unterminated" },
        { "PRETTY_NAME=x\n", "NAME", NULL },
        { "VERSION=1\n", "VERSION_ID", NULL },
        { "NAME=\n", "NAME", NULL },
        { "NAME=\"\"\n", "NAME", NULL },
        { "# NAME=x\n", "NAME", NULL },
        { "NAME", "NAME", NULL },
        { "", "NAME", NULL },
        { "NAME=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "NAME", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, /* cut to the room */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[32] = "";
        bool found = spw__os_release_value(cases[i].line, cases[i].key, value, sizeof value);
        if (found != (cases[i].value != NULL) || (found && strcmp(value, cases[i].value) != 0))
            fail_msg("%s gives '%s'", cases[i].line, value);
    }
}

static void test_architectures(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "x86_64", "amd64" }, { "aarch64", "arm64" },  { "armv7l", "arm32" },    { "armv6l", "arm32" },        { "i686", "x86" },
        { "ppc64le", "ppc64" }, { "s390x", "s390x" }, { "riscv64", "riscv64" }, { "loongarch64", "loongarch64" }, { "armv8l", "armv8l" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(spw__host_arch(pairs[i][0]), pairs[i][1]);
}

/* ---- what they put ---- */

static const spw_attr *find(const struct spw_resource_builder *b, const char *key)
{
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->attrs[i].key.data, key) == 0)
            return &b->attrs[i];
    }
    return NULL;
}

static const char *text(const struct spw_resource_builder *b, const char *key)
{
    const spw_attr *a = find(b, key);
    return a && a->value.type == SPW_VALUE_STRING ? a->value.u.view.data : "";
}

static void test_built_in(void **state)
{
    (void)state;
    struct spw_resource_builder b = { .count = 0 };
    struct utsname system;
    uname(&system);
    assert_int_equal(spw__resource_base(&b), SPW_OK);
    assert_int_equal(spw__resource_detect(&b, NULL), SPW_OK);
    assert_string_equal(text(&b, "telemetry.sdk.name"), "spanwire");
    assert_int_equal(strncmp(text(&b, "service.name"), "unknown_service:test_detectors", 30), 0);
    assert_int_equal(strlen(text(&b, "service.instance.id")), 36);
    assert_int_equal(find(&b, "process.pid")->value.u.i, getpid());
    assert_string_equal(text(&b, "process.executable.name"), "test_detectors");
    assert_int_equal(text(&b, "process.executable.path")[0], '/');
    assert_true(*text(&b, "process.runtime.version"));
    assert_string_equal(text(&b, "host.name"), system.nodename);
    assert_string_equal(text(&b, "host.arch"), spw__host_arch(system.machine));
    assert_string_equal(text(&b, "os.type"), "linux");
    assert_true(*text(&b, "os.version"));
    assert_non_null(strstr(text(&b, "os.description"), system.release));
    assert_true(find(&b, "host.id") == NULL || find(&b, "container.id") == NULL); /* a container's host is not known inside */
    assert_null(find(&b, "process.command_args"));
    assert_string_equal(b.schema_url, SPW_RESOURCE_SCHEMA_URL);
    assert_false(b.conflict);
    spw__resource_free(&b);
}

static char heard[2048];

static void hear(void *arg, spw_log_level level, const char *line)
{
    (void)arg, (void)level;
    strncat(heard, line, sizeof heard - strlen(heard) - 1);
}

static int listen_to(void **state)
{
    (void)state;
    heard[0] = 0;
    spw__diag_configure(SPW_LOG_DEBUG, hear, NULL);
    return 0;
}

static void test_named(void **state)
{
    (void)state;
    static const struct {
        const char *names, *has, *lacks, *says;
    } cases[] = {
        { "none", NULL, "process.pid", NULL },
        { "NONE", NULL, "process.pid", NULL },
        { "process", "process.pid", "os.type", NULL },
        { " os , process,", "os.type", "host.name", NULL },
        { "process_command_args", "process.command_args", "process.pid", NULL },
        { "processes,os", "os.type", "process.pid", "processes" },
        { "Process", NULL, "process.pid", "Process" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spw_resource_builder b = { .count = 0 };
        heard[0] = 0;
        assert_int_equal(spw__resource_detect(&b, cases[i].names), SPW_OK);
        assert_true(!cases[i].has || find(&b, cases[i].has));
        assert_null(find(&b, cases[i].lacks));
        assert_true(cases[i].says ? strstr(heard, cases[i].says) != NULL : !*heard);
        spw__resource_free(&b);
    }
}

static void test_command_args(void **state)
{
    (void)state;
    struct spw_resource_builder b = { .count = 0 };
    assert_int_equal(spw__resource_detect(&b, "process_command_args"), SPW_OK);
    const spw_attr *args = find(&b, "process.command_args");
    assert_int_equal(args->value.type, SPW_VALUE_ARRAY);
    assert_true(args->value.u.array.count >= 1);
    assert_non_null(strstr(args->value.u.array.values[0].u.view.data, "test_detectors"));
    spw__resource_free(&b);
}

/* ---- a program's own ---- */

static spw_result detect_rack(const spw_resource_detector *self, spw_resource_builder *out)
{
    spw_attr rack = spw_attr_string("example.rack", self->name), name = spw_attr_string("host.name", "renamed");
    assert_int_equal(spw_resource_put(out, &rack), SPW_OK);
    assert_int_equal(spw_resource_put(out, &name), SPW_OK);
    return spw_resource_schema_url(out, "");
}

static spw_result detect_in_vain(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    spw_attr before = spw_attr_bool("example.before", true);
    assert_int_equal(spw_resource_put(out, &before), SPW_OK);
    return SPW_ERR_SYSTEM;
}

static spw_result detect_other_schema(const spw_resource_detector *self, spw_resource_builder *out)
{
    (void)self;
    return spw_resource_schema_url(out, "https://opentelemetry.io/schemas/1.0.0");
}

static const spw_resource_detector rack = { sizeof rack, "rack", detect_rack };
static const spw_resource_detector vain = { sizeof vain, "in_vain", detect_in_vain };
static const spw_resource_detector other = { sizeof other, "other_schema", detect_other_schema };

static void test_registered(void **state)
{
    (void)state;
    struct spw_resource_builder b = { .count = 0 };
    assert_int_equal(spw_resource_detector_register(&rack), SPW_OK);
    assert_int_equal(spw_resource_detector_register(&rack), SPW_ERR_INVALID); /* "report an error" */
    assert_int_equal(spw__resource_detect(&b, NULL), SPW_OK);
    assert_string_equal(text(&b, "example.rack"), "rack");
    assert_string_equal(text(&b, "host.name"), "renamed"); /* after the built-in ones */
    assert_false(b.conflict);
    assert_string_equal(heard, "");
    spw__resource_free(&b);

    assert_int_equal(spw_resource_detector_register(&vain), SPW_OK);
    assert_int_equal(spw__resource_detect(&b, "in_vain,os"), SPW_OK);
    assert_non_null(strstr(heard, "in_vain"));
    assert_non_null(find(&b, "example.before"));
    assert_non_null(find(&b, "os.type"));
    spw__resource_free(&b);
}

static void test_schema_urls_disagree(void **state)
{
    (void)state;
    struct spw_resource_builder b = { .count = 0 };
    assert_int_equal(spw_resource_detector_register(&other), SPW_OK);
    assert_int_equal(spw__resource_detect(&b, "other_schema"), SPW_OK);
    assert_string_equal(b.schema_url, "https://opentelemetry.io/schemas/1.0.0");
    assert_false(b.conflict);
    assert_int_equal(spw__resource_detect(&b, "os,host"), SPW_OK);
    assert_true(b.conflict);
    const char *first = strstr(heard, "1.0.0");
    assert_non_null(first);
    assert_null(strstr(first + 5, "1.0.0")); /* said once */
    spw__resource_free(&b);
}

static bool enough;

static void *look_up(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&enough, __ATOMIC_RELAXED))
        (void)spw_resource_detector_register(&other); /* there already: it holds the lock, and changes nothing */
    return NULL;
}

/* A child has only the thread that forked: whoever held the registry's lock is not there. */
static void test_a_child_is_not_locked_out(void **state)
{
    (void)state;
    pthread_t thread;
    int locked_out = 0;
    enough = false;
    assert_int_equal(pthread_create(&thread, NULL, look_up, NULL), 0);
    for (int i = 0; i < 300 && !locked_out; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct spw_resource_builder b = { .count = 0 };
            alarm(5);
            _exit(spw__resource_detect(&b, "none") == SPW_OK && spw_resource_detector_register(&other) == SPW_ERR_INVALID ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        locked_out += status != 0;
    }
    __atomic_store_n(&enough, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    assert_int_equal(locked_out, 0);
}

static void test_wrong_detectors(void **state)
{
    (void)state;
    static const spw_resource_detector wrong[] = {
        { 0, "a", detect_rack },
        { sizeof *wrong, NULL, detect_rack },
        { sizeof *wrong, "", detect_rack },
        { sizeof *wrong, "a", NULL },
        { sizeof *wrong, "none", detect_rack },
        { sizeof *wrong, "process", detect_rack },
        { sizeof *wrong, "Big", detect_rack },
        { sizeof *wrong, "a,b", detect_rack },
        { sizeof *wrong, "0123456789012345678901234567890123456789012345678901234567890123", detect_rack },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(spw_resource_detector_register(&wrong[i]), SPW_ERR_INVALID);
    assert_int_equal(spw_resource_detector_register(NULL), SPW_ERR_INVALID);

    static spw_resource_detector many[16];
    static char names[16][8];
    spw_result result = SPW_OK;
    for (size_t i = 0; i < 16; i++) { /* some are registered already */
        snprintf(names[i], sizeof names[i], "many_%zu", i);
        many[i] = (spw_resource_detector){ sizeof *many, names[i], detect_rack };
        result = spw_resource_detector_register(&many[i]);
    }
    assert_int_equal(result, SPW_ERR_NO_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup(name, listen_to)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cgroup_lines), TEST(test_mount_lines),         TEST(test_os_release),   TEST(test_architectures),
        TEST(test_built_in),     TEST(test_named),               TEST(test_command_args), TEST(test_registered),
        TEST(test_schema_urls_disagree), TEST(test_a_child_is_not_locked_out), TEST(test_wrong_detectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
