import { useMemo } from "preact/hooks";
import type { Container, Value } from "../types";
import { isContainer, lineText, prettyJson, valueText } from "../value";
import { LongText } from "./long-text";
import { ValueTree } from "./value-tree";

const LONG_CHARS = 56;
const LONG_CONTAINER_CHARS = 14; // brackets and commas do not break into lines as well as words do

export const isLong = (value: Value): boolean => {
  if (value.type === "string") return value.value.length > LONG_CHARS || value.value.includes("\n") || /^\s*[[{]/.test(value.value);
  if (value.type === "bytes") return value.value.length > LONG_CHARS;
  return isContainer(value) && lineText(value, LONG_CONTAINER_CHARS) === undefined;
};

export function ValueView({ value }: { value: Value }) {
  const text = useMemo(() => lineOf(value), [value]);
  if (value.type === "empty") return <span class="value empty-value">empty</span>;
  if (text === "") return <span class="value empty-value">{value.type === "string" ? "empty string" : "none"}</span>;
  return text === undefined ? <ValueTree value={value as Container} /> : <LongText text={text} kind={value.type} />;
}

// Undefined: an array or a map that wants more than a line.
function lineOf(value: Value): string | undefined {
  if (isContainer(value)) return lineText(value);
  return value.type === "string" ? prettyJson(value.value) ?? value.value : valueText(value);
}
