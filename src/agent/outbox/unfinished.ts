import { half_written_ms } from "../results/parse.ts"

interface Seen {
  readonly version: string
  readonly since: number // milliseconds of the steady clock
}

/**
 * Files that are no message yet, as their writers may be at work, each with its last version and since when that is known. A file
 * that stays as it is for `half_written_ms` is finished.
 */
export const makeUnfinished = () => {
  let seen: ReadonlyMap<string, Seen> = new Map()

  const isFinished = (name: string, version: string, now: number): boolean => {
    const last = seen.get(name)
    return last?.version === version && now - last.since >= half_written_ms
  }

  return {
    isFinished,

    /** Whether a file of this version is to be read: one that has changed, or that is finished. */
    mayRead: (name: string, version: string, now: number): boolean =>
      seen.get(name)?.version !== version || isFinished(name, version, now),

    note: (name: string, version: string, now: number): void => {
      if (seen.get(name)?.version !== version) seen = new Map([...seen, [name, { version, since: now }]])
    },

    /** Forgets all files but these. */
    keep: (names: ReadonlyArray<string>): void => {
      seen = new Map([...seen].filter(([name]) => names.includes(name)))
    }
  }
}
