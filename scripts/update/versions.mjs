import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

const kept = 3
const poll_ms = 100
const commit_chars = 12

const attempt = (action) => {
  try {
    return action()
  } catch {
    return undefined
  }
}

/** A new, empty folder for a version. It counts for nothing until `choose` names it. */
export const newFolder = (versions, commit) => {
  const folder = mkdtempSync(join(versions, `${commit.slice(0, commit_chars)}-`))
  chmodSync(folder, 0o755) // an agent of another user may run what is in it
  return folder
}

/** Names the version to run from now on, in one step. */
export const choose = (versions, version) => {
  const fresh = join(versions, `current-${process.pid}`)
  const file = openSync(fresh, "w")
  writeFileSync(file, JSON.stringify({ commit: version.commit, folder: basename(version.folder) }))
  fsyncSync(file)
  closeSync(file)
  renameSync(fresh, join(versions, "current"))
}

/** Removes the folders of versions except the newest and those whose packages one of them shares. */
export const prune = (versions) => {
  const { folder: current } = attempt(() => JSON.parse(readFileSync(join(versions, "current"), "utf8"))) || {}
  const made = (name) => attempt(() => statSync(join(versions, name, "dist")).mtimeMs) || 0
  const folders = readdirSync(versions, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, made: name === current ? Infinity : made(name) }))
  // oxlint-disable-next-line unicorn/no-array-sort -- an older Node.js has no toSorted
  const newest = folders.filter((version) => version.made > 0).sort((one, other) => other.made - one.made).slice(
    0,
    kept
  )
  const owner = ({ name }) => attempt(() => basename(dirname(realpathSync(join(versions, name, "node_modules")))))
  const inUse = new Set([...newest.map(({ name }) => name), ...newest.map(owner)])
  for (const { name } of folders) {
    if (!inUse.has(name)) attempt(() => rmSync(join(versions, name), { recursive: true, force: true, maxRetries: 2 }))
  }
}

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === "EPERM"
  }
}

const isAbandoned = (lock, limit_ms) => {
  const stat = attempt(() => statSync(lock))
  if (stat === undefined) return false
  const pid = Number(attempt(() => readFileSync(lock, "utf8")))
  return Date.now() - stat.mtimeMs > limit_ms || (pid > 0 && pid !== process.pid && !isAlive(pid))
}

const take = (lock) => {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" })
    return true
  } catch (error) {
    if (error.code === "EEXIST") return false
    throw error
  }
}

/**
 * Runs `action` while no other start updates this checkout; waits for one until `until`. It only spares the machine work:
 * two at once would get in each other's way at worst, as each builds in a folder of its own.
 */
export const alone = async ({ stop, until, versions }, action) => {
  const lock = join(versions, "lock")
  const limit_ms = 2 * (until - Date.now())
  mkdirSync(versions, { recursive: true })
  if (!existsSync(join(versions, ".gitignore"))) writeFileSync(join(versions, ".gitignore"), "*\n")
  while (!take(lock)) {
    if (isAbandoned(lock, limit_ms)) rmSync(lock, { force: true })
    else if (stop.aborted || Date.now() > until) throw new Error("another start is still updating the checkout")
    else await wait(poll_ms)
  }
  try {
    return await action()
  } finally {
    rmSync(lock, { force: true })
  }
}
