import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { BigIntStats } from "node:fs"
import { access, chmod, constants, lstat, open } from "node:fs/promises"
import { join } from "node:path"
import { platform } from "../platform.ts"
import { LockUnusable } from "./LockUnusable.ts"

/** The lock of a folder. */
export const lockIn = (folder: string): string => join(folder, "lock")

/** By what a file or folder is told from another of its name. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

export const isSame = (one: Identity, other: Identity): boolean => one.dev === other.dev && one.ino === other.ino

const codeOf = (cause: unknown): string => Predicate.hasProperty(cause, "code") ? String(cause.code) : ""

export const isMissing = (cause: unknown): boolean => codeOf(cause) === "ENOENT"

/** A file or folder, and its owner. */
export interface Owned extends Identity {
  readonly uid: bigint
}

/** Who owns a file that we cannot use, where that is somebody else. */
const ownerText = ({ uid }: BigIntStats): string => {
  const ours = process.getuid?.()
  return ours === undefined || BigInt(ours) === uid
    ? ""
    : ` (it belongs to user ${uid}, and this is user ${ours}: start it as that user, or give the folder's files to this one with chown)`
}

const readable = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** Makes the file where there is none. An existing one is never opened here, as that could drop its lock. */
const create = async (path: string): Promise<void> => {
  const handle = await open(path, "ax", 0o600).catch((cause: unknown) => {
    if (codeOf(cause) === "EEXIST") return undefined
    throw cause
  })
  await handle?.close()
}

/** A lock file that others may open is one by which they can keep us out. */
const hide = async (path: string, { mode }: BigIntStats): Promise<void> => {
  if (platform !== "windows" && (Number(mode) & 0o777) !== 0o600) await chmod(path, 0o600)
}

/** Makes the lock file ready to be locked, and returns which file it is. */
export const prepare = (path: string): Effect.Effect<Identity, LockUnusable> => {
  let stats: BigIntStats | undefined
  return Effect.tryPromise({
    try: async () => {
      await create(path)
      stats = await lstat(path, { bigint: true })
      if (!stats.isFile()) return null
      await hide(path, stats)
      await access(path, constants.R_OK | constants.W_OK)
      return stats
    },
    catch: (cause) =>
      new LockUnusable({
        path,
        reason: `${readable(cause)}${stats === undefined ? "" : ownerText(stats)}`,
        foreign: false
      })
  }).pipe(
    Effect.flatMap((found) =>
      found === null
        ? Effect.fail(new LockUnusable({ path, reason: "it is no regular file", foreign: true }))
        : Effect.succeed<Identity>(found)
    )
  )
}

/** Which file or folder has this name, without following a link; null where none has. */
export const identityOf = (path: string): Effect.Effect<Identity | null, { readonly reason: string }> =>
  Effect.tryPromise({
    try: () => lstat(path, { bigint: true }),
    catch: (cause) => cause
  }).pipe(
    Effect.catch((cause) => isMissing(cause) ? Effect.succeed(null) : Effect.fail({ reason: readable(cause) }))
  )
