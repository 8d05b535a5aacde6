// What must not compile, one CASE at a time; without CASE it does. Types for which spw_set() has no association in C either.
#include <spanwire/spanwire.hpp>

#include <string>
#include <utility>

enum class tone { low };

void refused(spw::span &span, spw::scope &scope)
{
    int number = 1;
#ifndef CASE
    span.set("number", number).set("scope", scope.is_valid());
#elif CASE == 1
    span.set("pointer", &number);
#elif CASE == 2
    span.set("void pointer", static_cast<void *>(&number));
#elif CASE == 3
    span.set("nullptr", nullptr);
#elif CASE == 4
    span.set("long double", 1.0L);
#elif CASE == 5
    span.set("enum class", tone::low);
#elif CASE == 6
    span.set("a span", scope);
#elif CASE == 7
    spw::span copy = span;
#elif CASE == 8
    spw::scope copy = scope;
#elif CASE == 9
    span.set("pair", std::pair(1, 2));
#elif CASE == 10
    span.set("list of pointers", { &number, &number });
#elif CASE == 11
    spw::start_options().parent(spw_context{});
#elif CASE == 12
    span.set(1, "a key that is no text");
#elif CASE == 13
    spw::start_options().parent(spw::context());
#elif CASE == 14
    const spw_context &gone = spw::context::current();
#else
#error no such case
#endif
}
