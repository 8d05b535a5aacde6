/**
 * @file spanwire.hpp
 * The recording half of spanwire for C++17 and later: spans and contexts that end with their block, and set() for every type. Header-only
 * over trace.h, context.h, baggage.h and propagation.h (trace.hpp, context.hpp, value.hpp); a library that uses it links libspanwire and nothing more.
 *
 * Threads    As in the C headers. A spw::scope and a spw::attached end on the thread they began on; a spw::span anywhere.
 * Ownership  span, scope and attached are move-only and end in their destructor; span_ref only refers. Strings are borrowed for the call.
 * Failure    Nothing here throws, and what cannot be recorded is counted, as in C. Compiles with -fno-exceptions and -fno-rtti.
 * Cost       That of the C calls. Only arrays of more than 32 elements, and the name of an exception's type, allocate.
 *
 *     static spw_tracer tracer = SPW_TRACER_INIT("my-library", "1.0");
 *
 *     void fetch(const std::string &url)
 *     {
 *         spw::scope span(tracer, "fetch");                    // current until the block ends, by an exception too
 *         span.set("url.full", url).set("retries", 3).set("tags", {"a", "b"});
 *         try { do_fetch(url); }
 *         catch (const std::exception &e) { span.fail(e); throw; }
 *     }
 *
 * A span without a tracer is the program's own. SPW_DEFAULT_TRACER serves the macro SPW_SPAN only, which works in C++ too.
 */
#ifndef SPANWIRE_SPANWIRE_HPP
#define SPANWIRE_SPANWIRE_HPP

#include <spanwire/context.hpp>
#include <spanwire/trace.hpp>
#include <spanwire/value.hpp>

#endif
