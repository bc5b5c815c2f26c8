import * as Effect from "effect/Effect"
import { lstat, mkdir } from "node:fs/promises"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { platform } from "../platform.ts"
import { LockUnusable } from "./LockUnusable.ts"

/** Whether it is a folder that only this user can reach. Windows gives each user a folder of its own for such files. */
const isOurs = async (path: string): Promise<boolean> => {
  const stats = await lstat(path)
  if (!stats.isDirectory()) return false
  return platform === "windows" || (stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0)
}

const find = async (given: string | undefined): Promise<string> => {
  if (given !== undefined && given !== "" && await isOurs(given).catch(() => false)) return given
  const path = join(tmpdir(), `agentcom-sidecar-${process.getuid?.() ?? userInfo().username}`)
  await mkdir(path, { mode: 0o700 }).catch(() => {}) // it is there already, or the next line tells why it is not
  if (await isOurs(path)) return path
  throw new Error("it is not a folder of this user with the mode 0700; remove it")
}

/** A folder of this user for what cannot be in the agent's folder: `$XDG_RUNTIME_DIR`, or one in the temporary folder. */
export const runtimeFolder: Effect.Effect<string, LockUnusable> = Effect.tryPromise({
  try: () => find(process.env["XDG_RUNTIME_DIR"]),
  catch: (cause) =>
    new LockUnusable({
      path: tmpdir(),
      reason: cause instanceof Error ? cause.message : String(cause),
      foreign: false
    })
})
