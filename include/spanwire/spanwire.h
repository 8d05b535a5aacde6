/**
 * @file spanwire.h
 * Everything a program includes: all public headers but curl.h, which needs libcurl's. Link libspanwire-sdk (pkg-config spanwire-sdk).
 * A library that only records includes spanwire/trace.h and links libspanwire.
 *
 *     #include <spanwire/spanwire.h>
 *
 *     int main(void)
 *     {
 *         spw_start(NULL);                         // OTEL_* decides; http://localhost:4318 by default
 *         {
 *             SPW_SPAN(run, "hello");
 *             spw_set(run, "greeting", "world");
 *         }
 *         spw_shutdown(SPW_DEFAULT_TIMEOUT_MS);
 *     }
 */
#ifndef SPANWIRE_SPANWIRE_H
#define SPANWIRE_SPANWIRE_H

#include <spanwire/allocator.h>
#include <spanwire/baggage.h>
#include <spanwire/common.h>
#include <spanwire/config.h>
#include <spanwire/context.h>
#include <spanwire/environment.h>
#include <spanwire/exporter.h>
#include <spanwire/http.h>
#include <spanwire/processor.h>
#include <spanwire/propagation.h>
#include <spanwire/pump.h>
#include <spanwire/resource.h>
#include <spanwire/sampler.h>
#include <spanwire/sdk.h>
#include <spanwire/trace.h>

#endif
