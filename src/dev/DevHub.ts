import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { loseUnsaved } from "./channels.ts"
import { disconnect, keepAlive, terminate } from "./connections.ts"
import * as Engine from "./engine.ts"
import { handle } from "./httpApi.ts"
import { emptyDurable, type Hub, newestSocket } from "./hub.ts"
import * as Journal from "./journal.ts"
import type { HubFrame, HubWaitTimeout } from "./journal.ts"
import { limits } from "./limits.ts"
import { type Intercept, Links } from "./links.ts"
import * as queue from "./queue.ts"
import * as ScaledClock from "./ScaledClock.ts"
import { type Handlers, type PortError, serve, serveAgain, type Server } from "./server.ts"
import type { HubTask } from "./tasks.ts"

export type { HubFrame, HubTask, HubWaitTimeout, Intercept, PortError }

export interface DevHubOptions {
  /** 0 by default: any free port. */
  readonly port?: number
  /**
   * How many times faster than real time the hub runs; 1 by default. An agent in real time pings too seldom for a fast
   * hub: for it use `advance` instead.
   */
  readonly timeScale?: number
  /** agent_id → token: the agents that are registered from the start. */
  readonly registerTokens?: Record<string, string>
  /** Real ms from the moment that an agent is idle and a task is queued to the assignment; 0 by default. */
  readonly assignDelayMs?: number
  /** Real ms from the assignment to the sending of its frame; 0 by default. */
  readonly pushDelayMs?: number
  /**
   * Virtual ms that storing a message takes, one after the other for all agents, and so long again for each registered
   * agent that is away while a broadcast is delivered; 0 by default. Who waits over 5 s is closed with 1011.
   */
  readonly messageCostMs?: number
}

/** A running development hub. What is done to an agent that is not connected has no effect. */
export interface DevHub {
  readonly port: number
  readonly url: string
  readonly httpUrl: string
  /** The time of the hub, in virtual epoch ms. */
  readonly now: () => number
  /**
   * Moves the hub's time forward at once. Everything that is due on the way happens at its own time. Agents count as
   * having pinged meanwhile, unless `silent`.
   */
  readonly advance: (millis: number, how?: { readonly silent: boolean }) => Effect.Effect<void>
  /** All frames so far, with tokens replaced by "[REDACTED]". */
  readonly frames: () => ReadonlyArray<HubFrame>
  /** The number of open sockets, of one agent or of all. */
  readonly connections: (agentId?: string) => number
  /** A task by its id. Includes cancelled tasks, which the HTTP API no longer shows. */
  readonly task: (id: string) => HubTask | undefined
  readonly submit: (input: {
    readonly description: string
    readonly metadata?: Record<string, unknown>
    readonly [extra: string]: unknown
  }) => Effect.Effect<HubTask>
  /** False if there is no such task. */
  readonly cancel: (id: string) => Effect.Effect<boolean>
  /** Pushes a task that is in no queue, generation 0; `extra` overrides its fields. Returns its id, "" without the agent. */
  readonly push: (agentId: string, description: string, extra?: Record<string, unknown>) => Effect.Effect<string>
  readonly dropAgent: (agentId: string) => Effect.Effect<void>
  /**
   * Makes the agent's sockets half-open: they stay open and registered, but nothing passes, not even their end. The hub
   * closes them for silence once nothing has been sent on them for 60 s.
   */
  readonly freezeAgent: (agentId: string) => Effect.Effect<void>
  /** The hub notices the half-open sockets and drops them. */
  readonly thawAndClose: (agentId: string) => Effect.Effect<void>
  readonly restart: Effect.Effect<void>
  /** As `restart`, but the hub is down for so many real ms. */
  readonly restartAfter: (downMs: number) => Effect.Effect<void>
  /** As `restart`, but without time to save: channels and subscriptions of the last 5 s are lost. */
  readonly kill: Effect.Effect<void>
  readonly sendRaw: (agentId: string, data: string | Uint8Array) => Effect.Effect<void>
  readonly send: (agentId: string, msg: object) => Effect.Effect<void>
  readonly intercept: (f: Intercept | undefined) => Effect.Effect<void>
  readonly setDelays: (d: { assignDelayMs?: number; pushDelayMs?: number }) => Effect.Effect<void>
  /** Waits until the predicate is true; it is checked after every change. Fails after `timeoutMs` of real time. */
  readonly waitFor: (predicate: (hub: DevHub) => boolean, timeoutMs?: number) => Effect.Effect<void, HubWaitTimeout>
}

const socketsOf = (hub: Hub, agentId: string): ReadonlyArray<number> =>
  [...hub.sockets.values()].filter((socket) => socket.agentId === agentId).map((socket) => socket.id)

/** The listening server. A restart replaces it by another one on the same port. */
const makeServer = (engine: Engine.Engine, links: Links, clock: ScaledClock.ScaledClock, port: number) =>
  Effect.gen(function*() {
    const handlers: Handlers = {
      connected: (socket) => links.accept(socket, engine),
      request: (request, respond) => engine.act((hub, now) => handle(hub, request, now, respond))
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

/** Starts a hub. It ends with all its sockets and timers when the scope closes. */
export const make = (options: DevHubOptions = {}): Effect.Effect<DevHub, PortError, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = ScaledClock.make(options.timeScale ?? 1)
    const journal = Journal.make()
    const links = new Links(journal)
    const durable = emptyDurable()
    for (const [agentId, token] of Object.entries(options.registerTokens ?? {})) durable.tokens.set(token, agentId)
    const delays = { assignDelayMs: options.assignDelayMs ?? 0, pushDelayMs: options.pushDelayMs ?? 0 }
    const waiting = Journal.makeWaiting(clock, () => hub, journal.frames)
    const engine = yield* Engine.make(
      durable,
      clock,
      delays,
      options.messageCostMs ?? 0,
      (output, at) => output._tag === "Respond" ? output.respond() : links.perform(output, at),
      waiting.changed
    )
    const server = yield* makeServer(engine, links, clock, options.port ?? 0)
    const act = <A>(event: (hub: Hub, now: number) => A): Effect.Effect<A> => Effect.sync(() => engine.act(event))
    const drop = (records: Hub, ids: ReadonlyArray<number>, now: number): void => {
      links.thaw(ids)
      for (const id of ids) terminate(records, id, now)
    }
    const toAgent = (agentId: string, data: string | Uint8Array): Effect.Effect<void> =>
      act((records, now) => links.write(newestSocket(records, agentId) ?? 0, data, now))

    const hub: DevHub = {
      port: server.port,
      url: `ws://127.0.0.1:${server.port}/ws`,
      httpUrl: `http://127.0.0.1:${server.port}`,
      now: engine.now,
      advance: (millis, how) =>
        act((records) => how?.silent === true ? undefined : keepAlive(records, millis)).pipe(
          Effect.andThen(clock.advance(millis)),
          Effect.andThen(act(() => undefined))
        ),
      frames: journal.frames,
      connections: (agentId) =>
        agentId === undefined ? engine.hub().sockets.size : socketsOf(engine.hub(), agentId).length,
      task: (id) => queue.find(engine.hub(), id) ?? engine.hub().cancelled.get(id),
      submit: (input) => act((records, now) => queue.submit(records, input, "operator", now)),
      cancel: (id) => act((records, now) => queue.cancel(records, id, now) !== undefined),
      push: (agentId, description, extra = {}) =>
        act((records, now) => queue.adminPush(records, agentId, description, extra, now) ?? ""),
      dropAgent: (agentId) => act((records, now) => drop(records, socketsOf(records, agentId), now)),
      freezeAgent: (agentId) => act((records) => links.freeze(socketsOf(records, agentId))),
      thawAndClose: (agentId) =>
        act((records, now) => {
          for (const id of links.cut(agentId)) disconnect(records, id, now)
        }),
      restart: server.restartAfter(0),
      restartAfter: server.restartAfter,
      kill: Effect.andThen(act(loseUnsaved), server.restartAfter(0)),
      sendRaw: toAgent,
      send: (agentId, msg) => toAgent(agentId, JSON.stringify(msg)),
      intercept: (f) =>
        Effect.sync(() => {
          links.intercept = f
        }),
      setDelays: (d) => Effect.sync(() => Object.assign(delays, d)),
      waitFor: (predicate, timeoutMs = limits.waitForRealMs) => waiting.waitFor(predicate, timeoutMs)
    }
    return hub
  })
