import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")
const cache = join(root, "node_modules", ".cache", "test-packages")

/** A package of npm's registry that is for one platform only, so that it cannot come with `npm ci`. */
export interface Pinned {
  readonly name: string
  readonly version: string
  readonly integrity: string
}

const integrityOf = (path: string): string =>
  `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`

/** A registry that is slower than that is none. */
const longest_ms = 300_000

const run = (program: string, ...args: ReadonlyArray<string>): void => {
  const { error, status, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: longest_ms })
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? stderr.trim()}`)
}

/** The folder of the unpacked package, from npm's registry if it is not there yet. */
export const fetchPackage = ({ integrity, name, version }: Pinned): string => {
  const file = `${name.replace("@", "").replace("/", "-")}-${version}`
  const folder = join(cache, file)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, "fresh-"))
  try {
    run("npm", "pack", "--silent", "--prefer-offline", "--pack-destination", fresh, `${name}@${version}`)
    const tarball = join(fresh, `${file}.tgz`)
    const found = integrityOf(tarball)
    if (found !== integrity) throw new Error(`${name}@${version} has the integrity ${found} instead of ${integrity}`)
    run("tar", "-xzf", tarball, "-C", fresh)
    renameSync(join(fresh, "package"), folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return folder
}
