import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { startTransition, StrictMode } from "react";
import { Router } from "wouter";

import { ApiError } from "./api/client";
import { App } from "./app/App";
import { createRoot } from "./drawing";
import { basePath } from "./lib/base";
import { LiveProvider } from "./live/LiveProvider";

const TRIES = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (failures, error) => failures < TRIES && !(error instanceof ApiError && error.permanent),
    },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

const app = (
  <StrictMode>
    <QueryClientProvider client={client}>
      <LiveProvider>
        <Router base={basePath}>
          <App />
        </Router>
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>
);

// As a transition the first page is drawn in slices: slow phones answer meanwhile.
setTimeout(() => startTransition(() => createRoot(root).render(app)));
