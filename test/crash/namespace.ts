import { spawnSync } from "node:child_process"

const inside = "CRASHTEST_IN_NAMESPACE"

/** A shell as the first process, since the first one has to reap what others leave; `$@` is the campaign. */
const reaper = "\"$@\" & wait $!"

const namespaces = [[], ["--map-root-user"]].map((more) => [...more, "--fork", "--pid", "--mount-proc", "--kill-child"])

/**
 * Runs this program again in a process namespace of its own where the system allows that, and returns its exit code:
 * the daemons read the whole process table, which there holds nobody but them, and nothing outlives the campaign.
 */
export const runAgainInside = (): number | undefined => {
  if (process.env[inside] !== undefined) return undefined
  const namespace = namespaces.find((args) => spawnSync("unshare", [...args, "true"]).status === 0)
  if (namespace === undefined) return undefined
  const { status } = spawnSync("unshare", [
    ...namespace,
    "sh",
    "-c",
    reaper,
    "sh",
    process.execPath,
    ...process.argv.slice(1)
  ], {
    stdio: "inherit",
    env: { ...process.env, [inside]: "yes" }
  })
  return status ?? 1
}
