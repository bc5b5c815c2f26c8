import { describe, expect, test } from "vitest"
import type { Message } from "../../../src/domain/Message.ts"
import type { Recorded } from "../../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../../src/domain/messages/InboxMessage.ts"
import { nothingHeld } from "../../../src/domain/messages/Talk.ts"
import { A, Run, saveFailed, T0 } from "../support.ts"
import {
  catchUpDue,
  caughtUp,
  connected,
  heard,
  messages,
  pushed,
  read,
  reading,
  recorded,
  said,
  untold
} from "./talk.ts"

describe("rule 16: what became of messages that were recorded together", () => {
  const became = (id: string, outcome: Recorded["outcome"], reason: string | null = null): Recorded => ({
    id,
    from: "bob",
    type: "chat",
    outcome,
    reason
  })

  test("is a line of the log for each outcome, with their count and the first of them", () => {
    const run = connected().tell({
      _tag: "MessagesRecorded",
      held: nothingHeld,
      recorded: [
        became("m1", "waiting"),
        became("m2", "kept", "it asks for no answer"),
        became("m3", "waiting"),
        became("m4", "pushed")
      ]
    })
    const first = { event: "messages_received", from: "bob", type: "chat" }
    expect(run.commands.flatMap((command) => command._tag === "Log" ? [command.event] : [])).toEqual([
      { ...first, outcome: "waiting", count: 2, message_id: "m1" },
      { ...first, outcome: "kept", count: 1, message_id: "m2", reason: "it asks for no answer" }
    ])
  })
})

describe("rule 16: a message is recorded before anything is done with it", () => {
  test("whatever else is going on", () => {
    for (const run of [Run.idle({ messages }), Run.working({ messages }), Run.idle({ messages }).tell(saveFailed)]) {
      expect(said(run.tell(pushed()))).toContain("RecordMessages m1")
    }
  })

  test("with what becomes of it, and with the answer that needs no agent", () => {
    const run = caughtUp().tell(pushed({ type: "ping", payload: { hops: 2 } }))
    expect(run.commands).toMatchObject([{
      _tag: "RecordMessages",
      judged: [{
        fates: { direct: { _tag: "Answer" }, broadcast: { _tag: "Keep" } },
        answer: {
          key: "answer-m1",
          target: { _tag: "Agent", agent_id: "bob" },
          type: "pong",
          reply_to: "m1",
          payload: { hops: 3 }
        }
      }]
    }])
  })

  test("one for the agent reaches it at its task too", () => {
    const came: Message = {
      _tag: "MessagesRecorded",
      held: { ...nothingHeld, waiting: 1, first_at: T0 },
      recorded: [{ id: "m1", from: "bob", type: "chat", outcome: "waiting", reason: null }]
    }
    const working = Run.working({ messages })
    expect(said(working.tell(came))).toContain(`ShowMessages ${A}`)
    expect(said(caughtUp().tell(came))).not.toContain(`ShowMessages ${A}`)
    expect(said(Run.accepted({ messages }).tell(came))).not.toContain(`ShowMessages ${A}`)
  })

  test.each(
    [
      { from: "us", way: "room", own_text: "hello" },
      { from: "bob", way: "room", own_text: null },
      { from: "us", way: "direct", own_text: null }
    ] as const
  )("what $from says ($way) may be our own by its text: $own_text", ({ from, own_text, way }) => {
    const [command] = connected().tell(pushed({ from, way, payload: { text: "hello" } })).commands
    expect(command).toMatchObject({ _tag: "RecordMessages", judged: [{ own_text }] })
  })

  test("what is pushed was said now: a ping is answered whatever our clock says", () => {
    const fateOf = (run: Run) => {
      const [command] = run.tell(pushed({ type: "ping", sent_at: T0 - 3_600_000 })).commands
      return command?._tag === "RecordMessages" ? command.judged[0]?.fates.direct._tag : undefined
    }
    expect(fateOf(untold())).toBe("Answer")
    expect(fateOf(connected())).toBe("Keep")
  })

  test("then the history is asked whether it was pushed to us alone", () => {
    const run = caughtUp().tell(recorded({ pushed: { from: 5, until: 9 } }))
    expect(reading(run)).toEqual({ _tag: "History", start: 5, end: 9, cursor: null, to_us: true, why: "ways" })
    run.tell(read(run, { messages: [heard({ way: "direct" })] }))
    expect(said(run)).toEqual(["RecordMessages m1"])
    run.tell(recorded({ pushed: { from: 5, until: 9 } }))
    expect(said(run)).toContain("SettlePushed 9")
  })

  test("and where it cannot be asked, nothing counts as direct", () => {
    const run = caughtUp().tell(recorded({ pushed: { from: 5, until: 9 } }))
    run.tell({ _tag: "HubUnread", reading: reading(run), pass: run.state.talk.pass, reason: "HTTP 500" })
    expect(said(run)).toContain("SettlePushed 9")
    expect(run.state.talk.behind).toBe(false)
  })
})

describe("rule 24: a full inbox", () => {
  const refusalOf = (message: Partial<InboxMessage>) => {
    const run = connected()
    run.tell(read(run, { messages: [heard(message)] }))
    const [command] = run.commands
    return command?._tag === "RecordMessages" ? command.judged[0]?.refusal : undefined
  }

  test("tells whoever sent a message to us alone, once an hour", () => {
    const hour = Math.floor(T0 / 3_600_000)
    expect(refusalOf({ way: "direct" })).toMatchObject({
      key: `refused-${hour}-bob`,
      target: { _tag: "Agent", agent_id: "bob" },
      type: "refused",
      reply_to: "m1"
    })
  })

  test.each(
    [
      { what: "a broadcast", message: { way: "broadcast" } },
      { what: "a channel", message: { way: "channel", channel: "ops" } },
      { what: "the room", message: { way: "room" } },
      { what: "an answer", message: { way: "direct", reply_to: "m0" } }
    ] as const
  )("tells nobody of $what", ({ message }) => {
    expect(refusalOf(message)).toBeNull()
  })

  const leftOut: Message = {
    _tag: "MessagesRecorded",
    held: { ...nothingHeld, missed_from: T0 - 50_000 },
    recorded: [{ id: "m1", from: "bob", type: "chat", outcome: "left_out", reason: "the inbox is full" }]
  }

  test("acknowledges nothing that it left out, and reads from there once there is room", () => {
    const run = connected()
    run.tell(read(run, { messages: [heard({ way: "direct" })], up_to: 7 })).tell(leftOut)
    expect(said(run)).toEqual([])
    expect(run.state.talk).toMatchObject({ reading: null, to_read: [], behind: true })
    catchUpDue(run)
    expect(run.state.talk.to_read[0]).toMatchObject({ _tag: "History", start: T0 - 80_000 })
  })

  test("notes when all that was left out is recorded", () => {
    const run = connected().tell({ _tag: "HeldChanged", held: { ...nothingHeld, missed_from: T0 } })
    while (run.state.talk.reading !== null) run.tell(read(run))
    expect(run.commands.find(({ _tag }) => _tag === "NoteKnown")).toMatchObject({ missed_until: run.now })
  })
})
