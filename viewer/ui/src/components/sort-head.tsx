interface Props {
  title: string;
  hint?: string | undefined;
  number: boolean;
  wide?: boolean;
  column?: string; // for its width
  sorted: "ascending" | "descending" | null;
  onSort: () => void;
}

// A column's head that sorts by it; a second time turns the order round.
export function SortHead({ title, hint, number, wide = false, column = "", sorted, onSort }: Props) {
  return (
    <th scope="col" class={`${number ? "number" : ""} ${wide ? "wide" : ""} ${column && `column-${column}`}`} aria-sort={sorted ?? "none"} title={hint}>
      <button type="button" class={`sort ${sorted ?? ""}`} onClick={onSort}>{title}<i aria-hidden="true" /></button>
    </th>
  );
}
