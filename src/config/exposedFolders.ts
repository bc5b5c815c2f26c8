import * as Effect from "effect/Effect"
import type { Stats } from "node:fs"
import { stat } from "node:fs/promises"
import { dirname } from "node:path"
import type { Exposed } from "./secretFiles.ts"
import { shellWord } from "./shellWord.ts"

/** Who we are to the file system. */
export interface User {
  readonly uid: number
  readonly gid: number
}

const groupMayWrite = 0o020
const othersMayWrite = 0o002
const sticky = 0o1000

/** Who may put something into the folder, in words; undefined where nobody else may. A group of the user's own is nobody else. */
const writersOf = ({ gid, mode }: Stats, user: User): string | undefined => {
  if ((mode & othersMayWrite) !== 0) return "every user of this machine"
  return (mode & groupMayWrite) !== 0 && gid !== user.gid && gid !== 0 ? `the group ${gid}` : undefined
}

const remedyOf = (path: string): string => `chmod go-w ${shellWord(path)}`

const modeOf = ({ mode }: Stats): string => (mode & 0o7777).toString(8)

const ownProblem = (path: string, stats: Stats, user: User): Exposed | undefined => {
  const writers = writersOf(stats, user)
  return writers === undefined ? undefined : {
    path,
    reason: `${writers} may write there, and so forge an answer (mode ${modeOf(stats)})`,
    remedy: remedyOf(path)
  }
}

/** In a folder above, nobody else may put another folder in the place of ours; a sticky one, as /tmp is, allows it to the owner only. */
const problemAbove = (path: string, stats: Stats, user: User): Exposed | undefined => {
  if (stats.uid !== user.uid && stats.uid !== 0) {
    return {
      path,
      reason: `it belongs to the user ${stats.uid}, who may put another folder in the place of what is in it`,
      remedy: "keep the agent's folder in a folder of its own user or of root"
    }
  }
  const writers = (stats.mode & sticky) === 0 ? writersOf(stats, user) : undefined
  return writers === undefined ? undefined : {
    path,
    reason: `${writers} may put another folder in the place of what is in it (mode ${modeOf(stats)})`,
    remedy: remedyOf(path)
  }
}

const above = (path: string): ReadonlyArray<string> =>
  dirname(path) === path ? [] : [dirname(path), ...above(dirname(path))]

const look = (
  paths: ReadonlyArray<string>,
  problem: (path: string, stats: Stats, user: User) => Exposed | undefined,
  user: User
) =>
  Effect.forEach(paths, (path) =>
    Effect.match(Effect.tryPromise(() => stat(path)), {
      onSuccess: (stats) => problem(path, stats, user),
      onFailure: () => undefined // one that is not there yet is made by us
    }))

/** Those of the agent's folders, and of the folders above, in which another user may write. */
export const exposedFolders = (folders: ReadonlyArray<string>, user: User): Effect.Effect<ReadonlyArray<Exposed>> =>
  Effect.gen(function*() {
    const own = [...new Set(folders)]
    const parents = [...new Set(own.flatMap(above))].filter((path) => !own.includes(path))
    const found = [...(yield* look(own, ownProblem, user)), ...(yield* look(parents, problemAbove, user))]
    return found.filter((exposed) => exposed !== undefined)
  })

/** The user of this process; null on Windows, whose rights are not in a mode. */
export const thisUser = (): User | null => {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()]
  return uid === undefined || gid === undefined ? null : { uid, gid }
}
