import { mkdirSync, renameSync } from "node:fs"
import { dirname } from "node:path"
import type { KnownState } from "../../domain/SidecarState.ts"
import { type Entry, type Header, lineOf } from "../../replay/format.ts"
import { type LineFile, openLineFile } from "../../text/LineFile.ts"

export const record_file_bytes = 64 * 1024 * 1024 // a larger file replaces `.1`

/** How every line of a recording begins, as `lineOf` writes it. */
const beginning = "{\"t\":"

/** Whether the file holds something other than a recording. Nothing may be written into such a file. */
const isForeign = (file: LineFile): boolean => !beginning.startsWith(file.beginning(beginning.length))

/**
 * The file of a recording, kept open. A full file is renamed to `.1`, which replaces the previous one, and a new file goes on.
 * A new file, and one that could not be written for a while, goes on with the whole state (`stateNow`). `cleaned` takes the
 * secret out of a line.
 */
export const recordFile = (
  path: string,
  header: Header,
  cleaned: (line: string) => string,
  stateNow: () => KnownState | undefined
) => {
  let file: LineFile | undefined
  let begun = false
  const lines = (...entries: ReadonlyArray<Entry>) => entries.map((entry) => cleaned(lineOf(entry))).join("")

  const close = (): void => {
    file?.close()
    file = undefined
  }

  const open = (): LineFile => {
    file = openLineFile(path)
    if (isForeign(file)) throw new Error("it holds something else than a recording")
    // Somebody may have made the empty file readable by all.
    if (file.size() === 0) file.hide()
    return file
  }

  const begin = (t: number): LineFile => {
    if ((file ?? open()).size() >= record_file_bytes) {
      close()
      renameSync(path, `${path}.1`)
    }
    const fresh = file ?? open()
    const state = begun ? stateNow() : undefined
    fresh.append(
      lines({ t, dir: "header", msg: { ...header, continues: begun, ...state === undefined ? {} : { state } } })
    )
    begun = true
    return fresh
  }

  const closingOnFailure = <A>(attempt: () => A): A => {
    try {
      return attempt()
    } catch (cause) {
      close()
      throw cause
    }
  }

  return {
    /** Makes the folder, opens the file and writes a header. Throws if it cannot; then the first entry opens the file. */
    begin: (t: number): void =>
      closingOnFailure(() => {
        mkdirSync(dirname(path), { recursive: true })
        begin(t)
      }),
    /** Appends an entry with one write. `lost` entries before it are missing. Throws if it cannot. */
    write: (entry: Entry, lost: number): void => {
      const { t } = entry
      const text = lost > 0 ? lines({ t, dir: "local", msg: { _tag: "LinesLost", count: lost } }, entry) : lines(entry)
      closingOnFailure(() => {
        const current = file !== undefined && file.size() < record_file_bytes ? file : begin(t)
        current.append(text)
      })
    },
    close
  }
}
