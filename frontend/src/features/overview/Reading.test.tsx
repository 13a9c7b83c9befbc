import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { keys } from "../../api/queries";
import { aSource, aSummary } from "../../test/builders";
import { serve, show } from "../../test/render";
import { Reading } from "./Reading";

const progress = { target: "acme/web", done: 500, total: 536, builds: 2087 };
const NEW = aSource({ state: "new", last_success_at: null, progress });
const SOME_READ = aSummary({ sources: { total: 2, fresh: 1 } });

describe("while history is read for the first time", () => {
  it("the overview says of which source, how far, and where to see more", async () => {
    serve({ "/sources": { sources: [NEW, aSource({ name: "read before", progress })] } });
    show(<Reading summary={SOME_READ} />);
    expect(await screen.findByRole("complementary", { name: "Reading history" })).toHaveTextContent("Reading history acme: 500 of 536 runs of acme/web, 2,087 builds so farSources →");
    expect(screen.getByRole("link")).toHaveAttribute("href", "/ui/sources");
  });

  it("a source that never told how far it is has just begun", async () => {
    serve({ "/sources": { sources: [{ ...NEW, progress: null }] } });
    show(<Reading summary={SOME_READ} />);
    expect(await screen.findByText(/just begun/)).toBeVisible();
  });

  it("names two sources and counts the others", async () => {
    serve({ "/sources": { sources: ["a", "b", "c", "d"].map((name) => ({ ...NEW, name })) } });
    show(<Reading summary={SOME_READ} />);
    expect(await screen.findByText(/and 2 more/)).toBeVisible();
  });

  it("goes away by itself once all is read", async () => {
    serve({ "/sources": { sources: [NEW] } });
    const { client } = show(<Reading summary={SOME_READ} />);
    await screen.findByText("acme");
    serve({ "/sources": { sources: [aSource()] } });
    await client.invalidateQueries({ queryKey: keys.sources });
    await waitFor(() => expect(screen.queryByText("acme")).toBeNull());
  });

  it("says nothing of a source that is only told by webhooks, and asks nothing once all are fresh", async () => {
    const { asked } = serve({ "/sources": { sources: [{ ...NEW, progress: null, last_poll_at: null }] } });
    const { container } = show(<Reading summary={SOME_READ} />);
    await waitFor(() => expect(asked).toHaveLength(1));
    expect(container).toBeEmptyDOMElement();
    show(<Reading summary={aSummary({ sources: { total: 2, fresh: 2 } })} />);
    expect(asked).toHaveLength(1);
  });
});
