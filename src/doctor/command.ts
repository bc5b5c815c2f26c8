import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { taskInput } from "../agent/input.ts"
import { type PreparedWake, prepareWake } from "../agent/wake.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { taskOf } from "../domain/hub/assignment.ts"
import { platform } from "../platform.ts"
import { behindExec } from "../process/arguments.ts"
import { lostRemedy, lostVariables } from "../process/launcher.ts"
import { programProblemIn } from "../process/programs.ts"
import { wakeFiles } from "../process/wakeFiles.ts"
import { type Check, failed, ok, type Outcome, runProgram } from "./Check.ts"

const remedy = "fix wake_command (docs/agents.md has a recipe for each agent), or the PATH of what starts the sidecar"

/** Prepares the wake of an example task as the sidecar would. Writes and runs nothing. */
export const sampleWake = Effect.fnUntraced(function*(settings: Settings) {
  const task = taskOf({
    task_id: "task-0000000000000000",
    generation: 1,
    description: "an example",
    metadata: {},
    assigned_at: yield* Clock.currentTimeMillis,
    assignment: {}
  })
  const input = yield* taskInput(settings, task, wakeFiles(settings.tasks_dir, task.id, "doctor"))
  return yield* prepareWake(settings, input)
})

/** The program at the start of a shell line; undefined if that is no plain word. */
const firstProgram = (line: string): string | undefined => /^\s*(?:exec\s+)?([\w./+-]+)(?:\s|$)/.exec(line)?.[1]

/** Lets the shell parse the line without running it, and look for its first program. */
const ofLine = Effect.fnUntraced(function*(line: string, surroundings: PreparedWake) {
  if (platform === "windows") return ok("wake_command is a line for cmd.exe, which looks for its programs when it runs")
  const read = yield* runProgram(["/bin/sh", "-n", "-c", line], surroundings)
  if (read.code !== 0) return failed(`the shell cannot read wake_command: ${read.err.trim()}`, remedy)
  const program = firstProgram(line)
  if (program === undefined) return ok("the shell can read wake_command; its programs are looked for when it runs")
  const found = yield* runProgram(["/bin/sh", "-c", "command -v -- \"$1\"", "sh", program], surroundings)
  const isBuiltIn = found.code === 0 && !found.out.includes("/")
  const problem = isBuiltIn ? undefined : programProblemIn([program], surroundings.env, surroundings.cwd)
  return problem === undefined
    ? ok(`the shell can read wake_command, and there is ${program}`)
    : failed(problem, remedy)
})

/** The failure of an agent that would refuse to run in this environment; undefined if it would run. */
export const refusedIn = (env: Readonly<Record<string, string | undefined>>, command: string): Outcome | undefined =>
  env["OPENCLAW_SHELL"] === "exec" && /openclaw/i.test(command)
    ? failed(
      "OPENCLAW_SHELL=exec is in the environment, where openclaw refuses to run",
      "start the sidecar from an ordinary shell, not from that of an agent"
    )
    : undefined

export const commandCheck: Check = {
  name: "command",
  run: Effect.fnUntraced(
    function*({ settings }) {
      const { wake_command } = settings
      const wake = yield* sampleWake(settings)
      const refused = refusedIn(wake.env, typeof wake_command === "string" ? wake_command : wake_command.join(" "))
      if (refused !== undefined) return refused
      const lost = lostVariables(wake_command, wake.env)
      if (lost !== null) return failed(lost, lostRemedy)
      return typeof wake_command === "string" ?
        yield* ofLine(wake_command, wake)
        : ok(`there is ${behindExec(wake_command)?.[0] ?? wake_command[0]}`)
    },
    Effect.catchTags({
      ProgramMissing: ({ reason }) => Effect.succeed(failed(reason, remedy)),
      WakeImpossible: ({ remedy: reason }) => Effect.succeed(failed(reason, remedy))
    })
  )
}
