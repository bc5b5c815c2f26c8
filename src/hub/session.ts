import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import type { HubCommand } from "../domain/Command.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import type { HubMessage } from "../domain/Message.ts"
import { limits } from "../limits.ts"
import type { Incoming } from "../protocol/incoming.ts"
import type { Identity } from "../protocol/outgoing.ts"
import { encodeCommand } from "../protocol/outgoing.ts"
import type { HideSecrets } from "../secrets/outgoing.ts"
import { makeHeartbeat } from "./heartbeat.ts"
import type { LargeFrames } from "./largeFrames.ts"
import type { HubSocket, SocketEvent } from "./socket.ts"
import { takeIn } from "./takeIn.ts"
import type { Timing } from "./timing.ts"

/** Longest piece of a frame that is put into the log. */
const excerpt_chars = 200

/** Why a connection ended: it closed, we closed it, the hub refused who we say we are, or the heartbeat found it dead. */
export type SessionEnd =
  | { readonly _tag: "Closed"; readonly code: number; readonly reason: string }
  | { readonly _tag: "Left"; readonly reason: string }
  | { readonly _tag: "Refused"; readonly reason: string }
  | { readonly _tag: "HalfOpen"; readonly after_ms: number }

/** One connection, from its opening to its end. */
export interface Session {
  /** Reads the connection until it ends, and says why. */
  readonly run: Effect.Effect<SessionEnd>
  readonly isIdentified: Effect.Effect<boolean>
  /** Sends one frame: `Identify` once and first, the others once the hub has answered it; out of turn it does nothing. */
  readonly send: (command: HubCommand) => Effect.Effect<void>
  readonly leave: (reason: string) => Effect.Effect<void>
}

export interface SessionTools {
  readonly identity: Identity
  readonly hideSecrets: HideSecrets
  readonly timing: Timing
  readonly large_frames: LargeFrames
  readonly emit: (message: HubMessage) => Effect.Effect<void>
  readonly log: (event: LifecycleEvent) => Effect.Effect<void>
}

type Phase = "connected" | "identifying" | "identified"

/** The beginning of a text, without the token, should the hub have sent it back to us. */
const excerptOf = (text: string, token: string): string =>
  text.slice(0, excerpt_chars + token.length).replaceAll(token, "<redacted>").slice(0, excerpt_chars)

const carryOn: Option.Option<SessionEnd> = Option.none()
const ended = (end: SessionEnd): Effect.Effect<Option.Option<SessionEnd>> => Effect.succeedSome(end)

interface Ears {
  readonly isIdentified: Effect.Effect<boolean>
  readonly onIdentified: Effect.Effect<void>
  readonly onPong: Effect.Effect<unknown>
}

/** What to do about one thing that came out of the socket; the end of the session is the answer, if it is one. */
const listener = ({ emit, identity, large_frames, log }: SessionTools, ears: Ears) => {
  const token = Redacted.value(identity.token)

  const onIncoming = (incoming: Incoming): Effect.Effect<Option.Option<SessionEnd>> => {
    switch (incoming._tag) {
      case "Identified":
        return Effect.as(ears.onIdentified, carryOn)
      case "Pong":
        return Effect.as(ears.onPong, carryOn)
      case "IdentifyRefused":
        return ended({ _tag: "Refused", reason: incoming.reason })
      case "HubRefused":
        return Effect.flatMap(
          ears.isIdentified,
          (identified) =>
            identified ? Effect.as(emit(incoming), carryOn) : ended({ _tag: "Refused", reason: incoming.error })
        )
      case "AgentLeft":
        return ears.isIdentified.pipe(
          Effect.flatMap((identified) =>
            identified && incoming.agent_id === identity.agent_id ? emit({ _tag: "HubLostUs" }) : Effect.void
          ),
          Effect.as(carryOn)
        )
      case "Ignored": {
        const ignored = log({ event: "frame_ignored", type: excerptOf(incoming.type, token) })
        return incoming.known ? Effect.succeed(carryOn) : Effect.as(ignored, carryOn)
      }
      default:
        return Effect.as(emit(incoming), carryOn)
    }
  }

  return (event: SocketEvent): Effect.Effect<Option.Option<SessionEnd>> => {
    switch (event._tag) {
      case "Closed":
        return ended(event)
      case "Binary":
        return Effect.as(log({ event: "frame_ignored", type: `binary, ${event.bytes} bytes` }), carryOn)
      case "Text":
        return Effect.flatMap(
          takeIn(event.text, large_frames),
          Result.match({
            onFailure: ({ reason }) =>
              Effect.as(log({ event: "frame_undecodable", reason, excerpt: excerptOf(event.text, token) }), carryOn),
            onSuccess: onIncoming
          })
        )
    }
  }
}

/** Whether a command may go out now, and what that makes of the phase. */
const turn = (phase: Phase, command: HubCommand): [mayGo: boolean, next: Phase] => {
  if (command._tag !== "Identify") return [phase === "identified", phase]
  return phase === "connected" ? [true, "identifying"] : [false, phase]
}

export const makeSession = Effect.fnUntraced(function*(socket: HubSocket, tools: SessionTools) {
  const { emit, hideSecrets, identity, large_frames, log, timing } = tools
  const phase = yield* Ref.make<Phase>("connected")
  const identified = yield* Deferred.make<void>()
  const left = yield* Deferred.make<SessionEnd>()
  const refusals = yield* Queue.dropping<HubMessage>(limits.pending_exchanges)
  const heartbeat = yield* makeHeartbeat(socket, timing)

  const leave = (reason: string) => Effect.asVoid(Deferred.succeed(left, { _tag: "Left", reason }))
  const isIdentified = Effect.map(Ref.get(phase), (now) => now === "identified")
  const onIdentified = Effect.gen(function*() {
    if ((yield* Ref.getAndSet(phase, "identified")) === "identified") return
    yield* log({ event: "identified" })
    yield* Deferred.succeed(identified, undefined)
    yield* emit({ _tag: "Identified" })
  })

  const transmit = Effect.fnUntraced(function*(command: HubCommand) {
    if ((yield* socket.unsentBytes) > limits.max_frame_bytes) return yield* leave("the hub takes no more data")
    const { frame, hidden } = yield* Effect.try(() => {
      const hiding = hideSecrets(command)
      return { frame: encodeCommand(hiding.safe, identity), hidden: hiding.hidden }
    }).pipe(Effect.orElseSucceed(() => ({ frame: null, hidden: null })))
    if (hidden !== null) yield* log({ event: "secret_hidden", ...hidden })
    const bytes = frame === null ? 0 : Buffer.byteLength(frame)
    if (frame !== null && bytes <= limits.max_sent_frame_bytes) return yield* socket.send(frame)
    if (bytes > 0) yield* log({ event: "hub_error", error: `a frame of ${bytes} bytes is more than the hub takes` })
    // What cannot be written as JSON would be refused by the hub in these words, so the rules hear them from here.
    yield* Queue.offer(refusals, { _tag: "HubRefused", error: "invalid_json", message_type: null, unknown_type: false })
  })

  /** Who accepts a task has it on disk. */
  const afterwards = ({ _tag }: HubCommand) =>
    _tag === "AcceptTask" || _tag === "RejectTask" ? large_frames.end : Effect.void

  const listen = listener(tools, { isIdentified, onIdentified, onPong: heartbeat.pong })
  const read = Effect.gen(function*() {
    while (true) {
      const end = yield* listen(yield* socket.receive)
      if (Option.isSome(end)) return end.value
    }
  })
  const notIdentified: SessionEnd = { _tag: "Left", reason: `not identified within ${timing.identify_timeout_ms} ms` }
  const dead: SessionEnd = { _tag: "HalfOpen", after_ms: timing.pong_timeout_ms }
  const watch = Deferred.await(identified).pipe(
    Effect.timeoutOption(timing.identify_timeout_ms),
    Effect.map(Option.isSome),
    Effect.flatMap((inTime): Effect.Effect<SessionEnd> =>
      inTime ? Effect.as(heartbeat.untilDead, dead) : Effect.succeed(notIdentified)
    )
  )
  const passRefusalsOn = Effect.forever(Effect.flatMap(Queue.take(refusals), emit))

  return {
    run: Effect.ensuring(
      Effect.raceAllFirst([read, watch, Deferred.await(left), passRefusalsOn]),
      large_frames.end
    ),
    isIdentified,
    leave,
    send: (command) =>
      Effect.flatMap(
        Ref.modify(phase, (now) => turn(now, command)),
        (mayGo) => mayGo ? Effect.andThen(transmit(command), afterwards(command)) : Effect.void
      )
  } satisfies Session
})
