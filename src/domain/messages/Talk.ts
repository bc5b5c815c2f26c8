import * as Schema from "effect/Schema"

/** What the inbox and the outbox hold now. Whatever changes them tells it. Times are in epoch milliseconds. */
export const Held = Schema.Struct({
  waiting: Schema.Int, // messages to be delivered
  first_at: Schema.NullOr(Schema.Finite), // when the first of them came, by our clock
  urgent_at: Schema.NullOr(Schema.Finite), // when the first came that may shorten the wait
  pushed: Schema.NullOr(Schema.Struct({ from: Schema.Finite, until: Schema.Finite })), // the hub's times of what it pushed and its history has not told apart
  outgoing: Schema.Int, // our messages that the hub does not have yet
  missed_from: Schema.NullOr(Schema.Finite) // the hub's time of the first message that a full inbox left out
})
export type Held = typeof Held.Type

export const nothingHeld: Held = {
  waiting: 0,
  first_at: null,
  urgent_at: null,
  pushed: null,
  outgoing: 0,
  missed_from: null
}

/**
 * One request to the hub for messages that were not pushed to us. `cursor` and `since` are the hub's sequence numbers. `start` and
 * `end` are times of its clock. `ways` asks what of a push was for us alone.
 */
export const Reading = Schema.Union([
  Schema.TaggedStruct("Mailbox", { since: Schema.Int }),
  Schema.TaggedStruct("History", {
    start: Schema.Finite,
    end: Schema.NullOr(Schema.Finite),
    cursor: Schema.NullOr(Schema.Int),
    to_us: Schema.Boolean,
    why: Schema.Literals(["gap", "ways"])
  }),
  Schema.TaggedStruct("Room", { since: Schema.Int }),
  Schema.TaggedStruct("ChannelHistory", { channel: Schema.String, since: Schema.Int }),
  Schema.TaggedStruct("Subscriptions", {})
])
export type Reading = typeof Reading.Type

/** How far the inbox knows what the hub has. Kept with the inbox. */
export const Known = Schema.Struct({
  heard_until: Schema.NullOr(Schema.Finite), // all up to this time of the hub's clock is known
  room: Schema.NullOr(Schema.Struct({ seq: Schema.Int, sent_at: Schema.Finite })) // the last that was said in the room
})
export type Known = typeof Known.Type

/** The message that is on its way to the hub, and what is asked: to take it, or whether it has it already. */
export const Sending = Schema.Struct({ key: Schema.String, step: Schema.Literals(["send", "look_up"]) })
export type Sending = typeof Sending.Type

/** The state of the talk with other agents. It is not in `queue.json`: the inbox and the outbox are a database. */
export const Talk = Schema.Struct({
  held: Held,
  known: Known,
  hub_time: Schema.NullOr(Schema.Struct({ at: Schema.Finite, hub: Schema.Finite })), // one moment by our clock and by the hub's
  pass: Schema.Int, // counts connections, so that an answer of an earlier one is told from one of now
  reading: Schema.NullOr(Reading),
  to_read: Schema.Array(Reading),
  delivered_at: Schema.NullOr(Schema.Finite), // when the last delivery began
  choosing: Schema.Boolean, // the store has been asked for the next batch
  held_until: Schema.NullOr(Schema.Finite), // until when hourly limits hold back all that waits
  sending: Schema.NullOr(Sending),
  send_failures: Schema.Int, // in a row, of the message that is sent next
  sends_left: Schema.Finite, // of the bucket, when `sends_at` was
  sends_at: Schema.Finite,
  limited_until: Schema.NullOr(Schema.Finite) // no message is sent before, because the hub refused a request
})
export type Talk = typeof Talk.Type

export const sends_burst = 10

export const noTalk: Talk = {
  held: nothingHeld,
  known: { heard_until: null, room: null },
  hub_time: null,
  pass: 0,
  reading: null,
  to_read: [],
  delivered_at: null,
  choosing: false,
  held_until: null,
  sending: null,
  send_failures: 0,
  sends_left: sends_burst,
  sends_at: 0,
  limited_until: null
}
