"""decode.py WITNESS DIRECTORY: a receiver in Python decodes what the SDK sends with OTLP's own message classes, and compares every span with
what the witness asked for (its file SAID) and with what the memory exporter kept beside (KEPT). One line a case: `ok - ...` or `not ok - ...`,
with differences below it."""

import base64
import gzip
import http.server
import json
import os
import re
import subprocess
import sys
import threading

from google.protobuf import json_format, text_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

SPANS = 1000
MOST_LINES = 12


# ---- receiving ----

class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.mistakes, self.lock = [], [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, headers, body):
        with self.lock:
            if headers["Content-Type"] != "application/x-protobuf":
                self.mistakes.append(f"Content-Type: {headers['Content-Type']}")
            request = ExportTraceServiceRequest()
            try:
                request.ParseFromString(gzip.decompress(body) if headers["Content-Encoding"] == "gzip" else body)
            except Exception as error:  # whatever a decoder may raise is the sender's mistake
                self.mistakes.append(f"{type(error).__name__}: {error}")
            self.requests.append((headers["Content-Encoding"], request))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


# ---- spans, by their ids ----

def by_id(requests, mistakes):
    found = {}
    for request in requests:
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    if span.span_id in found:
                        mistakes.append(f"span {span.span_id.hex()} is there twice")
                    found[span.span_id] = (span, scope_spans, resource_spans)
    return found


def read_lines(path):
    """OTLP JSON has ids in hex where protobuf's own JSON has base64."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line, parse_int=lambda text: -0.0 if text == "-0" else int(text))
            for resource_spans in request["resourceSpans"]:
                for scope_spans in resource_spans["scopeSpans"]:
                    for span in scope_spans["spans"]:
                        for key in ("traceId", "spanId", "parentSpanId"):
                            span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
            yield json_format.ParseDict(request, ExportTraceServiceRequest())


# ---- comparing ----

def plain(span, times_of):
    """A copy with what may differ made equal: attributes are a map, an empty status is none, and times that nobody gave."""
    copy = type(span)()
    copy.CopyFrom(span)
    for holder in (copy, *copy.events, *copy.links):
        pairs = sorted(holder.attributes, key=lambda pair: pair.key)
        del holder.attributes[:]
        holder.attributes.extend(pairs)
    if copy.HasField("status") and not copy.status.ByteSize():
        copy.ClearField("status")
    if not times_of.start_time_unix_nano:
        copy.ClearField("start_time_unix_nano")
    if not times_of.end_time_unix_nano:
        copy.ClearField("end_time_unix_nano")
    for event, given in zip(copy.events, times_of.events):
        if not given.time_unix_nano:
            event.ClearField("time_unix_nano")
    return copy


def compare(want, got):
    if want.keys() != got.keys():
        yield f"{len(want)} spans expected, {len(got)} found, {len(want.keys() & got.keys())} are the same"
    for span_id in want.keys() & got.keys():
        (wanted, wanted_scope, _), (found, found_scope, _) = want[span_id], got[span_id]
        wanted, found = plain(wanted, wanted), plain(found, wanted)
        if wanted.SerializeToString(deterministic=True) != found.SerializeToString(deterministic=True):  # NaN equals itself as bytes
            lines = zip(text_format.MessageToString(wanted).splitlines(), text_format.MessageToString(found).splitlines())
            first = next((f"{a.strip()} expected, {b.strip()} found" for a, b in lines if a != b), "one has more than the other")
            yield f"span {span_id.hex()}: {first}"
        if (wanted_scope.scope, wanted_scope.schema_url) != (found_scope.scope, found_scope.schema_url):
            yield f"span {span_id.hex()}: scope {wanted_scope.scope} expected, {found_scope.scope} found"


def resource_mistakes(got):
    expected = {"service.name": 'interop "\u00fc"', "service.version": "1.2.3", "telemetry.sdk.name": "spanwire"}
    for span_id, (_, _, resource_spans) in got.items():
        found = {pair.key: pair.value.string_value for pair in resource_spans.resource.attributes}
        for key, value in expected.items():
            if found.get(key) != value:
                yield f"span {span_id.hex()}: {key}: {value} expected, {found.get(key)} found"


# ---- the cases ----

def run_witness(path, directory, receiver, compression):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "TRACE"))}
    environment.update(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{receiver.server_port}", OTEL_EXPORTER_OTLP_COMPRESSION=compression,
                       OTEL_SERVICE_NAME='interop "\u00fc"', OTEL_RESOURCE_ATTRIBUTES="service.version=1.2.3")
    said, kept = os.path.join(directory, f"said-{compression}"), os.path.join(directory, f"kept-{compression}")
    ended = subprocess.run([path, said, kept], input=f"record {SPANS} 0\n", env=environment, capture_output=True, text=True, timeout=60)
    account = re.search(r"^ended (\d+) exported (\d+) ", ended.stdout, re.MULTILINE)
    if ended.returncode or not account:
        return said, kept, [f"the witness failed: {ended.stdout}{ended.stderr}"]
    return said, kept, [] if account[1] == account[2] == str(SPANS) else [f"{SPANS} spans expected: {ended.stdout}"]


def case(path, directory, compression):
    receiver = Receiver()
    try:
        said, kept, mistakes = run_witness(path, directory, receiver, compression)
        if mistakes:
            return mistakes
        with receiver.lock:
            mistakes = list(receiver.mistakes)
            if any(encoding != (compression if compression == "gzip" else None) for encoding, _ in receiver.requests):
                mistakes.append(f"not every request has Content-Encoding: {compression}")
            got = by_id([request for _, request in receiver.requests], mistakes)
        for file in (said, kept):
            mistakes += (f"{os.path.basename(file)}: {line}" for line in compare(by_id(read_lines(file), mistakes), got))
        return mistakes + list(resource_mistakes(got))
    finally:
        receiver.shutdown()
        receiver.server_close()


def main():
    for compression in ("none", "gzip"):
        try:
            mistakes = case(sys.argv[1], sys.argv[2], compression)
        except Exception as error:
            mistakes = [f"{type(error).__name__}: {error}"]
        print(f"{'not ok' if mistakes else 'ok'} - python: {SPANS} spans ({compression}) decode to what was asked for and what was kept")
        for line in mistakes[:MOST_LINES]:
            print(f"    {line[:300]}")


if __name__ == "__main__":
    main()
