import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/components.css";
import "./styles/pages.css";
import "./styles/small.css";
import "./styles/print.css";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { startTransition, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";

import { ApiError } from "./api/client";
import { summaryQuery } from "./api/queries";
import { App } from "./app/App";
import { basePath } from "./lib/base";
import { figureQuery, filtersAt } from "./lib/filters";
import { getPrefs } from "./lib/prefs";
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

/** Asked before anything is drawn: what is broken is what the reader waits for. */
function askForOverview(): void {
  const { pathname, search } = window.location;
  if (pathname === `${basePath}/`) void client.prefetchQuery(summaryQuery(figureQuery(filtersAt(search, getPrefs().groups))));
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

askForOverview();

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
startTransition(() => createRoot(root).render(app));
