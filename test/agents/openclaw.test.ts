import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { HubTask } from "../../src/dev/DevHub.ts"
import {
  agentId,
  type Folder,
  frames,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  typesOf,
  until,
  untilStatus
} from "../support/daemon.ts"
import { identifications } from "../support/outcomes.ts"
import { findOpenClaw, layerOpenClaw, OpenClaw } from "./openclawGateway.ts"

const program = findOpenClaw(process.env)

/** A turn takes some seconds, on a busy machine many. */
const turn_ms = 90_000
const test_ms = 3 * turn_ms

/** The commands that had been run at each call of the model in a turn that nothing cuts short. */
const wholeTurn = [0, 1]

/** The recipe as it is delivered. */
const recipe = (): Record<string, unknown> => {
  const { wake_command } = JSON.parse(readFileSync("config.example.json", "utf8"))
  return { wake_command }
}

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

const processesWhere = (is: (pid: number) => boolean): ReadonlyArray<number> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => is(pid) && isAlive(pid))

/** The commands that a tool of OpenClaw has started and that wait for `go`. */
const toolsOf = (folder: Folder): ReadonlyArray<number> =>
  processesWhere((pid) => textOf(`/proc/${pid}/cmdline`).includes(folder.file("go")))

/** `openclaw agent` and all below it. */
const commandsOf = (folder: Folder): ReadonlyArray<number> =>
  processesWhere((pid) => textOf(`/proc/${pid}/environ`).includes(`TASK_FILE=${folder.path}/`))

const untilNoneLeft = (folder: Folder) =>
  until("no process of the turn is left", () => [...toolsOf(folder), ...commandsOf(folder)].length === 0, 30_000)

const start = Effect.gen(function*() {
  const { env, model } = yield* OpenClaw
  const hub = yield* startHub()
  const folder = yield* makeFolder(hub, {}, recipe())
  const daemon = yield* startDaemon(folder, env)
  /** How many commands had been run at each call of the model for this task. */
  const callsFor = ({ id }: HubTask) =>
    model.calls().filter(({ said }) => said.includes(`/tasks/${id}.json`)).map(({ commands_run }) => commands_run)
  const completed = (task: HubTask) =>
    Effect.gen(function*() {
      yield* untilStatus(hub, task, "completed", turn_ms)
      assert.deepInclude(hub.task(task.id)?.result, { status: "success", output: "done" })
      assert.lengthOf(frames(hub, "out").filter(({ type }) => type === "task_complete"), 1)
      assert.notInclude(typesOf(hub, "out"), "task_failed")
      yield* until("the turn is over", () => callsFor(task).length === wholeTurn.length, turn_ms)
      assert.deepEqual(callsFor(task), wholeTurn)
      yield* untilNoneLeft(folder)
    })
  return { model, hub, folder, daemon, env, callsFor, completed }
})

/** A turn in its middle: its tool runs a command that waits for `go`. */
const startAtWork = Effect.gen(function*() {
  const all = yield* start
  const task = yield* submit(all.hub)
  yield* until("the tool of the turn runs", () => toolsOf(all.folder).length > 0, turn_ms)
  assert.isTrue(existsSync(all.folder.file(`results/${task.id}.started`)))
  return { ...all, task }
})

/** All that a shell, a template or OpenClaw itself could take for its own. */
const awkward = [
  "\"; touch pwned; echo \" '; touch pwned; ' $(touch pwned) `touch pwned` ${HOME}",
  "%PATH% !PATH! ^& | > < \\ * ? ~ {prompt} {{task}} ${TASK_ID}",
  "/compact",
  "/new $skill-creator @file.txt",
  "\u0001 \u001B[31m before\0after \u2028 🦀 שלום \u202Epwned\u202C مرحبا"
].join("\n")

const notInstalled =
  "OpenClaw is not installed, nothing of it is tested: name its program in OPENCLAW, or put it on the PATH"
if (program === undefined) console.warn(notInstalled)

describe.skipIf(program === undefined)("OpenClaw", () => {
  layer(layerOpenClaw(program ?? "openclaw"), { excludeTestServices: true, timeout: turn_ms })((it) => {
    it.effect(
      "takes a task through a real turn to the acknowledged answer with the recipe of config.example.json",
      () =>
        Effect.gen(function*() {
          const { completed, daemon, folder, hub } = yield* start
          yield* folder.letGo
          const task = yield* submit(hub)
          yield* completed(task)
          assert.lengthOf(daemon.events("wake_attempt"), 1)
        }),
      test_ms
    )

    it.effect(
      "hears the text of a task as it is, and takes none of it for a command of its own",
      () =>
        Effect.gen(function*() {
          const { completed, folder, hub, model } = yield* start
          yield* folder.letGo
          const task = yield* submit(hub, awkward)
          yield* completed(task)
          const said = model.calls().find((call) => call.said.includes(task.id))?.said ?? ""
          assert.include(said, awkward)
          assert.isFalse(existsSync(folder.file("pwned")))
        }),
      test_ms
    )

    it.effect(
      "is not disturbed by a drop of the connection in the middle, and is woken once",
      () =>
        Effect.gen(function*() {
          const { completed, daemon, folder, hub, task } = yield* startAtWork
          yield* hub.dropAgent(agentId)
          yield* until("the sidecar is back", () => identifications(hub) === 2)
          yield* folder.letGo
          yield* completed(task)
          assert.lengthOf(daemon.events("wake_attempt"), 1)
        }),
      test_ms
    )

    it.effect(
      "is not disturbed when the daemon is killed and started again, and is woken once",
      () =>
        Effect.gen(function*() {
          const { completed, daemon, env, folder, task } = yield* startAtWork
          yield* daemon.kill
          const second = yield* startDaemon(folder, env)
          yield* until("it found the agent", () => second.events("agent_found_at_work").length > 0)
          yield* folder.letGo
          yield* completed(task)
          assert.lengthOf([...daemon.events("wake_attempt"), ...second.events("wake_attempt")], 1)
        }),
      test_ms
    )

    it.effect(
      "ends its turn when the task is cancelled: no process, no further call of the model, and the next task is done",
      () =>
        Effect.gen(function*() {
          const { callsFor, completed, folder, hub, task } = yield* startAtWork
          const [tools, commands] = [toolsOf(folder), commandsOf(folder)]
          assert.isAbove(tools.length, 0)
          assert.isAbove(commands.length, 0)
          yield* hub.cancel(task.id)
          yield* untilNoneLeft(folder)
          const before = callsFor(task)
          yield* folder.letGo
          yield* completed(yield* submit(hub))
          assert.deepEqual(callsFor(task), before)
          assert.deepEqual(before, [0])
          assert.isFalse(existsSync(folder.file(`results/${task.id}.json`)))
        }),
      test_ms
    )
  })
})
