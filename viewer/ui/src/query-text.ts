// Writing conditions of the list's query language.
import type { KeyValue } from "./types";

export type Where = "" | "span." | "resource.";

const MAX_VALUE = 300; // a longer text is looked for by its beginning
const words = /^[^\s"(){}=!<>~\\\u0000-\u001f\u007f]+$/;

// Keys that would be read as something else: fields, what stands before a condition, and prefixes.
const fields = new Set(["service", "name", "kind", "status", "duration", "spans", "errors", "tokens", "trace", "start", "error", "and", "or", "not", "has"]);

export const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

const isPlainKey = (key: string): boolean => words.test(key) && !fields.has(key.toLowerCase()) && !/^(span|resource)\./i.test(key);

// A word that reads as a number, a time or a duration would be compared as one.
const isPlainText = (text: string): boolean => words.test(text) && !/^[-+.\d]/.test(text) && text.length <= 60;

export function keyText(key: string, where: Where = ""): string {
  return `${where}${isPlainKey(key) ? key : quoted(key)}`;
}

// What finds spans with this attribute's value; of values that cannot be written, those with the attribute.
export function condition(attribute: KeyValue, where: Where = ""): string {
  const key = keyText(attribute.key, where);
  switch (attribute.type) {
    case "string": {
      const { value } = attribute;
      if (value.includes("\u0000")) return `has ${key}`;
      if (value.length > MAX_VALUE) return `${key} ~ ${quoted(value.slice(0, MAX_VALUE))}`;
      return `${key} = ${isPlainText(value) ? value : quoted(value)}`;
    }
    case "int":
    case "bool":
      return `${key} = ${attribute.value}`;
    case "double":
      return typeof attribute.value === "number" ? `${key} = ${attribute.value}` : `has ${key}`;
    default:
      return `has ${key}`;
  }
}

export const fieldIs = (field: "service" | "name" | "status" | "kind", value: string): string =>
  `${field} = ${isPlainText(value) ? value : quoted(value)}`;

// Both must hold. A query with an "or" is taken as a whole.
export function conjoined(query: string, more: string): string {
  const base = query.trim();
  if (!base || base === more) return more;
  return `${/\bor\b/i.test(base) ? `(${base})` : base} and ${more}`;
}
