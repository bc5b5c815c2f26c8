import { describe, expect, test } from "vitest"
import type { Message } from "../../../src/domain/Message.ts"
import { defaultMessagePolicy } from "../../../src/domain/messages/MessagePolicy.ts"
import { nothingHeld } from "../../../src/domain/messages/Talk.ts"
import { batch, Run, saveFailed } from "../support.ts"
import { caughtUp, messages, minute_ms, recorded, said, waiting } from "./talk.ts"

/** When the next batch is chosen after this, in milliseconds; null if not by itself. */
const chosenAfter = (run: Run): number | null => {
  if (said(run).includes("ChooseBatch")) return 0
  const due = run.state.timers.batch
  return due === undefined ? null : due - run.now
}

describe("rule 18: when a batch is delivered", () => {
  test("the first message waits 2 s for others", () => {
    const run = caughtUp()
    expect(chosenAfter(run.tell(waiting(run.now)))).toBe(2_000)
    run.after(2_000).tell({ _tag: "TimerFired", timer: "batch", due: run.now })
    expect(said(run)).toContain("ChooseBatch")
  })

  test("and 30 s after the last delivery began", () => {
    const run = caughtUp()
    run.tell({ _tag: "BatchReady", batch: batch("batch-1") })
    run.tell({ _tag: "DeliveryMarked", end: "Delivered", held: nothingHeld })
    expect(chosenAfter(run.after(10_000).tell(waiting(run.now)))).toBe(20_000)
  })

  test("a request waits 1 s, and does not wait for the last delivery", () => {
    const run = caughtUp()
    run.tell({ _tag: "BatchReady", batch: batch("batch-1") })
    run.tell({ _tag: "DeliveryMarked", end: "Delivered", held: nothingHeld })
    expect(chosenAfter(run.after(5_000).tell(waiting(run.now, run.now)))).toBe(1_000)
  })

  test("an urgent message that was there at the last delivery, which failed, waits like others", () => {
    const run = caughtUp()
    const urgent_at = run.now
    run.tell({ _tag: "BatchReady", batch: batch("batch-1") })
    run.after(1_000).tell({
      _tag: "DeliveryMarked",
      end: "Failed",
      held: { ...nothingHeld, waiting: 1, first_at: urgent_at, urgent_at }
    })
    expect(chosenAfter(run)).toBe(29_000)
  })

  test("where the store finds none, it is asked again after the wait between two", () => {
    const run = caughtUp()
    run.tell(waiting(run.now - 5_000)).tell({ _tag: "NoBatch", retry_at: null, held_back: 0 })
    expect(chosenAfter(run)).toBe(30_000)
  })

  test("what hourly limits hold back waits for them", () => {
    const run = caughtUp()
    const first_at = run.now
    run.tell(waiting(first_at)).after(2_000).tell({ _tag: "NoBatch", retry_at: run.now + 600_000, held_back: 0 })
    expect(chosenAfter(run)).toBe(600_000)
  })

  test("and is told once, until a delivery begins again", () => {
    const run = caughtUp()
    const holds: Message = { _tag: "NoBatch", retry_at: run.now + 600_000, held_back: 2 }
    expect(run.tell(waiting(run.now), holds).logged).toEqual([`messages_held_back 2 ${run.now + 600_000}`])
    expect(run.tell(holds).logged).toEqual([])
    run.tell({ _tag: "BatchReady", batch: batch("batch-1") })
    run.tell({ _tag: "DeliveryMarked", end: "Delivered", held: nothingHeld })
    expect(run.tell(holds).logged).toContain(`messages_held_back 2 ${run.now + 600_000}`)
  })

  test("but what comes meanwhile may be held back by none", () => {
    const run = caughtUp()
    const first_at = run.now
    run.tell(waiting(first_at)).after(2_000).tell({ _tag: "NoBatch", retry_at: run.now + 600_000, held_back: 0 })
    const news = { id: "m2", from: "ann", type: "chat", outcome: "waiting", reason: null } as const
    run.after(10_000).tell({ ...recorded({ waiting: 2, first_at }), recorded: [news] })
    expect(chosenAfter(run)).toBe(2_000)
    run.after(1_000).tell({ ...recorded({ waiting: 3, first_at, urgent_at: run.now }), recorded: [news] })
    expect(chosenAfter(run)).toBe(1_000)
  })

  test.each([
    { when: "one is at work", run: () => caughtUp().tell({ _tag: "BatchReady", batch: batch("batch-1") }) },
    { when: "it drains", run: () => Run.working({ messages }).tell({ _tag: "DrainRequested", exit_code: 0 }) },
    { when: "the disk fails", run: () => caughtUp().tell(saveFailed) },
    { when: "no command wakes the agent for messages", run: () => caughtUp({ messages: defaultMessagePolicy }) },
    {
      when: "a task is held and the configuration wants it so",
      run: () => Run.working({ messages: { ...messages, deliver_while_working: false } })
    }
  ])("none is chosen while $when", ({ run: lead }) => {
    const run = lead()
    expect(chosenAfter(run.tell(waiting(run.now - 60_000)))).toBeNull()
  })

  test("a clock that was set back holds nothing back", () => {
    const run = caughtUp()
    const ahead = run.now + 24 * 60 * minute_ms
    expect(chosenAfter(run.tell(waiting(ahead, ahead)))).toBe(0)
    run.tell({ _tag: "NoBatch", retry_at: run.now + 10 * minute_ms, held_back: 0 })
    expect(chosenAfter(run.after(-24 * 60 * minute_ms).tell(waiting(run.now - 2_000)))).toBe(0)
    run.tell({ _tag: "BatchReady", batch: batch("batch-1") })
    run.tell({ _tag: "DeliveryMarked", end: "Delivered", held: nothingHeld })
    expect(chosenAfter(run.after(-24 * 60 * minute_ms).tell(waiting(run.now - 2_000)))).toBe(0)
  })

  test("none is chosen twice", () => {
    const run = caughtUp()
    run.tell(waiting(run.now - 5_000))
    expect(chosenAfter(run)).toBe(0)
    expect(said(run.tell(waiting(run.now - 5_000)))).toEqual([])
  })
})
