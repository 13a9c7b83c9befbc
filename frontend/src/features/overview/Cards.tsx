import type { Summary } from "../../api/types";
import { CardList } from "../../components/Card";
import { cardsOf, uncounted } from "./cards";

export function Cards({ summary }: { summary: Summary }) {
  const beside = uncounted(summary);
  return (
    <section aria-label="Figures">
      <CardList cards={cardsOf(summary)} />
      {beside !== "" && <p className="hint">Not counted in the rates: {beside}.</p>}
    </section>
  );
}
