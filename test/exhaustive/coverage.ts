import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const Range = Schema.Struct({ startOffset: Schema.Int, endOffset: Schema.Int, count: Schema.Int })
const Script = Schema.Struct({
  url: Schema.String,
  functions: Schema.Array(Schema.Struct({ ranges: Schema.Array(Range) }))
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ result: Schema.Array(Script) })))

/** Which characters of a file were run, as one process says; an inner range speaks for itself. */
const ranIn = ({ functions }: typeof Script.Type, length: number): Uint8Array => {
  const ran = new Uint8Array(length).fill(1)
  for (const { ranges } of functions) {
    for (const { count, endOffset, startOffset } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  }
  return ran
}

const inOneLine = (text: string): string => text.replaceAll(/\s+/g, " ")

const piecesOf = (source: string, ran: Uint8Array): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let from = -1
  for (let at = 0; at <= source.length; at++) {
    const missed = at < source.length && ran[at] === 0
    if (missed && from === -1) from = at
    if (missed || from === -1) continue
    const text = inOneLine(source.slice(from, at)).trim()
    const before = inOneLine(source.slice(Math.max(0, from - 80), from)).slice(-40).trimStart()
    if (/[A-Za-z]/.test(text)) pieces.push(`${before}[${text}]`)
    from = -1
  }
  return pieces
}

/** What of the files under `folder` was run in none of the processes that left their coverage in `reports`, file by file. */
export const neverRun = (reports: string, folder: string): ReadonlyArray<string> => {
  const files = new Map<string, { readonly source: string; readonly ran: Uint8Array }>()
  for (const report of readdirSync(reports)) {
    for (const script of decode(readFileSync(join(reports, report), "utf8")).result) {
      if (!script.url.startsWith("file:")) continue
      const path = fileURLToPath(script.url)
      if (!path.startsWith(folder)) continue
      const source = files.get(path)?.source ?? readFileSync(path, "utf8")
      const ran = ranIn(script, source.length)
      files.get(path)?.ran.forEach((one, at) => {
        if (one === 1) ran[at] = 1
      })
      files.set(path, { source, ran })
    }
  }
  return [...files].toSorted(([a], [b]) => a < b ? -1 : 1).flatMap(([path, { ran, source }]) =>
    piecesOf(source, ran).map((piece) => `${relative(folder, path)}: ${piece}`)
  )
}
