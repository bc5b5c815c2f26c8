import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { cpSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isAlive } from "../support/daemon.ts"
import type { Fault } from "./faults.ts"
import type { Given } from "./given.ts"
import { giveFile, leaveMessage } from "./givenTalk.ts"
import { giveTask } from "./givenTask.ts"
import { type Kill, nameOf, pacesOf, type Scenario, subjectIn, subjectOf } from "./kills.ts"
import { randomFrom } from "./options.ts"
import { type Phase, phaseOf } from "./phases.ts"
import { comesTrue, expect, launchersOf, type Life, makeScene, type Scene, startLife } from "./scene.ts"
import { identified, stage } from "./stage.ts"
import { holdChildren, killAt, type Made, readRecord, record, threadsOf } from "./strace.ts"
import { verify } from "./verify.ts"

export interface Outcome {
  readonly kill: Kill
  /** The phases of the lives that were killed. */
  readonly killed: ReadonlyArray<Phase>
  readonly faults: ReadonlyArray<Fault>
  /** Where a run that went wrong is kept. */
  readonly kept: string | undefined
  readonly took_ms: number
}

type Result = Pick<Outcome, "killed" | "faults">
type Running = Effect.Effect<Result, never, Scope.Scope>

/**
 * The moments of the kills at random times, in milliseconds. From the start of its daemon a quick task takes some 500, and a
 * message, which is looked for first, twice that.
 */
const randomly = { most: 3, lifeMs: { task: 600, talk: 1_200 }, workMs: 1_200 }
const longestHoldMs = 1_500
/** A kill that strace made as the run was done takes effect when strace has let go. */
const lastKillMs = 200
/** For a daemon that is back to wake the agent again, if it is so wrong. */
const temptationMs = 300

/** The daemon is back; a slow agent ends its work when it has been found. */
const restartAndVerify = (
  scene: Scene,
  main: string,
  given: Given,
  killed: ReadonlyArray<Phase>,
  launcherCaught = false
): Running =>
  Effect.gen(function*() {
    const faults = yield* given.atTheKill
    const life = yield* startLife(scene, main, "free")
    if (scene.isHeld()) {
      const found = (event: string) => event === "agent_started" || event === "agent_found_at_work"
      yield* expect("the agent is found", () => life.logged().some(found) || !scene.isHeld())
      yield* Effect.sleep(temptationMs)
      yield* scene.letGo
    }
    return { killed, faults: [...faults, ...yield* verify(scene, given, launcherCaught)] }
  })

const overOrDone = (life: Life, given: Given) => expect("killed or done", () => life.isOver() || given.isDone(life))

const runAtCall = (scene: Scene, main: string, kill: Extract<Kill, { _tag: "AtCall" }>): Running =>
  Effect.gen(function*() {
    const { go, life } = yield* stage(scene, main, kill)
    const given = yield* Effect.scoped(Effect.gen(function*() {
      yield* killAt(life.pid, kill.thread, kill.call, kill.n)
      return yield* Effect.tap(go, (its) => overOrDone(life, its))
    }))
    const isDead = yield* comesTrue(() => life.isOver() || !isAlive(life.pid), lastKillMs)
    if (!isDead) return { killed: [], faults: yield* verify(scene, given) }
    return yield* restartAndVerify(scene, main, given, [phaseOf(subjectOf(kill), life.logged())])
  })

/** Up to three lives in a row, each killed at a moment of its own, and an agent that takes a time of its own. */
const runAtRandom = (scene: Scene, main: string, { seed, subject }: Extract<Kill, { _tag: "AtRandom" }>): Running =>
  Effect.gen(function*() {
    const random = randomFrom(seed)
    const killed: Array<Phase> = []
    const faults: Array<Fault> = []
    const give = subject === "task" ? giveTask : random() < 0.5 ? leaveMessage : giveFile
    if (give !== giveFile) scene.hold()
    const given = yield* give(scene)
    yield* Effect.forkScoped(Effect.andThen(Effect.sleep(random() * randomly.workMs), scene.letGo))
    for (let left = 1 + Math.floor(random() * randomly.most); left > 0; left--) {
      const life = yield* startLife(scene, main, "free")
      yield* Effect.sleep(random() * randomly.lifeMs[subject])
      yield* life.kill
      killed.push(phaseOf(subject, life.logged()))
      faults.push(...yield* given.atTheKill)
    }
    const result = yield* restartAndVerify(scene, main, given, killed)
    return { killed, faults: [...faults, ...result.faults] }
  })

/** The daemon is killed between the fork and the wake record, and is back before or after the launcher goes on. */
const runAtLaunch = (scene: Scene, main: string, { hold, seed }: Extract<Kill, { _tag: "AtLaunch" }>): Running =>
  Effect.gen(function*() {
    const life = yield* startLife(scene, main, "free")
    yield* identified(life)
    yield* holdChildren(life.pid, hold, Math.floor(randomFrom(seed)() * longestHoldMs))
    const given = yield* giveTask(scene)
    yield* expect("the launcher is on its way", () => launchersOf(scene, hold).length > 0)
    process.kill(life.pid, "SIGKILL")
    // Not reaped: strace keeps its end from us as long as it holds the child.
    yield* expect("the daemon is dead", () => !isAlive(life.pid))
    return yield* restartAndVerify(scene, main, given, [phaseOf("task", life.logged())], true)
  })

const run = (scene: Scene, main: string, kill: Kill): Running => {
  switch (kill._tag) {
    case "AtCall":
      return runAtCall(scene, main, kill)
    case "AtRandom":
      return runAtRandom(scene, main, kill)
    case "AtLaunch":
      return runAtLaunch(scene, main, kill)
  }
}

/** Keeps what tells how a run went wrong. */
const keep = (scene: Scene, kill: Kill): string => {
  const path = join(tmpdir(), `crashtest-${nameOf(kill).replaceAll(":", "-")}`)
  cpSync(scene.folder.path, path, { recursive: true })
  writeFileSync(join(path, "frames.jsonl"), scene.hub.frames().map((frame) => JSON.stringify(frame)).join("\n"))
  return path
}

/** One task or message in a folder and with a hub of its own, the daemon killed as `kill` says. `main` is the built daemon. */
export const runKill = (main: string, kill: Kill): Effect.Effect<Outcome> =>
  Effect.scoped(Effect.gen(function*() {
    const begun = performance.now()
    const scene = yield* makeScene(nameOf(kill), kill._tag === "AtCall" ? kill.pace === "slow" : kill.seed % 2 === 0)
    const result = yield* Effect.catchCause(run(scene, main, kill), (cause) => {
      const faults: ReadonlyArray<Fault> = [{ kind: "hang", what: Cause.pretty(cause) }]
      return Effect.succeed<Result>({ killed: [], faults })
    })
    const kept = result.faults.length > 0 ? keep(scene, kill) : undefined
    return { kill, ...result, kept, took_ms: performance.now() - begun }
  }))

/** The calls that a life of the scenario makes when nobody kills it. */
export const measure = (main: string, scenario: Scenario): Effect.Effect<ReadonlyArray<Made>> =>
  Effect.scoped(Effect.gen(function*() {
    const scene = yield* makeScene(scenario, true)
    const pace = pacesOf(scenario).at(-1) ?? "quick"
    const { go, life } = yield* stage(scene, main, { scenario, pace })
    const path = scene.folder.file("record")
    const threads = threadsOf(life.pid)
    const loggedBefore = life.logged()
    yield* Effect.scoped(Effect.gen(function*() {
      yield* record(threads.keys(), path)
      yield* overOrDone(life, yield* go)
    }))
    return readRecord({ path, subject: subjectIn[scenario], threads, loggedBefore })
  }))
