import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { keepAlive, terminate } from "./connections.ts"
import * as Engine from "./engine.ts"
import { handle } from "./httpRoutes.ts"
import { emptyDurable, type Hub, newestSocket } from "./hub.ts"
import * as Journal from "./journal.ts"
import type { HubFrame } from "./journal.ts"
import { limits } from "./limits.ts"
import * as Links from "./links.ts"
import type { Intercept } from "./links.ts"
import * as queue from "./queue.ts"
import * as ScaledClock from "./ScaledClock.ts"
import { type Handlers, type PortError, serve, serveAgain, type Server } from "./server.ts"
import type { HubTask } from "./tasks.ts"
import { type HubWaitTimeout, makeWaiting } from "./waiting.ts"

export type { HubFrame } from "./journal.ts"
export type { Intercept } from "./links.ts"
export { PortError } from "./server.ts"
export type { HubTask } from "./tasks.ts"
export { HubWaitTimeout } from "./waiting.ts"

export interface DevHubOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number
  /**
   * How many times as fast as real time the hub lives; 1 by default. An agent that lives in real time pings too
   * seldom for a fast hub: leave it at 1 and use `advance`.
   */
  readonly timeScale?: number
  /** agent_id → token, known from the start. */
  readonly registerTokens?: Record<string, string>
  /** Real ms between "an agent is idle and a task queued" and the assignment; 0 by default. */
  readonly assignDelayMs?: number
  /** Real ms between the assignment in the books and its frame leaving; 0 by default. */
  readonly pushDelayMs?: number
}

/** A running development hub. What names an agent that is not there does nothing. */
export interface DevHub {
  readonly port: number
  readonly url: string
  readonly httpUrl: string
  /** The hub's own time, in virtual epoch ms. */
  readonly now: () => number
  /**
   * Moves the hub's time forward at once; all that falls due on the way happens at its own time.
   * The agents count as having pinged meanwhile, unless they are to be `silent`.
   */
  readonly advance: (millis: number, how?: { readonly silent: boolean }) => Effect.Effect<void>
  /** All frames so far, tokens replaced by "[REDACTED]". */
  readonly frames: () => ReadonlyArray<HubFrame>
  /** How many sockets of the agent are open, or how many at all. */
  readonly connections: (agentId?: string) => number
  /** The task, a cancelled one included, which the HTTP API no longer knows. */
  readonly task: (id: string) => HubTask | undefined
  readonly submit: (input: {
    readonly description: string
    readonly metadata?: Record<string, unknown>
    readonly [extra: string]: unknown
  }) => Effect.Effect<HubTask>
  /** False when there is no such task. */
  readonly cancel: (id: string) => Effect.Effect<boolean>
  /** Pushes a task that is in no queue, generation 0; `extra` goes over its frame. Its id, or "" without the agent. */
  readonly push: (agentId: string, description: string, extra?: Record<string, unknown>) => Effect.Effect<string>
  readonly dropAgent: (agentId: string) => Effect.Effect<void>
  /** A half-open link: the present sockets stay open and registered, but nothing passes, not even their end. */
  readonly freezeAgent: (agentId: string) => Effect.Effect<void>
  /** The hub notices the half-open sockets at last. */
  readonly thawAndClose: (agentId: string) => Effect.Effect<void>
  readonly restart: Effect.Effect<void>
  /** As `restart`, with real ms between closing and listening again. */
  readonly restartAfter: (downMs: number) => Effect.Effect<void>
  readonly sendRaw: (agentId: string, data: string | Uint8Array) => Effect.Effect<void>
  readonly send: (agentId: string, msg: object) => Effect.Effect<void>
  readonly intercept: (f: Intercept | undefined) => Effect.Effect<void>
  readonly setDelays: (d: { assignDelayMs?: number; pushDelayMs?: number }) => Effect.Effect<void>
  /** Looked at again after every frame and change; fails after `timeoutMs` of real time. */
  readonly waitFor: (predicate: (hub: DevHub) => boolean, timeoutMs?: number) => Effect.Effect<void, HubWaitTimeout>
}

const socketsOf = (hub: Hub, agentId: string, frozenOnly = false): ReadonlyArray<number> =>
  [...hub.sockets.values()]
    .filter((socket) => socket.agentId === agentId && (socket.frozen || !frozenOnly))
    .map((socket) => socket.id)

/** The listening server, which a restart replaces by another on the same port. */
const makeServer = (engine: Engine.Engine, links: Links.Links, clock: ScaledClock.ScaledClock, port: number) =>
  Effect.gen(function*() {
    const handlers: Handlers = {
      connected: (socket) => links.accept(socket, engine),
      request: (request) => engine.act((hub, now) => handle(hub, request, now))
    }
    const current: { server: Server | undefined } = { server: undefined }
    const closeCurrent = Effect.suspend(() => current.server?.close ?? Effect.void)
    const open = (opening: Effect.Effect<Server, PortError>) =>
      Effect.map(opening, (server) => {
        current.server = server
        return server
      })
    const first = yield* Effect.acquireRelease(open(serve(port, handlers)), () => closeCurrent)
    const alone = yield* Semaphore.make(1)
    const restartAfter = (downMs: number): Effect.Effect<void> =>
      Effect.gen(function*() {
        engine.halt()
        links.dropAll()
        yield* closeCurrent
        yield* clock.sleepReal(downMs)
        engine.boot()
        yield* open(serveAgain(first.port, handlers))
      }).pipe(Effect.orDie, alone.withPermits(1))
    return { port: first.port, restartAfter }
  })

/** Starts a hub; it ends, with all its sockets and timers, when the scope closes. */
export const make = (options: DevHubOptions = {}): Effect.Effect<DevHub, PortError, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = ScaledClock.make(options.timeScale ?? 1)
    const journal = Journal.make()
    const links = Links.make(journal)
    const durable = emptyDurable()
    for (const [agentId, token] of Object.entries(options.registerTokens ?? {})) durable.tokens.set(token, agentId)
    const delays = { assignDelayMs: options.assignDelayMs ?? 0, pushDelayMs: options.pushDelayMs ?? 0 }
    const waiting = makeWaiting(clock, () => hub, journal.frames)
    const engine = yield* Engine.make(durable, clock, delays, links, waiting.changed)
    const server = yield* makeServer(engine, links, clock, options.port ?? 0)
    const act = <A>(event: (hub: Hub, now: number) => A): Effect.Effect<A> => Effect.sync(() => engine.act(event))
    const dropSockets = (books: Hub, ids: ReadonlyArray<number>, now: number): void => {
      links.thaw(books, ids)
      for (const id of ids) terminate(books, id, now)
    }
    const toAgent = (agentId: string, data: string | Uint8Array): Effect.Effect<void> =>
      act((books, now) => links.write(newestSocket(books, agentId) ?? 0, data, now))

    const hub: DevHub = {
      port: server.port,
      url: `ws://127.0.0.1:${server.port}/ws`,
      httpUrl: `http://127.0.0.1:${server.port}`,
      now: engine.now,
      advance: (millis, how) =>
        act((books) => how?.silent === true ? undefined : keepAlive(books, millis)).pipe(
          Effect.andThen(clock.advance(millis)),
          Effect.andThen(act(() => undefined))
        ),
      frames: journal.frames,
      connections: (agentId) =>
        agentId === undefined ? engine.hub().sockets.size : socketsOf(engine.hub(), agentId).length,
      task: (id) => queue.find(engine.hub(), id) ?? engine.hub().cancelled.get(id),
      submit: (input) => act((books, now) => queue.submit(books, input, "operator", now)),
      cancel: (id) => act((books, now) => queue.cancel(books, id, now) !== undefined),
      push: (agentId, description, extra = {}) =>
        act((books, now) => queue.adminPush(books, agentId, description, extra, now) ?? ""),
      dropAgent: (agentId) => act((books, now) => dropSockets(books, socketsOf(books, agentId), now)),
      freezeAgent: (agentId) => act((books) => links.freeze(books, socketsOf(books, agentId))),
      thawAndClose: (agentId) => act((books, now) => dropSockets(books, socketsOf(books, agentId, true), now)),
      restart: server.restartAfter(0),
      restartAfter: server.restartAfter,
      sendRaw: toAgent,
      send: (agentId, msg) => toAgent(agentId, JSON.stringify(msg)),
      intercept: (f) => Effect.sync(() => links.setIntercept(f)),
      setDelays: (d) => Effect.sync(() => Object.assign(delays, d)),
      waitFor: (predicate, timeoutMs = limits.waitForRealMs) => waiting.waitFor(predicate, timeoutMs)
    }
    return hub
  })
