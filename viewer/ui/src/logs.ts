// Log records as the pages show them: with the service they come from, and of their content what is a conversation apart from the rest.
import { plural } from "./format";
import { type Instant, readInstant, since } from "./instant";
import { messageKeys } from "./messages";
import type { KeyValue, Log, LogPage, Resource, Scope, Value } from "./types";
import { brackets, isContainer, lineText } from "./value";

export interface LogRecord {
  log: Log;
  time: Instant; // when it happened; where that is not known, when it was observed
  service: string;
  resource: Resource | undefined;
  scope: Scope | undefined;
}

const WARN = 13;
const ERROR = 17;
const LINE_CHARS = 400;

// What a filter can ask for: at least this.
export const severities = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

export const isWarning = ({ severity_number }: Log): boolean => severity_number >= WARN;
export const isError = ({ severity_number }: Log): boolean => severity_number >= ERROR;

export const severityClass = (log: Log): string => `severity-${log.severity.toLowerCase() || "none"}`;

export const logTime = (log: Log): string => (log.time_unix_ns === "0" ? log.observed_unix_ns : log.time_unix_ns);

export function readLogs(page: LogPage): LogRecord[] {
  return page.logs.map((log) => {
    const resource = page.resources[log.resource];
    return { log, time: readInstant(logTime(log)), service: resource?.service || "unknown_service", resource, scope: page.scopes[log.scope] };
  });
}

export const isNewer = (a: LogRecord, b: LogRecord): boolean => since(b.time, a.time) > 0;

// On one line, or as much of it as says what it is.
export function logLine(log: Log): string {
  const { body } = log;
  if (body.type === "string") return body.value;
  if (body.type === "empty") return "";
  if (!isContainer(body)) return String(body.value);
  const [open, close] = brackets(body);
  return lineText(body, LINE_CHARS) ?? `${open}…${close} ${plural(body.value.length, body.type === "map" ? "key" : "item")}`;
}

export interface LogContent {
  messages: KeyValue[]; // of a model call, wherever the sender put them
  body: Value | null; // null: there is nothing else in it
  attributes: KeyValue[];
}

// The conventions put a call's messages into attributes; earlier ones, into the body.
export function logContent({ body, attributes }: Log): LogContent {
  const isMessage = ({ key }: KeyValue): boolean => messageKeys.has(key);
  const inside = body.type === "map" ? body.value.filter(isMessage) : [];
  const rest: Value = body.type === "map" && inside.length > 0 ? { type: "map", value: body.value.filter((entry) => !isMessage(entry)) } : body;
  const nothing = rest.type === "empty" || (rest.type === "map" && inside.length > 0 && rest.value.length === 0);
  return { messages: [...attributes.filter(isMessage), ...inside], body: nothing ? null : rest, attributes: attributes.filter((attribute) => !isMessage(attribute)) };
}
