/**
 * What the first page waits for is asked for before the program has come: the answers are on their way meanwhile. Each
 * is handed out once; whoever asks again asks the server.
 */
export const TIMEOUT_MILLISECONDS = 20_000;

const asked = new Map<string, Promise<Response>>();

/** One spelling for each address, whoever wrote the query string. */
function spelled(address: string): string {
  const { pathname, searchParams } = new URL(address, globalThis.location.origin);
  return `${pathname}?${String(searchParams)}`;
}

/** As the API's client asks, so that one answer is as good as the other. */
export function askEarly(address: string): void {
  const response = fetch(address, { cache: "no-cache", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
  // A failure is told to whoever takes the answer; until then it is nobody's.
  response.catch(() => undefined);
  asked.set(spelled(address), response);
}

export function takeEarly(address: string): Promise<Response> | undefined {
  const key = spelled(address);
  const response = asked.get(key);
  asked.delete(key);
  return response;
}
