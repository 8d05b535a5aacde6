// The series by what tells them apart, each with a switch and the value under the pointer, or its newest.
import { label } from "../format";
import type { Line } from "../metric-lines";
import type { SeriesName, SeriesNames } from "../series-names";
import { colourClass, dashOf, partsOf } from "../shown-metric";
import { valueText } from "../value";
import type { UnitFormat } from "../units";

interface Props {
  names: SeriesNames;
  on: boolean[];
  lines: Line[];
  column: (number | null)[]; // one a line; none where the pointer is elsewhere
  unit: UnitFormat;
  onShow: (on: boolean[]) => void;
}

export function SeriesLegend({ names: { names }, on, lines, column, unit, onShow }: Props) {
  const parts = partsOf(lines);
  const turn = (series: number): void => onShow(on.map((shown, i) => (i === series ? !shown : shown)));
  return (
    <div class="series-legend">
      {names.length > 1 && (
        <p class="legend-all">
          <span>{on.filter(Boolean).length} of {names.length} series</span>
          <button type="button" class="link" onClick={() => onShow(on.map(() => true))}>All</button>
          <button type="button" class="link" onClick={() => onShow(on.map(() => false))}>None</button>
        </p>
      )}
      <ul>
        {names.map((name, i) => {
          const own = lines.map((line, at) => ({ line, at })).filter(({ line }) => line.series === i);
          return (
            <li key={name.key} class={`${colourClass(i)} ${on[i] ? "" : "off"}`}>
              <button type="button" class="legend-series" aria-pressed={on[i]} title={on[i] ? "Leave it out" : "Show it"} onClick={() => turn(i)}><SeriesText name={name} alone={names.length === 1} /></button>
              {own.map(({ line, at }) => (
                <span key={line.part} class="legend-value">
                  <Stroke dash={dashOf(line, parts)} />{line.part && <small>{line.part}</small>}
                  <span class="number">{text(column.length === lines.length ? column[at]! : newest(line), unit)}</span>
                </span>
              ))}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const text = (value: number | null, unit: UnitFormat): string => (value === null ? "–" : unit.value(value));

const newest = ({ values }: Line): number | null => values.at(-1) ?? null;

export function SeriesText({ name, alone }: { name: SeriesName; alone: boolean }) {
  if (name.attributes.length === 0) return <span class="series-text">{alone ? "all values" : "no attributes of its own"}</span>;
  return (
    <span class="series-text">
      {name.attributes.slice(0, 8).map((attribute) => <span key={attribute.key}><bdi class="series-key">{label(attribute.key, 80)}</bdi> <bdi>{label(valueText(attribute), 120)}</bdi></span>)}
      {name.attributes.length > 8 && <span>+{name.attributes.length - 8}</span>}
    </span>
  );
}

function Stroke({ dash }: { dash: readonly number[] }) {
  return <svg class="stroke" width="22" height="8" aria-hidden="true" focusable="false"><line x1="1" y1="4" x2="21" y2="4" stroke-width="2.5" stroke-dasharray={dash.join(" ")} /></svg>;
}
