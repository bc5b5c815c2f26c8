import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync } from "node:fs"
import { makeCable } from "../support/cable.ts"
import { frames, isAlive, makeFolder, startDaemon, startHub, submit, until } from "../support/daemon.ts"
import { doneWithOneWake, identifications, takesTheNext, untilAtWork } from "../support/outcomes.ts"

const Line = Schema.fromJsonString(
  Schema.Struct({ dir: Schema.String, msg: Schema.Record(Schema.String, Schema.Unknown) })
)

/** The types of what the hub said after the second `identified`, up to the new assignment. */
const afterTheBreak = (heard: ReadonlyArray<Record<string, unknown>>): ReadonlyArray<unknown> => {
  const types = heard.map(({ type }) => type)
  const again = types.slice(types.lastIndexOf("identified") + 1)
  return again.slice(0, again.indexOf("task_assign") + 1)
}

const recorded = (situation: string): ReadonlyArray<unknown> => {
  const file = new URL(`../fixtures/hub/recordings/${situation}.jsonl`, import.meta.url)
  const lines = readFileSync(file, "utf8").trim().split("\n").map((line) => Schema.decodeSync(Line)(line))
  return afterTheBreak(lines.filter(({ dir }) => dir === "in").map(({ msg }) => msg))
}

/** An agent at work behind a cable that can be cut. */
const setTheScene = Effect.gen(function*() {
  const hub = yield* startHub()
  const cable = yield* makeCable(hub.port)
  const folder = yield* makeFolder(hub, {}, { hub_url: cable.url })
  const daemon = yield* startDaemon(folder)
  const task = yield* submit(hub)
  yield* untilAtWork(folder, task)
  yield* until("it is known to be at work", () => daemon.events("agent_started").length === 1)
  return { cable, daemon, folder, hub, task }
})

type Scene = Effect.Success<typeof setTheScene>

/** The hub takes its time, so that it answers in the order of the recording. */
const late = { assigning: { assignDelayMs: 1_000 }, pushing: { pushDelayMs: 1_000 } } as const

const answersAndEnds = ({ folder, task }: Scene) =>
  Effect.gen(function*() {
    const [pid = 0] = folder.wakes(task.id)
    yield* folder.letGo
    yield* until("it has answered and ended", () => !isAlive(pid) && existsSync(folder.file(`results/${task.id}.json`)))
  })

/** What is done between the two sessions, and how the hub then behaves. */
const situation = (
  name: string,
  story: string,
  delays: { readonly assignDelayMs?: number; readonly pushDelayMs?: number },
  meanwhile: (scene: Scene) => ReturnType<typeof answersAndEnds>,
  again: (scene: Scene) => Effect.Effect<unknown, never, Effect.Services<ReturnType<typeof startDaemon>>>
) =>
  it.live(`${name}: ${story}, and the task is done with one wake and one report`, () =>
    Effect.gen(function*() {
      const scene = yield* setTheScene
      const { folder, hub, task } = scene
      yield* hub.setDelays(delays)
      yield* meanwhile(scene)
      yield* hub.waitFor(() => hub.task(task.id)?.status === "queued")
      yield* again(scene)
      yield* hub.waitFor(() => identifications(hub) === 2 && hub.task(task.id)?.generation === 3)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      const reports = frames(hub, "out").filter(({ type }) => type === "task_complete")
      assert.deepStrictEqual(reports.map(({ generation }) => generation), [3])
      const [heard, expected] = [afterTheBreak(frames(hub, "in")), recorded(name)]
      assert.deepStrictEqual(heard.filter((type) => expected.includes(type)), expected)
      yield* takesTheNext(hub, folder)
    }))

describe.concurrent("the situations in which an older client woke the agent again or lost its answer", () => {
  situation(
    "blip",
    "the connection breaks for a moment while the agent works",
    late.assigning,
    ({ cable }) => cable.cut,
    ({ cable }) => cable.mend
  )

  situation(
    "result_while_offline",
    "the agent answers while the connection is broken",
    {},
    (scene) => Effect.andThen(scene.cable.cut, answersAndEnds(scene)),
    ({ cable }) => cable.mend
  )

  situation(
    "crash_midwork",
    "the daemon is killed while the agent works, and is told that the task is not its own",
    late.assigning,
    ({ daemon }) => daemon.kill,
    ({ folder }) => startDaemon(folder)
  )

  situation(
    "crash_continue",
    "the daemon is killed while the agent works, and is told the new generation before it is assigned",
    late.pushing,
    ({ daemon }) => daemon.kill,
    ({ folder }) => startDaemon(folder)
  )

  situation(
    "result_while_down",
    "the agent answers and ends while the daemon is down",
    late.assigning,
    (scene) => Effect.andThen(scene.daemon.kill, answersAndEnds(scene)),
    ({ folder }) => startDaemon(folder)
  )
})
