// A tool's arguments, and beside them what it answered.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { label } from "../format";
import { toValue } from "../json-value";
import type { KeyValue } from "../types";
import { valueText } from "../value";
import { CopyButton } from "./copy-button";
import { Section } from "./section";
import { StringView, ValueView } from "./value-view";

export const toolKeys: ReadonlySet<string> = new Set(["gen_ai.tool.call.arguments", "gen_ai.tool.call.result"]);

// A value of no declared type, as it stands in a message.
export function UnknownView({ value }: { value: unknown }) {
  const typed = useMemo(() => toValue(value), [value]);
  return typeof value === "string" ? <StringView text={value} prose /> : <ValueView value={typed} />;
}

interface Props {
  name: string;
  arguments: unknown;
  answered: boolean;
  response: unknown;
  children?: ComponentChildren;
}

export function ToolCall(props: Props) {
  return (
    <div class="tool-call">
      <div class="part"><span class="part-type">calls {label(props.name, 120)}{props.children}</span><UnknownView value={props.arguments} /></div>
      {props.answered && <div class="part answer"><span class="part-type">result</span><UnknownView value={props.response} /></div>}
    </div>
  );
}

// The same of a tool's own span, from its attributes.
export function ToolSection({ attributes }: { attributes: KeyValue[] }) {
  if (attributes.length === 0) return null;
  const sorted = [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1));
  return (
    <Section title="Tool call">
      <div class="tool-call">
        {sorted.map((attribute) => (
          <div key={attribute.key} class={`part ${attribute.key.endsWith("result") ? "answer" : ""}`} data-key={attribute.key}>
            <span class="part-type">{attribute.key.endsWith("result") ? "result" : "arguments"}<span class="type">{attribute.type}</span><CopyButton text={() => valueText(attribute)} what={attribute.key} /></span>
            {attribute.type === "string" ? <StringView text={attribute.value} prose={attribute.key.endsWith("result")} /> : <ValueView value={attribute} />}
          </div>
        ))}
      </div>
    </Section>
  );
}
