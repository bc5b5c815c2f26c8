import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { gitEnvironment, run, told } from "./commands.mjs"

const probe_ms = 10_000
const abandoned_ms = 2_000
const start = "scripts/start.mjs"

/** Changes there need no build. */
const unbuilt = ["docs", "test", "bench", "examples", ".ci", ".github", "*.md"].map((path) => `:(exclude)${path}`)

/** The git of one checkout. `until` (epoch ms) ends every command. */
export const openCheckout = async ({ root, stop, until }) => {
  const attempt = (args, { by = until, env = {}, cwd = root } = {}) =>
    run({
      file: "git",
      args,
      cwd,
      env: { ...gitEnvironment(process.env), ...env },
      until: by,
      stop,
      what: `git ${args[0]}`
    })
  const git = async (args, options) => {
    const { code, errors, output } = await attempt(args, options)
    if (code === 0) return output.trim()
    throw new Error(`git ${args[0]}: ${told(errors) || `exit code ${code}`}`)
  }
  const succeeds = async (args) => (await attempt(args)).code === 0
  const gitDir = await git(["rev-parse", "--absolute-git-dir"])
  return { root, gitDir, git, succeeds }
}

/** The commit at the head of the branch that ours follows, from the remote; its objects may not be here yet. */
const askRemote = async ({ git, until }, remote, ref) => {
  const by = Math.min(until, Date.now() + probe_ms)
  const listed = await git(["ls-remote", "--quiet", remote, ref], { by }).catch((error) => {
    throw new Error(`the remote cannot be asked: ${error.message}`)
  })
  const commit = listed.split(/\s/)[0]
  if (commit === "") throw new Error(`the remote has no ${ref}`)
  return commit
}

/** Gives the commit that the checkout is to be at, with its objects here. It rejects where git pull --ff-only would. */
export const newestCommit = async (checkout, until) => {
  const { git, succeeds } = checkout
  const branch = await git(["symbolic-ref", "--quiet", "--short", "HEAD"]).catch(() => {
    throw new Error("the checkout is on no branch")
  })
  const [remote, ref] = await Promise.all(["remote", "merge"].map((key) => git(["config", `branch.${branch}.${key}`])))
    .catch(() => {
      throw new Error(`the branch ${branch} follows no other`)
    })
  const head = await git(["rev-parse", "HEAD"])
  const newest = await askRemote({ git, until }, remote, ref)
  const isHere = () => succeeds(["cat-file", "-e", `${newest}^{commit}`])
  if (!await isHere()) {
    const failed = await git(["fetch", "--quiet", "--no-tags", remote, ref]).then(() => undefined, (error) => error)
    if (!await isHere()) throw failed || new Error("the remote has just changed")
  }
  if (await succeeds(["merge-base", "--is-ancestor", newest, head])) return { head, newest: head }
  if (!await succeeds(["merge-base", "--is-ancestor", head, newest])) {
    throw new Error(`the branch ${branch} has diverged from the one it follows`)
  }
  return { head, newest }
}

/** Rejects where somebody works in the checkout, or has a file where the new commit brings one. */
export const refuseChanges = async ({ git, gitDir }, versions, { head, newest }) => {
  const changed = await git(["status", "--porcelain", "--untracked-files=no"])
  if (changed !== "") throw new Error(`the checkout has changes of its own: ${told(changed)}`)
  // In a copy, so that one that is killed does not leave the index locked.
  const index = join(versions, "index")
  copyFileSync(join(gitDir, "index"), index)
  const env = { GIT_INDEX_FILE: index }
  await git(["update-index", "-q", "--refresh"], { env }) // files may be newer than git remembers and yet the same
  await git(["read-tree", "-n", "-m", "-u", head, newest], { env })
}

/** Whether a version built at `from` differs from one built at `to`. */
export const differs = async ({ succeeds }, from, to) =>
  from !== to && (from === undefined || !await succeeds(["diff", "--quiet", from, to, "--", ".", ...unbuilt]))

/** The files of a commit in a folder, as a checkout would have them. */
export const writeFilesOf = ({ git, gitDir }, commit, folder) => {
  const index = join(folder, ".index")
  return git(["--git-dir", gitDir, "--work-tree", folder, "read-tree", "--reset", "-u", commit], {
    cwd: folder,
    env: { GIT_INDEX_FILE: index }
  }).finally(() => rmSync(index, { force: true }))
}

const noteOf = (versions) => join(versions, "fast-forward")

/** Moves the checkout itself, whose files `folder` holds too. A note on disk lets the next start finish it. */
export const fastForward = async ({ git, root }, versions, { folder, newest }) => {
  writeFileSync(noteOf(versions), newest)
  if (folder !== root && existsSync(join(folder, start))) {
    // git would remove the file and write it anew, and it must never be missing: this process's successor is started by it.
    const fresh = join(versions, "start.mjs")
    copyFileSync(join(folder, start), fresh)
    renameSync(fresh, join(root, start))
    await git(["update-index", "--", start])
  }
  await git(["merge", "--quiet", "--ff-only", newest])
  rmSync(noteOf(versions), { force: true })
}

/** Ends a fast-forward that was broken off; the checkout had no changes of its own when that began. */
export const finishFastForward = async ({ git, gitDir, succeeds }, versions) => {
  const note = noteOf(versions)
  if (!existsSync(note)) return
  const newest = readFileSync(note, "utf8")
  // git moves the branch last, so there is nothing to end, and what has changed since then is somebody's work.
  if (await git(["rev-parse", "HEAD"]) === newest) return rmSync(note, { force: true })
  const lock = join(gitDir, "index.lock")
  for (let left = abandoned_ms; existsSync(lock) && left > 0; left -= 100) await wait(100)
  rmSync(lock, { force: true })
  const isAhead = /^[0-9a-f]{40,64}$/.test(newest) && await succeeds(["merge-base", "--is-ancestor", "HEAD", newest])
  if (isAhead) await git(["reset", "--quiet", "--hard", newest])
  rmSync(note, { force: true })
}
