import * as Schema from "effect/Schema"
import { HeldBack } from "./choose.ts"
import { Held } from "./Talk.ts"

/** A message of the inbox, as a list for people shows it. Long texts are cut. Times are in epoch milliseconds. */
export const Listed = Schema.Struct({
  id: Schema.String,
  way: Schema.String,
  channel: Schema.NullOr(Schema.String),
  from: Schema.String,
  type: Schema.String,
  said: Schema.String, // the beginning of its text, or of its payload as JSON
  heard_at: Schema.Finite,
  state: Schema.String,
  reason: Schema.NullOr(Schema.String)
})
export type Listed = typeof Listed.Type

/** The last messages of the inbox, the newest last, what is held, and what the hourly limits hold back of it now. */
export const Listing = Schema.Struct({ held: Held, held_back: Schema.Array(HeldBack), messages: Schema.Array(Listed) })
export type Listing = typeof Listing.Type
