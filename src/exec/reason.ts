import { stripVTControlCharacters } from "node:util"

const reason_chars = 2_000 // of what a failure quotes
const end_chars = 700 // of these, from the end of a longer text
const own_words_chars = 12 // of a line that tells a quoted prompt from words that any program may say

/** A line of a stack trace, or what a runtime prints around one. */
const frame =
  /^\s*(?:at .*(?:[:(]\d+:\d+\)?|<anonymous>\)?|\(native\)|\(index \d+\))|\.{3} \d+ (?:more|lines matching .*)|\^+|Node\.js v[\d.]+|throw .*|(?:file:\/\/|node:|\/)\S*:\d+)$/

/** A line that says what is wrong. */
const fact = /^(?:\S{1,40} )?(?:[A-Za-z.]*Error|error|ERROR|fatal|FATAL|panic|Denied|denied)\b/

/** The beginning and the end of a text of more than `reason_chars`. */
export const excerpt = (text: string): string => {
  if (text.length <= reason_chars) return text
  const left_out = " […] "
  const head = text.slice(0, reason_chars - end_chars - left_out.length)
  return `${head}${left_out}${text.slice(-end_chars)}`.toWellFormed()
}

const warning = /^\W*warn/i

/**
 * What a program printed as the reason of a failure: without colours, stack frames, empty lines and what it repeats of the prompt. The
 * line that says what is wrong comes first, and warnings come last.
 */
export const plainReason = (printed: string, prompt = ""): string => {
  const ofPrompt = new Set(
    prompt.split("\n").map((line) => line.trim()).filter((line) => line.length >= own_words_chars)
  )
  const lines = stripVTControlCharacters(printed).split(/\r\n|[\r\n]/)
    .map((line) => line.replaceAll(/\p{Cc}/gu, " ").trimEnd())
    .filter((line) => line.trim() !== "" && !frame.test(line) && !ofPrompt.has(line.trim()))
  const first = lines.find((line) => fact.test(line.trim()))
  const rank = (line: string): number => line === first ? 0 : warning.test(line) ? 2 : 1
  return excerpt(lines.toSorted((a, b) => rank(a) - rank(b)).join("\n").trim())
}
