import { mkdirSync, renameSync } from "node:fs"
import { dirname } from "node:path"
import type { KnownState } from "../../domain/SidecarState.ts"
import { limits } from "../../limits.ts"
import type { Entry, Header } from "../../replay/format.ts"
import { lineOf } from "../../replay/format.ts"
import { type LineFile, openLineFile } from "../../text/LineFile.ts"

/** How every line of a recording begins, as `lineOf` writes it. */
const beginning = "{\"t\":"

/** What stands there is no recording, and nothing may be written into it. */
const isForeign = (file: LineFile): boolean => !beginning.startsWith(file.beginning(beginning.length))

export interface RecordFile {
  /** Makes the folder, opens the file and says in it that a recording begins; else the first entry opens it. Throws where it cannot. */
  readonly begin: (t: number) => void
  /** Appends an entry with one write, and throws where it cannot; `lost` ones before it are missing. */
  readonly write: (entry: Entry, lost: number) => void
  readonly close: () => void
}

/**
 * The file of a recording, kept open. A full one becomes `.1`, in place of the one before, and another one goes on, as
 * one does that could not be written for a while; it begins with the whole state. `cleaned` takes the secret out of a line.
 */
export const recordFile = (
  path: string,
  header: Header,
  cleaned: (line: string) => string,
  stateNow: () => KnownState | undefined
): RecordFile => {
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
    // Whoever made it empty may have left it open to all.
    if (file.size() === 0) file.hide()
    return file
  }

  const begin = (t: number): LineFile => {
    if ((file ?? open()).size() >= limits.record_file_bytes) {
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
    begin: (t) =>
      closingOnFailure(() => {
        mkdirSync(dirname(path), { recursive: true })
        begin(t)
      }),
    write: (entry, lost) => {
      const { t } = entry
      const text = lost > 0 ? lines({ t, dir: "local", msg: { _tag: "LinesLost", count: lost } }, entry) : lines(entry)
      closingOnFailure(() => {
        const current = file !== undefined && file.size() < limits.record_file_bytes ? file : begin(t)
        current.append(text)
      })
    },
    close
  }
}
