import { label } from "../format";
import type { KeyValue } from "../types";
import { valueText } from "../value";
import { CopyButton } from "./copy-button";
import { ValueView, isLong } from "./value-view";

// Keys in order, since that is how readers look one up. A prefix the section's title names is left out.
export function Attributes({ attributes, prefix = "" }: { attributes: KeyValue[]; prefix?: string }) {
  const sorted = [...attributes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return <dl class="attributes">{sorted.map((attribute, i) => <Attribute key={i} attribute={attribute} prefix={prefix} />)}</dl>;
}

function Attribute({ attribute, prefix }: { attribute: KeyValue; prefix: string }) {
  const { key, type } = attribute;
  const short = prefix !== "" && key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return (
    <div class={`attribute ${isLong(attribute) ? "long" : ""}`} data-key={label(key)}>
      <dt title={label(key)}><bdi>{label(short)}</bdi></dt>
      <dd>
        <ValueView value={attribute} />
        <span class="type">{type}</span>
        <CopyButton text={() => valueText(attribute)} what={label(key, 60)} />
      </dd>
    </div>
  );
}
