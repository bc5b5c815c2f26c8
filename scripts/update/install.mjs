import { existsSync, readFileSync, realpathSync, symlinkSync } from "node:fs"
import { join, relative } from "node:path"
import { npmCommand, npmEnvironment, run, told } from "./commands.mjs"

const json = (path) => {
  try {
    return JSON.parse(readFileSync(path, "utf8"))
  } catch {
    return undefined
  }
}

/** What the lockfile of a folder names, by path; without the folder itself. */
const locked = (path) => {
  const { packages = {} } = json(path) || {}
  return Object.entries(packages).filter(([name, { link }]) => name !== "" && link !== true)
}

/** Whether what is installed is what the lockfile says. npm lists what it installed when, and only when, all of it is there. */
export const isInstalled = (lockfile, nodeModules) => {
  const wanted = new Map(locked(lockfile))
  const present = new Map(locked(join(nodeModules, ".package-lock.json")))
  const isSame = ([name, { integrity, version }]) => {
    const other = wanted.get(name)
    return other !== undefined && other.version === version && other.integrity === integrity
  }
  const isThere = ([name, { optional, devOptional, peer }]) =>
    present.has(name) || optional === true || devOptional === true || peer === true
  return [...present].every(isSame) && [...wanted].every(isThere)
}

/** Whether the version can run and be built upon: its packages are those of its lockfile. */
export const isWhole = (folder) =>
  existsSync(join(folder, "dist", "main.js")) &&
  isInstalled(join(folder, "package-lock.json"), join(folder, "node_modules"))

const shareModules = (from, folder) => {
  const modules = join(from, "node_modules")
  if (!existsSync(modules)) return
  const target = realpathSync(modules)
  // A junction needs no rights on Windows, but a whole path; a relative link lets the checkout be moved.
  const [path, type] = process.platform === "win32" ? [target, "junction"] : [relative(folder, target), "dir"]
  symlinkSync(path, join(folder, "node_modules"), type)
}

/**
 * Installs and builds the version whose files are in `folder`, and runs it once to see that it starts. Packages are taken
 * from the version `from` where they are the same. It touches nothing outside `folder`.
 */
export const makeVersion = async (folder, { commit, from, stop, until }) => {
  const env = { ...npmEnvironment(process.env, process.execPath), AGENTCOM_SIDECAR_COMMIT: commit }
  const succeed = async (what, command) => {
    const { code, errors, output } = await run({ cwd: folder, env, stop, until, what, ...command })
    if (code !== 0) throw new Error(`${what} failed: ${told(errors || output) || `exit code ${code}`}`)
    return output
  }
  const npm = (...args) => {
    const { verbatim, ...command } = npmCommand(process.platform, args, process.env)
    return succeed(`npm ${args.filter((arg) => !arg.startsWith("-")).join(" ")}`, { ...command, verbatim })
  }
  if (from && isInstalled(join(folder, "package-lock.json"), join(from, "node_modules"))) shareModules(from, folder)
  else await npm("ci", "--include=dev", "--no-audit", "--no-fund")
  // The installation has built it already where package.json says so.
  if (!existsSync(join(folder, "dist", "main.js"))) await npm("run", "build")
  const own = ["node", "node.exe"].map((name) => join(folder, "node_modules", "node", "bin", name)).find(existsSync)
  const main = join(folder, "dist", "main.js")
  await succeed("the new version", { file: own || process.execPath, args: [main, "--version"] })
}

/** Has the new files on disk before they are named as the version to run: a power failure must not leave them empty. */
export const flush = ({ stop, until }) =>
  process.platform === "win32"
    ? Promise.resolve()
    : run({ file: "sync", args: [], cwd: "/", env: { PATH: process.env.PATH }, stop, until }).catch(() => {})
