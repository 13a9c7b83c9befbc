interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** Brings the next page of a list that is read in pages, while there is one. */
export function More({ pages, label }: { pages: Paged; label: string }) {
  if (!pages.hasNextPage) return null;
  return (
    <button type="button" className="more" disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      {pages.isFetchingNextPage ? "Loading…" : label}
    </button>
  );
}
