// spanwire.hpp against what arrives: lifetimes, every kind of value, exceptions, allocations.
#include <spanwire/exporter.h>
#include <spanwire/spanwire.h>
#include <spanwire/spanwire.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::literals;

namespace {
thread_local long allocations;
spw_tracer tracer = SPW_TRACER_INIT("cpp", "17");
spw_exporter *memory;
int failures;

void check(bool good, const char *what, int line)
{
    if (!good) {
        std::printf("wrong, line %d: %s\n", line, what);
        failures++;
    }
}
#define CHECK(condition) check((condition), #condition, __LINE__)
} // namespace

void *operator new(std::size_t size)
{
    allocations++;
    return std::malloc(size);
}

void *operator new[](std::size_t size, const std::nothrow_t &) noexcept
{
    allocations++;
    return std::malloc(size);
}

void operator delete(void *at) noexcept
{
    std::free(at);
}

void operator delete[](void *at) noexcept
{
    std::free(at);
}

void operator delete(void *at, std::size_t) noexcept
{
    std::free(at);
}

void operator delete[](void *at, std::size_t) noexcept
{
    std::free(at);
}

namespace {
// ---- reading what arrived ----

struct seen {
    spw_span_view span{};
    bool found = false;

    explicit seen(std::string_view name)
    {
        spw_flush(SPW_DEFAULT_TIMEOUT_MS);
        for (std::size_t i = 0; spw_memory_exporter_span(memory, i, &span); i++)
            if (spw::text(span.name) == name) {
                found = true;
                return;
            }
        std::printf("no span %.*s\n", static_cast<int>(name.size()), name.data());
        failures++;
    }
    std::optional<spw_value> operator[](std::string_view key) const
    {
        spw_attr attr;
        for (spw_attr_iter it = span.attributes; found && spw_attr_next(&it, &attr);)
            if (spw::text(attr.key) == key)
                return attr.value;
        return std::nullopt;
    }
    bool is(std::string_view key, std::string_view text) const
    {
        const auto value = (*this)[key];
        return value && value->type == SPW_VALUE_STRING && spw::text(value->u.view) == text;
    }
    bool is(std::string_view key, std::int64_t number) const
    {
        const auto value = (*this)[key];
        return value && value->type == SPW_VALUE_INT && value->u.i == number;
    }
    // an array or map in words: [i1,s"a",d2.5,b1]
    std::string words(std::string_view key) const;
};

std::string word(const spw_value &value)
{
    switch (value.type) {
    case SPW_VALUE_STRING: return "s" + std::string(spw::text(value.u.view));
    case SPW_VALUE_INT: return "i" + std::to_string(value.u.i);
    case SPW_VALUE_DOUBLE: return "d" + std::to_string(value.u.d);
    case SPW_VALUE_BOOL: return value.u.b ? "b1" : "b0";
    case SPW_VALUE_BYTES: return "x" + std::to_string(value.u.view.size);
    default: return "?";
    }
}

std::string seen::words(std::string_view key) const
{
    std::string all;
    const auto value = (*this)[key];
    spw_value element;
    spw_attr entry;
    if (value && value->type == SPW_VALUE_ENCODED_ARRAY)
        for (spw_value_iter it = spw_value_elements(&*value); spw_value_next(&it, &element);)
            all += word(element) + ' ';
    else if (value && value->type == SPW_VALUE_ENCODED_MAP)
        for (spw_attr_iter it = spw_value_entries(&*value); spw_attr_next(&it, &entry);)
            all += std::string(spw::text(entry.key)) + '=' + word(entry.value) + ' ';
    else
        return value ? word(*value) : "none";
    return all;
}

// ---- the cases ----

void lifetimes()
{
    spw_span outer_id, inner_id;
    {
        spw::scope outer(tracer, "outer");
        outer_id = outer;
        CHECK(spw::current().get().handle == outer.get().handle);
        spw::scope inner(tracer, "inner", spw::start_options().kind(SPW_KIND_CLIENT).attributes({ { "at", "start" } }));
        inner_id = inner;
        spw::scope moved(std::move(inner));
        CHECK(!inner.is_valid() && moved.is_recording());
        moved.end();
        moved.end();
        CHECK(spw::current().get().handle == outer.get().handle);
        spw::span detached(tracer, "detached");
        CHECK(spw::current().get().handle == outer.get().handle);
        spw::span other = std::move(detached);
        std::thread([span = std::move(other)] { span.set("thread", "other"); }).join();
    }
    CHECK(!spw::current().is_valid());
    const seen inner("inner"), detached("detached");
    CHECK(std::memcmp(inner.span.parent_span_id, outer_id.span_id, 8) == 0);
    CHECK(std::memcmp(inner.span.span_id, inner_id.span_id, 8) == 0);
    CHECK(inner.span.kind == SPW_KIND_CLIENT && inner.is("at", "start"));
    CHECK(spw::text(inner.span.scope.name) == "cpp" && spw::text(inner.span.scope.version) == "17");
    CHECK(std::memcmp(detached.span.parent_span_id, outer_id.span_id, 8) == 0 && detached.is("thread", "other"));
}

void assignment_ends_what_was_there()
{
    spw::span span(tracer, "first");
    const spw_span first = span;
    span = spw::span(tracer, "second");
    CHECK(!spw_is_recording(first) && span.is_recording());
    const spw_span second = span.release();
    CHECK(!span.is_valid() && spw_is_recording(second));
    spw::span_ref(second).set("who", "ref").end();
    CHECK(seen("second").is("who", "ref"));
}

void parents_and_times()
{
    const auto begun = std::chrono::system_clock::time_point(1700000000s);
    spw::scope around(tracer, "around");
    {
        spw::span root(tracer, "root", spw::start_options().root().start_at(begun));
        root.add_event_at("tick", begun + 1s, { { "n", 1 } }).add_event("tock");
        root.add_link(around, { { "why", "after" } });
        root.end_at(begun + 2s);
    }
    spw::span session(tracer, "session");
    const spw::start_options of_session = spw::start_options().parent(session).kind(SPW_KIND_SERVER); // a copy of it, too, has its parent
    spw::span(tracer, "statement", of_session).end();
    {
        spw::attached guard(session);
        CHECK(spw::current().get().handle == session.get().handle);
        spw::scope work(tracer, "work");
    }
    const seen statement("statement"), work("work");
    CHECK(std::memcmp(statement.span.parent_span_id, session.get().span_id, 8) == 0 && statement.span.kind == SPW_KIND_SERVER);
    CHECK(std::memcmp(work.span.parent_span_id, session.get().span_id, 8) == 0);
    const seen root("root");
    CHECK(std::memcmp(root.span.parent_span_id, "\0\0\0\0\0\0\0\0", 8) == 0);
    CHECK(root.span.start_unix_ns == 1700000000000000000u && root.span.end_unix_ns == 1700000002000000000u);
    spw_link_view link;
    spw_link_iter links = root.span.links;
    CHECK(spw_link_next(&links, &link) && std::memcmp(link.span_id, around.get().span_id, 8) == 0);
    spw_event_view event;
    spw_event_iter it = root.span.events;
    CHECK(spw_event_next(&it, &event) && spw::text(event.name) == "tick" && event.unix_ns == 1700000001000000000u);
    CHECK(spw_event_next(&it, &event) && spw::text(event.name) == "tock");
}

void one_of_each(const spw::span &span)
{
    const std::string string = "std::string";
    const std::string_view part = std::string_view("partial").substr(0, 4);
    const int numbers[] = { 4, 5 };
    span.set("string", string).set("view", part).set("literal", "literal").set(std::string("key"), 1);
    span.set("list", { 1, 2, 3 }).set("mixed", { "a", 1, 2.5, true }).set("c array", numbers);
    span.set("strings", { "a", "b" }).set("long list", { "32 elements fit in place"sv });
    span.set("bytes", std::array<unsigned char, 3>{ 1, 2, 3 }).set("std::bytes", std::array<std::byte, 2>{}).set_bytes("raw", "\0\1", 2);
    span.set("empty list", std::array<int, 0>{}).set("empty view", std::string_view());
    span.set_map("map", { { "a", 1 }, { "b", "two" } }).set("value", spw_value_bool(true)).set_all({ { "all 1", 1u }, { "all 2", string } });
}

void values_allocate_nothing()
{
    spw::span span(tracer, "values");
    const std::string warm = "std::string";
    const long before = allocations;
    one_of_each(span);
    CHECK(allocations == before);
    span.end();

    const seen values("values");
    CHECK(values.is("string", "std::string") && values.is("view", "part") && values.is("literal", "literal") && values.is("key", 1));
    CHECK(values.words("list") == "i1 i2 i3 " && values.words("mixed") == "sa i1 d2.500000 b1 " && values.words("c array") == "i4 i5 ");
    CHECK(values.words("strings") == "sa sb " && values.words("bytes") == "x3" && values.words("std::bytes") == "x2" && values.words("raw") == "x2");
    CHECK(values.words("empty list").empty() && values.is("empty view", ""));
    CHECK(values.words("map") == "a=i1 b=stwo " && values.words("value") == "b1" && values.is("all 1", 1) && values.is("all 2", "std::string"));
}

void containers()
{
    const std::vector<std::string> strings{ "x", "a longer one than fits into a short string" };
    const std::vector<bool> bits{ true, false };
    const std::list<double> doubles{ 1.5 };
    const std::vector<std::uint64_t> large{ 1, UINT64_MAX };
    const std::vector<int> hundred(100, 7);
    const std::vector<std::int64_t> rows(100, -1);
    const std::array<bool, 2> truths{ true, false };
    const char *const texts[] = { "a", "b" };
    {
        spw::span span(tracer, "containers");
        const long before = allocations;
        span.set("rows", rows).set("truths", truths).set("texts", texts); // as they lie, whatever their length
        CHECK(allocations == before);
        span.set("strings", strings).set("bits", bits).set("doubles", doubles).set("large", large).set("hundred", hundred);
    }
    const seen found("containers");
    CHECK(found.words("strings") == "sx sa longer one than fits into a short string ");
    CHECK(found.words("bits") == "b1 b0 " && found.words("doubles") == "d1.500000 ");
    CHECK(found.words("large").substr(0, 4) == "i1 d");
    CHECK(found.words("hundred").size() == 300 && found.words("rows").size() == 400);
    CHECK(found.words("truths") == "b1 b0 " && found.words("texts") == "sa sb ");
}

void errors()
{
    spw::span(tracer, "fails").fail_errno(ENOENT, "config").record_error("odd", "but handled", { { "extra", 1 } });
    const seen fails("fails");
    CHECK(fails.is("error.type", "ENOENT") && spw::text(fails.span.status_message).substr(0, 8) == "config: ");
    spw_event_view event;
    spw_attr attr;
    spw_event_iter it = fails.span.events;
    CHECK(spw_event_next(&it, &event) && spw::text(event.name) == "exception");
    bool extra = false;
    while (spw_attr_next(&event.attributes, &attr))
        extra |= spw::text(attr.key) == "extra";
    CHECK(extra);
}

#if defined(__cpp_exceptions)
void exceptions()
{
    try {
        spw::scope span(tracer, "throws");
        try {
            throw std::out_of_range("too far");
        } catch (const std::exception &error) {
            span.record_exception(error).fail(error);
            throw;
        }
    } catch (const std::out_of_range &) {
        CHECK(!spw::current().is_valid()); // the scope ended as the exception passed
    }
    const seen found("throws");
    CHECK(found.span.status == SPW_STATUS_ERROR && spw::text(found.span.status_message) == "too far");
#if defined(__cpp_rtti)
    CHECK(found.is("error.type", "std::out_of_range"));
#else
    CHECK(found.is("error.type", "std::exception"));
#endif
    int events = 0;
    spw_event_view event;
    for (spw_event_iter it = found.span.events; spw_event_next(&it, &event);)
        events += spw::text(event.name) == "exception";
    CHECK(events == 2);
}
#endif

void contexts()
{
    CHECK(!spw::context().span().is_valid());
    spw::context plain = spw::context::current().with_baggage("tenant", "acme", "ttl=1").with_baggage("user", "7");
    const spw::context copy = plain;
    plain = plain.without_baggage("tenant");
    CHECK(!plain.baggage("tenant") && copy.baggage("tenant") == "acme"sv && plain.baggage("user") == "7"sv);
    std::string all;
    copy.each_baggage([&](std::string_view name, std::string_view value, std::string_view metadata) {
        all.append(name).append("=").append(value).append(";").append(metadata).append(" ");
    });
    CHECK(all == "tenant=acme;ttl=1 user=7; ");
    CHECK(!plain.without_baggage().baggage("user"));
    {
        spw::attached guard(copy);
        CHECK(spw_baggage_get(nullptr, "tenant") == "acme"sv);
        spw::attached inner(spw::context{}.with_suppression());
        spw::attached moved(std::move(inner));
        CHECK(spw_baggage_get(nullptr, "tenant") == nullptr && !inner.detach());
        CHECK(!spw::span(tracer, "suppressed").is_recording());
        CHECK(moved.detach() && !moved.detach());
        CHECK(spw::context::current().baggage("user") == "7"sv);
    }
    CHECK(spw_baggage_get(nullptr, "tenant") == nullptr);
}

void propagation()
{
    std::map<std::string, std::string> fields;
    const auto set = [&](const char *name, const char *value) { fields[name] = value; };
    {
        spw::scope span(tracer, "sends");
        spw::attached tagged(spw::context::current().with_baggage("k", "v"));
        spw::inject(set);
        CHECK(fields["traceparent"] == "00-"s + span.trace_id().data() + "-" + span.span_id().data() + "-03" && fields["baggage"] == "k=v");
    }
    const spw::context from = spw::extract([&](const char *name) {
        const auto found = fields.find(name);
        return found == fields.end() ? nullptr : found->second.c_str();
    });
    CHECK(from.span().is_valid() && from.get().span.is_remote && from.baggage("k") == "v"sv);
    std::map<std::string, std::string> again;
    spw::inject(from, [&](const char *name, const char *value) { again[name] = value; });
    CHECK(again == fields);
    spw::span(tracer, "receives", spw::start_options().parent(from)).end();
    CHECK(std::memcmp(seen("receives").span.parent_span_id, from.get().span.span_id, 8) == 0);
}

void without_an_sdk()
{
    const long before = allocations;
    spw::scope scope(tracer, "nobody listens");
    spw::span span("nor here");
    span.set("k", 1).add_event("e", { { "a", "b" } }).fail("type", "message");
    CHECK(!scope.is_recording() && !span.is_valid() && span.get().handle == 0);
    CHECK(std::strlen(span.trace_id().data()) == 32 && std::strlen(span.span_id().data()) == 16);
    CHECK(allocations == before);
}

bool start()
{
    memory = spw_memory_exporter_new(1000);
    spw_pipeline_options pipeline = SPW_PIPELINE_OPTIONS_INIT;
    pipeline.exporter = memory;
    spw_options options = SPW_OPTIONS_INIT;
    options.pipelines = &pipeline;
    options.pipeline_count = 1;
    return spw_start(&options) == SPW_OK;
}
} // namespace

int main()
{
    without_an_sdk();
    if (!start())
        return 1;
    lifetimes();
    assignment_ends_what_was_there();
    parents_and_times();
    values_allocate_nothing();
    containers();
    errors();
    contexts();
    propagation();
#if defined(__cpp_exceptions)
    exceptions();
#endif
    CHECK(spw_shutdown(SPW_DEFAULT_TIMEOUT_MS) == SPW_OK);
    without_an_sdk();
    std::printf("%d wrong\n", failures);
    return failures != 0;
}
