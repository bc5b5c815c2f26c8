import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { HubCommand } from "../../src/domain/Command.ts"
import type { Evidence } from "../../src/domain/Evidence.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { HubMessage, TaskLocation } from "../../src/domain/Message.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import { nothingHeld, nothingKnown } from "../../src/domain/messages/Talk.ts"
import { emptyStore, type StoredState } from "../../src/domain/SidecarState.ts"
import type { TaskFound, WakeEnd } from "../../src/domain/Work.ts"
import { Hub } from "../../src/services/Hub.ts"
import { Logger } from "../../src/services/Logger.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import { Messenger } from "../../src/services/Messenger.ts"
import { Outbox } from "../../src/services/Outbox.ts"
import { type Observation, ResultWatcher } from "../../src/services/ResultWatcher.ts"
import { StoreError, TaskStore } from "../../src/services/TaskStore.ts"
import type { Unreadable } from "../../src/services/Unreadable.ts"
import { WakeImpossible, Waker } from "../../src/services/Waker.ts"
import { openMessageDatabase } from "../../src/storage/messages/messageDatabase.ts"
import { marked, messageOperations } from "../../src/storage/messages/messageStore.ts"
import type { Ask } from "../../src/storage/messages/messageThread.ts"
import type { Operations, StoreLimits } from "../../src/storage/messages/operations.ts"
import type { InboxSize } from "../../src/storage/messages/room.ts"
import { databaseError } from "../../src/storage/messages/schema.ts"

/** What the five mock services saw and did, in one order, and the levers of the world around them. */
export interface World {
  readonly journal: Array<{ readonly at: number; readonly what: string }>
  readonly sent: Array<HubCommand>
  readonly saved: Array<StoredState>
  readonly events: Array<LifecycleEvent>
  readonly fromHub: Queue.Queue<HubMessage>
  readonly seen: Queue.Queue<Observation>
  readonly ends: Array<Deferred.Deferred<WakeEnd>>
  evidence: Partial<Evidence>
  stored: StoredState | null // lost
  survivors: ReadonlyArray<string>
  atWork: TaskFound | null
  location: TaskLocation
  impossible: string | null
  watchFails: boolean
  diskFull: boolean
  room: number // saves that a full disk still takes
  unreadable: boolean // what the agent writes
  lives: boolean // what is stopped
  spawning: Effect.Effect<void> // what a wake waits for before it is spawned
  loading: Effect.Effect<void, Unreadable>
}

export const makeWorld: Effect.Effect<World> = Effect.gen(function*() {
  return {
    journal: [],
    sent: [],
    saved: [],
    events: [],
    fromHub: yield* Queue.unbounded<HubMessage>(),
    seen: yield* Queue.unbounded<Observation>(),
    ends: [],
    evidence: {},
    stored: emptyStore,
    survivors: [],
    atWork: null,
    location: "unknown",
    impossible: null,
    watchFails: false,
    diskFull: false,
    room: 0,
    unreadable: false,
    lives: true,
    spawning: Effect.void,
    loading: Effect.void
  }
})

const noEvidence: Evidence = { process: "none", this_boot: true, started: false, last_sign_at: null, answer: null }

/** The messages in a database that lives as long as the layer, without a file or a thread. */
export const messageStoreMemory = (
  limits: StoreLimits = defaultMessagePolicy,
  size?: InboxSize
): Layer.Layer<MessageStore> =>
  Layer.effect(
    MessageStore,
    Effect.gen(function*() {
      const { close, operations }: { close: () => void; operations: Operations } = openMessageDatabase(
        ":memory:",
        limits,
        size === undefined ? {} : { size }
      )
      yield* Effect.addFinalizer(() => Effect.sync(close))
      const ask: Ask = (name, input) =>
        Effect.flatMap(
          Clock.currentTimeMillis,
          (now) => Effect.try({ try: () => operations[name](now, input), catch: databaseError })
        )
      return MessageStore.of({
        ...messageOperations(":memory:", ask, Effect.succeed(true)),
        open: (at_work) => Effect.orDie(ask("open", at_work === null ? null : marked(at_work)))
      })
    })
  )

/** An inbox and an outbox that are always empty. */
export const emptyMessageStore: MessageStore["Service"] = {
  open: () => Effect.succeed({ held: nothingHeld, known: nothingKnown, is_delivered: false }),
  record: () => Effect.succeed({ held: nothingHeld, recorded: [] }),
  settle: () => Effect.succeed({ held: nothingHeld, recorded: [] }),
  know: () => Effect.void,
  caughtUp: () => Effect.succeed(nothingHeld),
  choose: Effect.succeed({ ids: [], held_back: [], retry_at: null }),
  begin: () => Effect.succeed(nothingHeld),
  end: () => Effect.succeed(nothingHeld),
  read: () => Effect.succeed([]),
  since: () => Effect.succeed([]),
  isKnown: () => Effect.succeed(false),
  queue: () => Effect.succeed(nothingHeld),
  next: Effect.succeed({ held: nothingHeld, queued: null }),
  sending: () => Effect.void,
  sent: () => Effect.succeed(nothingHeld),
  answered: () => Effect.succeed(new Set()),
  awaited: Effect.succeed(null),
  handedOver: () => Effect.succeed(nothingHeld),
  list: () => Effect.succeed({ held: nothingHeld, held_back: [], messages: [] })
}

/** A hub whose HTTP interface never answers. */
export const silentMessenger: Messenger["Service"] = {
  read: () => Effect.never,
  acknowledge: () => Effect.never,
  send: () => Effect.never,
  lookUp: () => Effect.never
}

/** An outbox into which nobody writes. */
export const emptyOutbox: Outbox["Service"] = {
  filled: Stream.never,
  tell: () => Effect.void,
  handOver: () => Effect.void
}

/** All services as mock layers over one world. */
export const mockServices = (
  world: World
): Layer.Layer<Hub | TaskStore | Waker | ResultWatcher | Logger | MessageStore | Messenger | Outbox> => {
  const note = (what: string) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      world.journal.push({ at, what })
    })
  const evidence = () => ({ ...noEvidence, ...world.evidence })

  return Layer.mergeAll(
    Layer.succeed(Hub, {
      messages: Stream.fromQueue(world.fromHub).pipe(Stream.ensuring(note("hub closed"))),
      send: (command) => Effect.andThen(note(`send ${command._tag}`), Effect.sync(() => void world.sent.push(command))),
      reconnect: (reason) => note(`reconnect: ${reason}`),
      lookUp: (task_id) => Effect.as(note(`look up ${task_id}`), world.location)
    }),
    Layer.succeed(TaskStore, {
      load: Effect.suspend(() => Effect.as(world.loading, world.stored)),
      save: Effect.fnUntraced(function*(state) {
        if (world.diskFull && world.room-- <= 0) return yield* new StoreError({ path: "queue.json", cause: "ENOSPC" })
        yield* note("save")
        world.saved.push(state)
      })
    }),
    Layer.succeed(Waker, {
      wake: Effect.fnUntraced(function*(task) {
        if (world.impossible !== null) return yield* new WakeImpossible({ remedy: world.impossible })
        yield* world.spawning
        const end = yield* Deferred.make<WakeEnd>()
        world.ends.push(end)
        yield* note(`wake ${task.wake_attempts}`)
        return { end: Deferred.await(end) }
      }),
      adopt: () => Effect.andThen(note("adopt"), Effect.never),
      inspect: () => Effect.sync(() => ({ process: evidence().process, this_boot: evidence().this_boot })),
      stop: (task_id) => Effect.map(note(`stop ${task_id}`), () => world.lives),
      survivors: Effect.sync(() => world.survivors),
      survivorsAtStart: Effect.sync(() => world.survivors),
      atWork: Effect.sync(() => world.atWork),
      showMessages: (task_id, messages) => note(`show ${messages.length} messages to ${task_id}`),
      forget: (task_id, keep_output) => note(`forget ${task_id}${keep_output ? " but its output" : ""}`)
    }),
    Layer.succeed(ResultWatcher, {
      watch: () => world.watchFails ? Stream.die(new Error("the watch broke")) : Stream.fromQueue(world.seen),
      look: () =>
        Effect.sync(() => {
          const { answer, last_sign_at, started } = evidence()
          return world.unreadable ? null : { answer, last_sign_at, started }
        }),
      rescan: (task_id) => note(`rescan ${task_id}`),
      clear: (task_id) => note(`clear ${task_id}`),
      setAside: (task_id, folder) => note(`set aside ${task_id} ${folder}`),
      remove: (task_id) => note(`remove ${task_id}`)
    }),
    Layer.succeed(Logger, { log: (event) => Effect.sync(() => void world.events.push(event)) }),
    messageStoreMemory(),
    Layer.succeed(Messenger, silentMessenger),
    Layer.succeed(Outbox, emptyOutbox)
  )
}
