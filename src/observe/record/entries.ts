import type * as Clock from "effect/Clock"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { JsonObject } from "../../domain/Work.ts"
import { limits } from "../../limits.ts"
import { briefOf } from "../../replay/briefOf.ts"
import { briefOfState } from "../../replay/briefOfState.ts"
import type { Entry } from "../../replay/format.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import { parseBounded } from "../../text/bounded.ts"
import { isJsonObject } from "../../text/exact.ts"

const jsonObject = (text: string): JsonObject | undefined =>
  Option.getOrUndefined(Option.filter(Result.getSuccess(parseBounded(text)), isJsonObject))

const stepEntry = ({ after, at, before, commands, message, saved }: Step): Entry => {
  const state = briefOfState(after)
  const told = { commands: commands.map(briefOf), state: state === briefOfState(before) ? null : state }
  return { t: at, dir: "step", msg: message, told, saved }
}

const entryOf = (event: ActorEvent, t: number, cleaned: (text: string) => string): Entry => {
  switch (event._tag) {
    case "FrameIn": {
      const msg = jsonObject(event.text)
      return msg === undefined
        ? { t, dir: "in", unreadable: cleaned(event.text).slice(0, limits.record_excerpt_chars) }
        : { t, dir: "in", msg }
    }
    case "BinaryIn":
      return { t, dir: "in", unreadable: `binary, ${event.bytes} bytes` }
    case "FrameOut":
      return { t, dir: "out", msg: jsonObject(event.text) ?? {} }
    case "Stepped":
      return stepEntry(event.step)
  }
}

const nanos_per_milli = 1e6

/**
 * What is to be recorded of each event, in order, and first by how much the machine's clock was set since the last one.
 * `cleaned` takes the secret out of a text before it is cut.
 */
export const makeEntries = (clock: Clock.Clock, cleaned: (text: string) => string) => {
  const look = () => ({
    wall: clock.currentTimeMillisUnsafe(),
    elapsed: Number(clock.monotonicTimeNanosUnsafe()) / nanos_per_milli
  })
  let last = look()
  return (event: ActorEvent): ReadonlyArray<Entry> => {
    const now = look()
    const entry = entryOf(event, now.wall, cleaned)
    const by_ms = Math.round(now.wall - last.wall - (now.elapsed - last.elapsed))
    last = now
    const isSet = Math.abs(by_ms) > limits.record_clock_jump_ms
    return isSet ? [{ t: entry.t, dir: "local", msg: { _tag: "ClockJumped", by_ms } }, entry] : [entry]
  }
}
