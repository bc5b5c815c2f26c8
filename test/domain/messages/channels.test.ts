import { describe, expect, test } from "vitest"
import { nothingHeld } from "../../../src/domain/messages/Talk.ts"
import { A, assigned, Run } from "../support.ts"
import { catchUpDue, connected, identified, messages, read, reading, said } from "./talk.ts"

const withChannels = (...channels: ReadonlyArray<string>) => ({ messages: { ...messages, channels } })

/** All that was missed is read; the hub has us subscribed to these channels. */
const subscribedTo = (run: Run, ...channels: ReadonlyArray<string>): Run => {
  while (run.state.talk.reading !== null) {
    run.tell(read(run, reading(run)._tag === "Subscriptions" ? { channels } : {}))
  }
  return run
}

describe("rule 22: channels", () => {
  test("that the hub lacks are subscribed to, one frame at a time", () => {
    const run = connected(withChannels("#Ops", "dev", "chat"))
    subscribedTo(run, "chat")
    expect(run.state.talk.asked).toEqual({ _tag: "Subscribe", channel: "ops" })
    expect(said(run.tell({ _tag: "ChannelAnswered" }))).toEqual(["Subscribe dev"])
    expect(said(run.tell({ _tag: "ChannelAnswered" }))).toEqual([])
  })

  test("that we once subscribed to and do not name any more are left", () => {
    const run = subscribedTo(connected(withChannels("ops")), "ops")
    expect(run.state.talk.known.channels).toEqual(["ops"])
    const next = new Run({ messages })
    next.tell(
      {
        _tag: "Restarted",
        stored: run.state.stored,
        survivors: [],
        talk: { held: nothingHeld, known: run.state.talk.known, is_delivered: false }
      },
      { _tag: "ReadinessChecked", obstacle: null, programs: "" },
      ...identified
    )
    subscribedTo(next, "ops", "not-ours")
    expect(next.state.talk.asked).toEqual({ _tag: "Unsubscribe", channel: "ops" })
  })

  test("are asked for each minute, as one may have been made since", () => {
    const run = subscribedTo(connected(withChannels("ops")), "ops")
    while (run.state.talk.reading !== null) run.tell(read(run))
    catchUpDue(run)
    expect([reading(run), ...run.state.talk.to_read].map(({ _tag }) => _tag)).toEqual(["Mailbox", "Subscriptions"])
  })

  test("are not asked for where there are none", () => {
    const run = connected()
    expect([reading(run), ...run.state.talk.to_read].map(({ _tag }) => _tag)).toEqual(["Mailbox", "History", "Room"])
  })

  test("one that there is not is told, and the next is asked for", () => {
    const run = subscribedTo(connected(withChannels("ops", "dev")))
    run.tell({ _tag: "HubRefused", error: "channel_not_found", frame: null, unknown_type: false })
    expect(run.logged).toContain("channel_refused ops channel_not_found")
    expect(said(run)).toEqual(["Subscribe dev"])
  })

  test("a hub that does not know the frame is not asked again on this connection", () => {
    const run = subscribedTo(connected(withChannels("ops", "dev")))
    run.tell({ _tag: "HubRefused", error: "unknown_message_type", frame: "talk", unknown_type: true })
    expect(said(run)).toEqual([])
    expect(run.state.talk.to_ask).toEqual([])
  })

  test("an answer about a channel answers no frame of a task", () => {
    const run = connected(withChannels("ops")).tell(assigned(A), { _tag: "ChannelAnswered" })
    expect(run.state.connection.in_flight?.kind).toBe("accept")
  })

  test("a frame that was dropped is sent again", () => {
    const run = subscribedTo(connected(withChannels("ops")))
    run.tell({ _tag: "RateLimited", retry_after_ms: 1_000 })
    run.after(1_000).tell({ _tag: "TimerFired", timer: "resend", due: run.state.timers.resend ?? 0 })
    expect(said(run)).toEqual(["Subscribe ops"])
  })

  test("no talk ends a connection: a frame that is not answered is forgotten", () => {
    const run = subscribedTo(connected(withChannels("ops", "dev")))
    run.after(15_000).tell({ _tag: "TimerFired", timer: "answer", due: run.state.timers.answer ?? 0 })
    expect(said(run)).toEqual(["Subscribe dev"])
  })

  test("wait for the frames of a task", () => {
    const run = connected(withChannels("ops")).tell(assigned(A))
    subscribedTo(run)
    expect(run.state.talk.asked).toBeNull()
    expect(said(run.tell({ _tag: "TaskAcknowledged", task_id: A, status: "accepted" }))).toContain("Subscribe ops")
  })

  test("a full mailbox may have lost what their history has", () => {
    const run = connected(withChannels("ops"))
    run.tell(read(run, { is_full: true }))
    expect(reading(run)).toEqual({ _tag: "ChannelHistory", channel: "ops", since: 0 })
  })
})
