import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { defaultPrompt } from "../../src/config/promptTemplate.ts"
import { type Settings, SidecarConfig } from "../../src/config/SidecarConfig.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import type { JsonObject, Task } from "../../src/domain/Work.ts"
import { OpenError, type OpenSocket, openWebSocket, type SocketEvent, SocketOpener } from "../../src/hub/socket.ts"
import { HubTiming, hubTiming, type Timing } from "../../src/hub/timing.ts"
import { HubWebSocket } from "../../src/layers/HubWebSocket.ts"
import { Hub } from "../../src/services/Hub.ts"
import { Logger } from "../../src/services/Logger.ts"

export const settings: Settings = {
  agent_id: "agent-1",
  token: Redacted.make("s3cret-token"),
  hub_url: "ws://hub.test:4000/ws",
  hub_api_url: "http://hub.test:4000",
  wake_command: "true",
  prompt_template: defaultPrompt,
  wake_command_blocks: false,
  message_command: null,
  message_command_blocks: true,
  messages: defaultMessagePolicy,
  send_max_bytes: 1024 * 1024,
  outbox_dir: "/nowhere/outbox",
  capabilities: ["code"],
  confirmation_timeout_ms: 30_000,
  agent_silence_ms: 1_800_000,
  output_silence_ms: 3_600_000,
  task_timeout_ms: 86_400_000,
  kill_grace_ms: 5_000,
  retention_days: 7,
  agent_dir: "/nowhere",
  results_dir: "/nowhere/results",
  tasks_dir: "/nowhere/tasks",
  state_file: "/nowhere/queue.json",
  log_file: "/nowhere/sidecar.log",
  log_file_bytes: 10_000_000,
  log_files: 3,
  tls_ca: null,
  tls_cert: null,
  tls_key: null,
  secret_files: [],
  own_files: []
}

export const task: Task = {
  kind: "task",
  id: "task-8b4fb30a0531eff5",
  generation: 1,
  payload: { description: "do it", metadata: {}, assigned_at: 0, assignment: {} },
  status: "working",
  wake_attempts: 1,
  woken_at: 0,
  wake: null,
  failure: null
}

/** One connection to the fake hub. */
export interface FakeConnection {
  readonly sent: Array<JsonObject> // but for the pings
  readonly pings: Array<JsonObject>
  readonly say: (...frames: ReadonlyArray<JsonObject>) => Effect.Effect<void>
  readonly push: (event: SocketEvent) => Effect.Effect<void>
  readonly close: (code: number, reason: string) => Effect.Effect<void>
  unread: boolean
  unsent_bytes: number
  terminated: boolean
  over: boolean
}

/** A hub without a network, and how it behaves. */
export interface FakeHub {
  readonly attempts: Array<number>
  readonly connections: Array<FakeConnection>
  opening: "opens" | "refuses" | "hangs" | "breaks"
  identifying: "identified" | "silent" | JsonObject
  answersPings: boolean
}

export const makeFakeHub = (): FakeHub => ({
  attempts: [],
  connections: [],
  opening: "opens",
  identifying: "identified",
  answersPings: true
})

export const last = (hub: FakeHub): FakeConnection => {
  const connection = hub.connections.at(-1)
  if (connection === undefined) throw new Error("nobody has connected")
  return connection
}

const reply = (hub: FakeHub, frame: JsonObject): ReadonlyArray<JsonObject> => {
  if (frame["type"] === "ping") return hub.answersPings ? [{ type: "pong", timestamp: 1 }] : []
  if (frame["type"] !== "identify" || hub.identifying === "silent") return []
  return [hub.identifying === "identified" ? { type: "identified", agent_id: "agent-1" } : hub.identifying]
}

export const fakeOpener = (hub: FakeHub): OpenSocket => () =>
  Effect.gen(function*() {
    hub.attempts.push(yield* Clock.currentTimeMillis)
    if (hub.opening === "refuses") return yield* new OpenError({ reason: "connect ECONNREFUSED" })
    if (hub.opening === "hangs") return yield* Effect.never
    if (hub.opening === "breaks") return yield* Effect.die(new Error("a bug in the opener"))
    const inbox = yield* Queue.unbounded<SocketEvent>()
    const push = (event: SocketEvent) => Effect.asVoid(Queue.offer(inbox, event))
    const say = (...frames: ReadonlyArray<JsonObject>) =>
      Effect.forEach(frames, (frame) => push({ _tag: "Text", text: JSON.stringify(frame) }), { discard: true })
    const connection: FakeConnection = {
      sent: [],
      pings: [],
      say,
      push,
      close: (code, reason) => push({ _tag: "Closed", code, reason }),
      unread: false,
      unsent_bytes: 0,
      terminated: false,
      over: false
    }
    hub.connections.push(connection)
    yield* Effect.addFinalizer(() => Effect.sync(() => (connection.over = true)))
    return {
      receive: Queue.take(inbox),
      hasUnread: Effect.sync(() => connection.unread),
      unsentBytes: Effect.sync(() => connection.unsent_bytes),
      send: (text) =>
        Effect.suspend(() => {
          const frame: JsonObject = JSON.parse(text)
          connection[frame["type"] === "ping" ? "pings" : "sent"].push(frame)
          return say(...reply(hub, frame))
        }),
      terminate: Effect.sync(() => {
        connection.terminated = true
      })
    }
  })

/** Lets the fibers run, without advancing the virtual time, until the condition is true. */
export const until = (so: () => boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (let turn = 0; turn < 100_000; turn++) {
      if (so()) return
      yield* Effect.yieldNow
    }
    return yield* Effect.die(new Error("what was waited for did not happen"))
  })

export interface Seen<A> {
  readonly at: number
  readonly what: A
}

export interface RigOptions {
  readonly open?: OpenSocket
  readonly settings?: Partial<Settings>
  readonly timing?: Partial<Timing>
  /** What the reader does with each message. By default it identifies, as the actor does. */
  readonly onMessage?: (message: HubMessage, hub: Hub["Service"]) => Effect.Effect<void>
}

export const identify = (message: HubMessage, hub: Hub["Service"]): Effect.Effect<void> =>
  message._tag === "Connected" ? hub.send({ _tag: "Identify", status: "idle" }) : Effect.void

const isEvent = <E extends LifecycleEvent["event"]>(
  event: LifecycleEvent,
  name: E
): event is Extract<LifecycleEvent, { readonly event: E }> => event.event === name

/** The layer under test, built but not running. */
export const buildHub = Effect.fnUntraced(function*(options: RigOptions) {
  const events: Array<Seen<LifecycleEvent>> = []
  const log = (event: LifecycleEvent) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      events.push({ at, what: event })
    })
  const layer = HubWebSocket.pipe(Layer.provide([
    Layer.succeed(SidecarConfig, { ...settings, ...options.settings }),
    Layer.succeed(Logger, { log }),
    Layer.succeed(SocketOpener, options.open ?? openWebSocket),
    Layer.succeed(HubTiming, { ...hubTiming, ...options.timing })
  ]))
  return { hub: Context.get(yield* Layer.build(layer), Hub), events }
})

/** The layer under test, running, with everything that it logged and emitted. The hub's times are apart from its other messages. */
export const startHub = Effect.fnUntraced(function*(options: RigOptions) {
  const { events, hub } = yield* buildHub(options)
  const messages: Array<Seen<HubMessage>> = []
  const times: Array<Seen<HubMessage>> = []
  const fiber = yield* hub.messages.pipe(
    Stream.runForEach((message) =>
      Effect.gen(function*() {
        const seen = { at: yield* Clock.currentTimeMillis, what: message }
        if (message._tag === "HubTimeTold") times.push(seen)
        else messages.push(seen)
        yield* (options.onMessage ?? identify)(message, hub)
      })
    ),
    Effect.forkScoped
  )
  return {
    hub,
    events,
    messages,
    times,
    fiber,
    stop: Fiber.interrupt(fiber),
    tags: () => messages.map(({ what }) => what._tag),
    logged: <E extends LifecycleEvent["event"]>(event: E) =>
      events.flatMap(({ what }) => isEvent(what, event) ? [what] : []),
    timesOf: (event: LifecycleEvent["event"]) => events.filter(({ what }) => what.event === event).map(({ at }) => at)
  }
})
