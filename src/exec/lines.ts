import { stripVTControlCharacters } from "node:util"
import { execLimits } from "./limits.ts"

/** Splits what a command prints into lines and tells of each that says something, cut to `line_chars`. */
export const lineReader = (tell: (line: string) => void) => {
  const decoder = new TextDecoder()
  let begun = ""
  return (chunk: Uint8Array): void => {
    const parts = decoder.decode(chunk, { stream: true }).split(/\r\n|[\r\n]/)
    for (const [index, part] of parts.entries()) {
      if (begun.length < execLimits.line_chars) begun += part.slice(0, execLimits.line_chars - begun.length)
      if (index === parts.length - 1) return
      const line = stripVTControlCharacters(begun).replaceAll(/\p{Cc}/gu, " ").trim()
      if (line !== "") tell(line.toWellFormed())
      begun = ""
    }
  }
}
