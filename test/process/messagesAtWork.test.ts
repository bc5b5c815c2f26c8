import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { runCommand } from "../support/commands.ts"
import { startDaemon, submit, until, untilStatus } from "../support/daemon.ts"
import { delivered, deliveries, inboxOf, startTalk, untilDelivered, untilReceived } from "../support/deliveries.ts"
import { doneWithOneWake, identifications, untilAtWork } from "../support/outcomes.ts"
import { say, untilSent } from "../support/talk.ts"

describe.concurrent("an agent that is killed at its messages", () => {
  it.live("is woken with them again, marked, and each gets one reply", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startTalk()
      folder.touch("hold")
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      yield* folder.remove("hold")
      for (const { pid } of deliveries(folder)) process.kill(pid, "SIGKILL")
      const next = yield* until("it is delivered again", () => deliveries(folder)[1])
      assert.deepInclude(next, { ids: [id], again: [id] })
      const later = yield* say(hub, "bob")
      yield* untilDelivered(folder, [later])
      const replies = yield* untilSent(hub, 2)
      assert.deepStrictEqual(replies.map(({ reply_to }) => reply_to), [id, later])
    }))
})

describe.concurrent("messages and a task", () => {
  it.live("a task that is pushed during a delivery is done beside it", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startTalk()
      folder.touch("hold")
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, task)
      assert.isEmpty((yield* inboxOf(folder)).messages.filter(({ state }) => state !== "delivering"))
      yield* folder.remove("hold")
      const replies = yield* untilSent(hub, 1)
      assert.deepStrictEqual(replies.map(({ reply_to }) => reply_to), [id])
      assert.lengthOf(deliveries(folder), 1)
    }))

  it.live("a delivery that began during a task goes on when the task is cancelled", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* startTalk()
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      folder.touch("hold")
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      yield* hub.cancel(task.id)
      const next = yield* submit(hub, "the next")
      yield* untilAtWork(folder, next)
      yield* folder.remove("hold")
      yield* untilSent(hub, 1)
      yield* folder.letGo
      yield* doneWithOneWake(hub, folder, next)
      assert.deepStrictEqual(delivered(folder), [id])
    }))

  it.live("without deliver_while_working a message waits for the end of the task", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk({ deliver_while_working: false })
      const task = yield* submit(hub)
      yield* untilAtWork(folder, task)
      const ids = [yield* say(hub, "bob"), yield* say(hub, "ann")]
      yield* untilReceived(folder, "waiting", 2)
      assert.strictEqual((yield* inboxOf(folder)).held.waiting, 2)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed")
      yield* untilDelivered(folder, ids)
      assert.isAbove(
        daemon.events("wake_attempt").findIndex(({ batch_id }) => batch_id !== undefined),
        daemon.events("wake_attempt").findIndex(({ task_id }) => task_id === task.id)
      )
      assert.lengthOf(deliveries(folder), 1)
    }))
})

describe.concurrent("a drain during a delivery", () => {
  it.live("lets it end and sends its replies; what came meanwhile is for the next daemon", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      folder.touch("hold")
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      yield* Effect.forkChild(runCommand(["drain", "--config", folder.file("config.json")]))
      yield* until("it drains", () => daemon.events("draining").length > 0)
      const late = yield* say(hub, "ann")
      yield* folder.remove("hold")
      assert.strictEqual(yield* daemon.ended, 0)
      assert.deepStrictEqual(delivered(folder), [id])
      const replies = yield* untilSent(hub, 1)
      assert.deepStrictEqual(replies.map(({ reply_to }) => reply_to), [id])
      yield* startDaemon(folder)
      yield* untilDelivered(folder, [late])
      assert.deepStrictEqual(deliveries(folder).map(({ ids }) => ids), [[id], [late]])
      assert.isAbove(identifications(hub), 1)
    }))
})

describe.runIf(process.platform === "linux")("tier 0", () => {
  /** The page faults of the children that a process had: nobody can have had a child without them. */
  const faultsOfChildren = (pid: number) =>
    Number(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")[8])

  const parentOf = (pid: string) => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")[1])
    } catch {
      return 0 // it has ended
    }
  }

  const childrenOf = (pid: number) =>
    readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)

  it.live("starts no process for questions that need no mind, nor for what asks for nothing", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startTalk()
      yield* say(hub, "bob", { type: "ping", payload: {} })
      yield* untilSent(hub, 1)
      const before = faultsOfChildren(daemon.pid)
      yield* say(hub, "bob", { type: "ping", payload: {} })
      yield* say(hub, "ann", { type: "status_request", payload: {} })
      yield* say(hub, "bob", { type: "notify" })
      yield* say(hub, "ann", { payload: { text: "x", needed_capabilities: ["flying"] } })
      const answers = yield* untilSent(hub, 3)
      assert.deepStrictEqual(answers.map(({ type }) => type), ["pong", "pong", "status_reply"])
      yield* untilReceived(folder, "kept", 2)
      assert.strictEqual(faultsOfChildren(daemon.pid), before)
      assert.deepStrictEqual(childrenOf(daemon.pid), [])
      assert.isEmpty(daemon.events("wake_attempt"))
      const id = yield* say(hub, "bob")
      yield* untilDelivered(folder, [id])
      yield* until("a delivery is seen by this", () => faultsOfChildren(daemon.pid) > before)
    }))
})
