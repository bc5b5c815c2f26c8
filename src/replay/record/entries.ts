import type * as Clock from "effect/Clock"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import type { SidecarState } from "../../domain/SidecarState.ts"
import type { JsonObject } from "../../domain/Task.ts"
import { parseBounded } from "../../json/bounded.ts"
import { isJsonObject } from "../../json/exact.ts"
import { limits } from "../../limits.ts"
import type { Sight, Step } from "../../services/Witness.ts"
import { briefOf } from "../briefOf.ts"
import { briefOfState } from "../briefOfState.ts"
import type { Entry } from "../format.ts"
import { isLocalFact } from "../LocalFact.ts"
import { makeRest } from "./rest.ts"

const jsonObject = (text: string): JsonObject | undefined =>
  Option.getOrUndefined(Option.filter(Result.getSuccess(parseBounded(text)), isJsonObject))

/**
 * A step is recorded by its message, and by what was decided on it and the state that this has led to. Where the message
 * is a frame of the hub, the frame is there already, maybe since a while, so that the decision names it.
 */
const ofStep = ({ after, at, before, commands, message }: Step): ReadonlyArray<Entry> => {
  const state = briefOfState(after)
  const isNothing = commands.length === 0 && state === briefOfState(before)
  const decided = { commands: commands.map(briefOf), ...isNothing ? {} : { state } }
  if (!isLocalFact(message)) return [{ t: at, dir: "local", msg: { _tag: "Decided", on: message._tag, ...decided } }]
  const told: Entry = { t: at, dir: "local", msg: message }
  return isNothing ? [told] : [told, { t: at, dir: "local", msg: { _tag: "Decided", ...decided } }]
}

const ofSight = (sight: Sight, t: number, cleaned: (text: string) => string): ReadonlyArray<Entry> => {
  switch (sight._tag) {
    case "FrameIn": {
      const msg = jsonObject(sight.text)
      if (msg !== undefined) return [{ t, dir: "in", msg }]
      return [{ t, dir: "in", unreadable: cleaned(sight.text).slice(0, limits.record_excerpt_chars) }]
    }
    case "BinaryIn":
      return [{ t, dir: "in", unreadable: `binary, ${sight.bytes} bytes` }]
    case "FrameOut":
      return [{ t, dir: "out", msg: jsonObject(sight.text) ?? {} }]
    case "FrameUnsendable":
      return [{ t, dir: "local", msg: { _tag: "FrameUnsendable", command: sight.type } }]
    case "Opened":
      return [{ t, dir: "local", msg: { _tag: "ConnectionOpened" } }]
    case "Closed":
      return [{ t, dir: "local", msg: { _tag: "ConnectionClosed" } }]
    case "Stepped":
      return ofStep(sight.step)
  }
}

const continuedAt = (t: number, state: SidecarState): Entry => ({
  t,
  dir: "local",
  msg: { _tag: "Continued", state: Struct.omit(state, ["policy"]) }
})

const nanos_per_milli = 1e6

/**
 * What is to be recorded of each sight, in order, and first by how much the machine's clock was set since the last one.
 * `cleaned` takes the secret out of a text before it is cut. Where `lacksState` says so, the state is told as soon as the
 * sidecar is at nothing.
 */
export const makeEntries = (
  clock: Clock.Clock,
  cleaned: (text: string) => string,
  lacksState: () => boolean = () => false
) => {
  const look = () => ({
    wall: clock.currentTimeMillisUnsafe(),
    elapsed: Number(clock.monotonicTimeNanosUnsafe()) / nanos_per_milli
  })
  let last = look()
  const restBefore = makeRest()
  return (sight: Sight): ReadonlyArray<Entry> => {
    const now = look()
    const entries = ofSight(sight, now.wall, cleaned)
    const by_ms = Math.round(now.wall - last.wall - (now.elapsed - last.elapsed))
    last = now
    const [first] = entries
    if (first === undefined) return entries
    const rest = restBefore(sight, now.elapsed)
    const isSet = Math.abs(by_ms) > limits.record_clock_jump_ms
    return [
      ...isSet ? [{ t: first.t, dir: "local", msg: { _tag: "ClockJumped", by_ms } } as const] : [],
      ...rest !== null && lacksState() ? [continuedAt(first.t, rest)] : [],
      ...entries
    ]
  }
}
