import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { taskInput } from "../agent/input.ts"
import { batchInput } from "../agent/messages/input.ts"
import { type PreparedWake, prepareWake } from "../agent/wake.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { taskOf } from "../domain/hub/assignment.ts"
import { platform } from "../platform.ts"
import { behindExec } from "../process/arguments.ts"
import { lostRemedy, lostVariables } from "../process/launcher.ts"
import { programProblemIn } from "../process/programs.ts"
import { wakeFiles } from "../process/wakeFiles.ts"
import { homeOf } from "../storage/folders.ts"
import { type Check, failed, ok, type Outcome, runProgram, skipped } from "./Check.ts"

type CommandKey = "wake_command" | "message_command"

const remedyFor = (key: CommandKey): string =>
  `fix ${key} (docs/agents.md has a recipe for each agent), or the PATH of what starts the sidecar`

/** What the command of an example task is given. */
const exampleTask = Effect.fnUntraced(function*(settings: Settings) {
  const task = taskOf({
    task_id: "task-0000000000000000",
    generation: 1,
    description: "an example",
    metadata: {},
    assigned_at: yield* Clock.currentTimeMillis,
    assignment: {}
  })
  return yield* taskInput(settings, task, wakeFiles(settings.tasks_dir, task.id, "doctor"))
})

/** What the command of an example batch is given. */
const exampleBatch = Effect.fnUntraced(function*(settings: Settings) {
  const message = {
    id: "0000000000000000",
    way: "direct",
    channel: null,
    from: "an-example",
    type: "chat",
    payload: { text: "an example" },
    reply_to: null,
    sent_at: yield* Clock.currentTimeMillis
  } as const
  const files = wakeFiles(settings.tasks_dir, "batch-0", "doctor")
  return yield* batchInput(settings, [{ message, thread: message.id, again: false }], files)
})

/** Prepares the wake of an example as the sidecar would. Writes and runs nothing. */
export const sampleWake = Effect.fnUntraced(function*(settings: Settings, key: CommandKey = "wake_command") {
  return yield* prepareWake(settings, yield* (key === "wake_command" ? exampleTask(settings) : exampleBatch(settings)))
})

/** The program at the start of a shell line; undefined if that is no plain word. */
const firstProgram = (line: string): string | undefined => /^\s*(?:exec\s+)?([\w./+-]+)(?:\s|$)/.exec(line)?.[1]

/** Lets the shell parse the line without running it, and look for its first program. */
const ofLine = Effect.fnUntraced(function*(line: string, key: CommandKey, wake: PreparedWake, home: string) {
  if (platform === "windows") return ok(`${key} is a line for cmd.exe, which looks for its programs when it runs`)
  const surroundings = existsSync(wake.cwd) ? wake : { ...wake, cwd: home } // the first wake makes the folder
  const read = yield* runProgram(["/bin/sh", "-n", "-c", line], surroundings)
  if (read.code !== 0) return failed(`the shell cannot read ${key}: ${read.err.trim()}`, remedyFor(key))
  const program = firstProgram(line)
  if (program === undefined) return ok(`the shell can read ${key}; its programs are looked for when it runs`)
  const found = yield* runProgram(["/bin/sh", "-c", "command -v -- \"$1\"", "sh", program], surroundings)
  const isBuiltIn = found.code === 0 && !found.out.includes("/")
  const problem = isBuiltIn ? undefined : programProblemIn([program], surroundings.env, surroundings.cwd)
  return problem === undefined
    ? ok(`the shell can read ${key}, and there is ${program}`)
    : failed(problem, remedyFor(key))
})

/** The failure of an agent that would refuse to run in this environment; undefined if it would run. */
export const refusedIn = (env: Readonly<Record<string, string | undefined>>, command: string): Outcome | undefined =>
  env["OPENCLAW_SHELL"] === "exec" && /openclaw/i.test(command)
    ? failed(
      "OPENCLAW_SHELL=exec is in the environment, where openclaw refuses to run",
      "start the sidecar from an ordinary shell, not from that of an agent"
    )
    : undefined

const checkOf = (name: string, key: CommandKey): Check => ({
  name,
  run: Effect.fnUntraced(
    function*({ settings }) {
      const command = settings[key]
      if (command === null) return skipped(`there is no ${key}: no agent is woken for messages, and they are kept`)
      const wake = yield* sampleWake(settings, key)
      const refused = refusedIn(wake.env, typeof command === "string" ? command : command.join(" "))
      if (refused !== undefined) return refused
      const lost = lostVariables(command, wake.env)
      if (lost !== null) return failed(lost, lostRemedy)
      return typeof command === "string" ?
        yield* ofLine(command, key, wake, homeOf(settings))
        : ok(`there is ${behindExec(command)?.[0] ?? command[0]}`)
    },
    Effect.catchTags({
      ProgramMissing: ({ reason }) => Effect.succeed(failed(reason, remedyFor(key))),
      WakeImpossible: ({ remedy: reason }) => Effect.succeed(failed(reason, remedyFor(key)))
    })
  )
})

export const commandCheck = checkOf("command", "wake_command")

export const messageCommandCheck = checkOf("messages", "message_command")
