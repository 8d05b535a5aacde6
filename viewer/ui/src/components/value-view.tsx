import { useMemo, useState } from "preact/hooks";
import { jsonValue } from "../json-value";
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
  if (value.type === "string") return <StringView text={value.value} />;
  return <TypedView value={value} />;
}

function TypedView({ value }: { value: Exclude<Value, { type: "string" }> }) {
  const text = useMemo(() => (isContainer(value) ? lineText(value) : valueText(value)), [value]);
  if (value.type === "empty") return <span class="value empty-value">empty</span>;
  if (text === "") return <span class="value empty-value">none</span>;
  return text === undefined ? <ValueTree value={value as Container} /> : <LongText text={text} kind={value.type} />;
}

// JSON in a string is a tree, and still the text it is.
export function StringView({ text, prose = false }: { text: string; prose?: boolean }) {
  const json = useMemo(() => jsonValue(text), [text]);
  const line = useMemo(() => json && lineText(json), [json]);
  const [plain, setPlain] = useState(false);
  if (text === "") return <span class="value empty-value">empty string</span>;
  if (!json || line !== undefined) return <LongText text={line ?? text} kind="string" prose={prose && !json} />;
  return (
    <>
      {plain ? <LongText text={prettyJson(text) ?? text} kind="string" /> : <ValueTree value={json} />}
      <button type="button" class="link as-text" aria-pressed={plain} onClick={() => setPlain(!plain)}>{plain ? "As a tree" : "As text"}</button>
    </>
  );
}
