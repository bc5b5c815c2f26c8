declare const AGENTCOM_SIDECAR_NODE: string | undefined

/** `engines` of package.json, which the build inserts: ranges like `^1.2.3` and `>=1.2.3`, one of which has to fit. */
const engines = typeof AGENTCOM_SIDECAR_NODE === "string" ? AGENTCOM_SIDECAR_NODE : ">=0.0.0"

const isAtLeast = (version: ReadonlyArray<number>, least: ReadonlyArray<number>): boolean => {
  const at = least.findIndex((part, index) => part !== version[index])
  return at === -1 || (version[at] ?? 0) > (least[at] ?? 0)
}

/** The error message for a version of Node.js that does not fit; undefined if it fits. This file has to load on any Node.js. */
export const nodeProblem = (version: string, needed = engines): string | undefined => {
  const parts = version.split(".").map(Number)
  const fits = needed.split(" || ").some((range) => {
    const least = range.replace(/^\D+/, "").split(".").map(Number)
    return isAtLeast(parts, least) && (!range.startsWith("^") || parts[0] === least[0])
  })
  return fits ? undefined : `agentcom-sidecar needs Node.js ${needed}; this is ${version}.`
}
