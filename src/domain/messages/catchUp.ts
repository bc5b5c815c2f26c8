import { cancelTimers, emit, noop, patchTalk, type Rule, sequence, startTimer, withState } from "../rules.ts"
import type { SidecarState } from "../SidecarState.ts"
import { historiesOf, readingOfChannels, subscriptionsRead } from "./channels.ts"
import { hubNow, hubTimeTold } from "./hubClock.ts"
import { type InboxMessage, roomId } from "./InboxMessage.ts"
import { record } from "./receiving.ts"
import { mayReachHub } from "./sending.ts"
import type { Known, Reading, Talk } from "./Talk.ts"

export const catch_up_ms = 60_000 // between two readings of the mailbox
const overlap_ms = 30_000 // of the history with what is known: the end of a link may have lost what was pushed
const long_gap_ms = 60 * 60_000
const edge_ms = 10 * 60_000 // at both ends of a long gap the history is read whole, for its broadcasts
const longest_acquaintance_ms = 24 * 60 * 60_000 // that is believed, as our clock may have been set meanwhile
const note_ms = 5 * 60_000 // between two notes of how far the hub has been heard

const mailbox: Reading = { _tag: "Mailbox", since: 0 }

const history = (start: number, end: number | null, to_us: boolean): Reading => ({
  _tag: "History",
  start,
  end,
  cursor: null,
  to_us,
  why: "gap"
})

/** Rule 22: the readings of the history for what was not heard since `from`. Both are times of the hub's clock. */
export const readingsOfGap = (from: number, until: number): ReadonlyArray<Reading> => {
  const start = from - overlap_ms
  return until - start <= long_gap_ms
    ? [history(start, null, false)]
    : [history(start, null, true), history(start, start + edge_ms, false), history(until - edge_ms, null, false)]
}

/** From one before the last that is known, which shows whether the numbers have begun anew. */
const room = ({ known }: Talk): Reading => ({ _tag: "Room", since: known.room === null ? 0 : known.room.seq - 1 })

/** Rule 22: a sidecar that knows of no message begins some minutes before it met the hub, which may tell its time much later. */
const beginning = ({ talk: { hub_clock, met_at } }: SidecarState, now: number): number => {
  const { at, hub_time } = hub_clock ?? { at: now, hub_time: now }
  const acquaintance_ms = met_at === null ? 0 : Math.max(0, Math.min(at - met_at, longest_acquaintance_ms))
  return hub_time - acquaintance_ms - edge_ms
}

/** Rule 22: since when something may have been missed, by the hub's clock. */
const missedFrom = (state: SidecarState, now: number): number =>
  state.talk.held.missed_from ?? state.talk.known.heard_until ?? beginning(state, now)

/** Rule 22: what may have been missed. The room comes last. */
const whatWasMissed = (state: SidecarState, now: number): ReadonlyArray<Reading> => [
  mailbox,
  ...readingsOfGap(missedFrom(state, now), hubNow(state, now)),
  ...readingOfChannels(state.policy.messages.channels, state.talk.known.channels),
  room(state.talk)
]

const readWhatWasMissed: Rule = withState((state, now) => patchTalk({ to_read: whatWasMissed(state, now) }))

/**
 * Rule 22: a new connection. What was being read on an earlier one is begun anew, as soon as the hub has told its time, as our clock
 * may be wrong. If it does not tell it, that is done a minute later.
 */
export const catchUp: Rule = withState(({ talk: { met_at, pass } }, now) =>
  sequence(
    patchTalk({
      met_at: met_at ?? now,
      pass: pass + 1,
      reading: null,
      page: null,
      to_read: [],
      told: false,
      behind: true
    }),
    startTimer("catch_up", catch_up_ms)
  )
)

/**
 * Rule 22: once a minute the mailbox is read again, and whether our channels have us, which may have been made since. All that was
 * missed is read where that was not read to its end, or where the hub may push to an old socket of ours.
 */
export const catchUpDue: Rule = withState(({ connection: { half_open }, policy, talk }) => {
  const { behind, known, reading, to_read } = talk
  const isReading = reading !== null || to_read.length > 0
  const due = behind || half_open
    ? readWhatWasMissed
    : patchTalk({ to_read: [mailbox, ...readingOfChannels(policy.messages.channels, known.channels)] })
  return sequence(startTimer("catch_up", catch_up_ms), isReading ? noop : due)
})

/** The connection is gone, and with it what was asked on it. */
export const talkDisconnected: Rule = sequence(
  patchTalk({ reading: null, page: null, to_read: [], asked: null, to_ask: [], shown: null, self_test: "none" }),
  cancelTimers("presence", "self_test")
)

const note = (known: Known, missed_until: number | null = null): Rule =>
  sequence(patchTalk({ known }), emit({ _tag: "NoteKnown", known, missed_until }))

/**
 * Rule 22: all that was missed has been read. From now on the hub pushes. All is known up to the hub's time that it told last: our
 * clock may be wrong, and the link may be dead since. While the hub may push to an old socket of ours, it is not.
 */
const caughtUp: Rule = withState((state, now) => {
  const { connection: { half_open }, talk: { held: { missed_from }, hub_clock, known } } = state
  return sequence(
    patchTalk({ behind: false }),
    note(
      { ...known, heard_until: half_open || hub_clock === null ? known.heard_until : hub_clock.hub_time },
      missed_from === null ? null : hubNow(state, now)
    )
  )
})

/** Rule 22: with each pong after that, all up to its time is known. Until then the beginning stays where it was. */
const heardUntil = (hub_time: number): Rule =>
  withState((state, now) => {
    const { connection: { half_open, phase }, talk: { behind, known } } = state
    if (known.heard_until === null) return note({ ...known, heard_until: beginning(state, now) })
    const isHeard = phase === "identified" && !half_open && !behind
    return isHeard && hub_time - known.heard_until >= note_ms ? note({ ...known, heard_until: hub_time }) : noop
  })

/** Rule 22: the hub told its time. The first time on a connection, what was missed is read. */
export const hubTold = (hub_time: number): Rule =>
  sequence(
    hubTimeTold(hub_time),
    heardUntil(hub_time),
    withState(({ connection, talk: { told } }) =>
      told || connection.phase !== "identified" ? noop : sequence(patchTalk({ told: true }), readWhatWasMissed)
    )
  )

/** What the hub pushed and its history does not call direct was a broadcast. */
const settlePushed = (reading: Reading): Rule =>
  reading._tag === "History" && reading.why === "ways" && reading.end !== null
    ? emit({ _tag: "SettlePushed", until: reading.end })
    : noop

/** The reading goes on with its next page, or is over. */
const readOn = (reading: Reading, next: Reading | null): Rule =>
  withState(({ talk: { to_read } }) =>
    sequence(
      patchTalk({ reading: null, page: null, to_read: next === null ? to_read : [next, ...to_read] }),
      next === null ? settlePushed(reading) : noop,
      next === null && reading._tag === "Room" ? caughtUp : noop
    )
  )

/** Rule 22: the page is recorded. A mailbox is acknowledged only now, and never while we stay away (rule 13). */
export const pageRecorded: Rule = withState(({ connection: { phase }, talk: { known, page, pass, reading } }) => {
  if (reading === null || page?.step !== "recording") return noop
  return reading._tag === "Mailbox" && page.up_to !== null && phase === "identified"
    ? sequence(
      patchTalk({ page: { ...page, step: "acknowledging" } }),
      emit({ _tag: "AcknowledgeMailbox", up_to: page.up_to, pass })
    )
    : sequence(patchTalk({ known: { ...known, room: page.room ?? known.room } }), readOn(reading, page.next))
})

/** A rule about the reading that is under way on this connection. */
const withReading = (pass: number, rule: (reading: Reading) => Rule): Rule =>
  withState(({ talk }) => talk.pass === pass && talk.reading !== null ? rule(talk.reading) : noop)

/** What a reading found. */
export interface Found {
  readonly messages: ReadonlyArray<InboxMessage>
  readonly up_to: number | null // the last entry of the mailbox that was read
  readonly next: Reading | null
  readonly room: Known["room"]
  readonly channels: ReadonlyArray<string> | null
  readonly is_full: boolean
}

/** Rule 22: the room's numbers have begun anew if the first entry is not the last one that we know. */
const hasBegunAnew = (reading: Reading, [first]: ReadonlyArray<InboxMessage>, { room: last }: Known): boolean =>
  reading._tag === "Room" && reading.since > 0 && last !== null && first?.id !== roomId(last.seq, last.sent_at)

/** The histories of room and channels go far back. What was said before we began to listen is nothing that we missed. */
const missed = (
  reading: Reading,
  messages: ReadonlyArray<InboxMessage>
): (state: SidecarState, now: number) => ReadonlyArray<InboxMessage> =>
(state, now) =>
  reading._tag !== "Room" && reading._tag !== "ChannelHistory"
    ? messages
    : messages.filter(({ sent_at }) => sent_at >= missedFrom(state, now) - overlap_ms)

/** Rule 22: what a reading found. */
export const hubRead = (pass: number, { channels, is_full, messages, next, room: lastInRoom, up_to }: Found): Rule =>
  withReading(pass, (reading) =>
    withState((state, now) => {
      const { known, to_read } = state.talk
      if (hasBegunAnew(reading, messages, known)) {
        return patchTalk({
          reading: null,
          to_read: [{ _tag: "Room", since: 0 }, ...to_read],
          known: { ...known, room: null }
        })
      }
      const found = missed(reading, messages)(state, now)
      return sequence(
        patchTalk({
          page: { step: "recording", up_to, next, room: lastInRoom },
          to_read: is_full ? [...historiesOf(state.policy.messages.channels), ...to_read] : to_read
        }),
        channels === null ? noop : subscriptionsRead(channels),
        found.length === 0 ? pageRecorded : record(found)
      )
    }))

/** What is left to be read waits for the next catching up. */
export const readLater: Rule = patchTalk({ reading: null, page: null, to_read: [], behind: true })

/** Rule 22: the hub could not be read. Of what it pushed, nothing counts as direct then. */
export const hubUnread = (pass: number): Rule =>
  withReading(
    pass,
    (reading) => reading._tag === "History" && reading.why === "ways" ? readOn(reading, null) : readLater
  )

/** Rule 22: an acknowledgement that failed is not repeated. The mailbox is read again. */
export const mailboxAcknowledged = (pass: number, done: boolean): Rule =>
  withReading(
    pass,
    (reading) => withState(({ talk: { page } }) => done && page !== null ? readOn(reading, page.next) : readLater)
  )

/** Rule 17: whether what was pushed is for us alone is asked before anything else. */
const askOfWays = ({ talk: { held: { pushed }, reading, to_read } }: SidecarState): ReadonlyArray<Reading> => {
  const isAsked = [reading, ...to_read].some((one) => one?._tag === "History" && one.why === "ways")
  return pushed === null || isAsked
    ? []
    : [{ _tag: "History", start: pushed.from, end: pushed.until, cursor: null, to_us: true, why: "ways" }]
}

/** Rule 22, after every message: the next reading begins when the last one is over. One at a time. */
export const readNext: Rule = withState((state) => {
  const { pass, reading, to_read } = state.talk
  if (reading !== null || !mayReachHub(state)) return noop
  const [next, ...left] = [...askOfWays(state), ...to_read]
  return next === undefined
    ? noop
    : sequence(patchTalk({ reading: next, to_read: left }), emit({ _tag: "ReadHub", reading: next, pass }))
})
