import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";

type Answers = Record<string, unknown>;

/** Answers by path, as the server would; a path without an answer is the server's 404, an Error a lost connection. */
export function serve(answers: Answers): { asked: URL[] } {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", (input: Request) => {
    const url = new URL(input.url);
    asked.push(url);
    const body = answers[url.pathname];
    if (body instanceof Response) return Promise.resolve(body.clone());
    if (body instanceof Error) return Promise.reject(body);
    if (body === undefined) return Promise.resolve(refusal(404, "There is nothing at this address."));
    return Promise.resolve(Response.json(body));
  });
  return { asked };
}

export const refusal = (status: number, message: string): Response => Response.json({ error: { code: "refused", message } }, { status });

export function show(page: ReactNode): RenderResult & { client: QueryClient } {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const result = render(
    <QueryClientProvider client={client}>
      {page}
    </QueryClientProvider>,
  );
  return { ...result, client };
}
