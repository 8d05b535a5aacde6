import { useMemo, useState } from "preact/hooks";
import { label, plural } from "../format";
import type { Container } from "../types";
import { brackets, innerText, isContainer } from "../value";
import { type Line, WHOLE_LINES, shownLines } from "../value-lines";
import { Chevron } from "./icons";
import { LongText } from "./long-text";

const MORE_LINES = 1000;
const STEP_PX = 16;
const ROOM_PX = 176; // of indentation, however deep the tree

// A nested value, JSON-like, line by line; arrays and maps fold.
export function ValueTree({ value }: { value: Container }) {
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const [max, setMax] = useState(WHOLE_LINES);
  const { lines, cut } = useMemo(() => shownLines(value, turned, max), [value, turned, max]);
  const deepest = lines.reduce((most, line) => Math.max(most, line.depth), 1);
  const step = Math.max(2, Math.min(STEP_PX, Math.floor(ROOM_PX / deepest)));
  const turn = (path: string): void => {
    const next = new Set(turned);
    if (!next.delete(path)) next.add(path);
    setTurned(next);
  };
  return (
    <div class="value value-tree">
      <ul style={{ "--step": `${step}px` }}>
        {lines.map((line) => <TreeLine key={line.path} line={line} onTurn={turn} />)}
      </ul>
      {cut && <button type="button" class="link" onClick={() => setMax(max + MORE_LINES)}>Show more</button>}
    </div>
  );
}

function TreeLine({ line, onTurn }: { line: Line; onTurn: (path: string) => void }) {
  const { path, depth, key, value, open } = line;
  const place = path.slice(path.lastIndexOf(".") + 1);
  return (
    <li data-path={path} data-depth={depth} style={{ "--depth": depth }} title={value.type}>
      {isContainer(value) && value.value.length > 0
        ? <button type="button" class="twist" aria-expanded={open} aria-label={`${open ? "Fold" : "Unfold"} ${key === null ? place || "the value" : label(key, 60)}`} onClick={() => onTurn(path)}><Chevron /></button>
        : <span class="twist" />}
      {key !== null ? <><bdi class="tree-key">{label(key)}</bdi>: </> : depth > 0 && <><span class="tree-index">{place}</span>: </>}
      {isContainer(value) ? <Summary value={value} open={open} />
        : value.type === "string" || value.type === "bytes" ? <LongText text={innerText(value)} kind={value.type} />
        : <span class={`tree-${value.type}`}>{innerText(value)}</span>}
      {value.type === "bytes" && <span class="tree-note">bytes</span>}
    </li>
  );
}

function Summary({ value, open }: { value: Container; open: boolean }) {
  const [first, last] = brackets(value);
  const n = value.value.length;
  if (n === 0) return <span class="tree-punct">{first}{last}</span>;
  return <><span class="tree-punct">{open ? first : `${first}…${last}`}</span><span class="tree-note">{plural(n, value.type === "array" ? "item" : "key")}</span></>;
}
