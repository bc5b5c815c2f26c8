import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { HubCommand } from "../domain/Command.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { domainLimits } from "../domain/limits.ts"
import type { HubMessage } from "../domain/Message.ts"
import type { Incoming } from "../protocol/incoming.ts"
import { encodeCommand, type Identity, max_sent_frame_bytes, pingFrame } from "../protocol/outgoing.ts"
import type { HideSecrets } from "../secrets/outgoing.ts"
import { type LargeFrames, takeIn } from "./largeFrames.ts"
import type { HubSocket, SocketEvent } from "./socket.ts"
import { max_frame_bytes } from "./socket.ts"
import type { Timing } from "./timing.ts"

/** How much of a frame the log shows, in characters. */
const excerpt_chars = 200

/** Why a connection ended: it closed, we closed it, the hub refused to identify us, or the heartbeat found it dead. */
export type SessionEnd =
  | { readonly _tag: "Closed"; readonly code: number; readonly reason: string }
  | { readonly _tag: "Left"; readonly reason: string }
  | { readonly _tag: "Refused"; readonly reason: string }
  | { readonly _tag: "HalfOpen"; readonly after_ms: number }

/** What is said and heard on one open socket. */
export interface Session {
  /** Reads the socket until the session ends, and returns why. */
  readonly run: Effect.Effect<SessionEnd>
  readonly isIdentified: Effect.Effect<boolean>
  /** Sends one frame: `Identify` first and once, the others after the hub's answer to it. Out of turn it does nothing. */
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

/**
 * The heartbeat of the protocol, in JSON frames. While frames of the hub wait to be read, a missing pong is no sign of a
 * dead connection: we are slow, and the pong gets its full time again once nothing is unread.
 */
const makeHeartbeat = Effect.fnUntraced(function*(socket: HubSocket, timing: Timing) {
  const answered = yield* Latch.make(false)
  const pongInTime = answered.await.pipe(Effect.timeoutOption(timing.pong_timeout_ms), Effect.map(Option.isSome))
  /** Whether no pong comes for a whole `pong_timeout_ms` that has nothing unread at its start and its end. */
  const silent = (wasUnread: boolean): Effect.Effect<boolean> =>
    Effect.flatMap(
      Effect.all([pongInTime, socket.hasUnread]),
      ([inTime, isUnread]) =>
        inTime ? Effect.succeed(false) : isUnread || wasUnread ? silent(isUnread) : Effect.succeed(true)
    )
  const beat = answered.close.pipe(
    Effect.andThen(socket.send(pingFrame)),
    Effect.andThen(socket.hasUnread),
    Effect.flatMap(silent)
  )
  const everyInterval = Schedule.fixed(timing.ping_interval_ms).pipe(
    Schedule.setInputType<boolean>(),
    Schedule.while(({ input: dead }) => !dead)
  )
  return {
    /** To be run at each pong. */
    onPong: answered.open,
    /** Asks at once for the hub's time. Then sends a ping each interval, until the hub leaves one unanswered. */
    untilDead: Effect.andThen(socket.send(pingFrame), Effect.scheduleFrom(beat, false, everyInterval))
  }
})

type Phase = "connected" | "identifying" | "identified"

/** Whether a command may be sent in a phase, and the phase after it. */
const turn = (phase: Phase, command: HubCommand): [maySend: boolean, next: Phase] => {
  if (command._tag !== "Identify") return [phase === "identified", phase]
  return phase === "connected" ? [true, "identifying"] : [false, phase]
}

/** The beginning of a text, without the token, which the hub may have sent back to us. */
const excerptOf = (text: string, token: string): string =>
  text.slice(0, excerpt_chars + token.length).replaceAll(token, "<redacted>").slice(0, excerpt_chars)

interface Reactions {
  readonly isIdentified: Effect.Effect<boolean>
  readonly onIdentified: Effect.Effect<void>
  readonly onPong: Effect.Effect<unknown>
}

/** Handles one event of the socket. Returns the end of the session, or null if it goes on. */
const makeListener = ({ emit, identity, large_frames, log }: SessionTools, reactions: Reactions) => {
  const { isIdentified, onIdentified, onPong } = reactions
  const token = Redacted.value(identity.token)

  const onIncoming = Effect.fnUntraced(function*(incoming: Incoming): Effect.fn.Return<SessionEnd | null> {
    switch (incoming._tag) {
      case "Identified":
        yield* onIdentified
        return null
      case "Pong":
        yield* onPong
        if (incoming.hub_time !== null) yield* emit({ _tag: "HubTimeTold", hub_time: incoming.hub_time })
        return null
      case "RateLimited":
        if (incoming.of_ping === true) yield* onPong // the link is not dead: the hub has answered
        yield* emit(incoming)
        return null
      case "IdentifyRefused":
        return { _tag: "Refused", reason: incoming.reason }
      case "HubRefused":
        if (!(yield* isIdentified)) return { _tag: "Refused", reason: incoming.error }
        yield* emit(incoming)
        return null
      case "AgentLeft":
        if (incoming.agent_id === identity.agent_id && (yield* isIdentified)) yield* emit({ _tag: "HubLostUs" })
        return null
      case "Ignored":
        if (!incoming.known) yield* log({ event: "frame_ignored", type: excerptOf(incoming.type, token) })
        return null
      default:
        yield* emit(incoming)
        return null
    }
  })

  return Effect.fnUntraced(function*(event: SocketEvent): Effect.fn.Return<SessionEnd | null> {
    if (event._tag === "Closed") return event
    if (event._tag === "Binary") {
      yield* log({ event: "frame_ignored", type: `binary, ${event.bytes} bytes` })
      return null
    }
    const taken = yield* takeIn(event.text, large_frames)
    if (Result.isSuccess(taken)) return yield* onIncoming(taken.success)
    const { reason } = taken.failure
    yield* log({ event: "frame_undecodable", reason, excerpt: excerptOf(event.text, token) })
    return null
  })
}

/** A session on an open socket. Nothing is read before `run`. */
export const makeSession = Effect.fnUntraced(function*(socket: HubSocket, tools: SessionTools) {
  const { emit, hideSecrets, identity, large_frames, log, timing } = tools
  const phase = yield* Ref.make<Phase>("connected")
  const identified = yield* Deferred.make<void>()
  const left = yield* Deferred.make<SessionEnd>()
  const refusals = yield* Queue.dropping<HubMessage>(domainLimits.pending_exchanges)
  const { onPong, untilDead } = yield* makeHeartbeat(socket, timing)

  const leave = (reason: string) => Effect.asVoid(Deferred.succeed(left, { _tag: "Left", reason }))
  const isIdentified = Effect.map(Ref.get(phase), (now) => now === "identified")
  const onIdentified = Effect.gen(function*() {
    if ((yield* Ref.getAndSet(phase, "identified")) === "identified") return
    yield* log({ event: "identified" })
    yield* Deferred.succeed(identified, undefined)
    yield* emit({ _tag: "Identified" })
  })

  const transmit = Effect.fnUntraced(function*(command: HubCommand) {
    if ((yield* socket.unsentBytes) > max_frame_bytes) return yield* leave("the hub takes no more data")
    const { frame, hidden } = yield* Effect.try(() => {
      const hiding = hideSecrets(command)
      return { frame: encodeCommand(hiding.safe, identity), hidden: hiding.hidden }
    }).pipe(Effect.orElseSucceed(() => ({ frame: null, hidden: null })))
    if (hidden !== null) yield* log({ event: "secret_hidden", ...hidden })
    const bytes = frame === null ? 0 : Buffer.byteLength(frame)
    if (frame !== null && bytes <= max_sent_frame_bytes) return yield* socket.send(frame)
    if (bytes > 0) yield* log({ event: "hub_error", error: `a frame of ${bytes} bytes is more than the hub takes` })
    // The hub would answer this frame with this error, so the rules get the answer from here.
    yield* Queue.offer(refusals, { _tag: "HubRefused", error: "invalid_json", frame: null, unknown_type: false })
  })
  const send = Effect.fnUntraced(function*(command: HubCommand) {
    if (!(yield* Ref.modify(phase, (now) => turn(now, command)))) return
    yield* transmit(command)
    // The answer to an assignment is sent when the task is on disk, or is not taken: its frame can do no more harm.
    if (command._tag === "AcceptTask" || command._tag === "RejectTask") yield* large_frames.end
  })

  const listen = makeListener(tools, { isIdentified, onIdentified, onPong })
  const read = Effect.gen(function*() {
    while (true) {
      const end = yield* listen(yield* socket.receive)
      if (end !== null) return end
    }
  })
  const notIdentified: SessionEnd = { _tag: "Left", reason: `not identified within ${timing.identify_timeout_ms} ms` }
  const dead: SessionEnd = { _tag: "HalfOpen", after_ms: timing.pong_timeout_ms }
  const watch = Deferred.await(identified).pipe(
    Effect.timeoutOption(timing.identify_timeout_ms),
    Effect.flatMap((inTime): Effect.Effect<SessionEnd> =>
      Option.isSome(inTime) ? Effect.as(untilDead, dead) : Effect.succeed(notIdentified)
    )
  )
  const passRefusalsOn = Effect.forever(Effect.flatMap(Queue.take(refusals), emit))
  const run = Effect.raceAllFirst([read, watch, Deferred.await(left), passRefusalsOn])
  return { run: Effect.ensuring(run, large_frames.end), isIdentified, leave, send } satisfies Session
})
