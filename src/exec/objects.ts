import * as Result from "effect/Result"
import type { JsonObject } from "../domain/Work.ts"
import { isJsonObject, parseBounded } from "../text/json.ts"
import { execLimits } from "./limits.ts"

/** The objects in a text that is a JSON object or a list of them; null if it is something else. */
const objectsIn = (text: string): ReadonlyArray<JsonObject> | null => {
  const value = Result.getOrUndefined(parseBounded(text))
  if (isJsonObject(value)) return [value]
  return Array.isArray(value) && value.every(isJsonObject) ? value : null
}

/**
 * Tells of each JSON object that a program prints: one a line, a list on a line, or one value over many lines, whose first and last
 * lines hold only its brackets. A line of something else, such as a warning between them, goes to `other`. What is larger than
 * `json_bytes` is skipped.
 */
export const objectReader = (tell: (object: JsonObject) => void, other: (line: string) => void = () => {}) => {
  const decoder = new TextDecoder()
  let line = ""
  let open: Array<string> | null = null // the lines of a value that has not ended
  let open_chars = 0

  const tellAll = (text: string): boolean => {
    const objects = objectsIn(text)
    objects?.forEach(tell)
    return objects !== null
  }

  const take = (text: string): void => {
    if (text === "{" || text === "[") {
      open = [text]
      open_chars = 0
      return
    }
    if (/^[[{]/.test(text) && tellAll(text)) return
    if (open === null) return other(text)
    open.push(text)
    open_chars += text.length
    if (open_chars > execLimits.json_bytes || (/^[\]}]/.test(text) && tellAll(open.join("\n")))) open = null
  }

  const lines = (text: string): void => {
    const parts = text.split("\n")
    for (const [index, part] of parts.entries()) {
      if (line.length <= execLimits.json_bytes) line += part
      if (index === parts.length - 1) return
      if (line.length <= execLimits.json_bytes) take(line.replace(/\r$/, ""))
      line = ""
    }
  }

  return {
    push: (chunk: Uint8Array): void => lines(decoder.decode(chunk, { stream: true })),
    /** The output is over: its last line may have no end. */
    end: (): void => lines("\n")
  }
}
