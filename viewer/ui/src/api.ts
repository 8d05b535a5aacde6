// GET with an entity tag: null means nothing changed since the last answer.
export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly mistake: Mistake | null = null) {
    super(message);
  }
}

// Where in a query something is wrong, in bytes.
export interface Mistake {
  at: number;
  length: number;
}

export class Resource<T> {
  private etag = "";

  constructor(readonly url: string) {}

  async get(signal: AbortSignal): Promise<T | null> {
    const response = await fetch(this.url, {
      signal,
      cache: "no-store",
      headers: this.etag ? { "If-None-Match": this.etag } : {},
    });
    if (response.status === 304) return null;
    if (!response.ok) throw await failure(response);
    const body = (await response.json()) as T;
    this.etag = response.headers.get("ETag") ?? "";
    return body;
  }

  // As it came, without the tag.
  async text(signal: AbortSignal): Promise<string> {
    const response = await fetch(this.url, { signal, cache: "no-store" });
    if (!response.ok) throw await failure(response);
    return response.text();
  }
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error, at, length } = (await response.json()) as { error?: unknown; at?: unknown; length?: unknown };
    if (typeof error === "string") return new ApiError(response.status, error, typeof at === "number" ? { at, length: typeof length === "number" ? length : 0 } : null);
  } catch {
    // not JSON: the status says it
  }
  return new ApiError(response.status, `the server answered ${response.status}`);
}
