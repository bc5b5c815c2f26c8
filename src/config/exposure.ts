import * as Effect from "effect/Effect"
import type { Stats } from "node:fs"
import { stat } from "node:fs/promises"
import { dirname } from "node:path"

/** A file or folder that other users of this machine may read or change. */
export interface Exposed {
  readonly path: string
  readonly reason: string
  readonly remedy: string
}

export interface User {
  readonly uid: number
  readonly gid: number
}

const groupMayWrite = 0o020
const othersMayWrite = 0o002
const groupAndOthers = 0o077
const sticky = 0o1000

/** A path as one word of a shell command that is shown to a person. */
const shellWord = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`

/** The exposed ones of the paths. A path that does not exist is not exposed: we create it ourselves. */
const look = (
  paths: ReadonlyArray<string>,
  problem: (path: string, stats: Stats) => Exposed | undefined
): Effect.Effect<ReadonlyArray<Exposed>> =>
  Effect.map(
    Effect.forEach(paths, (path) =>
      Effect.match(Effect.tryPromise(() => stat(path)), {
        onSuccess: (stats) => problem(path, stats),
        onFailure: () => undefined
      })),
    (found) => found.filter((exposed) => exposed !== undefined)
  )

/** Those of the files that other users may read or write. None on Windows, where a mode does not show that. */
export const exposedOf = (paths: ReadonlyArray<string>, windows: boolean): Effect.Effect<ReadonlyArray<Exposed>> =>
  look(windows ? [] : paths, (path, { mode }) =>
    (mode & groupAndOthers) === 0 ? undefined : {
      path,
      reason: `other users of this machine may use it (mode ${(mode & 0o777).toString(8)})`,
      remedy: `chmod 600 ${shellWord(path)}`
    })

/** Which other users may write in a folder, in words. The user's own group counts as the user. */
const writersOf = ({ gid, mode }: Stats, user: User): string | undefined => {
  if ((mode & othersMayWrite) !== 0) return "every user of this machine"
  return (mode & groupMayWrite) !== 0 && gid !== user.gid && gid !== 0 ? `the group ${gid}` : undefined
}

const exposedTo = (writers: string | undefined, path: string, { mode }: Stats, danger: string): Exposed | undefined =>
  writers === undefined ? undefined : {
    path,
    reason: `${writers} ${danger} (mode ${(mode & 0o7777).toString(8)})`,
    remedy: `chmod go-w ${shellWord(path)}`
  }

const problemIn = (user: User) => (path: string, stats: Stats) =>
  exposedTo(writersOf(stats, user), path, stats, "may write there, and so forge an answer or a message")

/** In a folder above ours, nobody else may replace our folder. A sticky folder such as /tmp lets only its owner do that. */
const problemAbove = (user: User) => (path: string, stats: Stats): Exposed | undefined => {
  if (stats.uid !== user.uid && stats.uid !== 0) {
    return {
      path,
      reason: `it belongs to the user ${stats.uid}, who may put another folder in the place of what is in it`,
      remedy: "keep the agent's folder in a folder of its own user or of root"
    }
  }
  const writers = (stats.mode & sticky) === 0 ? writersOf(stats, user) : undefined
  return exposedTo(writers, path, stats, "may put another folder in the place of what is in it")
}

const above = (path: string): ReadonlyArray<string> =>
  dirname(path) === path ? [] : [dirname(path), ...above(dirname(path))]

/** Those of the agent's folders, and of the folders above them, in which another user may write. */
export const exposedFolders = (folders: ReadonlyArray<string>, user: User): Effect.Effect<ReadonlyArray<Exposed>> =>
  Effect.gen(function*() {
    const own = [...new Set(folders)]
    const parents = [...new Set(own.flatMap(above))].filter((path) => !own.includes(path))
    return [...(yield* look(own, problemIn(user))), ...(yield* look(parents, problemAbove(user)))]
  })

/** The user of this process; null on Windows, where a mode does not show who may write. */
export const thisUser = (): User | null => {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()]
  return uid === undefined || gid === undefined ? null : { uid, gid }
}
