import { useCallback } from "react";
import { useLocation } from "wouter";

export type SetSearch = (search: string, options?: { replace: boolean }) => void;

/** Changes the query string of the page's address ("": none), as a step that the browser goes back over, or in place. */
export function useSetSearch(): SetSearch {
  const [path, navigate] = useLocation();
  return useCallback((search, options = { replace: false }) => navigate(search === "" ? path : `${path}?${search}`, options), [path, navigate]);
}
