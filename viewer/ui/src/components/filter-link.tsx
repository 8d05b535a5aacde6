import { label } from "../format";
import { filterUrl } from "../router";
import { Filter } from "./icons";

// To the list, narrowed to traces of which this holds.
export function FilterLink({ condition }: { condition: string }) {
  const title = `Find traces: ${label(condition, 120)}`;
  return <a class="filter" href={filterUrl(condition)} aria-label={title} title={title}><Filter /></a>;
}
