import createClient from "openapi-fetch";

import { basePath } from "../lib/base";
import { syncClock } from "../lib/clock";
import { takeEarly, TIMEOUT_MILLISECONDS } from "./early";
import type { paths } from "./schema";
import type { Known } from "./types";

/** An answer that is not the one asked for; `message` is a sentence for people. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    readonly status: number,
    readonly field: string | null = null,
  ) {
    super(message);
  }

  /** Asking again cannot help: the question itself was refused. */
  get permanent(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

async function request(input: Request): Promise<Response> {
  const signal = AbortSignal.any([input.signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]);
  try {
    return await (takeEarly(input.url) ?? fetch(input, { signal, cache: "no-cache" }));
  } catch (error) {
    if (input.signal.aborted) throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(late ? "The server did not answer within 20 s." : "The server cannot be reached.", 0);
  }
}

export const client = createClient<paths>({
  baseUrl: `${globalThis.location.origin}${basePath}`,
  fetch: request,
  headers: { Accept: "application/json" },
});

client.use({
  onResponse({ response }) {
    syncClock(response.headers.get("Date"));
  },
});

interface ErrorBody {
  error?: { message?: unknown; field?: unknown };
}

function explained(body: unknown, status: number): ApiError {
  const told = (typeof body === "object" && body !== null ? (body as ErrorBody).error : undefined) ?? {};
  const field = typeof told.field === "string" ? told.field : null;
  const message = typeof told.message === "string" ? told.message : `The server answered ${status}.`;
  return new ApiError(message, status, field);
}

/** The session ended: the log-in form leads back to this very page. */
function logIn(): void {
  const { pathname, search } = globalThis.location;
  globalThis.location.assign(`${basePath}/login?next=${encodeURIComponent(pathname + search)}`);
}

/** The answer's data, or the refusal as an error with the server's own sentence. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Known<T>> {
  const { data, error, response } = await call;
  if (response.ok && data !== undefined) return data as Known<T>;
  if (response.status === 401) logIn();
  throw explained(error, response.status);
}
