import { useEffect, useRef } from "preact/hooks";
import { Close } from "./icons";

const groups: [string, [string[], string][]][] = [
  ["Everywhere", [
    [["/"], "search"],
    [["?"], "this overview"],
    [["Esc"], "close, clear or go back"],
  ]],
  ["List of traces", [
    [["j", "k"], "or ↓ ↑: next, previous trace"],
    [["Enter"], "open it"],
    [["x"], "mark it to compare"],
    [["c"], "compare the two marked"],
    [["p"], "pause or resume"],
  ]],
  ["Trace", [
    [["1", "…", "5"], "waterfall, flame graph, table, who calls whom, logs"],
    [["e", "E"], "next, previous error"],
    [["n", "N"], "next, previous match of the search"],
  ]],
  ["Waterfall", [
    [["j", "k"], "or ↓ ↑: next, previous span"],
    [["Enter"], "show the span"],
    [["←", "→"], "collapse, expand (also h, l)"],
    [["f"], "only the span and what is below it"],
    [["c"], "mark the critical path"],
    [["+", "−"], "narrow, widen the time on show"],
    [["[", "]"], "move it"],
    [["z", "0"], "narrow it to the span, show all"],
    [["Home", "End"], "first, last span"],
  ]],
  ["Flame graph", [
    [["↑", "↓", "←", "→"], "move"],
    [["Enter", "0"], "zoom in, zoom out"],
    [["s"], "open its longest span"],
  ]],
  ["Logs", [
    [["j", "k"], "or ↓ ↑: next, previous record"],
    [["Enter"], "all of it; in a trace, its span"],
    [["o"], "open the trace it belongs to"],
    [["p"], "pause or resume"],
  ]],
  ["Metrics", [
    [["j", "k"], "or ↓ ↑: next, previous instrument"],
    [["Enter"], "its chart"],
    [["r"], "rates and stretches, or values since the start"],
    [["0"], "all of the time"],
  ]],
  ["Compare", [
    [["n", "N"], "next, previous difference"],
    [["d"], "only differences"],
    [["x"], "swap the two"],
  ]],
];

export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // A modal dialog keeps the focus inside and gives it back when it closes.
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="help" ref={dialog} aria-labelledby="help-title" onClose={onClose}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "?") dialog.current?.close();
      }}
      onClick={(event) => { if (event.target === dialog.current) dialog.current?.close(); }}>
      <div class="help-body">
        <header>
          <h2 id="help-title">Keyboard</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}><Close /></button>
        </header>
        <div class="help-groups">
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([names, what]) => (
                <div key={what}>
                  <dt>{names.map((name) => <kbd key={name}>{name}</kbd>)}</dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        </div>
      </div>
    </dialog>
  );
}
