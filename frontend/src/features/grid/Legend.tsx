import { Icon } from "../../components/Icon";
import { buildMark } from "../../lib/status";

const SHOWN = ["success", "failure", "in_progress", "queued", "cancelled"] as const;

export function Legend() {
  return (
    <ul className="grid-legend">
      {SHOWN.map((status) => {
        const mark = buildMark(status);
        return (
          <li key={status}>
            <span className={`cell ${mark.tone}`}>
              <Icon name={mark.icon} />
            </span>
            {mark.word}
          </li>
        );
      })}
      <li>
        <span className="cell bad broke">
          <Icon name="cross" />
        </span>
        broke it
      </li>
      <li>
        <span className="cell ok flaked">
          <Icon name="wave" />
        </span>
        flaky
      </li>
    </ul>
  );
}
