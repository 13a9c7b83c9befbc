/** The library that draws, apart from the program: main.ts makes it ready first. */
export { createRoot } from "react-dom/client";
