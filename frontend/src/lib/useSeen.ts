import { useEffect, useState, type RefObject } from "react";

/** Whether the element has come so near (CSS pixels) to what is in sight; stays true. What is dear to draw waits for it. */
export function useSeen(element: RefObject<Element | null>, aheadPixels: number): boolean {
  const [seen, setSeen] = useState(() => !("IntersectionObserver" in window));
  useEffect(() => {
    if (seen || element.current === null) return undefined;
    const show = (): void => setSeen(true);
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && show(), { rootMargin: `${aheadPixels}px` });
    observer.observe(element.current);
    // On paper everything is in sight.
    window.addEventListener("beforeprint", show);
    return () => {
      observer.disconnect();
      window.removeEventListener("beforeprint", show);
    };
  }, [aheadPixels, element, seen]);
  return seen;
}
