import { label } from "../format";
import { type Where, condition } from "../query-text";
import type { KeyValue } from "../types";
import { valueText } from "../value";
import { CopyButton } from "./copy-button";
import { FilterLink } from "./filter-link";
import { ValueView, isLong } from "./value-view";

interface Props {
  attributes: KeyValue[];
  prefix?: string;
  where?: Where; // traces can be looked for by them
}

// Keys in order, since that is how readers look one up. A prefix the section's title names is left out.
export function Attributes({ attributes, prefix = "", where }: Props) {
  const sorted = [...attributes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return <dl class="attributes">{sorted.map((attribute, i) => <Attribute key={i} attribute={attribute} prefix={prefix} where={where} />)}</dl>;
}

function Attribute({ attribute, prefix, where }: { attribute: KeyValue; prefix: string; where: Where | undefined }) {
  const { key, type } = attribute;
  const short = prefix !== "" && key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return (
    <div class={`attribute ${isLong(attribute) ? "long" : ""}`} data-key={label(key)}>
      <dt title={label(key)}><bdi>{label(short)}</bdi></dt>
      <dd>
        <ValueView value={attribute} />
        <span class="type">{type}</span>
        {where !== undefined && <FilterLink condition={condition(attribute, where)} />}
        <CopyButton text={() => valueText(attribute)} what={label(key, 60)} />
      </dd>
    </div>
  );
}
