import { type FileHandle, open, readdir } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { codeOf } from "../../storage/files.ts"

/** The bytes of one read. */
const chunk_bytes = 64 * 1024

interface OpenLog {
  readonly id: string
  readonly handle: FileHandle
  position: number
}

const orGone = <A>(operation: Promise<A>): Promise<A | undefined> =>
  operation.catch((cause: unknown) => {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  })

/** The log and its rotated files (`.1`, `.2` …), the newest first. */
const pathsOf = async (log_file: string): Promise<ReadonlyArray<string>> => {
  const [folder, prefix] = [dirname(log_file), `${basename(log_file)}.`]
  const rotated = ((await orGone(readdir(folder))) ?? [])
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,3}$/.test(name.slice(prefix.length)))
    .toSorted((a, b) => Number(a.slice(prefix.length)) - Number(b.slice(prefix.length)))
  return [log_file, ...rotated.map((name) => join(folder, name))]
}

const openLog = async (path: string): Promise<OpenLog | undefined> => {
  const handle = await orGone(open(path, "r"))
  if (handle === undefined) return undefined
  const { dev, ino } = await handle.stat({ bigint: true })
  return { id: `${dev}:${ino}`, handle, position: 0 }
}

/**
 * Opens the files that are newer than the `known` one, or all files if none is known. Returns the oldest first. It opens the newest
 * first, so a file that is rotated meanwhile is met twice instead of missed.
 */
const openAfter = async (log_file: string, known: string | undefined): Promise<Array<OpenLog>> => {
  const found: Array<OpenLog> = []
  const paths = await pathsOf(log_file)
  for (const path of paths) {
    const log = await openLog(path)
    if (log === undefined) continue
    const isMet = log.id === known || found.some(({ id }) => id === log.id)
    if (isMet) await log.handle.close()
    else found.unshift(log)
    if (log.id === known) return found
  }
  if (known === undefined) return found
  if ((await pathsOf(log_file)).length > paths.length) { // a rotation took a name that did not exist yet
    for (const { handle } of found) await handle.close()
    return openAfter(log_file, known)
  }
  // The known file was removed. Every rotated file is older than it and was read before it.
  for (const { handle } of found.slice(0, -1)) await handle.close()
  return found.slice(-1)
}

/** Reads a log across its rotations, from its oldest file on. A failure rejects the promise. */
export class LogReader {
  readonly #log_file: string
  #logs: Array<OpenLog> = []
  #known: string | undefined

  constructor(log_file: string) {
    this.#log_file = log_file
  }

  /** The next bytes; undefined if there are none for now. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const [log] = this.#logs
      const chunk = log === undefined ? undefined : await this.#readFrom(log)
      if (chunk !== undefined) return chunk
      if (this.#logs.length < 2) {
        const newer = await openAfter(this.#log_file, this.#known)
        this.#logs.push(...newer)
        this.#known = this.#logs.at(-1)?.id
        if (newer.length === 0) return undefined
        // Lines may have been added to the old file before it was rotated, so it is read once more first.
        if (log !== undefined) continue
      } else {
        await this.#logs.shift()?.handle.close()
      }
    }
  }

  async close(): Promise<void> {
    for (const { handle } of this.#logs) await handle.close()
    this.#logs = []
  }

  async #readFrom(log: OpenLog): Promise<Uint8Array | undefined> {
    const { size } = await log.handle.stat()
    if (size < log.position) log.position = 0 // it was emptied
    const buffer = Buffer.alloc(chunk_bytes)
    const { bytesRead } = await log.handle.read(buffer, 0, chunk_bytes, log.position)
    log.position += bytesRead
    return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead)
  }
}
