import { describe, expect, test } from "vitest"
import type { Command } from "../../../src/domain/Command.ts"
import type { Message } from "../../../src/domain/Message.ts"
import { readingsOfGap } from "../../../src/domain/messages/catchUp.ts"
import type { Recorded } from "../../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../../src/domain/messages/InboxMessage.ts"
import { defaultMessagePolicy } from "../../../src/domain/messages/MessagePolicy.ts"
import type { SendOutcome } from "../../../src/domain/messages/Outgoing.ts"
import { type Held, nothingHeld, type Reading } from "../../../src/domain/messages/Talk.ts"
import type { SidecarState } from "../../../src/domain/SidecarState.ts"
import { A, assigned, batch, disconnected, line, Run, saveFailed, T0 } from "../support.ts"

const messages = { ...defaultMessagePolicy, agent_id: "us", delivers: true }
const minute_ms = 60_000

const heard = (over: Partial<InboxMessage> = {}): InboxMessage => ({
  id: "m1",
  way: "pushed",
  channel: null,
  from: "bob",
  type: "chat",
  payload: {},
  reply_to: null,
  sent_at: T0,
  ...over
})

const pushed = (message: Partial<InboxMessage> = {}): Message => ({ _tag: "MessageHeard", message: heard(message) })
const recorded = (held: Partial<Held>) => ({
  _tag: "MessagesRecorded" as const,
  held: { ...nothingHeld, ...held },
  recorded: []
})
const waiting = (first_at: number, urgent_at: number | null = null): Message =>
  recorded({ waiting: 1, first_at, urgent_at })
const outgoing = (count: number): Message => ({ _tag: "HeldChanged", held: { ...nothingHeld, outgoing: count } })

/** What was read by `reading`, on the connection of the run. */
const read = (run: Run, found: Partial<Extract<Message, { _tag: "HubRead" }>> = {}): Message => ({
  _tag: "HubRead",
  reading: reading(run),
  pass: run.state.talk.pass,
  messages: [],
  up_to: null,
  next: null,
  room: null,
  channels: null,
  is_full: false,
  ...found
})

const reading = (run: Run): Reading => {
  const { reading: current } = run.state.talk
  if (current === null) throw new Error("nothing is being read")
  return current
}

const isOfTalk = (command: Command): boolean =>
  command._tag !== "Log" && !("timer" in command && !["batch", "send", "renew"].includes(command.timer))

/** What talk does, in a line each; the frames of the task are of no interest here. */
const said = (run: Run): ReadonlyArray<string> => run.commands.filter(isOfTalk).map(line)

const told = (hub_time: number): Message => ({ _tag: "HubTimeTold", hub_time })
const identified: ReadonlyArray<Message> = [{ _tag: "Connected" }, { _tag: "Identified" }, told(T0)]

/** Connected to a hub that has not told its time yet. */
const untold = (over: Partial<SidecarState["policy"]> = {}): Run => Run.idle({ messages, ...over })

const connected = (over: Partial<SidecarState["policy"]> = {}): Run => untold(over).tell(told(T0))

const catchUpDue = (run: Run): Run =>
  run.after(minute_ms).tell({ _tag: "TimerFired", timer: "catch_up", due: run.state.timers.catch_up ?? 0 })

/** All that was missed is read. */
const caughtUp = (over: Partial<SidecarState["policy"]> = {}): Run => {
  const run = connected(over)
  while (run.state.talk.reading !== null) run.tell(read(run))
  return run
}

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

describe("rule 22: catching up, after every identified", () => {
  test("reads the mailbox, the history and the room, one at a time", () => {
    const run = connected()
    expect(reading(run)).toEqual({ _tag: "Mailbox", since: 0 })
    run.tell(read(run))
    expect(reading(run)).toMatchObject({ _tag: "History", to_us: false, why: "gap" })
    run.tell(read(run))
    expect(reading(run)).toEqual({ _tag: "Room", since: 0 })
    run.tell(read(run))
    expect(run.state.talk).toMatchObject({ reading: null, to_read: [], behind: false })
  })

  test("then knows how far it has heard by the hub's clock, whatever ours says, and notes that", () => {
    const run = untold().tell(told(5_000))
    while (run.state.talk.reading !== null) run.after(1_000).tell(read(run))
    expect(run.state.talk.known.heard_until).toBe(5_000)
    expect(said(run)).toEqual(["NoteKnown"])
  })

  test("begins when the hub has told its time, once a connection, as our clock may be wrong", () => {
    const run = untold()
    expect(run.state.talk).toMatchObject({ reading: null, to_read: [], behind: true })
    expect(said(run.tell(told(5_000)))).toEqual(["NoteKnown", "ReadHub Mailbox"])
    expect(run.state.talk.to_read).toMatchObject([{ _tag: "History", start: 5_000 - 10.5 * minute_ms }, {
      _tag: "Room"
    }])
    while (run.state.talk.reading !== null) run.tell(read(run))
    expect(said(run.tell(told(35_000)))).toEqual([])
  })

  test("begins a minute later where the hub does not tell its time, and does not know how far it has heard", () => {
    const run = catchUpDue(untold())
    while (run.state.talk.reading !== null) run.tell(read(run))
    expect(run.state.talk).toMatchObject({ behind: false, known: { heard_until: null } })
  })

  const last = { seq: 9, sent_at: T0 }
  const isLast = { id: `room-9-${T0}`, way: "room" } as const
  test.each([
    { of: "is the last that we know", first: heard(isLast), again: false },
    { of: "has another time", first: heard({ ...isLast, id: `room-9-${T0 + 1}` }), again: true },
    { of: "is missing", first: null, again: true }
  ])("reads the room from its start where the first entry $of: $again", ({ again, first }) => {
    const run = connected()
    while (reading(run)._tag !== "Room") run.tell(read(run))
    run.tell(read(run, { messages: [heard(isLast)], room: last })).tell(recorded({}))
    run.tell(disconnected).tell(...identified)
    while (reading(run)._tag !== "Room") run.tell(read(run))
    expect(reading(run)).toEqual({ _tag: "Room", since: 8 })
    run.tell(read(run, { messages: first === null ? [] : [first], room: first === null ? null : last }))
    expect(run.state.talk.reading).toEqual(again ? { _tag: "Room", since: 0 } : { _tag: "Room", since: 8 })
    expect(said(run)).toEqual([again ? "ReadHub Room" : `RecordMessages ${isLast.id}`])
  })

  test("acknowledges a mailbox only when what it held is recorded, and reads on from there", () => {
    const run = connected()
    const next: Reading = { _tag: "Mailbox", since: 7 }
    run.tell(read(run, { messages: [heard({ way: "direct" })], up_to: 7, next }))
    expect(said(run)).toEqual(["RecordMessages m1"])
    run.tell(recorded({}))
    expect(said(run)).toEqual(["AcknowledgeMailbox 7"])
    run.tell(recorded({ waiting: 1, first_at: T0 })) // another message, which was pushed meanwhile
    expect(said(run)).not.toContain("AcknowledgeMailbox 7")
    run.tell({ _tag: "MailboxAcknowledged", pass: run.state.talk.pass, done: true })
    expect(said(run)).toContain("ReadHub Mailbox")
    expect(reading(run)).toEqual(next)
  })

  test("acknowledges nothing that was not recorded, and reads it again later", () => {
    const run = connected()
    run.tell(read(run, { messages: [heard({ way: "direct" })], up_to: 7 }))
    run.tell({ _tag: "MessagesUnrecorded", reason: "no space" })
    expect(said(run).filter((one) => one.startsWith("Acknowledge"))).toEqual([])
    expect(run.state.talk.behind).toBe(true)
  })

  test("does not repeat an acknowledgement that failed: the mailbox is read again with the next catching up", () => {
    const run = connected()
    run.tell(read(run, { messages: [heard({ way: "direct" })], up_to: 7 })).tell(recorded({}))
    run.tell({ _tag: "MailboxAcknowledged", pass: run.state.talk.pass, done: false })
    expect(said(run)).toEqual([])
    expect(run.state.talk).toMatchObject({ reading: null, to_read: [], behind: true })
  })

  test("forgets what it was reading when the connection is lost: an answer that comes later counts for nothing", () => {
    const run = connected()
    const late = read(run, { messages: [heard({ way: "direct" })], up_to: 7 })
    run.tell(disconnected)
    expect(run.state.talk).toMatchObject({ reading: null, to_read: [] })
    run.tell(...identified).tell(late)
    expect(said(run)).toEqual([])
    expect(reading(run)).toEqual({ _tag: "Mailbox", since: 0 })
  })

  test("leaves the rest for the next time where the hub cannot be read", () => {
    const run = connected()
    run.tell({ _tag: "HubUnread", reading: reading(run), pass: run.state.talk.pass, reason: "HTTP 500" })
    expect(run.state.talk).toMatchObject({ reading: null, to_read: [], behind: true })
    catchUpDue(run)
    expect(reading(run)).toEqual({ _tag: "Mailbox", since: 0 })
    expect(run.state.talk.to_read.map(({ _tag }) => _tag)).toEqual(["History", "Room"])
  })

  test("reads the mailbox once a minute", () => {
    const run = caughtUp()
    catchUpDue(run)
    expect(said(run)).toEqual(["ReadHub Mailbox"])
    expect(run.state.talk.to_read).toEqual([])
  })

  test("begins where the last connection ended, less 30 s", () => {
    const run = caughtUp().tell(disconnected).after(5_000).tell(...identified)
    run.tell(read(run))
    expect(reading(run)).toMatchObject({ _tag: "History", start: T0 - 30_000, end: null, to_us: false })
  })

  test("of a gap over an hour what is to us is read, and its first and last ten minutes with the broadcasts", () => {
    const from = 100 * minute_ms
    const until = from + 90 * minute_ms
    const start = from - 30_000
    expect(readingsOfGap(from, until)).toMatchObject([
      { start, end: null, to_us: true },
      { start, end: start + 10 * minute_ms, to_us: false },
      { start: until - 10 * minute_ms, end: null, to_us: false }
    ])
    expect(readingsOfGap(from, from + 59 * minute_ms)).toMatchObject([{ start, end: null, to_us: false }])
  })

  test("each pong tells how far the hub has been heard, and that is noted each five minutes", () => {
    const run = caughtUp().tell(told(T0 + 5 * minute_ms - 1))
    expect(run.state.talk.known.heard_until).toBe(T0)
    run.tell(told(T0 + 5 * minute_ms))
    expect(said(run)).toEqual(["NoteKnown"])
    expect(run.state.talk.known.heard_until).toBe(T0 + 5 * minute_ms)
  })

  test("but not while something is not read yet: the beginning stays", () => {
    const run = connected().tell(told(T0 + 90 * minute_ms))
    expect(said(run)).toEqual([])
    expect(run.state.talk.known.heard_until).toBe(T0 - 10 * minute_ms)
  })

  test("a sidecar that knows of no message begins ten minutes before the hub told its time", () => {
    const run = connected()
    run.after(24 * 60 * minute_ms).tell(disconnected).tell(...identified).tell(read(run))
    expect(reading(run)).toMatchObject({ _tag: "History", start: T0 - 10 * minute_ms - 30_000 })
  })

  test("knows the last of the room only when it is recorded", () => {
    const run = connected()
    while (reading(run)._tag !== "Room") run.tell(read(run))
    run.tell(read(run, { messages: [heard(isLast)], room: last }))
    expect(run.state.talk.known.room).toBeNull()
    run.tell({ _tag: "MessagesUnrecorded", reason: "no space" })
    expect(run.state.talk.known.room).toBeNull()
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

describe("rule 22: the room", () => {
  const inRoom = (seq: number, sent_at: number) => heard({ id: `room-${seq}-${sent_at}`, way: "room", sent_at })

  /** The room is being read again, by a sidecar that knows its message 7. */
  const again = (): Run => {
    const run = connected()
    run.tell(read(run)).tell(read(run)).tell(read(run, { room: { seq: 7, sent_at: T0 } }))
    run.tell(disconnected, ...identified).tell(read(run)).tell(read(run))
    expect(reading(run)).toEqual({ _tag: "Room", since: 6 })
    return run
  }

  test("is read from the last that we know, which comes first", () => {
    const run = again()
    run.tell(read(run, { messages: [inRoom(7, T0), inRoom(8, T0 + 1)] }))
    expect(said(run)).toEqual([`RecordMessages room-7-${T0} room-8-${T0 + 1}`])
  })

  test.each([
    { what: "another comes first", messages: [inRoom(7, T0 + 5)] },
    { what: "none comes", messages: [] }
  ])("is read from its beginning where $what: its numbers have begun anew", ({ messages: found }) => {
    const run = again()
    run.tell(read(run, { messages: found }))
    expect(said(run)).toEqual(["ReadHub Room"])
    expect(reading(run)).toEqual({ _tag: "Room", since: 0 })
  })

  test("what was said long before we came is nothing that we missed", () => {
    const run = connected()
    run.tell(read(run)).tell(read(run)).tell(read(run, { messages: [inRoom(1, T0 - 11 * minute_ms)] }))
    expect(said(run)).toEqual(["NoteKnown"])
  })
})

describe("rule 22: a message to ourselves, after a dead link", () => {
  const afterDeadLink = (): Run => caughtUp().tell({ _tag: "Disconnected", half_open: true }, ...identified)
  const overdue = (run: Run): Run =>
    run.after(10_000).tell({ _tag: "TimerFired", timer: "self_test", due: run.state.timers.self_test ?? 0 })
  const halfOpenOver = (run: Run): Run =>
    run.after(80_000).tell({ _tag: "TimerFired", timer: "half_open", due: run.state.timers.half_open ?? 0 })

  test("is sent once a connection, and only then", () => {
    expect(said(afterDeadLink())).toContain("TestDelivery")
    expect(said(caughtUp().tell(disconnected, ...identified))).not.toContain("TestDelivery")
  })

  test("that comes back shows that the hub pushes to us", () => {
    const run = afterDeadLink().tell(pushed({ from: "us", type: "self_test" }))
    expect(said(run)).toEqual([])
    expect(run.state.connection.half_open).toBe(false)
    expect(run.state.timers).not.toHaveProperty("half_open")
  })

  test("that does not come back in 10 s: what the hub pushes to the old socket is read each minute", () => {
    const run = overdue(afterDeadLink())
    expect(run.logged).toEqual(["delivery_test_overdue"])
    for (const _ of [1, 2, 3]) {
      while (run.state.talk.reading !== null) run.tell(read(run))
      catchUpDue(run.tell(told(run.now)))
      expect(reading(run)).toEqual({ _tag: "Mailbox", since: 0 })
      expect(run.state.talk.to_read).toMatchObject([{ _tag: "History", start: T0 - 30_000 }, { _tag: "Room" }])
    }
  })

  test("as long as it has not come back, no pong says how far we have heard, and a task does for the message", () => {
    const run = afterDeadLink()
    while (run.state.talk.reading !== null) run.tell(read(run))
    overdue(run).tell(told(T0 + 6 * minute_ms))
    expect(run.state.talk.known.heard_until).toBe(T0)
    run.tell(assigned(A)).tell(told(T0 + 7 * minute_ms))
    expect(run.state.talk).toMatchObject({ self_test: "none", known: { heard_until: T0 + 7 * minute_ms } })
  })

  test("and we connect anew each 90 s until it does", () => {
    const run = halfOpenOver(overdue(afterDeadLink()))
    expect(run.said).toEqual(["Reconnect the link was dead before this one"])
    run.tell(disconnected, ...identified)
    expect(said(run)).toContain("TestDelivery")
  })

  test("that could not be sent shows nothing: we connect anew once", () => {
    const run = halfOpenOver(afterDeadLink().tell({ _tag: "TestDelivered", sent: false }))
    expect(run.said).toEqual(["Reconnect the link was dead before this one"])
    run.tell(disconnected, ...identified)
    expect(said(run)).not.toContain("TestDelivery")
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

const shown = (run: Run): ReadonlyArray<string> =>
  run.commands.flatMap((command) => command._tag === "ShowPresence" ? [command.text] : [])

describe("rule 25: presence", () => {
  test("is told with identify, and shown when it changes", () => {
    const run = caughtUp().after(5_000).tell(assigned(A))
    expect(shown(run)).toEqual(["at work"])
    run.after(5_000).tell({ _tag: "TaskAcknowledged", task_id: A, status: "accepted" })
    expect(shown(run)).toEqual([])
  })

  test("at most once in 5 s", () => {
    const run = caughtUp().tell(assigned(A))
    expect(shown(run)).toEqual([])
    expect(run.state.timers.presence).toBe(T0 + 5_000)
    run.after(5_000).tell({ _tag: "TimerFired", timer: "presence", due: T0 + 5_000 })
    expect(shown(run)).toEqual(["at work"])
  })

  test("why we leave is told before the connection closes", () => {
    const run = caughtUp().tell(saveFailed)
    expect(run.commands.map(line).filter((one) => /Presence|Close/.test(one))).toEqual([
      "ShowPresence paused",
      "CloseConnection"
    ])
  })

  test("is not shown to a hub that does not know the frame", () => {
    const run = caughtUp().tell({
      _tag: "HubRefused",
      error: "validation_failed",
      frame: "presence",
      unknown_type: true
    })
    expect(shown(run.after(5_000).tell(assigned(A)))).toEqual([])
  })

  test("a ping that was refused leaves the frame in flight as it is", () => {
    const run = caughtUp().tell(assigned(A))
    const before = run.state.connection.in_flight
    run.tell({ _tag: "RateLimited", retry_after_ms: 1_000, of_ping: true })
    expect(run.state.connection.in_flight).toEqual(before)
  })
})
