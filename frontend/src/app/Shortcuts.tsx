import { Dialog } from "../components/Dialog";
import { PALETTE_KEYS } from "./Header";

interface Group {
  title: string;
  keys: readonly (readonly [string, string])[];
}

const GROUPS: readonly Group[] = [
  { title: "Everywhere", keys: [[PALETTE_KEYS, "find a pipeline, repo or build"], ["/", "go to the search box, else find"], ["?", "this sheet"], ["t", "next theme: system, light, dark"], [",", "preferences"], ["Esc", "close what is open"]] },
  { title: "Pages", keys: [["g o", "overview"], ["g g", "grid"], ["g w", "waiting"], ["g a", "alerts"], ["g s", "sources"], ["g l", "wall"]] },
  { title: "Lists", keys: [["j", "next row"], ["k", "row before"], ["Enter", "open it"], ["n", "show the builds that came meanwhile"]] },
  { title: "Grid and wall", keys: [["← ↑ → ↓", "from cell to cell of the grid"], ["h", "hide or show the healthy on the wall"], ["f", "full screen on the wall"]] },
];

function Keys({ keys }: { keys: string }) {
  return (
    <>
      {keys.split(" ").map((key, index) => (
        <kbd key={index}>{key}</kbd>
      ))}
    </>
  );
}

/** What the keyboard can do. A chunk of its own. */
export default function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog label="Keyboard shortcuts" className="sheet" onClose={onClose}>
      <div className="sheet-head">
        <h2>Keyboard shortcuts</h2>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      <div className="sheet-groups">
        {GROUPS.map(({ title, keys }) => (
          <section key={title} aria-label={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([pressed, does]) => (
                <div key={pressed}>
                  <dt><Keys keys={pressed} /></dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
