import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { platform } from "../../platform.ts"
import { type DevHub, type HubFrame, type HubTask, make } from "../DevHub.ts"
import { isJsonObject, type JsonObject, text } from "../json.ts"
import { canary, type DemoCase, demoCases } from "./agentScript.ts"
import { makeAgentFolder, startSidecar, wakesByTask, writeAgentFolder } from "./sidecarProcess.ts"

const followEvery = "50 millis"
const quiet = new Set(["ping", "pong", "state_report_ack", "identified"])

const shownFields = ["generation", "status", "action", "progress", "reason"]

const bodyOf = ({ msg }: HubFrame): JsonObject => isJsonObject(msg) ? msg : {}

const detail = (msg: JsonObject): string =>
  shownFields.filter((key) => msg[key] !== undefined).map((key) => `${key} ${String(msg[key]).slice(0, 60)}`).join(", ")

const lineOf = (names: ReadonlyMap<string, string>, frame: HubFrame): string => {
  const msg = bodyOf(frame)
  const arrow = frame.dir === "in" ? "hub ──▶ sidecar" : "hub ◀── sidecar"
  const task = names.get(text(msg, "task_id", "")) ?? ""
  return `${arrow}  ${text(msg, "type", "?").padEnd(16)} ${task.padEnd(15)} ${detail(msg)}`
}

/** Makes a function that prints a line with the seconds since the start. */
const makePrinter = Effect.map(
  Clock.currentTimeMillis,
  (start) => (line: string) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => Console.log(`${((now - start) / 1000).toFixed(2).padStart(6)} s  ${line}`.trimEnd())
    )
)

/** Prints the frames between hub and sidecar. `names` maps the id of a task to its name in the demo. */
const follow = (
  hub: DevHub,
  names: ReadonlyMap<string, string>,
  print: (text: string) => Effect.Effect<void>
) => {
  let shown = 0
  const showNew = Effect.suspend(() => {
    const frames = hub.frames()
    const fresh = frames.slice(shown)
    shown = frames.length
    return Effect.forEach(
      fresh.filter((frame) => !quiet.has(text(bodyOf(frame), "type", ""))),
      (frame) => print(lineOf(names, frame)),
      { discard: true }
    )
  })
  return { showNew, forEver: Effect.forever(Effect.andThen(showNew, Effect.sleep(followEvery))) }
}

const agentId = "demo-agent"
const token = "demo-token"
const patience_ms = 25_000

interface Submitted {
  readonly demo: DemoCase
  readonly id: string
}

const submit = (hub: DevHub, demo: DemoCase): Effect.Effect<Submitted> =>
  Effect.map(
    hub.submit({ description: demo.description, metadata: { behaviour: demo.behaviour }, max_retries: 1 }),
    ({ id }) => ({ demo, id })
  )

const isOver = (task: HubTask | undefined): boolean => task?.status === "completed" || task?.status === "dead_letter"

const confirmed = (hub: DevHub, id: string): boolean =>
  hub.frames().some(({ msg }) => isJsonObject(msg) && msg["type"] === "wake_result" && msg["task_id"] === id)

/** Cuts the connection once, while the agent works on this task. */
const cutConnection = (hub: DevHub, { id }: Submitted, print: (text: string) => Effect.Effect<void>) =>
  hub.waitFor(() => confirmed(hub, id), patience_ms).pipe(
    Effect.andThen(print("✂   the connection is cut while the agent works")),
    Effect.andThen(hub.dropAgent(agentId))
  )

/** From the first assignment to the last change of the task, in milliseconds. */
const durationOf = (hub: DevHub, task: HubTask): number => {
  const first = hub.frames().find(({ msg }) =>
    isJsonObject(msg) && msg["type"] === "task_assign" && msg["task_id"] === task.id
  )
  return first === undefined ? 0 : task.updated_at - first.t
}

/** The outcome of a task, and what is wrong with it. */
const judge = (task: HubTask | undefined, wakes: number, demo: DemoCase) => {
  const outcome = task?.status ?? "lost"
  const heard = isJsonObject(task?.result) ? text(task.result, "heard", "") : ""
  const wrong = [
    ...(outcome === demo.outcome ? [] : [`should be ${demo.outcome}`]),
    ...(wakes === demo.wakes ? [] : [`should be woken ${demo.wakes} times`]),
    ...(outcome !== "completed" || heard === demo.description ? [] : ["the text did not arrive as it was sent"])
  ]
  return { outcome, wrong }
}

const printTable = (hub: DevHub, submitted: ReadonlyArray<Submitted>, wakesOf: ReadonlyMap<string, number>) =>
  Effect.gen(function*() {
    yield* Console.log(`\n${"task".padEnd(16)} ${"wakes".padStart(5)} ${"time".padStart(8)}  outcome`)
    const verdicts = yield* Effect.forEach(submitted, ({ demo, id }) => {
      const wakes = wakesOf.get(id) ?? 0
      const task = hub.task(id)
      const { outcome, wrong } = judge(task, wakes, demo)
      const took = `${((task === undefined ? 0 : durationOf(hub, task)) / 1000).toFixed(2)} s`
      const mark = wrong.length === 0 ? "✓" : `✗ ${wrong.join("; ")}`
      return Console.log(
        `${demo.name.padEnd(16)} ${String(wakes).padStart(5)} ${took.padStart(8)}  ${outcome} ${mark}`
      ).pipe(Effect.as(wrong.length === 0))
    })
    return verdicts.every(Boolean)
  })

const leftovers = (folder: string): ReadonlyArray<string> =>
  [folder, process.cwd()].map((place) => join(place, canary)).filter((path) => existsSync(path))

/** Runs the main job for real: a hub, the daemon as a process, and the agent it wakes. True if every task ends as expected. */
export const demo = Effect.gen(function*() {
  const hub = yield* make({ registerTokens: { [agentId]: token } })
  const folder = yield* makeAgentFolder
  yield* writeAgentFolder(folder, hub.url, token)
  const print = yield* makePrinter
  yield* Console.log(
    `A development hub on ${hub.url}, the sidecar as its own process, and a small agent on ${platform}.\n`
  )

  const submitted = yield* Effect.forEach(demoCases, (one) => submit(hub, one))
  const names = new Map(submitted.map(({ demo: { name }, id }) => [id, name]))
  const timeline = follow(hub, names, print)
  yield* Effect.forkScoped(timeline.forEver)
  const started = yield* Clock.currentTimeMillis
  const sidecar = yield* startSidecar(folder)
  yield* Effect.forEach(
    submitted.filter(({ demo: { cutConnection: cut } }) => cut),
    (one) => cutConnection(hub, one, print)
  )
  yield* Effect.ignore(hub.waitFor(() => submitted.every(({ id }) => isOver(hub.task(id))), patience_ms))
  const stopped = yield* sidecar.stop
  yield* timeline.showNew
  const took = (yield* Clock.currentTimeMillis) - started

  const asExpected = yield* printTable(hub, submitted, yield* wakesByTask(folder))
  const pwned = leftovers(folder)
  yield* Console.log(
    pwned.length === 0 ? "\nNo part of the hostile text was run." : `\nTHE HOSTILE TEXT WAS RUN: ${pwned.join(", ")}`
  )
  yield* Console.log(`The sidecar stopped with exit code ${stopped}; all of it took ${(took / 1000).toFixed(1)} s.`)
  return asExpected && pwned.length === 0 && stopped === 0
}).pipe(Effect.scoped)
