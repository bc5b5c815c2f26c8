import { describe, expect, test } from "vitest"
import { readingsOfGap } from "../../../src/domain/messages/catchUp.ts"
import type { Reading } from "../../../src/domain/messages/Talk.ts"
import { A, assigned, disconnected, type Run, T0 } from "../support.ts"
import {
  catchUpDue,
  caughtUp,
  connected,
  heard,
  identified,
  minute_ms,
  pushed,
  read,
  reading,
  recorded,
  said,
  told,
  untold
} from "./talk.ts"

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

  const day_minutes = 24 * 60
  test.each([
    { later: 45, clock: "right", earlier: 45 },
    { later: 366 * day_minutes, clock: "set ahead by a year", earlier: day_minutes },
    { later: -60, clock: "set back by an hour", earlier: 0 }
  ])(
    "if the hub tells it on a later connection, $later min later by a clock that is $clock, $earlier min earlier",
    ({ earlier, later }) => {
      const run = untold().after(later * minute_ms).tell(disconnected, { _tag: "Connected" }, { _tag: "Identified" })
      run.tell(told(T0))
      expect(run.state.talk.known.heard_until).toBe(T0 - (10 + earlier) * minute_ms)
    }
  )

  test("knows the last of the room only when it is recorded", () => {
    const run = connected()
    while (reading(run)._tag !== "Room") run.tell(read(run))
    run.tell(read(run, { messages: [heard(isLast)], room: last }))
    expect(run.state.talk.known.room).toBeNull()
    run.tell({ _tag: "MessagesUnrecorded", reason: "no space" })
    expect(run.state.talk.known.room).toBeNull()
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

  test("that was sent is waited for", () => {
    const run = afterDeadLink().tell({ _tag: "TestDelivered", sent: true })
    expect(run.state.talk.self_test).toBe("sent")
    expect(run.state.timers).toHaveProperty("self_test")
  })

  test("that could not be sent shows nothing: we connect anew once", () => {
    const run = halfOpenOver(afterDeadLink().tell({ _tag: "TestDelivered", sent: false }))
    expect(run.said).toEqual(["Reconnect the link was dead before this one"])
    run.tell(disconnected, ...identified)
    expect(said(run)).not.toContain("TestDelivery")
  })
})
