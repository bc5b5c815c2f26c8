import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { platform } from "../../platform.ts"
import { make } from "../DevHub.ts"
import { canary, demoCases, question } from "./agentScript.ts"
import { helper, makeAgentFolder, startSidecar, wakesByTask, worker } from "./sidecarProcess.ts"
import { away, crowd, printMessages, storm } from "./talk.ts"
import { cutConnection, printTasks, submit, untilOver } from "./tasks.ts"
import { follow, makePrinter } from "./timeline.ts"

const tokens = { worker: "demo-token-of-the-worker", helper: "demo-token-of-the-helper", [crowd.agent_id]: crowd.token }

const leftovers = (folder: string): ReadonlyArray<string> =>
  [folder, process.cwd()].map((place) => join(place, canary)).filter((path) => existsSync(path))

/**
 * Runs the main job for real: a hub, two daemons as processes, and the agents that they wake. True if every task and every message
 * ends as expected.
 */
export const demo = Effect.gen(function*() {
  const hub = yield* make({ registerTokens: tokens })
  const workerFolder = yield* makeAgentFolder(worker, hub.url, tokens.worker)
  const helperFolder = yield* makeAgentFolder(helper, hub.url, tokens.helper)
  const print = yield* makePrinter
  yield* Console.log(
    `A development hub on ${hub.url}, two sidecars as their own processes, and two small agents on ${platform}:\n` +
      "the worker does tasks, and the helper gets messages.\n"
  )

  const tasks = yield* Effect.forEach(demoCases, (one) => submit(hub, one))
  const names = new Map(tasks.map(({ demo: { name }, id }) => [id, name]))
  const timeline = follow(hub, names, crowd.agent_id, print)
  yield* Effect.forkScoped(timeline.forEver)
  const tell = (line: string) => Effect.andThen(timeline.showNew, print(line))
  const started = yield* Clock.currentTimeMillis
  const sidecar = yield* startSidecar(workerFolder)
  const helperSidecar = yield* startSidecar(helperFolder)
  const cut = tasks.filter(({ demo: { cutConnection: isCut } }) => isCut)
  const cuts = yield* Effect.forkScoped(Effect.forEach(cut, (one) => cutConnection(hub, one, tell)))

  const stormIds = yield* storm(hub, helperFolder, tell)
  yield* Fiber.join(cuts)
  yield* untilOver(hub, cut) // with an urgent task waiting, the hub would not give it back to the worker
  const asked = yield* submit(hub, question, "urgent")
  names.set(asked.id, question.name)
  yield* untilOver(hub, [asked])
  const { codes, id } = yield* away(hub, { folder: helperFolder, sidecar: helperSidecar }, tell)
  const all = [...tasks, asked]
  yield* untilOver(hub, all)
  const ends = [...codes, yield* sidecar.stop]
  yield* timeline.showNew
  const took = (yield* Clock.currentTimeMillis) - started

  const tasksAsExpected = yield* printTasks(hub, all, yield* wakesByTask(workerFolder))
  const messagesAsExpected = yield* printMessages(helperFolder, {
    "broadcasts at once": stormIds,
    "while the helper was away": [id]
  })
  const pwned = leftovers(workerFolder)
  yield* Console.log(
    pwned.length === 0 ? "\nNo part of the hostile text was run." : `\nTHE HOSTILE TEXT WAS RUN: ${pwned.join(", ")}`
  )
  const stopped = ends.every((code) => code === 0)
  yield* Console.log(
    `${stopped ? "Both sidecars stopped with exit code 0" : `THE SIDECARS STOPPED WITH ${ends.join(", ")}`}; ` +
      `all of it took ${(took / 1000).toFixed(1)} s.`
  )
  return tasksAsExpected && messagesAsExpected && pwned.length === 0 && stopped
}).pipe(Effect.scoped)
