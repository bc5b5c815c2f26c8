import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { makeStep } from "../actor/step.ts"
import type { HubCommand } from "../domain/Command.ts"
import type { FolderEvidence, ProcessEvidence } from "../domain/Evidence.ts"
import type { Message } from "../domain/Message.ts"
import { emptyStore, type SidecarState } from "../domain/SidecarState.ts"
import { Hub } from "../services/Hub.ts"
import { Logger } from "../services/Logger.ts"
import { type ActorEvent, Observer } from "../services/Observer.ts"
import { Orphans } from "../services/Orphans.ts"
import { ResultWatcher } from "../services/ResultWatcher.ts"
import { StoreError, TaskStore } from "../services/TaskStore.ts"
import { Waker } from "../services/Waker.ts"

const nobody: FolderEvidence & ProcessEvidence = {
  process: "none",
  this_boot: true,
  started: false,
  last_sign_at: null,
  answer: null
}

/** What a life of the sidecar needs of the world around it. Without an agent it finds none: a recording tells what it found. */
export interface LifeParts {
  readonly state: SidecarState
  readonly observe: (event: ActorEvent) => void
  readonly send: (command: HubCommand) => void
  readonly learn?: (message: Message) => void
  readonly evidenceOf?: (task_id: string) => FolderEvidence & ProcessEvidence
  readonly filesChanged?: (action: "clear" | "set_aside" | "remove", task_id: string, keep_answer: boolean) => void
}

const unwritable = new StoreError({ path: "queue.json", cause: new Error("as it was recorded") })

/** No fiber runs in a replay: what comes of a command that takes its time is told as a message. */
const noFibers = {
  run: () => Effect.void,
  runOnce: () => Effect.void,
  stop: () => Effect.void,
  join: Effect.never
}

/** The layers of a replay: nothing is woken, sent or written, and the clock shows what it is set to. */
const layers = (
  { evidenceOf = () => nobody, filesChanged = () => undefined, observe, send }: LifeParts,
  told: { readonly at: number; readonly saved: boolean }
) => {
  const changed = (action: "clear" | "set_aside" | "remove") => (task_id: string, keep_answer = false) =>
    Effect.sync(() => filesChanged(action, task_id, keep_answer))
  const now = () => told.at
  const nanos = () => BigInt(Math.floor(told.at)) * 1_000_000n
  return Context.make(Hub, {
    messages: Stream.never,
    send: (command) => Effect.sync(() => send(command)),
    reconnect: () => Effect.void,
    lookUp: () => Effect.never
  }).pipe(
    Context.add(TaskStore, {
      load: Effect.succeed(emptyStore),
      save: () => Effect.suspend(() => told.saved ? Effect.void : Effect.fail(unwritable))
    }),
    Context.add(Waker, {
      wake: () => Effect.never,
      adopt: () => Effect.never,
      inspect: ({ id }) => Effect.sync(() => evidenceOf(id)),
      stop: () => Effect.never,
      survivors: Effect.succeed([]),
      survivorsAtStart: Effect.succeed([]),
      atWork: Effect.succeed(null),
      forget: () => Effect.void
    }),
    Context.add(ResultWatcher, {
      watch: () => Stream.never,
      rescan: () => Effect.void,
      look: (task_id) => Effect.sync(() => evidenceOf(task_id)),
      clear: changed("clear"),
      setAside: (task_id) => changed("set_aside")(task_id),
      remove: changed("remove")
    }),
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

/** One life of the daemon: the actor's own step over layers that do nothing, a message at a time. */
export class Life {
  readonly #told = { at: 0, saved: true }
  readonly #step: (message: Message) => void

  constructor(parts: LifeParts) {
    const run = Effect.runSyncWith(layers(parts, this.#told))
    const { learn = () => undefined, state } = parts
    const step = run(Effect.flatMap(Deferred.make<0 | 75>(), (exit) =>
      makeStep(state, {
        fibers: noFibers,
        post: () => Effect.void,
        learn: (message) => Effect.sync(() => learn(message)),
        connection: Effect.void,
        exit
      })))
    this.#step = (message) => run(step(message))
  }

  /** Takes a message at a time in epoch milliseconds; where `saved` is false nothing can be written meanwhile. */
  take(message: Message, at: number, saved = true): void {
    Object.assign(this.#told, { at, saved })
    this.#step(message)
  }
}
