import { describe, expect, test } from "vitest"
import type { Message } from "../../../src/domain/Message.ts"
import type { SendOutcome } from "../../../src/domain/messages/Outgoing.ts"
import { nothingHeld } from "../../../src/domain/messages/Talk.ts"
import { A, assigned, disconnected, type Run, saveFailed } from "../support.ts"
import { caughtUp, connected, minute_ms, outgoing, said, told, untold } from "./talk.ts"

const ended = (outcome: SendOutcome, left = 1): Message => ({
  _tag: "SendEnded",
  key: "k",
  outcome,
  held: { ...nothingHeld, outgoing: left }
})
const sent: SendOutcome = { _tag: "Sent", hub_id: "h1" }

/** When the next message is sent after this, in milliseconds; null if not by itself. */
const sentAfter = (run: Run): number | null => {
  if (said(run).includes("SendNext")) return 0
  const due = run.state.timers.send
  return due === undefined ? null : due - run.now
}

describe("rules 20 and 21: messages of ours", () => {
  test("that the hub will never take are told, and the next one goes", () => {
    const run = caughtUp().tell(outgoing(2)).tell(ended({ _tag: "Refused", reason: "HTTP 422" }))
    expect(run.logged).toContain("message_refused k HTTP 422")
    expect(sentAfter(run)).toBe(0)
  })

  test("of which there are none any more leave nothing to do; where the store cannot tell, it is asked again later", () => {
    const nothing: Message = { _tag: "SendEnded", key: null, outcome: sent, held: nothingHeld }
    expect(sentAfter(caughtUp().tell(outgoing(1)).tell(nothing))).toBeNull()
    const unknown: Message = {
      _tag: "SendEnded",
      key: "k",
      outcome: { _tag: "Failed", reason: "no space" },
      held: null
    }
    expect(sentAfter(caughtUp().tell(outgoing(1)).tell(unknown))).toBe(10_000)
  })

  test("a task that is held needs no new connection after a refusal", () => {
    const run = connected().tell(assigned(A))
    run.tell({ _tag: "RateLimited", retry_after_ms: 1_000 }).after(61_000)
    run.tell({ _tag: "TimerFired", timer: "renew", due: run.state.timers.renew ?? 0 })
    expect(run.said.filter((one) => one.startsWith("Reconnect"))).toEqual([])
  })

  test("go out one at a time", () => {
    const run = caughtUp().tell(outgoing(2))
    expect(sentAfter(run)).toBe(0)
    expect(sentAfter(run.tell(outgoing(2)))).toBeNull()
    expect(sentAfter(run.tell(ended(sent)))).toBe(0)
  })

  test("are looked up from a time that the hub has told, whatever our clock says", () => {
    expect(untold().tell(outgoing(1)).commands).toContainEqual({ _tag: "SendNext", after: 0 })
    const later = connected().tell(told(5_000.5)).after(1_000).tell(outgoing(1))
    expect(later.commands).toContainEqual({ _tag: "SendNext", after: 5_000 })
    const noted = untold().tell({
      _tag: "Restarted",
      stored: null,
      survivors: [],
      talk: { held: nothingHeld, known: { heard_until: 4_000, room: null, channels: [] }, is_delivered: false }
    }).tell({ _tag: "Connected" }, { _tag: "Identified" }).tell(outgoing(1))
    expect(noted.commands).toContainEqual({ _tag: "SendNext", after: 4_000 })
  })

  test("ten at once, and twenty a minute", () => {
    const run = caughtUp().tell(outgoing(99))
    for (let n = 1; n < 10; n++) expect(sentAfter(run.tell(ended(sent, 99)))).toBe(0)
    expect(sentAfter(run.tell(ended(sent, 99)))).toBe(3_000)
  })

  test("a clock that was set back holds none of them back", () => {
    const run = caughtUp().tell(outgoing(99))
    for (let n = 1; n < 11; n++) run.tell(ended(sent, 99))
    expect(sentAfter(run.after(-24 * 60 * minute_ms).tell(outgoing(99)))).toBe(0)
    run.tell(ended({ _tag: "Limited" }))
    expect(sentAfter(run.after(-24 * 60 * minute_ms).tell(outgoing(1)))).toBe(0)
  })

  test.each([
    { failures: 1, wait_ms: 10_000 },
    { failures: 2, wait_ms: 30_000 },
    { failures: 3, wait_ms: 60_000 },
    { failures: 4, wait_ms: 60_000 }
  ])("are tried again $wait_ms ms after failure $failures in a row", ({ failures, wait_ms }) => {
    const run = caughtUp().tell(outgoing(1))
    for (let n = 0; n < failures; n++) run.after(100_000).tell(ended({ _tag: "Failed", reason: "HTTP 500" }))
    expect(sentAfter(run)).toBe(wait_ms)
  })

  test("leave the hub alone for a minute after it refused a request, and connect anew where no task has come", () => {
    const run = caughtUp().tell(outgoing(1)).tell(ended({ _tag: "Limited" }))
    expect(sentAfter(run)).toBe(60_000)
    run.after(61_000).tell({ _tag: "TimerFired", timer: "renew", due: run.state.timers.renew ?? 0 })
    expect(run.said).toContain("Reconnect the hub gives no task after it refused a request")
  })

  test("a task that comes in that minute shows that the hub gives us tasks", () => {
    const run = caughtUp().tell(outgoing(1)).tell(ended({ _tag: "Limited" })).tell(assigned(A))
    expect(run.state.timers.renew).toBeUndefined()
  })

  test("a frame that was refused counts as well", () => {
    const run = caughtUp().tell({ _tag: "RateLimited", retry_after_ms: 1_000 }).tell(outgoing(1))
    expect(sentAfter(run)).toBe(60_000)
    expect(run.state.timers.renew).toBe(run.now + 61_000)
  })

  test("wait for a hub that is there, and for the disk", () => {
    expect(sentAfter(caughtUp().tell(disconnected).tell(outgoing(1)))).toBeNull()
    expect(sentAfter(caughtUp().tell(saveFailed).tell(outgoing(1)))).toBeNull()
  })

  test("are sent before a drain ends, where the hub takes them", () => {
    const run = caughtUp().tell(outgoing(1)).tell({ _tag: "DrainRequested", exit_code: 0 })
    expect(run.said).not.toContain("Exit 0")
    expect(run.tell(ended(sent, 0)).said).toContain("Exit 0")
  })

  test("a drain does not wait for a disk that fails", () => {
    const run = caughtUp().tell(outgoing(1)).tell(saveFailed).tell({ _tag: "DrainRequested", exit_code: 0 })
    expect(run.said).toContain("Exit 0")
  })

  test("a drain does not wait for a hub that does not take them", () => {
    const run = caughtUp().tell(outgoing(1)).tell({ _tag: "DrainRequested", exit_code: 0 })
    expect(run.tell(ended({ _tag: "Failed", reason: "HTTP 500" })).said).toContain("Exit 0")
  })
})
