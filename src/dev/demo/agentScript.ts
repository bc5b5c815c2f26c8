/** A task of the demo: what the agent does with it, and the expected result. */
export interface DemoCase {
  readonly name: string
  readonly description: string
  readonly behaviour: "succeed" | "fail" | "ignore the first wake" | "work for long" | "ask another agent"
  readonly cutConnection: boolean
  readonly outcome: "completed" | "dead_letter"
  readonly wakes: number
}

const plain = { behaviour: "succeed", cutConnection: false, outcome: "completed", wakes: 1 } as const

/** What is done while the other agent gets its messages. */
export const demoCases: ReadonlyArray<DemoCase> = [
  { ...plain, name: "success", description: "Write a haiku about queues." },
  {
    ...plain,
    name: "connection cut",
    description: "Sort the archive.",
    behaviour: "work for long",
    cutConnection: true
  },
  { ...plain, name: "hostile text", description: "\"; touch pwned; echo \"$(touch pwned)" },
  { ...plain, name: "second wake", description: "Wake up twice.", behaviour: "ignore the first wake", wakes: 2 },
  { ...plain, name: "failure", description: "Divide by zero.", behaviour: "fail", outcome: "dead_letter" }
]

/** The task in the middle of which the agent asks the other one. */
export const question: DemoCase = {
  ...plain,
  name: "question",
  description: "What is six times seven?",
  behaviour: "ask another agent"
}

/** The file that the hostile text would create if a shell ran it. */
export const canary = "pwned"

/**
 * The agent of the demo, a Node.js program that the sidecar wakes: it confirms, works for a moment and answers. Its argument
 * is the task's text as the shell expanded it. It returns the text, so that the demo can compare it, and the reply of the other
 * agent. `sidecar` is the path of the program that it sends with.
 */
export const agentScript = (sidecar: string): string =>
  `import { spawnSync } from "node:child_process"
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

const { RESULTS_DIR, TASK_FILE, TASK_ID } = process.env
const task = JSON.parse(readFileSync(TASK_FILE, "utf8"))
const { behaviour } = task.metadata
const result = (ending) => join(RESULTS_DIR, TASK_ID + ending)

const ask = (agent, text) => {
  const send = [${JSON.stringify(sidecar)}, "send", "--to", agent, "--type", "request", "--wait", "20", text]
  const { stderr, stdout } = spawnSync(process.execPath, send, { encoding: "utf8" })
  return / begins =====\\n(.*)\\n=====/s.exec(stdout)?.[1] ?? stderr
}

appendFileSync("wakes.log", TASK_ID + "\\n")
const wakes = readFileSync("wakes.log", "utf8").split("\\n").filter((id) => id === TASK_ID).length
if (behaviour === "ignore the first wake" && wakes === 1) process.exit(1)

writeFileSync(result(".started"), "")
writeFileSync(result(".progress"), "50")
await wait(behaviour === "work for long" ? 3000 : 500)
const reply = behaviour === "ask another agent" ? ask("helper", task.description) : undefined
const answer = behaviour === "fail"
  ? { status: "failed", reason: "cannot divide by zero" }
  : { status: "success", heard: process.argv[2] ?? task.description, reply }
writeFileSync(result(".json.tmp"), JSON.stringify(answer))
renameSync(result(".json.tmp"), result(".json"))
`
