-- A binding without a C compiler: LuaJIT declares what it uses of the headers and calls the shared libraries. It makes
--
--     lua run -> lua step (an event, an error) -> lua leaf        and: lua elsewhere, a child of "lua run" by an explicit parent
--
-- and consumer.sh reads the tree back from what it writes as OTLP JSON.
local ffi = require("ffi")
ffi.cdef [[
typedef struct { const char *data; size_t size; } spw_view;
typedef struct { uint64_t handle; uint8_t span_id[8]; uint8_t trace_id[16]; uint8_t flags, is_remote; uint16_t reserved; uint32_t trace_state; } spw_span;
typedef struct { spw_span span; const void *values; } spw_context;
typedef struct { uint64_t id; } spw_token;
typedef struct { uint64_t cache; const char *name, *version, *schema_url; const void *attributes; size_t attribute_count; } spw_tracer;
typedef struct { spw_span span; spw_token token; } spw_scope;
/* the beginning of it, as an older version knew it: struct_size says where it ends */
typedef struct { size_t struct_size; int kind; const spw_context *parent; } spw_span_options;
typedef struct { int type; union { spw_view view; int64_t i; double d; bool b; } u; } spw_value;
typedef struct { spw_view key; spw_value value; } spw_attr;

int spw_start(const void *options);
int spw_shutdown(uint32_t timeout_ms);
const char *spw_result_text(int result);
spw_span spw_span_start(spw_tracer *tracer, const char *name, const spw_span_options *options);
void spw_span_end(spw_span span);
spw_scope spw_scope_start(spw_tracer *tracer, const char *name, const spw_span_options *options);
void spw_scope_end(spw_scope *scope);
const spw_context *spw_context_current(void);
void spw_set_string_n(spw_span span, const char *key, const char *value, size_t size);
void spw_set_int(spw_span span, const char *key, int64_t value);
void spw_set_double(spw_span span, const char *key, double value);
void spw_set_bool(spw_span span, const char *key, bool value);
spw_attr spw_attr_int(const char *key, int64_t value);
void spw_add_event(spw_span span, const char *name, const spw_attr *attrs, size_t count);
void spw_fail(spw_span span, const char *type, const char *message);
bool spw_is_recording(spw_span span);
bool spw_span_is_valid(spw_span span);
void spw_trace_id_hex(spw_span span, char *out);
]]
local recording = ffi.load("libspanwire.so.0")
local sdk = ffi.load("libspanwire-sdk.so.0")

local function set(span, key, value)
    local kind = type(value)
    if kind == "string" then
        recording.spw_set_string_n(span, key, value, #value)
    elseif kind == "boolean" then
        recording.spw_set_bool(span, key, value)
    elseif value == math.floor(value) then
        recording.spw_set_int(span, key, value)
    else
        recording.spw_set_double(span, key, value)
    end
end

local function must(condition, what)
    if not condition then
        error(what, 0)
    end
end

assert(ffi.sizeof("spw_span") == 40 and ffi.sizeof("spw_context") == 48)
local before = recording.spw_span_start(nil, "before the start", nil)
must(not recording.spw_is_recording(before), "a span records without an SDK")

local result = sdk.spw_start(nil)
must(result == 0, ffi.string(recording.spw_result_text(result)))
local tracer = ffi.new("spw_tracer", 0, "lua", "5.1")

local run = recording.spw_scope_start(tracer, "lua run", nil)
set(run.span, "lua.string", "zero\0inside")
set(run.span, "lua.int", 7)
set(run.span, "lua.double", 2.5)
set(run.span, "lua.bool", true)
local here = recording.spw_context_current()

local step = recording.spw_scope_start(tracer, "lua step", nil)
local attr = ffi.new("spw_attr[1]", { recording.spw_attr_int("attempt", 2) })
recording.spw_add_event(step.span, "retry", attr, 1)
recording.spw_fail(step.span, "timeout", "no answer")

local leaf = recording.spw_span_start(tracer, "lua leaf", nil)
must(recording.spw_is_recording(leaf), "it does not record")
recording.spw_span_end(leaf)
recording.spw_span_end(leaf) -- harmless

local options = ffi.new("spw_span_options", ffi.sizeof("spw_span_options"), 3, here) -- 3: client
local elsewhere = recording.spw_span_start(tracer, "lua elsewhere", options)
recording.spw_span_end(elsewhere)

recording.spw_scope_end(step)
recording.spw_scope_end(run)
must(not recording.spw_span_is_valid(recording.spw_context_current().span), "something is still current")

local hex = ffi.new("char[33]")
recording.spw_trace_id_hex(run.span, hex)
must(ffi.string(hex):match("^" .. ("%x"):rep(32) .. "$"), "no trace id")
result = sdk.spw_shutdown(5000)
must(result == 0, ffi.string(recording.spw_result_text(result)))
