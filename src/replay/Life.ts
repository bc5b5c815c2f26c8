import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import { makeStep } from "../actor/step.ts"
import type { HubCommand } from "../domain/Command.ts"
import type { Evidence } from "../domain/Evidence.ts"
import type { Message } from "../domain/Message.ts"
import { defaultMessagePolicy, MessagePolicy } from "../domain/messages/MessagePolicy.ts"
import { noTalk, nothingHeld } from "../domain/messages/Talk.ts"
import { emptyStore, type Policy, type SidecarState } from "../domain/SidecarState.ts"
import type { JsonObject } from "../domain/Work.ts"
import { Hub } from "../services/Hub.ts"
import { Logger } from "../services/Logger.ts"
import { MessageStore } from "../services/MessageStore.ts"
import { Messenger } from "../services/Messenger.ts"
import { type ActorEvent, Observer } from "../services/Observer.ts"
import { Orphans } from "../services/Orphans.ts"
import { Outbox } from "../services/Outbox.ts"
import { ResultWatcher } from "../services/ResultWatcher.ts"
import { StoreError, TaskStore } from "../services/TaskStore.ts"
import { Waker } from "../services/Waker.ts"

/** The policy of a configuration that sets nothing. */
export const defaultPolicy: Policy = {
  confirmation_timeout_ms: 30_000,
  agent_silence_ms: 30 * 60_000,
  task_timeout_ms: 24 * 60 * 60_000,
  wake_command_blocks: false,
  messages: defaultMessagePolicy
}

const milliseconds = Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))

const decodePolicy = Schema.decodeUnknownOption(Schema.Struct({
  confirmation_timeout_ms: milliseconds,
  agent_silence_ms: milliseconds,
  task_timeout_ms: milliseconds,
  wake_command_blocks: Schema.optionalKey(Schema.Boolean),
  messages: Schema.optionalKey(MessagePolicy.mapFields(Struct.map(Schema.optionalKey)))
}))

/** The policy of a recorded configuration; null if the configuration is invalid. */
export const policyOf = (config: JsonObject): Policy | null =>
  Option.match(decodePolicy(config), {
    onNone: () => null,
    onSome: (set) => ({ ...defaultPolicy, ...set, messages: { ...defaultMessagePolicy, ...set.messages } })
  })

const decodeCapabilities = Schema.decodeUnknownOption(Schema.Array(Schema.String))

/** The capabilities in a recorded configuration or `identify`; empty if they are invalid. */
export const capabilitiesOf = (value: unknown): ReadonlyArray<string> =>
  Option.getOrElse(decodeCapabilities(value), () => [])

/** The evidence of a task whose agent never ran. */
export const noEvidence: Evidence = {
  process: "none",
  this_boot: true,
  started: false,
  last_sign_at: null,
  answer: null
}

export type FileAction = "clear" | "set_aside" | "remove"

/** What one life of the sidecar gets from its surroundings. In a recording with steps the messages contain all evidence. */
export interface LifeParts {
  readonly state: SidecarState
  readonly observe: (event: ActorEvent) => void
  readonly send: (command: HubCommand) => void
  readonly learn?: (message: Message) => void
  readonly evidenceOf?: (task_id: string) => Evidence
  readonly filesChanged?: (action: FileAction, task_id: string, keep_answer: boolean) => void
}

const saveFailure = new StoreError({ path: "queue.json", cause: new Error("as it was recorded") })

/** A replay runs no fibers. The outcome of a long command comes as a message. */
const noFibers = {
  run: () => Effect.void,
  runOnce: () => Effect.void,
  stop: () => Effect.void,
  join: Effect.never
}

const held = Effect.succeed(nothingHeld)

/** An inbox that keeps all it hears: of frames only, nobody knows more. In a recording with steps the messages tell what is held. */
const noMessages: MessageStore["Service"] = {
  open: () => Effect.succeed({ held: nothingHeld, known: noTalk.known, is_delivered: false }),
  record: (judged) =>
    Effect.succeed({
      held: nothingHeld,
      recorded: judged.map(({ message: { from, id, type } }) => ({ id, from, type, outcome: "kept", reason: null }))
    }),
  settle: () => Effect.succeed({ held: nothingHeld, recorded: [] }),
  know: () => Effect.void,
  caughtUp: () => held,
  choose: Effect.succeed({ ids: [], held_back: [], retry_at: null }),
  begin: () => held,
  end: () => held,
  read: () => Effect.succeed([]),
  since: () => Effect.succeed([]),
  isKnown: () => Effect.succeed(false),
  queue: () => held,
  next: Effect.succeed({ held: nothingHeld, queued: null }),
  sending: () => Effect.void,
  sent: () => held,
  answered: () => Effect.succeed(new Set()),
  awaited: Effect.succeed(null),
  handedOver: () => held,
  list: () => Effect.succeed({ held: nothingHeld, held_back: [], messages: [] })
}

/** The layers of a replay: they wake, send and write nothing, and the clock shows the time of the message. */
const layers = (
  { evidenceOf = () => noEvidence, filesChanged = () => undefined, observe, send }: LifeParts,
  current: { readonly at: number; readonly saved: boolean }
) => {
  const changed = (action: FileAction) => (task_id: string, keep_answer = false) =>
    Effect.sync(() => filesChanged(action, task_id, keep_answer))
  const now = () => current.at
  const nanos = () => BigInt(Math.floor(current.at)) * 1_000_000n
  return Context.make(Hub, {
    messages: Stream.never,
    send: (command) => Effect.sync(() => send(command)),
    reconnect: () => Effect.void,
    lookUp: () => Effect.never
  }).pipe(
    Context.add(TaskStore, {
      load: Effect.succeed(emptyStore),
      save: () => Effect.suspend(() => current.saved ? Effect.void : Effect.fail(saveFailure))
    }),
    Context.add(Waker, {
      wake: () => Effect.never,
      adopt: () => Effect.never,
      inspect: ({ id }) => Effect.sync(() => evidenceOf(id)),
      stop: () => Effect.never,
      survivors: Effect.succeed([]),
      survivorsAtStart: Effect.succeed([]),
      atWork: Effect.succeed(null),
      forget: () => Effect.void,
      showMessages: () => Effect.void
    }),
    Context.add(ResultWatcher, {
      watch: () => Stream.never,
      rescan: () => Effect.void,
      look: (task_id) => Effect.sync(() => evidenceOf(task_id)),
      clear: changed("clear"),
      setAside: (task_id) => changed("set_aside")(task_id),
      remove: changed("remove")
    }),
    Context.add(MessageStore, noMessages),
    Context.add(Messenger, {
      read: () => Effect.never,
      acknowledge: () => Effect.never,
      send: () => Effect.never,
      lookUp: () => Effect.never
    }),
    Context.add(Outbox, { filled: Stream.never, tell: () => Effect.void, handOver: () => Effect.void }),
    Context.add(Orphans, { stale: Effect.succeed([]), expire: () => Effect.void }),
    Context.add(Logger, { log: () => Effect.void }),
    Context.add(Observer, (event: ActorEvent) => Effect.sync(() => observe(event))),
    Context.add(Clock.Clock, {
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect.sync(now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: () => Effect.never
    })
  )
}

/** One life of the daemon in a replay: the actor's own step over layers that do nothing. */
export class Life {
  readonly #current = { at: 0, saved: true }
  readonly #step: (message: Message) => void

  constructor(parts: LifeParts) {
    const run = Effect.runSyncWith(layers(parts, this.#current))
    const { learn = () => undefined, state } = parts
    const step = run(Effect.flatMap(Deferred.make<0 | 75>(), (exit) =>
      makeStep(state, {
        agent_id: state.policy.messages.agent_id,
        fibers: noFibers,
        post: () => Effect.void,
        learn: (message) => Effect.sync(() => learn(message)),
        connection: Effect.void,
        exit
      })))
    this.#step = (message) => run(step(message))
  }

  /** Handles a message at a time in epoch milliseconds. `saved` is false if the state could not be saved then. */
  take(message: Message, at: number, saved = true): void {
    Object.assign(this.#current, { at, saved })
    this.#step(message)
  }
}
