import type { CardData } from "../lib/cards";
import { Rule } from "./Rule";
import { Sparkline } from "./Sparkline";

function Card({ card }: { card: CardData }) {
  const why = card.change?.why;
  return (
    <li className="card">
      <h2>
        <Rule label={card.label}>
          {card.rule}
          {why !== undefined && ` ${why}`}
        </Rule>
      </h2>
      <div className="value">
        <span>
          {card.value}
          {card.unit !== "" && <small> {card.unit}</small>}
        </span>
        <Sparkline values={card.values} tone={card.tone} />
      </div>
      <div className="foot">
        {card.change !== null && (
          <span className={`delta ${card.change.tone}`} title={why ?? "against the window before"}>
            {card.change.text}
          </span>
        )}
        <span className="sample" title={card.sample}>
          {card.sample}
        </span>
      </div>
    </li>
  );
}

export function CardList({ cards }: { cards: readonly CardData[] }) {
  return (
    <ul className="cards">
      {cards.map((card) => (
        <Card key={card.label} card={card} />
      ))}
    </ul>
  );
}

export function CardsSkeleton() {
  return (
    <ul className="cards" aria-label="loading figures">
      {["a", "b", "c", "d", "e"].map((key) => (
        <li key={key} className="card skeleton" aria-hidden="true">
          <span style={{ height: 14, width: "50%" }} />
          <span style={{ height: 28, width: "70%" }} />
          <span style={{ height: 12 }} />
        </li>
      ))}
    </ul>
  );
}
