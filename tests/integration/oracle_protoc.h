/* What protoc says about a request: an opinion beside protobuf-c's. */
#ifndef TESTS_ORACLE_PROTOC_H
#define TESTS_ORACLE_PROTOC_H

#include <opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h>
#include <stddef.h>
#include <stdint.h>

/* Fails the test where protoc cannot read the body, knows a field of it not, or sees other spans, links, arrays or maps in it. */
void ask_protoc(const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *r, const uint8_t *body, size_t size, size_t spans);

#endif
