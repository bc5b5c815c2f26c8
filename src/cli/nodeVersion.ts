const needed = [22, 19] as const

/** The sentence for who runs a Node.js too old for us; undefined for others. It has to load on any Node.js there is. */
export const nodeProblem = (version: string): string | undefined => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  if (major > needed[0] || (major === needed[0] && minor >= needed[1])) return undefined
  return `agentcom-sidecar needs Node.js ${needed.join(".")} or newer; this is ${version}.`
}
