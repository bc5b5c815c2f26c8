import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import type { DevHub, DevHubOptions, HubTask, Intercept } from "../../../src/dev/DevHub.ts"
import {
  type AgentScript,
  type Daemon,
  type Folder,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  token,
  typesOf,
  until,
  untilStatus
} from "../../support/daemon.ts"
import { makeTalkFolder, untilDelivered } from "../../support/deliveries.ts"
import { say, tokensOf, untilSent } from "../../support/talk.ts"

const program = resolve("dist/main.js")

/** Options of a session that differ from the default. */
export interface Setting {
  readonly script?: AgentScript
  readonly config?: Record<string, unknown>
  readonly hub?: DevHubOptions
  readonly talks?: boolean // whether the agent is woken for messages too
}

/** The other agent, which says something. */
export const other = "bob"

const long_ms = 150_000

/** A hub, an agent's folder, and its daemons one after the other, which record to one file. */
export class Stage {
  readonly hub: DevHub
  readonly folder: Folder
  readonly #started: Effect.Effect<Daemon, never, Scope.Scope>
  readonly #daemons: Array<Daemon> = []

  constructor(hub: DevHub, folder: Folder, recording: string) {
    this.hub = hub
    this.folder = folder
    this.#started = startDaemon(folder, {}, "config.json", ["--record", recording])
  }

  /** Starts a daemon, and waits until it has identified itself to the hub. */
  get start() {
    const before = this.identified
    return Effect.tap(this.startUnconnected, () => this.untilIdentified(before + 1))
  }

  /** Starts a daemon that may never identify itself to the hub. */
  get startUnconnected() {
    return Effect.tap(this.#started, (daemon) => Effect.sync(() => void this.#daemons.push(daemon)))
  }

  /** Stops every process that still runs, as an operator would. */
  get stopAll() {
    return Effect.forEach(this.#daemons, (daemon) => Effect.andThen(daemon.signal("SIGTERM"), daemon.ended))
  }

  get identified(): number {
    return typesOf(this.hub, "in").filter((type) => type === "identified").length
  }

  sent(type: string): number {
    return typesOf(this.hub, "out").filter((sent) => sent === type).length
  }

  untilIdentified(times: number) {
    return this.hub.waitFor(() => this.identified >= times, long_ms)
  }

  untilSent(type: string, times = 1) {
    return this.hub.waitFor(() => this.sent(type) >= times, long_ms)
  }

  submit(description = "do it", extra: Record<string, unknown> = {}) {
    return this.hub.submit({ description, ...extra })
  }

  /** Assigns a task, and waits until its agent works. */
  get atWork() {
    return Effect.tap(this.submit(), (task) => this.untilAtWork(task))
  }

  untilAtWork({ id }: HubTask) {
    return until("the agent is at work", () => existsSync(this.folder.file(`results/${id}.started`)), long_ms)
  }

  untilWakes(times: number) {
    return until(`${times} wakes`, () => this.folder.wakes().length >= times, long_ms)
  }

  /** Waits until every agent that the daemon woke has ended. */
  get untilAlone() {
    return until("no agent lives", () => this.folder.wakes().every((pid) => !isAlive(pid)), long_ms)
  }

  untilEvent(daemon: Daemon, event: string, times = 1) {
    return until(event, () => daemon.events(event).length >= times, long_ms)
  }

  untilDone(task: HubTask) {
    return untilStatus(this.hub, task, "completed", long_ms)
  }

  untilGivenUp(task: HubTask) {
    return untilStatus(this.hub, task, "dead_letter", long_ms)
  }

  /** The other agent says something to ours. Returns the id of the message. */
  say(message: Parameters<typeof say>[2] = {}) {
    return say(this.hub, other, message)
  }

  untilDelivered(ids: ReadonlyArray<string>) {
    return untilDelivered(this.folder, ids)
  }

  /** Waits until the hub has as many messages of ours. */
  untilSaid(count: number) {
    return untilSent(this.hub, count)
  }

  /** Lets the agent go on, and waits until the task is done. */
  finish(task: HubTask) {
    return Effect.andThen(this.folder.letGo, this.untilDone(task))
  }

  /** Makes the hub handle the first frames of this type in another way. */
  meet(type: string, meet: () => ReturnType<Intercept>, times = 1) {
    let left = times
    return this.hub.intercept((_, msg) => msg["type"] === type && left-- > 0 ? meet() : "deliver")
  }

  /** Drains the daemon, as an operator would. */
  get drain() {
    const args = [program, "drain", "--config", this.folder.file("config.json")]
    return Effect.promise(() => once(spawn(process.execPath, args, { stdio: "ignore" }), "exit"))
  }
}

/** A line for the shell, as the path of this Node.js is no path of the recorded machine. */
const talks_with = { message_command: `exec '${process.execPath}' talk.mjs` }

export const makeStage = ({ config, hub, script, talks = false }: Setting, recording: string) =>
  Effect.gen(function*() {
    const running = yield* startHub({ registerTokens: tokensOf(other), ...hub })
    const folder = yield* talks
      ? makeTalkFolder(running, { ...talks_with, ...config }, script)
      : makeFolder(running, script, config)
    return new Stage(running, folder, recording)
  })

/** What no fixture may contain. */
export const secrets = [token]
