import type { ComponentChildren } from "preact";
import { count } from "../format";
import { Chevron } from "./icons";

export function Section({ title, of, n, shut = false, children }: { title: string; of?: string; n?: number; shut?: boolean; children: ComponentChildren }) {
  return (
    <details class="section" open={!shut}>
      <summary><Chevron /><h3>{title}</h3>{of && <code class="of">{of}</code>}{n !== undefined && <span class="n">{count(n)}</span>}</summary>
      {children}
    </details>
  );
}
