import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/components.css";
import "./styles/patterns.css";
import "./styles/pages.css";
import "./styles/small.css";
import "./styles/print.css";

import { askForOverview } from "./app/first";

/** Small on purpose: it asks for the first page's data while the program itself is still on its way. */
askForOverview(window.location);

// One after the other: each is made ready in a task of its own.
import("./drawing").then(() => import("./start")).catch(() => {
  const note = document.createElement("p");
  note.className = "empty";
  note.textContent = "The dashboard could not be loaded. Reload the page to try again.";
  document.getElementById("root")?.append(note);
});
