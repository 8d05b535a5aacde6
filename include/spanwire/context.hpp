/**
 * @file context.hpp
 * Contexts, baggage and propagation as C++ objects. See spanwire.hpp, which includes it.
 *
 *     spw::context from = spw::extract([&](const char *name) { return request.header(name); });   // a server
 *     spw::scope span(tracer, "GET /users/{id}", spw::start_options().kind(SPW_KIND_SERVER).parent(from));
 *     spw::inject([&](const char *name, const char *value) { next.set_header(name, value); });     // and its next call
 *
 *     pool.submit([here = spw::context::current()] {           // counted: baggage and values live as long as it
 *         spw::attached guard(here);
 *         work();
 *     });
 */
#ifndef SPANWIRE_CONTEXT_HPP
#define SPANWIRE_CONTEXT_HPP

#include <spanwire/baggage.h>
#include <spanwire/context.h>
#include <spanwire/propagation.h>
#include <spanwire/trace.hpp>

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace spw {

/** A context with a count of its own: what context.h calls OWNED. Immutable, so copies are cheap; any thread. The default is the root context. */
class context {
  public:
    context() noexcept = default;
    /** Another count of what a context carries, as of `*spw_context_current()`. */
    explicit context(const spw_context &other) noexcept : context_(spw_context_retain(&other)) {}
    /** Takes over what a C function has returned OWNED. */
    static context owned(spw_context taken) noexcept
    {
        context made;
        made.context_ = taken;
        return made;
    }
    static context current() noexcept { return owned(spw_context_capture()); }
    context(const context &other) noexcept : context(other.context_) {}
    context(context &&other) noexcept : context_(std::exchange(other.context_, spw_context{})) {}
    context &operator=(context other) noexcept
    {
        std::swap(context_, other.context_);
        return *this;
    }
    ~context() { spw_context_release(&context_); }

    const spw_context &get() const noexcept { return context_; }
    operator const spw_context &() const & noexcept { return context_; }
    operator const spw_context &() const && = delete; /* it would be gone */
    span_ref span() const noexcept { return span_ref(context_.span); }

    context with_span(const spw_span &span) const noexcept { return owned(spw_context_with_span(&context_, span)); }
    context with_suppression() const noexcept { return owned(spw_context_with_suppression(&context_)); }
    bool is_suppressed() const noexcept { return spw_context_is_suppressed(&context_); }

    context with_baggage(const char *name, const char *value, const char *metadata = nullptr) const noexcept
    {
        return owned(spw_baggage_set_with_metadata(&context_, name, value, metadata));
    }
    context without_baggage(const char *name) const noexcept { return owned(spw_baggage_remove(&context_, name)); }
    context without_baggage() const noexcept { return owned(spw_baggage_clear(&context_)); }
    /** Good as long as the context, as is what each_baggage() is given. */
    std::optional<std::string_view> baggage(const char *name) const noexcept
    {
        const char *value = spw_baggage_get(&context_, name);
        return value ? std::optional<std::string_view>(value) : std::nullopt;
    }
    /** Calls fn(name, value, metadata), string_views, in the order they were set. */
    template <class Fn> void each_baggage(Fn &&fn) const
    {
        std::size_t cursor = 0;
        spw_baggage_entry entry;
        while (spw_baggage_next(&context_, &cursor, &entry))
            fn(text(entry.name), text(entry.value), text(entry.metadata));
    }

    context with_value(const spw_context_key &key, void *value) const noexcept { return owned(spw_context_with_value(&context_, &key, value)); }
    void *value(const spw_context_key &key) const noexcept { return spw_context_value(&context_, &key); }

  private:
    spw_context context_{};
};

/** Makes a context current on this thread until the object ends. Move-only, on its thread. */
class attached {
  public:
    explicit attached(const spw_context &context) noexcept : token_(spw_context_attach(&context)) {}
    explicit attached(const context &context) noexcept : attached(context.get()) {}
    /** The span, with what is current besides it: as spw_span_attach(). */
    explicit attached(const spw_span &span) noexcept : token_(spw_span_attach(span)) {}
    attached(attached &&other) noexcept : token_(std::exchange(other.token_, spw_token{})) {}
    attached &operator=(attached &&other) noexcept
    {
        if (this != &other) {
            detach();
            token_ = std::exchange(other.token_, spw_token{});
        }
        return *this;
    }
    ~attached() { detach(); }
    /** Earlier than the end of the object. False when it was not attached (any more) on this thread. */
    bool detach() noexcept
    {
        const spw_token token = std::exchange(token_, spw_token{});
        return token.id != 0 && spw_context_detach(token);
    }

  private:
    spw_token token_;
};

namespace detail {
template <class Fn> void *carrier(Fn &fn) noexcept
{
    return const_cast<void *>(static_cast<const void *>(std::addressof(fn)));
}
} // namespace detail

/** Calls set(name, value), both const char *, for each field of the context. What it throws ends the program: C is in between. */
template <class Set> void inject(const spw_context &context, Set &&set) noexcept
{
    using fn = std::remove_reference_t<Set>;
    spw_inject(
        &context, [](void *carrier, const char *name, const char *value) noexcept { (*static_cast<fn *>(carrier))(name, value); },
        detail::carrier(set));
}

/** The current context. */
template <class Set> void inject(Set &&set) noexcept
{
    inject(*spw_context_current(), set);
}

/** The base with what get(name), which returns a const char * or nullptr, finds. What it throws ends the program. */
template <class Get> context extract(const spw_context &base, Get &&get) noexcept
{
    using fn = std::remove_reference_t<Get>;
    return context::owned(spw_extract(
        &base, [](void *carrier, const char *name) noexcept -> const char * { return (*static_cast<fn *>(carrier))(name); },
        detail::carrier(get)));
}

template <class Get> context extract(Get &&get) noexcept
{
    return extract(spw_context{}, get);
}
} // namespace spw
#endif
