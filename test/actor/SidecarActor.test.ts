import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as TestClock from "effect/testing/TestClock"
import { runSidecar } from "../../src/actor/SidecarActor.ts"
import type { Answer } from "../../src/domain/Evidence.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import type { Obstacle } from "../../src/domain/Readiness.ts"
import type { TaskFound, WakeEnd } from "../../src/domain/Work.ts"
import { FolderGone, FolderLease, FolderLost } from "../../src/services/FolderLease.ts"
import { Orphans } from "../../src/services/Orphans.ts"
import { Readiness } from "../../src/services/Readiness.ts"
import { Unreadable } from "../../src/services/Unreadable.ts"
import { A, assigned, policy, success } from "../domain/support.ts"
import { makeWorld, mockServices, type World } from "../support/fakes.ts"

const start = (world: World) => runSidecar(policy).pipe(Effect.provide(mockServices(world)), Effect.forkChild)

/** Lets every fiber run that can, without any time passing. */
const rest = Effect.yieldNow.pipe(Effect.repeat({ times: 50 }))

/** Lets time pass second by second, so that a timer started on the way counts from its own start. */
const pass = (seconds: number) =>
  TestClock.adjust("1 second").pipe(Effect.andThen(rest), Effect.repeat({ times: seconds - 1 }))

const hubSays = (world: World, ...messages: ReadonlyArray<HubMessage>) =>
  Effect.andThen(Queue.offerAll(world.fromHub, messages), rest)

const identified: ReadonlyArray<HubMessage> = [{ _tag: "Connected" }, { _tag: "Identified" }]
const taskA: HubMessage = { _tag: "TaskAssigned", task: assignmentOf(1) }
const ackA = (status: string): HubMessage => ({ _tag: "TaskAcknowledged", task_id: A, status })

function assignmentOf(generation: number) {
  const message = assigned(A, generation)
  if (message._tag !== "TaskAssigned") throw new Error("not an assignment")
  return message.task
}

const boom: WakeEnd = { how: "exited", code: 1, output: "boom" }

const endWake = (world: World, index: number, end: WakeEnd) =>
  Effect.gen(function*() {
    const deferred = world.ends[index]
    assert.isDefined(deferred)
    yield* Deferred.succeed(deferred, end)
    yield* rest
  })

const agentAnswers = (world: World, answer: Answer) =>
  Effect.andThen(Queue.offer(world.seen, { _tag: "Answer", answer }), rest)

const journal = (world: World) => world.journal.map(({ what }) => what)
const timesOf = (world: World, what: RegExp) =>
  world.journal.filter((entry) => what.test(entry.what)).map(({ at }) => at / 1000)

describe("the whole actor over five mock services", () => {
  it.effect("takes a task from the push to the acknowledged report, saving before it tells the hub", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* Queue.offer(world.seen, { _tag: "Started" })
      yield* rest
      yield* agentAnswers(world, success)
      yield* hubSays(world, ackA("complete"))

      assert.deepStrictEqual(journal(world), [
        "save", // the restart
        "send Identify",
        "save", // accepted
        "send AcceptTask",
        "save", // the intent to wake
        "clear task-a",
        "wake 1",
        "save", // spawned
        "save", // started
        "send SendWakeResult",
        "save", // the answer
        "send SendReport",
        "save", // the slot is free
        "stop task-a",
        "remove task-a",
        "forget task-a"
      ])
    }))

  it.effect("wakes at 0, 5, 15 and 30 s after each failed attempt, and then fails the task", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      for (const [index, delay] of [5, 15, 30].entries()) {
        yield* endWake(world, index, boom)
        yield* pass(delay - 1)
        assert.strictEqual(world.ends.length, index + 1)
        yield* pass(1)
      }
      yield* endWake(world, 3, boom)
      yield* pass(600)

      assert.deepStrictEqual(timesOf(world, /^wake/), [0, 5, 20, 50])
      const report = world.sent.find((command) => command._tag === "SendReport")
      assert.strictEqual(report?.report._tag, "Failed")
      assert.include(JSON.stringify(report), "no wake succeeded in 4 attempts")
      assert.include(JSON.stringify(report), "boom")
    }))

  it.effect("an answer between the intent and the spawn is reported, and nobody is woken any more", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const spawns = yield* Deferred.make<void>()
      world.spawning = Deferred.await(spawns)
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* agentAnswers(world, success)
      yield* Deferred.succeed(spawns, undefined)
      yield* hubSays(world, ackA("complete"))
      assert.include(journal(world), "send SendReport")
      assert.isEmpty(timesOf(world, /^wake/))
    }))

  it.effect("nor where the task is cancelled in between", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const spawns = yield* Deferred.make<void>()
      world.spawning = Deferred.await(spawns)
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"), { _tag: "TaskCancelled", task_id: A })
      yield* Deferred.succeed(spawns, undefined)
      yield* rest
      assert.isEmpty(timesOf(world, /^wake/))
    }))

  it.effect("a task that the hub denies in between is woken when it is given to us again, and not before", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const spawns = yield* Deferred.make<void>()
      world.spawning = Deferred.await(spawns)
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* hubSays(world, { _tag: "Disconnected", half_open: false }, ...identified)
      yield* hubSays(world, { _tag: "StateReportAnswered", task_id: A, action: "abort" })
      world.lives = false
      yield* Deferred.succeed(spawns, undefined)
      yield* pass(4)
      assert.isEmpty(timesOf(world, /^wake/))
      yield* hubSays(world, { _tag: "TaskAssigned", task: assignmentOf(3) })
      assert.deepStrictEqual(timesOf(world, /^wake 1$/), [4])
    }))

  it.effect("waits for a folder that cannot be read, as the answer of an agent that has ended may be in it", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* Queue.offer(world.seen, { _tag: "Started" })
      yield* rest
      world.unreadable = true
      yield* endWake(world, 0, boom)
      yield* pass(60)
      assert.deepStrictEqual(world.sent.filter(({ _tag }) => _tag === "SendReport"), [])
      world.unreadable = false
      world.evidence = { process: "gone", started: true, answer: success }
      yield* pass(15)
      const report = world.sent.find((command) => command._tag === "SendReport")
      assert.strictEqual(report?.report._tag, "Complete")
      assert.lengthOf(timesOf(world, /^wake/), 1)
    }))

  for (
    const [what, blind] of [["results folder", { unreadable: true }], ["process table", {
      evidence: { process: "unknown" }
    }]] as const
  ) {
    it.effect(`wakes nobody while the ${what} cannot be read, and looks again every 5 s`, () =>
      Effect.gen(function*() {
        const world = Object.assign(yield* makeWorld, blind)
        yield* start(world)
        yield* hubSays(world, ...identified, taskA, ackA("accepted"))
        yield* pass(9)
        assert.deepStrictEqual(timesOf(world, /^wake/), [])
        Object.assign(world, { unreadable: false, evidence: {} })
        yield* pass(1)
        assert.deepStrictEqual(timesOf(world, /^wake/), [10])
      }))
  }

  it.effect("counts a confirmation that does not come within 30 s of the spawn as a failed attempt", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* pass(29)
      yield* Effect.andThen(TestClock.adjust("999 millis"), rest)
      assert.deepStrictEqual(timesOf(world, /^stop/), [])
      yield* Effect.andThen(TestClock.adjust("1 millis"), rest)
      assert.deepStrictEqual(timesOf(world, /^stop/), [30])
      yield* pass(5)
      assert.deepStrictEqual(timesOf(world, /^wake/), [0, 35])
    }))

  it.effect("stops the process tree of a failed attempt before the next", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* endWake(world, 0, boom)
      yield* pass(5)
      assert.deepStrictEqual(journal(world).filter((what) => /^(wake|stop)/.test(what)), [
        "wake 1",
        "stop task-a",
        "wake 2"
      ])
    }))

  it.effect("a command that can never run fails the task at once, with the remedy", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      world.impossible = "use ${TASK_FILE}"
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      assert.deepStrictEqual(world.ends, [])
      assert.include(JSON.stringify(world.sent), "use ${TASK_FILE}")
    }))

  it.effect("renews the lease every 60 s while the agent is at work", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* Queue.offer(world.seen, { _tag: "Started" })
      world.evidence = { process: "alive", started: true, last_sign_at: 0 }
      yield* pass(180)
      assert.deepStrictEqual(timesOf(world, /^send SendProgress/), [60, 120, 180])
    }))

  it.effect("a hub that owes an answer for 15 s is not waited for", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA)
      yield* pass(14)
      yield* Effect.andThen(TestClock.adjust("999 millis"), rest)
      assert.deepStrictEqual(timesOf(world, /^reconnect/), [])
      yield* Effect.andThen(TestClock.adjust("1 millis"), rest)
      assert.deepStrictEqual(timesOf(world, /^reconnect/), [15])
    }))

  it.effect("looks at the folder at once when the command has ended", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      assert.notInclude(journal(world), "rescan task-a")
      yield* endWake(world, 0, { how: "exited", code: 0, output: "" })
      assert.include(journal(world), "rescan task-a")
    }))

  it.effect("an interruption leaves the agent at its work", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const actor = yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* Fiber.interrupt(actor)
      assert.deepStrictEqual(timesOf(world, /^stop/), [])
      assert.include(journal(world), "hub closed")
      assert.strictEqual(world.saved.at(-1)?.task?.status, "confirming")
    }))

  it.effect("a drain ends with the exit code that was asked for, after the task at hand", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const actor = yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"), { _tag: "RestartRequested", reason: "update" })
      assert.isUndefined(actor.pollUnsafe())
      yield* agentAnswers(world, success)
      yield* hubSays(world, ackA("complete"))
      assert.strictEqual(yield* Fiber.join(actor), 75)
    }))

  it.effect("a fiber that dies is logged and takes the sidecar down", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      world.watchFails = true
      const actor = yield* start(world)
      yield* hubSays(world, ...identified, taskA)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(actor)))
      assert.include(world.events.map(({ event }) => event), "fiber_died")
    }))
})

describe("files that nobody came back for", () => {
  /** Old files of these tasks are there; of what expires it is noted which. */
  const startWith = (world: World, stale: ReadonlyArray<string>) => {
    const expired: Array<string> = []
    const orphans = {
      stale: Effect.succeed(stale),
      expire: (task_id: string) => Effect.sync(() => void expired.push(task_id))
    }
    const actor = runSidecar(policy).pipe(
      Effect.provide(mockServices(world)),
      Effect.provideService(Orphans, orphans),
      Effect.forkChild
    )
    return Effect.as(Effect.andThen(actor, rest), expired)
  }

  it.effect("are looked for at the start and once a day; what is in hand or lives is left alone", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      world.survivors = ["task-c"]
      const expired = yield* startWith(world, [A, "task-b", "task-c"])
      assert.deepStrictEqual(expired, [A, "task-b"])
      world.survivors = []
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.evidence = { process: "alive" }
      yield* TestClock.adjust("23 hours")
      assert.lengthOf(expired, 2)
      yield* Effect.andThen(TestClock.adjust("1 hour"), rest)
      assert.deepStrictEqual(expired.slice(2), ["task-b", "task-c"])
    }))

  it.effect("take the sidecar down when the look for them dies, never silently", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const actor = yield* runSidecar(policy).pipe(
        Effect.provide(mockServices(world)),
        Effect.provideService(Orphans, { stale: Effect.die(new Error("boom")), expire: () => Effect.void }),
        Effect.forkChild
      )
      assert.isTrue(Exit.isFailure(yield* Fiber.await(actor)))
      assert.include(world.events.map(({ event }) => event), "fiber_died")
    }))
})

const leftAtWork: TaskFound = { wake: { generation: 1, attempt: 1, at: 0 }, assignment: assignmentOf(1) }

describe("rules 10 and 12: a start", () => {
  it.effect("without a state that can be had: the agent at work is followed, not stopped", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      Object.assign(world, { stored: null, survivors: [A], atWork: leftAtWork, evidence: { process: "alive" } })
      yield* start(world)
      yield* rest
      assert.deepStrictEqual(journal(world).filter((what) => what !== "save"), ["adopt"])
    }))

  it.effect("with a state that holds nothing: whoever works is stopped", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      Object.assign(world, { survivors: [A], atWork: leftAtWork, evidence: { process: "alive" } })
      yield* start(world)
      yield* rest
      assert.deepStrictEqual(journal(world).filter((what) => what !== "save"), ["stop task-a"])
    }))

  it.effect("with a state that cannot be read: the end, and nothing else", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const unreadable = new Unreadable({ path: "queue.json", reason: "EACCES", owner: 0, user: 1 })
      Object.assign(world, { survivors: [A], loading: Effect.fail(unreadable) })
      const actor = yield* start(world)
      assert.deepStrictEqual(yield* Fiber.await(actor), Exit.fail(unreadable))
      assert.deepStrictEqual(journal(world), [])
    }))
})

describe("rule 12: a disk that cannot be written", () => {
  it.effect("a task that cannot be saved is not accepted; the connection is closed until a write works", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified)
      world.diskFull = true
      yield* hubSays(world, taskA)
      assert.notInclude(journal(world), "send AcceptTask")
      assert.deepStrictEqual(journal(world).at(-1), "hub closed")
      yield* pass(12)
      assert.deepStrictEqual(journal(world).at(-1), "hub closed")
      world.diskFull = false
      yield* pass(17) // written again, and no sooner than 30 s after the closing
      yield* hubSays(world, ...identified)
      assert.deepStrictEqual(timesOf(world, /^send Identify/), [0])
      yield* pass(1)
      yield* hubSays(world, taskA)
      assert.include(journal(world), "send AcceptTask")
      assert.deepStrictEqual(timesOf(world, /^wake/), [30])
      assert.deepStrictEqual(
        world.events.map(({ event }) => event).filter((event) => event.startsWith("state_")),
        ["state_unsaved", "state_saved_again"]
      )
    }))

  it.effect("after the acceptance it goes on from memory, and what we owe is written when that works again", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.diskFull = true
      yield* Queue.offer(world.seen, { _tag: "Started" })
      yield* rest
      yield* agentAnswers(world, success)
      assert.include(journal(world), "send SendReport")
      world.diskFull = false
      yield* pass(6)
      assert.strictEqual(world.saved.at(-1)?.task?.status, "reporting")
      yield* hubSays(world, ackA("complete"))
      assert.isNull(world.saved.at(-1)?.task)
      assert.notInclude(journal(world), "hub closed")
    }))

  it.effect("a write that works ends the trouble at once, whatever made us write", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.diskFull = true
      yield* Queue.offer(world.seen, { _tag: "Started" })
      yield* rest
      world.diskFull = false
      yield* agentAnswers(world, success)
      assert.deepStrictEqual(world.events.at(-1)?.event, "state_saved_again")
    }))

  it.effect("a failure is sent once, and only when it is on disk that it was, also if one write works and the next does not", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.diskFull = true
      yield* agentAnswers(world, { _tag: "Failure", reason: "no" })
      for (let n = 0; n < 3; n++) {
        world.room = 1
        yield* pass(6)
        assert.isBelow(world.room, 0)
        assert.notInclude(journal(world), "send SendReport")
      }
      world.diskFull = false
      yield* pass(6)
      assert.deepStrictEqual(journal(world).filter((line) => line.startsWith("send SendReport")).length, 1)
      assert.strictEqual(world.saved.at(-1)?.task?.failure?.sent_generation, 1)
    }))

  it.effect("no agent is woken whose wake is not on disk", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.diskFull = true
      yield* endWake(world, 0, boom)
      yield* pass(30)
      assert.deepStrictEqual(timesOf(world, /^wake/), [0])
      world.diskFull = false
      yield* pass(6)
      assert.lengthOf(timesOf(world, /^wake/), 2)
    }))

  it.effect("a payload that cannot be written is tried again every 5 s for 30 s, and then its task is given back", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.lives = false
      for (let wake = 0; wake <= 6; wake++) {
        yield* endWake(world, wake, { how: "unwritten", code: null, output: "ENOSPC" })
        yield* pass(5)
      }
      assert.deepStrictEqual(timesOf(world, /^wake 1$/), [0, 5, 10, 15, 20, 25, 30])
      assert.deepStrictEqual(timesOf(world, /^hub closed/), [30])
      assert.notInclude(journal(world), "send SendReport")
      assert.strictEqual(world.saved.at(-1)?.task, null)
    }))

  it.effect("a payload that can be written again in that time is one attempt", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      world.lives = false
      for (let wake = 0; wake < 5; wake++) {
        yield* endWake(world, wake, { how: "unwritten", code: null, output: "ENOSPC" })
        yield* pass(5)
      }
      yield* Queue.offer(world.seen, { _tag: "Started" })
      yield* rest
      yield* agentAnswers(world, success)
      assert.deepStrictEqual(timesOf(world, /^wake 1$/), [0, 5, 10, 15, 20, 25])
      assert.include(journal(world), "send SendReport")
    }))

  it.effect("after failures in a row without a verdict no task is taken for 30 s, 1 min, then 5 min", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      yield* start(world)
      for (const pause of [30, 60, 300, 300]) {
        yield* hubSays(world, ...identified, taskA, ackA("accepted"))
        yield* Queue.offer(world.seen, { _tag: "Started" })
        yield* rest
        yield* agentAnswers(world, { _tag: "Failure", reason: "Not logged in", of_command: true })
        yield* hubSays(world, ackA("retried"))
        yield* pass(pause)
      }
      assert.deepStrictEqual(timesOf(world, /^hub closed/), [0, 30, 90, 390])
      assert.deepStrictEqual(timesOf(world, /^send Identify/), [0, 30, 90, 390])
    }))

  it.effect("what a wake needs is looked for before connecting and every 30 s, and without it nobody is connected", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const looked: Array<number> = []
      let obstacle: Obstacle | null = { cause: "program", reason: "there is no program ./agent" }
      const check = () =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          looked.push(at / 1_000)
          return { obstacle, programs: "" }
        })
      yield* Effect.provideService(start(world), Readiness, { check })
      yield* pass(59)
      yield* hubSays(world, ...identified)
      assert.deepStrictEqual(journal(world), ["save"]) // at the start
      obstacle = null
      yield* pass(1)
      yield* hubSays(world, taskA, ackA("accepted"))
      yield* pass(60)
      assert.deepStrictEqual(looked, [0, 30, 60]) // and no more, as the task's own wake tells
      assert.deepStrictEqual(timesOf(world, /^wake 1$/), [60])
      assert.deepStrictEqual(world.events.map(({ event }) => event).filter((event) => /ready/.test(event)), [
        "not_ready",
        "ready_again"
      ])
    }))

  it.effect("a disk that is full at the start keeps the connection closed until it is not", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      world.diskFull = true
      yield* start(world)
      yield* rest
      assert.deepStrictEqual(journal(world), [])
      world.diskFull = false
      yield* pass(5)
      yield* hubSays(world, { _tag: "Connected" })
      assert.include(journal(world), "send Identify")
    }))
})

describe("the agent's folder", () => {
  const gone = new FolderGone({ folder: "/agent", reason: "ENOENT" })
  const lost = new FolderLost({ path: "/agent/lock" })

  /** An actor whose folder can be taken away, and what takes it. */
  const startIn = Effect.fnUntraced(function*(world: World) {
    let found: Effect.Effect<void, FolderGone | FolderLost> = Effect.void
    const check = Effect.suspend(() => found)
    const actor = yield* runSidecar(policy).pipe(
      Effect.provideService(FolderLease, { check, isLost: () => false, notices: [] }),
      Effect.provide(mockServices(world)),
      Effect.forkChild
    )
    const becomes = (now: Effect.Effect<void, FolderGone | FolderLost>) => Effect.sync(() => void (found = now))
    return { actor, becomes }
  })

  it.effect("gone, no task is accepted and nobody woken, and the connection is closed until it is back", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { becomes } = yield* startIn(world)
      yield* hubSays(world, ...identified)
      yield* becomes(gone)
      yield* hubSays(world, taskA)
      assert.deepStrictEqual(journal(world), ["save", "send Identify", "send ShowPresence", "hub closed"])
      yield* pass(60)
      assert.deepStrictEqual(journal(world), ["save", "send Identify", "send ShowPresence", "hub closed"])
      assert.deepInclude(world.events, {
        event: "state_unsaved",
        reason: "the agent's folder /agent cannot be reached: ENOENT"
      })
      yield* becomes(Effect.void)
      yield* pass(5)
      yield* hubSays(world, ...identified, taskA)
      assert.includeMembers(journal(world), ["send AcceptTask", "wake 1"])
    }))

  it.effect("gone while nothing happens, that is seen within half a minute", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { becomes } = yield* startIn(world)
      yield* hubSays(world, ...identified)
      yield* becomes(gone)
      yield* pass(30)
      assert.deepStrictEqual(journal(world), ["save", "send Identify", "send ShowPresence", "hub closed"])
    }))

  it.effect("gone between the saved intent and the wake, nobody is woken, and it is no attempt", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      world.lives = false
      let failed = 0
      const isMeant = () => (world.saved.at(-1)?.task?.wake ?? null) !== null
      const check = Effect.suspend(() => isMeant() && ++failed <= 3 ? Effect.fail(gone) : Effect.void)
      yield* runSidecar(policy).pipe(
        Effect.provideService(FolderLease, { check, isLost: () => false, notices: [] }),
        Effect.provide(mockServices(world)),
        Effect.forkChild
      )
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      assert.notInclude(journal(world), "wake 1")
      yield* pass(20)
      assert.include(journal(world), "wake 1")
      assert.notInclude(journal(world), "wake 2")
    }))

  it.effect("gone under a working agent, that one is not judged, and its answer is taken when the folder is back", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const { becomes } = yield* startIn(world)
      yield* hubSays(world, ...identified, taskA, ackA("accepted"))
      yield* Queue.offer(world.seen, { _tag: "Started" })
      yield* rest
      yield* becomes(gone)
      world.evidence = { process: "gone", started: false, answer: null }
      yield* endWake(world, 0, { how: "exited", code: 0, output: "" })
      yield* pass(120)
      assert.notInclude(journal(world), "send SendReport")
      yield* becomes(Effect.void)
      world.evidence = { process: "gone", started: true, answer: success }
      yield* agentAnswers(world, success)
      assert.include(journal(world), "send SendReport")
      assert.notInclude(journal(world), "wake 2")
    }))

  const losses = ["an assignment", "the end of a wake", "half a minute"] as const
  it.effect.each(losses)(
    "lost, as %s shows, it ends with 75: nothing is saved, sent, stopped or logged",
    (which) =>
      Effect.gen(function*() {
        const world = yield* makeWorld
        const { actor, becomes } = yield* startIn(world)
        yield* hubSays(world, ...identified)
        if (which === "the end of a wake") yield* hubSays(world, taskA, ackA("accepted"))
        const before = [...journal(world)]
        const events = world.events.length
        yield* becomes(Effect.fail(lost))
        if (which === "an assignment") yield* hubSays(world, taskA)
        else if (which === "half a minute") yield* pass(30)
        else yield* endWake(world, 0, boom)
        const exit = yield* Fiber.await(actor)
        assert.deepStrictEqual(exit, Exit.fail(lost))
        assert.strictEqual(lost["~effect/Runtime/errorExitCode"], 75)
        const done = journal(world).slice(before.length)
        assert.deepStrictEqual(done.filter((what) => what !== "hub closed" && !what.startsWith("rescan")), [])
        assert.deepStrictEqual(world.events.slice(events), [])
      })
  )
})
