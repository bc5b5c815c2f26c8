import { constants, openSync, writeSync } from "node:fs"
import { isatty } from "node:tty"
import { platform } from "../platform.ts"

/**
 * Characters that JSON may hold unescaped, but that move a terminal's cursor, change the direction of text, or carry text that
 * nobody sees.
 */
export const unprintable =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu

/** As JSON escapes it: each half of a surrogate pair by itself. */
const escape = (character: string): string =>
  character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")

/** The value as JSON that is safe to show on a terminal and to a model, indented by that many blanks. */
export const quote = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replaceAll(unprintable, escape)

/** The text on one line, safe to show on a terminal. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, escape).replaceAll(unprintable, escape)

/** An event as a line for people, without a line end. */
export const readable = (time: string, event: string, fields: ReadonlyArray<readonly [string, unknown]>): string => {
  const shown = fields.map(([key, value]) => {
    const isPlain = typeof value === "string" && /^[\w.:/@-]+$/.test(value)
    return `${/^\w+$/.test(key) ? key : quote(key)}=${isPlain ? value : quote(value)}`
  })
  return [time, event, ...shown].join(" ")
}

const flags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/**
 * Opens the terminal behind `fd` again without blocking, so that a terminal that was stopped (Ctrl-S) holds up no write. The
 * descriptor that the shell shares stays as it is. Null if it cannot be opened again: on systems other than Linux, or if
 * the terminal belongs to another user.
 */
export const openTerminal = (fd: 1 | 2): number | null => {
  if (platform !== "linux") return null
  try {
    return openSync(`/proc/self/fd/${fd}`, flags)
  } catch {
    return null
  }
}

/** Writes the sentence to standard error as the process ends. A stopped terminal loses it, but does not hold up the end. */
export const sayAtTheEnd = (sentence: string): void => {
  const fd = isatty(2) ? openTerminal(2) : null
  if (fd === null) return void process.stderr.write(sentence)
  try {
    writeSync(fd, sentence)
  } catch {
    // the terminal takes nothing
  }
}
