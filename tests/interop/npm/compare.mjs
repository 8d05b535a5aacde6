// What the senders share: values as the viewer's API has them, the differences between two answers, and how a case is told.

export const text = (value) => value.toWellFormed();

export function typed(value) {
  if (Array.isArray(value)) return { type: "array", value: value.map(typed) };
  if (typeof value === "string") return { type: "string", value: text(value) };
  if (typeof value === "boolean") return { type: "bool", value };
  return Number.isInteger(value) ? { type: "int", value: String(value) } : { type: "double", value };
}

export const attributes = (map) => Object.entries(map).map(([key, value]) => ({ key, ...typed(value) }));

export function* differences(want, got, path = "$") {
  if (want !== null && got !== null && typeof want === "object" && typeof got === "object") {
    for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) yield* differences(want[key], got[key], `${path}.${key}`);
  } else if (!Object.is(want, got)) {
    yield `${path}: ${JSON.stringify(want)} expected, ${JSON.stringify(got)} found`;
  }
}

export const send = (exporter, items) => new Promise((resolve, reject) => {
  exporter.export(items, (result) => (result.code === 0 ? resolve() : reject(result.error ?? new Error("the exporter failed"))));
});

export async function say(name, run) {
  let lines;
  try {
    lines = await run();
  } catch (error) {
    lines = [String(error)];
  }
  console.log(`${lines.length ? "not ok" : "ok"} - npm: ${name}`);
  for (const line of lines.slice(0, 12)) console.log(`    ${line.slice(0, 300)}`);
}

