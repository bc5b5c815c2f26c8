import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import type { Command } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import type { Fate, Judged } from "../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import { noTalk, nothingHeld, type Talk } from "../../src/domain/messages/Talk.ts"
import { initialState } from "../../src/domain/SidecarState.ts"
import { unstarted } from "../../src/domain/Work.ts"
import { redaction } from "../../src/observe/record/redact.ts"
import { message_bytes } from "../../src/protocol/messages.ts"
import { briefOf, briefOfState } from "../../src/replay/brief.ts"
import { lineOf } from "../../src/replay/format.ts"
import { limits } from "../../src/replay/limits.ts"
import { policy } from "../domain/support.ts"
import { differencesIn, entryIn, notesIn, replayedText, textOfRecording } from "./support.ts"

const heard: InboxMessage = {
  id: "m1",
  way: "pushed",
  channel: null,
  from: "bob",
  type: "chat",
  payload: { text: "hello" },
  reply_to: null,
  sent_at: 1_796_000_000_000
}
const deliver: Fate = { _tag: "Deliver", urgent: false }
const keep: Fate = { _tag: "Keep", reason: "bob said so" }
const judged = (direct: Fate, broadcast = direct): Judged => ({
  message: heard,
  fates: { direct, broadcast },
  answer: null,
  refusal: null,
  own_text: null
})
const batch = {
  ...unstarted,
  kind: "messages",
  id: "batch-1",
  generation: 1,
  payload: { message_ids: ["m1", "m2"] }
} as const
const gap = { _tag: "History", start: 1, end: null, cursor: null, to_us: true, why: "gap" } as const

const commands: ReadonlyArray<readonly [words: string, Command]> = [
  ["RecordMessages 2 Deliver", { _tag: "RecordMessages", judged: [judged(deliver), judged(deliver)] }],
  [
    "RecordMessages 1 urgent Deliver and 1 Deliver or Keep",
    { _tag: "RecordMessages", judged: [judged({ _tag: "Deliver", urgent: true }), judged(deliver, keep)] }
  ],
  ["SettlePushed", { _tag: "SettlePushed", until: 5 }],
  ["NoteKnown", { _tag: "NoteKnown", known: noTalk.known, missed_until: null }],
  ["NoteKnown and what was missed", { _tag: "NoteKnown", known: noTalk.known, missed_until: 5 }],
  ["ReadHub Mailbox", { _tag: "ReadHub", reading: { _tag: "Mailbox", since: 0 }, pass: 1 }],
  ["ReadHub History of gap", { _tag: "ReadHub", reading: gap, pass: 1 }],
  ["AcknowledgeMailbox 7", { _tag: "AcknowledgeMailbox", up_to: 7, pass: 1 }],
  ["ChooseBatch", { _tag: "ChooseBatch" }],
  ["BeginDelivery batch-1 2", { _tag: "BeginDelivery", batch }],
  ["EndDelivery batch-1 Failed", { _tag: "EndDelivery", batch, end: { _tag: "Failed", reason: "bob said so" } }],
  ["SendNext", { _tag: "SendNext", after: 5 }],
  ["ShowMessages task-1", { _tag: "ShowMessages", task_id: "task-1", since: 5 }],
  ["Subscribe ops", { _tag: "Subscribe", channel: "ops" }],
  ["Identify at work", { _tag: "Identify", status: "at work since 2026-11-30T00:00:00.000Z" }],
  ["ShowPresence at work", { _tag: "ShowPresence", text: "at work since 2026-11-30T00:00:00.000Z" }],
  ["TestDelivery", { _tag: "TestDelivery" }]
]

const states: ReadonlyArray<readonly [words: string, Partial<Talk>]> = [
  ["", {}],
  ["waiting 3, urgent", { held: { ...nothingHeld, waiting: 3, first_at: 4, urgent_at: 5 } }],
  ["pushed, missed", { held: { ...nothingHeld, pushed: { from: 4, until: 5 }, missed_from: 6 } }],
  ["behind, reading History of gap, recording, to read 1", {
    behind: true,
    reading: gap,
    page: { step: "recording", up_to: 7, next: null, room: null },
    to_read: [{ _tag: "Room", since: 0 }]
  }],
  ["asked Subscribe, to ask 1", {
    asked: { _tag: "Subscribe", channel: "ops" },
    to_ask: [{ _tag: "Unsubscribe", channel: "dev" }]
  }],
  ["self test overdue", { self_test: "overdue" }],
  ["choosing", { choosing: true }],
  ["waiting 1, held back", { held: { ...nothingHeld, waiting: 1 }, held_until: 9 }],
  ["outgoing 2, sending, unsent 1", { held: { ...nothingHeld, outgoing: 2 }, sending: true, send_failures: 1 }]
]

describe("the words of a recording about messages, without times and without what others wrote", () => {
  it.each(commands)("%s", (words, command) => {
    expect(briefOf(command)).toBe(words)
  })

  it.each(states)("of the state: %s", (words, talk) => {
    const state = { ...initialState(policy), talk: { ...noTalk, ...talk } }
    expect(briefOfState(state)).toBe(["down, unknown", ...words === "" ? [] : [words]].join(", "))
  })
})

describe("a line of a recording with messages", () => {
  const step = (msg: Message) => lineOf({ t: 1, dir: "step", msg, told: { commands: [], state: null }, saved: true })
  const read = (messages: ReadonlyArray<InboxMessage>): Message => ({
    _tag: "HubRead",
    reading: { _tag: "Mailbox", since: 0 },
    pass: 1,
    messages,
    up_to: 1,
    next: null,
    room: null,
    channels: null,
    is_full: false
  })

  it("holds no token, wherever another agent has written it", () => {
    const token = "s3cret-t0ken-never-seen"
    const told: InboxMessage = { ...heard, from: token, type: `is ${token}`, payload: { [token]: [`${token}!`] } }
    const { line } = redaction(token)
    for (const msg of [read([told]), { _tag: "MessageHeard", message: told } as const]) {
      const cleaned = line(step(msg))
      expect(cleaned).not.toContain(token)
      expect(entryIn(cleaned)).toMatchObject({ dir: "step", msg: { _tag: msg._tag } })
    }
  })

  it("holds all that one reading may find, and is read again", () => {
    const text = "\\ud800\\\\".repeat(message_bytes / 8)
    const msg = read([{ ...heard, payload: { text: JSON.parse(`"${text}"`) } }])
    const line = step(msg)
    expect(line.length).toBeLessThan(limits.line_bytes / 4)
    expect(entryIn(line)).toMatchObject({ msg })
  })
})

describe("a recording of frames only", () => {
  const events = replayedText(textOfRecording("messages.jsonl"))

  it("has its messages heard and kept", () => {
    const kept = events.flatMap((event) =>
      event.kind === "fact" && event.fact._tag === "MessagesRecorded" ? event.fact.recorded : []
    )
    expect(kept.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 7 }, () => "kept"))
  })

  it("has nothing read, delivered or sent", () => {
    expect(events.filter(({ kind }) => kind === "wake")).toEqual([])
    const facts = events.flatMap((event) =>
      event.kind !== "fact" ? [] : event.fact._tag === "TimerFired" ? [event.fact.timer] : [event.fact._tag]
    )
    expect(facts.filter((fact) => /Hub|Send|Batch|Delivery|Mailbox|catch_up|send|batch/.test(fact))).toEqual([])
  })
})

describe("a state that was recorded before there were messages", () => {
  it("is a state that holds none", () => {
    const lines = readFileSync("test/fixtures/sessions/tier-0.jsonl", "utf8").trimEnd().split("\n")
    const [header = ""] = lines
    const { talk: _, policy: __, ...state } = initialState(policy)
    const continuing = JSON.parse(header)
    Object.assign(continuing.msg, { continues: true, state })
    const events = replayedText(`${[JSON.stringify(continuing), ...lines.slice(2)].join("\n")}\n`)
    expect(notesIn(events).filter((note) => /left out|middle of a life/.test(note))).toEqual([])
    expect(differencesIn(events)).toEqual([])
  })
})
