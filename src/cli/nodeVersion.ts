declare const AGENTCOM_SIDECAR_NODE: string | undefined

/** `engines` of package.json, put in by the build: `^1.2.3` and `>=1.2.3`, one of which has to fit. */
const engines = typeof AGENTCOM_SIDECAR_NODE === "string" ? AGENTCOM_SIDECAR_NODE : ">=0.0.0"

const isAtLeast = (version: ReadonlyArray<number>, least: ReadonlyArray<number>): boolean => {
  const at = least.findIndex((part, index) => part !== version[index])
  return at === -1 || (version[at] ?? 0) > (least[at] ?? 0)
}

/** The sentence for who runs a Node.js that does not fit; undefined for others. It has to load on any Node.js there is. */
export const nodeProblem = (version: string, needed = engines): string | undefined => {
  const parts = version.split(".").map(Number)
  const fits = needed.split(" || ").some((range) => {
    const least = range.replace(/^\D+/, "").split(".").map(Number)
    return isAtLeast(parts, least) && (!range.startsWith("^") || parts[0] === least[0])
  })
  return fits ? undefined : `agentcom-sidecar needs Node.js ${needed}; this is ${version}.`
}
