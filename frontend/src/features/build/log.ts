/** What reads like an error beside the line that is known to be one. */
const ERROR_LIKE = /^\s*(?:E {2,}|> {2,}|##\[error\])|\b(?:error|fatal|exception|panic|failed|failure)\b|[a-z](?:Error|Exception)\b/i;
const REACH = 20;

/** The server keeps an error line with its blanks drawn together; the log has them as they came. */
const oneBlank = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Indices of the lines that say what failed: the known one, and those around it that read so too without a gap. */
export function failingLines(lines: readonly string[], error: string | null): Set<number> {
  const wanted = oneBlank(error ?? "");
  const at = wanted === "" ? -1 : lines.findIndex((line) => oneBlank(line).includes(wanted));
  const found = new Set<number>();
  if (at === -1) return found;
  found.add(at);
  for (const step of [-1, 1]) {
    for (let index = at + step; Math.abs(index - at) <= REACH && ERROR_LIKE.test(lines[index] ?? ""); index += step) found.add(index);
  }
  return found;
}
