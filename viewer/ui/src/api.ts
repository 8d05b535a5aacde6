// GET with an entity tag: null means nothing changed since the last answer.
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
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
    if (!response.ok) throw new ApiError(response.status, await reason(response));
    const body = (await response.json()) as T;
    this.etag = response.headers.get("ETag") ?? "";
    return body;
  }

  // As it came, without the tag.
  async text(signal: AbortSignal): Promise<string> {
    const response = await fetch(this.url, { signal, cache: "no-store" });
    if (!response.ok) throw new ApiError(response.status, await reason(response));
    return response.text();
  }
}

async function reason(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown };
    if (typeof body.error === "string") return body.error;
  } catch {
    // not JSON: the status says it
  }
  return `the server answered ${response.status}`;
}
