import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import { runSidecar } from "../../src/actor/SidecarActor.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { nextOverview, overviewAtStart, statusOf } from "../../src/observe/control/Overview.ts"
import { Observer, type Step } from "../../src/services/Observer.ts"
import { A, assignment, policy } from "../domain/support.ts"
import { makeWorld, mockServices, type World } from "../support/fakes.ts"

const settled = Effect.yieldNow.pipe(Effect.repeat({ times: 50 }))

/** An actor over mock services, with the steps and the status that an observer sees. */
const observed = (world: World) =>
  Effect.gen(function*() {
    const steps: Array<Step> = []
    let overview = overviewAtStart(policy, 0)
    yield* runSidecar(policy).pipe(
      Effect.provide(mockServices(world)),
      Effect.provideService(Observer, (event) =>
        Effect.sync(() => {
          overview = nextOverview(overview, event, 0)
          if (event._tag === "Stepped") steps.push(event.step)
        })),
      Effect.forkChild
    )
    yield* settled
    const tell = (...messages: ReadonlyArray<HubMessage>) =>
      Effect.andThen(Queue.offerAll(world.fromHub, messages), settled)
    const pass = (seconds: number) =>
      TestClock.adjust("1 second").pipe(Effect.andThen(settled), Effect.repeat({ times: seconds - 1 }))
    return { steps, tell, pass, status: () => statusOf(overview, []) }
  })

const identified: ReadonlyArray<HubMessage> = [{ _tag: "Connected" }, { _tag: "Identified" }]
const given: HubMessage = { _tag: "TaskAssigned", task: assignment(A, 1) }

/** The step that a message led to. */
const stepOn = (steps: ReadonlyArray<Step>, tag: Step["message"]["_tag"]): Step => {
  const step = steps.findLast(({ message }) => message._tag === tag)
  if (step === undefined) throw new Error(`no step on ${tag}`)
  return step
}

describe("an observer sees the step that was taken", () => {
  it.effect("a task that a full disk does not take is neither shown nor counted", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { status, steps, tell } = yield* observed(world)
      yield* tell(...identified)
      world.diskFull = true
      yield* tell(given)
      const { after, commands } = stepOn(steps, "TaskAssigned")
      expect(commands).toMatchObject([{ _tag: "Log", event: { event: "task_refused", reason: "not ready: disk" } }])
      expect(after.stored).toEqual(emptyStore)
      expect(status()).toMatchObject({ task: null, disk: "failing", counters: { tasks_received: 0, saves_failed: 1 } })
    }))

  it.effect("a wake that a full disk kept from beginning is not counted, and the one that follows is counted once", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { pass, status, tell } = yield* observed(world)
      yield* tell(...identified, given)
      world.diskFull = true
      const [end] = world.ends
      if (end !== undefined) yield* Deferred.succeed(end, { how: "exited", code: 1, output: "boom" })
      yield* pass(12)
      expect(status()).toMatchObject({ disk: "failing", counters: { wakes: 1 } })
      world.diskFull = false
      yield* pass(6)
      expect(status()).toMatchObject({ disk: "ok", counters: { wakes: 2 } })
    }))

  it.effect("a failure that a full disk withheld is shown as not sent", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { steps, tell } = yield* observed(world)
      yield* tell(...identified, given, { _tag: "TaskAcknowledged", task_id: A, status: "accepted" })
      world.diskFull = true
      yield* Queue.offer(world.seen, { _tag: "Answer", answer: { _tag: "Failure", reason: "no" } })
      yield* settled
      const failed = steps.findLast(({ saved }) => !saved)
      expect(failed?.after.stored.task?.failure).toMatchObject({ sent_generation: null })
      expect(failed?.commands.map(({ _tag }) => _tag)).not.toContain("SendReport")
    }))

  it.effect("a step is seen when it is on disk, and before its commands run", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const seen: Array<string> = []
      yield* runSidecar(policy).pipe(
        Effect.provide(mockServices(world)),
        Effect.provideService(Observer, (event) =>
          Effect.sync(() => {
            if (event._tag === "Stepped" && event.step.message._tag === "TaskAssigned") {
              seen.push(...world.journal.map(({ what }) => what))
              expect(event.step.saved).toBe(true)
            }
          })),
        Effect.forkChild
      )
      yield* Effect.andThen(Queue.offerAll(world.fromHub, [...identified, given]), settled)
      expect(seen.slice(-1)).toEqual(["save"])
      expect(world.saved.at(-1)?.task?.id).toBe(A)
    }))
})
