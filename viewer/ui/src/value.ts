// A typed attribute value as text.
import type { Container, KeyValue, Value } from "./types";

// As deep as the viewer lets values in. What indents or reads a value stops there, whatever is handed to it.
export const MAX_DEPTH = 64;
const LINE_CHARS = 72;

export const isContainer = (value: Value): value is Container => value.type === "array" || value.type === "map";

export const brackets = (value: Container): [string, string] => (value.type === "array" ? ["[", "]"] : ["{", "}"]);

// A value inside another one: strings, bytes and numbers JSON has no form for in quotes.
export function innerText(value: Exclude<Value, Container>): string {
  if (value.type === "empty") return "null";
  return typeof value.value === "string" && value.type !== "int" ? JSON.stringify(value.value) : String(value.value);
}

const keyText = (item: Value): string => ("key" in item ? `${JSON.stringify(item.key)}: ` : "");

// A container on one line; undefined when it does not fit there. Every level takes two characters of the room, so it cannot go deep.
export function lineText(value: Container, room = LINE_CHARS): string | undefined {
  const [open, close] = brackets(value);
  let text = open;
  for (const item of value.value) {
    text += (text === open ? "" : ", ") + keyText(item);
    const left = room - text.length - 1;
    if (left <= 0 || (item.type === "string" && item.value.length > left)) return undefined;
    const inner = isContainer(item) ? lineText(item, left) : innerText(item);
    if (inner === undefined || inner.length > left) return undefined;
    text += inner;
  }
  return text + close;
}

// As JSON, indented. Without recursion: depth is the sender's choice.
export function valueText(value: Value): string {
  if (value.type === "string") return value.value;
  if (value.type === "empty") return "";
  if (!isContainer(value)) return String(value.value);
  const out: string[] = [];
  const stack: { container: Container; next: number }[] = [];
  const add = (item: Value): void => {
    const line = isContainer(item) ? lineText(item) : innerText(item);
    if (line !== undefined) out.push(line);
    else if (isContainer(item)) {
      out.push(brackets(item)[0]);
      stack.push({ container: item, next: 0 });
    }
  };
  const newLine = (): string => `\n${"  ".repeat(Math.min(stack.length, MAX_DEPTH))}`;
  add(value);
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const item = top.container.value[top.next++];
    if (item) {
      out.push(top.next > 1 ? "," : "", newLine(), keyText(item));
      add(item);
    } else {
      stack.pop();
      out.push(newLine(), brackets(top.container)[1]);
    }
  }
  return out.join("");
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

// A whole number JSON prints as it was sent, where the browser can.
function integer(digits: string): unknown {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : (JSON as RawJson).rawJSON?.(digits) ?? digits;
}

// A value as plain data: JSON text parsed, arrays and maps unwrapped. For reading known shapes only.
export function plain(value: Value, depth = 0): unknown {
  if (value.type === "string") return depth === 0 ? parseJson(value.value) : value.value;
  if (depth > MAX_DEPTH) return null;
  if (value.type === "array") return value.value.map((item) => plain(item, depth + 1));
  if (value.type === "map") return Object.fromEntries(value.value.map((item) => [item.key, plain(item, depth + 1)]));
  return value.type === "int" ? integer(value.value) : value.value;
}
