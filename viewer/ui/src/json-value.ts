// JSON text as the typed values a tree shows. Numbers keep their digits where the browser can tell them.
import type { Container, KeyValue, Value } from "./types";
import { MAX_DEPTH, parseJson } from "./value";

interface RawJson {
  isRawJSON?: (value: unknown) => boolean;
}

const isRaw = (value: object): value is { rawJSON: string } => (JSON as RawJson).isRawJSON?.(value) === true;

function scalar(value: unknown): Value {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "number") return Number.isInteger(value) ? { type: "int", value: String(value) } : { type: "double", value };
  return { type: "empty", value: null };
}

export function toValue(value: unknown, depth = 0): Value {
  if (typeof value !== "object" || value === null) return scalar(value);
  if (isRaw(value)) return { type: "int", value: value.rawJSON }; // digits, as they were written
  if (depth >= MAX_DEPTH) return { type: "string", value: JSON.stringify(value) };
  if (Array.isArray(value)) return { type: "array", value: value.map((item) => toValue(item, depth + 1)) };
  return { type: "map", value: Object.entries(value).map(([key, item]): KeyValue => ({ key, ...toValue(item, depth + 1) })) };
}

// Undefined when the text is no JSON object or array, or one too deep to read.
export function jsonValue(text: string): Container | undefined {
  const parsed = parseJson(text);
  if (parsed === undefined) return undefined;
  try {
    return toValue(parsed) as Container;
  } catch {
    return undefined;
  }
}
