/** Characters that JSON may hold as they are, but that move a terminal's cursor or turn its text around. */
const unprintable = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/** A value as JSON that any terminal can show. */
export const quote = (value: unknown): string => JSON.stringify(value).replaceAll(unprintable, escape)

/** A text as any terminal can show it, on one line. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, escape).replaceAll(unprintable, escape)

/** An event as a line for people, without its end. */
export const readable = (time: string, event: string, fields: ReadonlyArray<readonly [string, unknown]>): string => {
  const shown = fields.map(([key, value]) => {
    const isPlain = typeof value === "string" && /^[\w.:/@-]+$/.test(value)
    return `${/^\w+$/.test(key) ? key : quote(key)}=${isPlain ? value : quote(value)}`
  })
  return [time, event, ...shown].join(" ")
}
