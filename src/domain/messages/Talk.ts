import * as Schema from "effect/Schema"

/** What the inbox and the outbox hold now. Whatever changes them tells it. Times are in epoch milliseconds. */
export const Held = Schema.Struct({
  revision: Schema.Int, // grows while a daemon lives, so that of two the newer is known
  waiting: Schema.Int, // messages to be delivered
  first_at: Schema.NullOr(Schema.Finite), // when the first of them came, by our clock
  urgent_at: Schema.NullOr(Schema.Finite), // when the first came that may shorten the wait
  pushed: Schema.NullOr(Schema.Struct({ from: Schema.Finite, until: Schema.Finite })), // the hub's times of what it pushed and its history has not told apart
  outgoing: Schema.Int, // our messages that the hub does not have yet
  missed_from: Schema.NullOr(Schema.Finite) // the hub's time of the first message that a full inbox left out
})
export type Held = typeof Held.Type

export const nothingHeld: Held = {
  revision: 0,
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
  room: Schema.NullOr(Schema.Struct({ seq: Schema.Int, sent_at: Schema.Finite })), // the last that was said in the room
  channels: Schema.Array(Schema.String) // that we have subscribed to
})
export type Known = typeof Known.Type

export const nothingKnown: Known = { heard_until: null, room: null, channels: [] }

/** A frame about our channels. It gets one answer, in the order of the frames about the task. */
export const TalkFrame = Schema.Union([
  Schema.TaggedStruct("Subscribe", { channel: Schema.String }),
  Schema.TaggedStruct("Unsubscribe", { channel: Schema.String })
])
export type TalkFrame = typeof TalkFrame.Type

/** What one reading found. It is recorded, and of the mailbox acknowledged by the number `up_to`, before the next one begins. */
export const Page = Schema.Struct({
  step: Schema.Literals(["recording", "acknowledging"]),
  up_to: Schema.NullOr(Schema.Int),
  next: Schema.NullOr(Reading),
  room: Known.fields.room // the last that was said there
})
export type Page = typeof Page.Type

/** The state of the talk with other agents. It is not in `queue.json`: the inbox and the outbox are a database. */
export const Talk = Schema.Struct({
  held: Held,
  known: Known,
  hub_clock: Schema.NullOr(Schema.Struct({ at: Schema.Finite, hub_time: Schema.Finite })), // one moment by both clocks
  met_at: Schema.NullOr(Schema.Finite), // when the hub first identified us, by our clock
  pass: Schema.Int, // counts connections, so that an answer of an earlier one is told from one of now
  reading: Schema.NullOr(Reading),
  page: Schema.NullOr(Page),
  to_read: Schema.Array(Reading),
  told: Schema.Boolean, // the hub has told its time on this connection
  behind: Schema.Boolean, // something that the hub has is not read or not recorded yet
  asked: Schema.NullOr(TalkFrame), // in flight
  to_ask: Schema.Array(TalkFrame),
  shown: Schema.NullOr(Schema.Struct({ text: Schema.String, at: Schema.Finite })), // the presence that the hub has, and since when by our clock
  self_test: Schema.Literals(["none", "sent", "failed", "overdue"]), // whether a message to ourselves comes back, after a dead link
  delivered_at: Schema.NullOr(Schema.Finite), // when the last delivery began
  choosing: Schema.Boolean, // the store has been asked for the next batch
  held_until: Schema.NullOr(Schema.Finite), // until when hourly limits hold back all that waits
  sending: Schema.Boolean,
  send_failures: Schema.Int, // in a row, of the message that is sent next
  send_after: Schema.Finite, // no message is sent before
  sends: Schema.Struct({ left: Schema.Finite, at: Schema.Finite }) // of the bucket, and when it was counted
})
export type Talk = typeof Talk.Type

export const sends_burst = 10 // messages that may be sent at once

export const noTalk: Talk = {
  held: nothingHeld,
  known: nothingKnown,
  hub_clock: null,
  met_at: null,
  pass: 0,
  reading: null,
  page: null,
  to_read: [],
  told: false,
  behind: false,
  asked: null,
  to_ask: [],
  shown: null,
  self_test: "none",
  delivered_at: null,
  choosing: false,
  held_until: null,
  sending: false,
  send_failures: 0,
  send_after: 0,
  sends: { left: sends_burst, at: 0 }
}
