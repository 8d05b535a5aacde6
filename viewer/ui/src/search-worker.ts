// Searches an outlined trace beside the page: reads the whole of it once, so that the page need not, and is never in the way of scrolling.
import { ApiError, Resource } from "./api";
import type { Finding, Question } from "./found";
import { haystack } from "./span-search";
import type { Trace } from "./types";

const TIMEOUT_MS = 60_000;

interface Known {
  url: string;
  revision: number;
  ids: string[];
  texts: string[];
}

let known: Promise<Known> | null = null;
let asked = { url: "", revision: 0 };

async function read(url: string): Promise<Known> {
  const trace = await new Resource<Trace>(url).get(AbortSignal.timeout(TIMEOUT_MS));
  if (!trace) throw new ApiError(0, "the viewer sent no trace");
  return {
    url, revision: trace.revision,
    ids: trace.spans.map((span) => span.span_id),
    texts: trace.spans.map((span) => haystack(span, trace.resources[span.resource]?.service || "unknown_service")),
  };
}

async function answer({ url, revision, needle }: Question): Promise<Finding> {
  if (!known || asked.url !== url || asked.revision < revision) {
    asked = { url, revision };
    known = read(url);
  }
  try {
    const { ids, texts } = await known;
    return { needle, revision, ids: ids.filter((_, i) => texts[i]!.includes(needle)), trouble: "" };
  } catch (cause) {
    known = null;
    return { needle, revision, ids: [], trouble: cause instanceof Error ? cause.message : String(cause) };
  }
}

self.addEventListener("message", async (event: MessageEvent<Question>) => self.postMessage(await answer(event.data)));
