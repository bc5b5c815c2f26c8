import { printable } from "../text/readable.ts"
import type { Finding } from "./Check.ts"

const signs = { ok: "✓", failed: "✗", skipped: "–" } as const

const name_chars = 13

/** A finding for people, and what to do about it on a line of its own. */
export const findingText = ({ check, found, remedy, verdict }: Finding): string => {
  const line = `${signs[verdict]} ${check.padEnd(name_chars)} ${printable(found)}\n`
  return remedy === null ? line : `${line}${" ".repeat(name_chars + 3)}→ ${printable(remedy)}\n`
}
