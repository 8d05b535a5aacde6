import { useEffect, useState } from "preact/hooks";
import { Check, Copy } from "./icons";

async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain HTTP from another machine has no clipboard object.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// A text that is dear to make is given as a function.
export function CopyButton({ text, what }: { text: string | (() => string); what: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1400);
    return () => clearTimeout(timer);
  }, [done]);
  const label = done ? "Copied" : `Copy ${what}`;
  return (
    <button type="button" class={`copy ${done ? "done" : ""}`} aria-label={label} title={label}
      onClick={(event) => {
        event.stopPropagation();
        copy(typeof text === "string" ? text : text()).then(() => setDone(true), () => {});
      }}>
      {done ? <Check /> : <Copy />}
    </button>
  );
}
