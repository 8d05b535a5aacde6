import { type View, changeAddress, views } from "../trace-address";

const titles: Record<View, string> = { waterfall: "Waterfall", flame: "Flame graph", table: "Table", graph: "Who calls whom", logs: "Logs" };

export const showView = (view: View): void => changeAddress({ view: view === "waterfall" ? "" : view });

// The ways to look at a trace. Arrow keys move between them while one has the focus; 1 to 5 always.
export function ViewTabs({ view }: { view: View }) {
  const move = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = views[(views.indexOf(view) + by + views.length) % views.length]!;
    showView(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={move}>
      {views.map((name, i) => (
        <button key={name} id={`tab-${name}`} type="button" class="tab" role="tab" aria-selected={name === view} aria-controls="view"
          tabIndex={name === view ? 0 : -1} title={`${titles[name]} (${i + 1})`} onClick={() => showView(name)}>{titles[name]}</button>
      ))}
    </div>
  );
}
