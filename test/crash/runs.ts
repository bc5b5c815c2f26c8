import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { cpSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { HubTask } from "../../src/dev/DevHub.ts"
import { randomFrom } from "./options.ts"
import { type Phase, phaseOf } from "./phases.ts"
import {
  comesTrue,
  isCleanedUp,
  isWrittenDown,
  leadsItsSession,
  type Life,
  makeScene,
  type Scene,
  startLife
} from "./scene.ts"
import { type Call, holdChildren, killAt, type Made, readRecord, record, type Thread } from "./strace.ts"
import { type Fault, verify } from "./verify.ts"

/** The life that is killed: an idle daemon's that gets a task, or one that begins while the agent of its task is at work. */
export const scenarios = ["task", "restart"] as const
export type Scenario = (typeof scenarios)[number]

/** One run's kill, or the kills of several lives in a row. */
export type Kill =
  | {
    readonly _tag: "AtCall"
    readonly scenario: Scenario
    readonly thread: Thread
    readonly call: Call
    readonly n: number
  }
  | { readonly _tag: "AtRandom"; readonly seed: number }
  | { readonly _tag: "AtLaunch"; readonly seed: number }

export const nameOf = (kill: Kill): string =>
  kill._tag === "AtCall"
    ? `${kill.scenario}:${kill.thread}:${kill.call}:${kill.n}`
    : `${kill._tag === "AtRandom" ? "random" : "launch"}:${kill.seed}`

export interface Outcome {
  readonly kill: Kill
  /** The phases of the lives that were killed. */
  readonly killed: ReadonlyArray<Phase>
  readonly faults: ReadonlyArray<Fault>
  /** Where a run that went wrong is kept. */
  readonly kept: string | undefined
  readonly took_ms: number
}

/** Time for what takes a second at most, so that a slow machine does not count as a fault. */
const patienceMs = 20_000
const kills = { most: 3, longestMs: 600 }
const longestHoldMs = 600

const expect = (what: string, look: () => boolean): Effect.Effect<void> =>
  Effect.flatMap(
    comesTrue(look, patienceMs),
    (true_) => true_ ? Effect.void : Effect.die(new Error(`it did not come to pass: ${what}`))
  )

const identified = (life: Life) => expect("identified", () => life.logged().includes("identified") || life.isOver())

/** What has to hold at the very moment of a kill. */
const atTheKill = (scene: Scene, task: HubTask): ReadonlyArray<Fault> => {
  const { hub } = scene
  const accepted = hub.frames().some(({ dir, msg }) =>
    dir === "out" && JSON.stringify(msg).includes("\"task_accepted\"")
  )
  return accepted && hub.task(task.id)?.status !== "completed" && !isWrittenDown(scene, task.id)
    ? [{ kind: "other", what: "it was accepted and is not on disk" }]
    : []
}

/** Brings the daemon to the point where the kills of the scenario begin, with what makes it go on from there. */
const stage = (scene: Scene, main: string, scenario: Scenario) =>
  Effect.gen(function*() {
    const { folder, hub } = scene
    if (scenario === "task") {
      const life = yield* startLife(scene, main, "one_pool_thread")
      yield* identified(life)
      return { life, go: hub.submit({ description: "do it" }) }
    }
    folder.touch("wait")
    const first = yield* startLife(scene, main, "free")
    const task = yield* hub.submit({ description: "do it" })
    yield* expect("the agent is at work", () => first.logged().includes("agent_started"))
    yield* first.kill
    const life = yield* startLife(scene, main, "held")
    yield* expect("held", life.isHeld)
    const go = Effect.gen(function*() {
      life.begin()
      yield* expect("recovered or killed", () => life.logged().includes("recovery_settled") || life.isOver())
      yield* folder.letGo
      return task
    })
    return { life, go }
  })

const overOrDone = (scene: Scene, life: Life, task: HubTask) =>
  expect(
    "killed or done",
    () => life.isOver() || (life.logged().includes("report_acknowledged") && isCleanedUp(scene, task.id))
  )

const restartAndVerify = (scene: Scene, main: string, task: HubTask) =>
  Effect.andThen(startLife(scene, main, "free"), verify(scene, task))

interface Result {
  readonly killed: ReadonlyArray<Phase>
  readonly faults: ReadonlyArray<Fault>
}

const runAtCall = (scene: Scene, main: string, { call, n, scenario, thread }: Extract<Kill, { _tag: "AtCall" }>) =>
  Effect.gen(function*() {
    const { go, life } = yield* stage(scene, main, scenario)
    const task = yield* Effect.scoped(Effect.gen(function*() {
      yield* killAt(life.pid, thread, call, n)
      const submitted = yield* go
      yield* overOrDone(scene, life, submitted)
      return submitted
    }))
    if (!life.isOver()) return { killed: [], faults: yield* verify(scene, task) }
    const faults = atTheKill(scene, task)
    return {
      killed: [phaseOf(life.logged())],
      faults: [...faults, ...yield* restartAndVerify(scene, main, task)]
    }
  })

/** Up to three lives in a row, each killed at a moment of its own; the task waits for the first. */
const runAtRandom = (scene: Scene, main: string, seed: number) =>
  Effect.gen(function*() {
    const random = randomFrom(seed)
    const task = yield* scene.hub.submit({ description: "do it" })
    const killed: Array<Phase> = []
    const faults: Array<Fault> = []
    for (let left = 1 + Math.floor(random() * kills.most); left > 0; left--) {
      const life = yield* startLife(scene, main, "free")
      yield* Effect.sleep(random() * kills.longestMs)
      yield* life.kill
      killed.push(phaseOf(life.logged()))
      faults.push(...atTheKill(scene, task))
    }
    return { killed, faults: [...faults, ...yield* restartAndVerify(scene, main, task)] }
  })

/** The daemon is killed when what it started has not even become the launcher yet, and is back before or after that. */
const runAtLaunch = (scene: Scene, main: string, seed: number) =>
  Effect.gen(function*() {
    const life = yield* startLife(scene, main, "free")
    yield* identified(life)
    yield* holdChildren(life.pid, Math.floor(randomFrom(seed)() * longestHoldMs))
    const task = yield* scene.hub.submit({ description: "do it" })
    yield* expect("the launcher is on its way", () => scene.others().some(leadsItsSession))
    yield* life.kill
    const faults = atTheKill(scene, task)
    return {
      killed: [phaseOf(life.logged())],
      faults: [...faults, ...yield* restartAndVerify(scene, main, task)]
    }
  })

const run = (scene: Scene, main: string, kill: Kill): Effect.Effect<Result, never, Scope.Scope> => {
  switch (kill._tag) {
    case "AtCall":
      return runAtCall(scene, main, kill)
    case "AtRandom":
      return runAtRandom(scene, main, kill.seed)
    case "AtLaunch":
      return runAtLaunch(scene, main, kill.seed)
  }
}

/** Keeps what tells how a run went wrong. */
const keep = (scene: Scene, kill: Kill): string => {
  const path = join(tmpdir(), `crashtest-${nameOf(kill).replaceAll(":", "-")}`)
  cpSync(scene.folder.path, path, { recursive: true })
  writeFileSync(join(path, "frames.jsonl"), scene.hub.frames().map((frame) => JSON.stringify(frame)).join("\n"))
  return path
}

/** One task in a folder and with a hub of its own, the daemon killed as `kill` says. `main` is the built daemon. */
export const runKill = (main: string, kill: Kill): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.gen(function*() {
    const begun = performance.now()
    const scene = yield* makeScene(nameOf(kill))
    const result = yield* run(scene, main, kill).pipe(
      Effect.catchCause((cause) => {
        const faults: ReadonlyArray<Fault> = [{ kind: "hang", what: Cause.pretty(cause) }]
        return Effect.succeed<Result>({ killed: [], faults })
      })
    )
    const kept = result.faults.length > 0 ? keep(scene, kill) : undefined
    return { kill, ...result, kept, took_ms: performance.now() - begun }
  }))

/** The calls that a life of the scenario makes when nobody kills it. */
export const measure = (main: string, scenario: Scenario): Effect.Effect<ReadonlyArray<Made>> =>
  Effect.scoped(Effect.gen(function*() {
    const scene = yield* makeScene(scenario)
    const { go, life } = yield* stage(scene, main, scenario)
    const path = scene.folder.file("record")
    const loggedBefore = life.logged()
    yield* Effect.scoped(Effect.gen(function*() {
      yield* record(life.pid, path)
      yield* overOrDone(scene, life, yield* go)
    }))
    return readRecord(life.pid, path, loggedBefore)
  }))
