/**
 * @file trace.hpp
 * Spans as C++ objects. See spanwire.hpp, which includes it.
 */
#ifndef SPANWIRE_TRACE_HPP
#define SPANWIRE_TRACE_HPP

#include <spanwire/trace.h>
#include <spanwire/value.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <utility>

#if defined(__cpp_rtti)
#include <cxxabi.h>
#include <typeinfo>
#endif

namespace spw {

namespace detail {
inline std::uint64_t unix_ns(std::chrono::system_clock::time_point time) noexcept
{
    const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
    return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

/* What an exception is called: `std::out_of_range`; nothing without RTTI. */
template <class Fn> void with_type_name(const std::exception &error, Fn &&fn) noexcept
{
#if defined(__cpp_rtti)
    int status = 0;
    char *readable = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status);
    fn(readable ? readable : typeid(error).name());
    std::free(readable);
#else
    (void)error;
    fn("std::exception");
#endif
}
} // namespace detail

/** What may be said at the start of a span: `spw::scope s("GET", spw::start_options().kind(SPW_KIND_CLIENT));` All of it is borrowed. */
class start_options {
  public:
    start_options &kind(spw_span_kind kind) noexcept { return options_.kind = kind, *this; }
    start_options &parent(const spw_context &parent) noexcept { return options_.parent = &parent, has_span_ = false, *this; }
    start_options &parent(const spw_context &&parent) = delete; /* it would be gone */
    /** The span alone, which is copied: not what is current besides it. */
    start_options &parent(const spw_span &span) noexcept
    {
        parent_.span = span;
        return options_.parent = nullptr, has_span_ = true, *this;
    }
    /** Starts a new trace, whatever is current. */
    start_options &root() noexcept { return parent(spw_span{}); }
    start_options &attributes(const spw_attr *list, std::size_t count) noexcept
    {
        options_.attributes = list;
        options_.attribute_count = count;
        return *this;
    }
    start_options &attributes(attrs list) noexcept { return attributes(list.begin(), list.size()); }
    start_options &links(const spw_link *list, std::size_t count) noexcept
    {
        options_.links = list;
        options_.link_count = count;
        return *this;
    }
    start_options &start_at(std::chrono::system_clock::time_point time) noexcept
    {
        return options_.start_unix_ns = detail::unix_ns(time), *this;
    }
    /** Good as long as the object, and until it is changed. */
    const spw_span_options *get() const noexcept
    {
        if (has_span_)
            options_.parent = &parent_; /* not before: the object may have been copied since */
        return &options_;
    }

  private:
    mutable spw_span_options options_ = SPW_SPAN_OPTIONS_INIT;
    spw_context parent_{};
    bool has_span_ = false;
};

/** What can be done with a span, however it is held. Recording calls return the object, for chains; they may be const: the span is elsewhere. */
template <class Self> class recorder {
  public:
    operator spw_span() const noexcept { return get(); }
    /** Whether what is set is kept: skip costly values when it is not. */
    bool is_recording() const noexcept { return spw_is_recording(get()); }
    bool is_valid() const noexcept { return spw_span_is_valid(get()); }
    bool is_sampled() const noexcept { return spw_span_is_sampled(get()); }
    /** 32 lower-case hex digits; data() is terminated. */
    std::array<char, 33> trace_id() const noexcept
    {
        std::array<char, 33> hex;
        spw_trace_id_hex(get(), hex.data());
        return hex;
    }
    std::array<char, 17> span_id() const noexcept
    {
        std::array<char, 17> hex;
        spw_span_id_hex(get(), hex.data());
        return hex;
    }

    /**
     * Sets an attribute: bool, every integer, float, double, text (literals, std::string, std::string_view) with the wire types of spw_set()
     * in C; an spw_value; and what has begin() and size(): an array, or bytes when its elements are unsigned char or std::byte.
     */
    template <class T> const Self &set(std::string_view key, const T &from) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            set_one(handle, key, from);
        return self();
    }
    template <class T> const Self &set(std::string_view key, std::initializer_list<T> list) const noexcept
    {
        return set<std::initializer_list<T>>(key, list);
    }
    /** An array of different types: `set("stop", { "a", 1, 2.5 })`. */
    const Self &set(std::string_view key, std::initializer_list<value> list) const noexcept
    {
        return set_value(key, spw_value_array(list.begin(), list.size()));
    }
    const Self &set_map(std::string_view key, attrs entries) const noexcept
    {
        return set_value(key, spw_value_map(entries.begin(), entries.size()));
    }
    const Self &set_bytes(std::string_view key, const void *data, std::size_t size) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__set_bytes(handle, key.data(), key.size(), data, size);
        return self();
    }
    const Self &set_all(attrs list) const noexcept
    {
        spw_set_attrs(get(), list.begin(), list.size());
        return self();
    }

    const Self &add_event(std::string_view name, attrs list = {}) const noexcept { return event(name, 0, list.begin(), list.size()); }
    const Self &add_event(std::string_view name, const spw_attr *list, std::size_t count) const noexcept { return event(name, 0, list, count); }
    const Self &add_event_at(std::string_view name, std::chrono::system_clock::time_point time, attrs list = {}) const noexcept
    {
        return event(name, detail::unix_ns(time), list.begin(), list.size());
    }

    /** A link to another span, of any trace. Those known at the start belong into start_options. */
    const Self &add_link(const spw_span &to, attrs list = {}) const noexcept
    {
        spw_add_link(get(), to, list.begin(), list.size());
        return self();
    }

    const Self &set_status(spw_status_code code, std::string_view description = {}) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__set_status(handle, code, description.data(), description.size());
        return self();
    }
    /** Status Error, and `error.type`: as spw_fail(). */
    const Self &fail(std::string_view type, std::string_view message) const noexcept
    {
        return set("error.type", type).set_status(SPW_STATUS_ERROR, message);
    }
    /** `error.type` the number's name, as ENOENT: as spw_fail_errno(). */
    const Self &fail_errno(int errnum, std::string_view what = {}) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__fail_errno(handle, errnum, what.data(), what.size());
        return self();
    }
    /** The operation ended by this exception: recorded as an event, status Error, `error.type` the exception's type. */
    const Self &fail(const std::exception &error) const noexcept
    {
        if (is_recording())
            detail::with_type_name(error, [&](const char *type) { record_error(type, error.what()).fail(type, error.what()); });
        return self();
    }
    /** An exception that was met, handled or not: an `exception` event; the status stays. As spw_record_exception(). */
    const Self &record_exception(const std::exception &error, attrs list = {}) const noexcept
    {
        if (is_recording())
            detail::with_type_name(error, [&](const char *type) { record_error(type, error.what(), list); });
        return self();
    }
    const Self &record_error(std::string_view type, std::string_view message, attrs list = {}) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__record_exception(handle, detail::view(type), detail::view(message), spw_view{ nullptr, 0 }, list.begin(), list.size());
        return self();
    }

    const Self &update_name(std::string_view name) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__update_name(handle, name.data(), name.size());
        return self();
    }

  private:
    const Self &self() const noexcept { return static_cast<const Self &>(*this); }
    const spw_span &get() const noexcept { return self().get(); }

    const Self &event(std::string_view name, std::uint64_t unix_ns, const spw_attr *list, std::size_t count) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__add_event(handle, detail::view(name), unix_ns, list, count);
        return self();
    }
    const Self &set_value(std::string_view key, const spw_value &from) const noexcept
    {
        if (const std::uint64_t handle = get().handle)
            spw__set_value(handle, key.data(), key.size(), &from);
        return self();
    }

    template <class T> void set_one(std::uint64_t handle, std::string_view key, const T &from) const noexcept
    {
        if constexpr (std::is_same_v<T, bool>)
            spw__set_bool(handle, key.data(), key.size(), from);
        else if constexpr (detail::is_plain_enum<T>)
            set_one(handle, key, static_cast<std::underlying_type_t<T>>(from));
        else if constexpr (detail::is_integer<T> && std::is_unsigned_v<T> && sizeof(T) == 8)
            spw__set_uint(handle, key.data(), key.size(), from);
        else if constexpr (detail::is_integer<T>)
            spw__set_int(handle, key.data(), key.size(), static_cast<std::int64_t>(from));
        else if constexpr (detail::is_float<T>)
            spw__set_double(handle, key.data(), key.size(), static_cast<double>(from));
        else if constexpr (detail::is_chars<T>)
            spw__set_string(handle, key.data(), key.size(), from, spw__len(from));
        else if constexpr (detail::is_text<T>) {
            const std::string_view text = from;
            spw__set_string(handle, key.data(), key.size(), text.data(), text.size());
        } else if constexpr (std::is_base_of_v<spw_value, T>)
            set_value(key, from);
        else if constexpr (detail::is_byte_range<T>)
            spw__set_bytes(handle, key.data(), key.size(), std::data(from), std::size(from));
        else if constexpr (detail::is_range<T>)
            set_range(handle, key, from);
        else
            static_assert(detail::never<T>, "set(): a bool, an integer, a float or double, text, bytes or an array of such; "
                                            "not a pointer, long double or enum class");
    }
    template <class Range> void set_range(std::uint64_t handle, std::string_view key, const Range &range) const noexcept
    {
        if constexpr (detail::row_type<Range> != SPW_VALUE_EMPTY) {
            spw__set_row(handle, key.data(), key.size(), detail::row_type<Range>, std::data(range), std::size(range));
            return;
        }
        detail::with_values(range, [&](const spw_value *values, std::size_t count) {
            if (values)
                set_value(key, spw_value_array(values, count));
            else
                spw__set_bool(handle, "", 0, false); /* no memory: a key that is refused is counted as a dropped attribute */
        });
    }
};

/** A span somebody else ends: `spw::current()`, or any spw_span. A value. */
class span_ref : public recorder<span_ref> {
  public:
    span_ref(const spw_span &span) noexcept : span_(span) {}
    const spw_span &get() const noexcept { return span_; }
    void end() const noexcept { spw_span_end(span_); }

  private:
    spw_span span_;
};

/** The span that is current on this thread; the invalid one, which takes nothing, when none is. */
inline span_ref current() noexcept
{
    return spw_span_current();
}

/** A span that ends with the object. It is not current: see scope. Move-only; it may end on another thread. */
class span : public recorder<span> {
  public:
    span() noexcept = default;
    explicit span(std::string_view name) noexcept : span(nullptr, name, nullptr) {}
    span(std::string_view name, const start_options &options) noexcept : span(nullptr, name, options.get()) {}
    span(spw_tracer &tracer, std::string_view name) noexcept : span(&tracer, name, nullptr) {}
    span(spw_tracer &tracer, std::string_view name, const start_options &options) noexcept : span(&tracer, name, options.get()) {}
    span(span &&other) noexcept : span_(other.release()) {}
    span &operator=(span &&other) noexcept
    {
        if (this != &other) {
            end();
            span_ = other.release();
        }
        return *this;
    }
    ~span() { end(); }

    const spw_span &get() const noexcept { return span_; }
    /** Ends it now; the destructor does nothing more. */
    void end() noexcept { spw_span_end(span_); }
    void end_at(std::chrono::system_clock::time_point time) noexcept { spw_span_end_at(span_, detail::unix_ns(time)); }
    /** Hands it over: somebody else ends it. */
    spw_span release() noexcept { return std::exchange(span_, spw_span{}); }

  private:
    span(spw_tracer *tracer, std::string_view name, const spw_span_options *options) noexcept
    {
        if (__builtin_expect(spw__gate_state() != 0 || options, 1))
            spw__span_start(&span_, tracer, name.data(), name.size(), options);
    }
    spw_span span_{};
};

/** A span that is current on this thread until the object ends, which ends the span. Move-only, on its thread. */
class scope : public recorder<scope> {
  public:
    explicit scope(std::string_view name) noexcept : scope(nullptr, name, nullptr) {}
    scope(std::string_view name, const start_options &options) noexcept : scope(nullptr, name, options.get()) {}
    scope(spw_tracer &tracer, std::string_view name) noexcept : scope(&tracer, name, nullptr) {}
    scope(spw_tracer &tracer, std::string_view name, const start_options &options) noexcept : scope(&tracer, name, options.get()) {}
    scope(scope &&other) noexcept : scope_(std::exchange(other.scope_, spw_scope{})) {}
    scope &operator=(scope &&other) noexcept
    {
        if (this != &other) {
            end();
            scope_ = std::exchange(other.scope_, spw_scope{});
        }
        return *this;
    }
    ~scope() { end(); }

    const spw_span &get() const noexcept { return scope_.span; }
    /** Ends the span, and what was current before is so again. */
    void end() noexcept { spw_scope_end(&scope_); }

  private:
    scope(spw_tracer *tracer, std::string_view name, const spw_span_options *options) noexcept
    {
        if (__builtin_expect(spw__gate_state() != 0 || options, 1))
            spw__scope_start(&scope_, tracer, name.data(), name.size(), options);
    }
    spw_scope scope_{};
};
} // namespace spw
#endif
