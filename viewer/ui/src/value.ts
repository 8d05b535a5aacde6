// A typed attribute value as text. Nesting is bounded: the data is not ours.
import type { KeyValue, Value } from "./types";

const MAX_DEPTH = 24;

export function valueText(value: Value, depth = 0): string {
  switch (value.type) {
    case "string":
      return depth === 0 ? value.value : JSON.stringify(value.value);
    case "empty":
      return depth === 0 ? "" : "null";
    case "array":
    case "map":
      return containerText(value, depth);
    default:
      return String(value.value);
  }
}

function containerText(value: Extract<Value, { type: "array" | "map" }>, depth: number): string {
  const [open, close] = value.type === "array" ? ["[", "]"] : ["{", "}"];
  if (value.value.length === 0) return open + close;
  if (depth >= MAX_DEPTH) return `${open}…${close}`;
  const parts = value.type === "array"
    ? value.value.map((item) => valueText(item, depth + 1))
    : value.value.map((item) => `${JSON.stringify(item.key)}: ${valueText(item, depth + 1)}`);
  const line = parts.join(", ");
  if (line.length <= 72 && !line.includes("\n")) return `${open}${line}${close}`;
  const pad = "  ".repeat(depth + 1);
  return `${open}\n${pad}${parts.join(`,\n${pad}`)}\n${"  ".repeat(depth)}${close}`;
}

// Numbers a double cannot hold stay as they were written, where the browser can say how that was.
interface RawJson {
  rawJSON?: (text: string) => unknown;
}
function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  const raw = (JSON as RawJson).rawJSON;
  const inexact = typeof value === "number" && !Number.isSafeInteger(value) && context?.source !== undefined && raw !== undefined;
  return inexact ? raw(context.source!) : value;
}

// The parsed value when a string looks like a JSON object or array, else undefined.
export function parseJson(text: string): unknown {
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") return undefined;
  try {
    return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
  } catch {
    return undefined;
  }
}

// The same JSON, indented. The text is re-spaced, not printed anew: numbers keep every digit and keys their order.
export function prettyJson(text: string): string | undefined {
  if (parseJson(text) === undefined) return undefined;
  const out: string[] = [];
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(Math.min(depth, MAX_DEPTH))}`;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|\[\s*\]|\{\s*\}|[[\]{},:]|[^\s[\]{},:"]+/g)) {
    if (token === "[" || token === "{") {
      depth++;
      out.push(token, line());
    } else if (token === "]" || token === "}") {
      depth--;
      out.push(line(), token);
    } else if (token === ",") out.push(token, line());
    else if (token === ":") out.push(": ");
    else out.push(token.startsWith("[") || token.startsWith("{") ? token.replace(/\s+/g, "") : token);
  }
  return out.join("");
}

export const find = (attributes: KeyValue[], key: string): KeyValue | undefined =>
  attributes.find((attribute) => attribute.key === key);

export function text(attributes: KeyValue[], key: string): string {
  const found = find(attributes, key);
  return found?.type === "string" ? found.value : "";
}

export function number(attributes: KeyValue[], key: string): number | undefined {
  const found = find(attributes, key);
  if (found?.type !== "int" && found?.type !== "double") return undefined;
  const value = Number(found.value);
  return Number.isFinite(value) ? value : undefined;
}

// A value as plain data: JSON text parsed, arrays and maps unwrapped. For reading known shapes only.
export function plain(value: Value, depth = 0): unknown {
  if (value.type === "string") return depth === 0 ? parseJson(value.value) : value.value;
  if (depth > MAX_DEPTH) return null;
  if (value.type === "array") return value.value.map((item) => plain(item, depth + 1));
  if (value.type === "map") return Object.fromEntries(value.value.map((item) => [item.key, plain(item, depth + 1)]));
  return value.value;
}
