/**
 * The demo's agent, a plain Node program: it is woken by the sidecar, confirms, works for a moment and answers. Its one
 * argument is the task's text as the shell expanded it, which it hands back so that the demo can compare.
 */
export const agentScript = `import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

const { RESULTS_DIR, TASK_FILE, TASK_ID } = process.env
const task = JSON.parse(readFileSync(TASK_FILE, "utf8"))
const result = (ending) => join(RESULTS_DIR, TASK_ID + ending)

appendFileSync("wakes.log", TASK_ID + "\\n")
const wakes = readFileSync("wakes.log", "utf8").split("\\n").filter((id) => id === TASK_ID).length
if (task.metadata.behaviour === "ignore the first wake" && wakes === 1) process.exit(1)

writeFileSync(result(".started"), "")
writeFileSync(result(".progress"), "50")
await wait(task.metadata.behaviour === "work for long" ? 3000 : 500)
const answer = task.metadata.behaviour === "fail"
  ? { status: "failed", reason: "cannot divide by zero" }
  : { status: "success", heard: process.argv[2] ?? task.description }
writeFileSync(result(".json.tmp"), JSON.stringify(answer))
renameSync(result(".json.tmp"), result(".json"))
`
