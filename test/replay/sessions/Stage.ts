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

const program = resolve("dist/main.js")

/** What a session is made of, where it is not as usual. */
export interface Setting {
  readonly script?: AgentScript
  readonly config?: Record<string, unknown>
  readonly hub?: DevHubOptions
}

const long_ms = 150_000

/** A hub, an agent's folder, and the daemons beside it, which go on recording in one file. */
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

  /** Starts a daemon, and waits until the hub knows it. */
  get start() {
    const before = this.identified
    return Effect.tap(this.startUnconnected, () => this.untilIdentified(before + 1))
  }

  /** Starts a daemon that the hub may never know. */
  get startUnconnected() {
    return Effect.tap(this.#started, (daemon) => Effect.sync(() => void this.#daemons.push(daemon)))
  }

  /** An operator stops what still runs. */
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

  /** A task whose agent is at work. */
  get atWork() {
    return Effect.tap(this.submit(), (task) => this.untilAtWork(task))
  }

  untilAtWork({ id }: HubTask) {
    return until("the agent is at work", () => existsSync(this.folder.file(`results/${id}.started`)), long_ms)
  }

  untilWakes(times: number) {
    return until(`${times} wakes`, () => this.folder.wakes().length >= times, long_ms)
  }

  /** Nobody whom the daemon has woken lives any more. */
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

  /** The agent may go on, and the task is done. */
  finish(task: HubTask) {
    return Effect.andThen(this.folder.letGo, this.untilDone(task))
  }

  /** The hub meets the first so many frames of this type in its own way. */
  meet(type: string, meet: () => ReturnType<Intercept>, times = 1) {
    let left = times
    return this.hub.intercept((_, msg) => msg["type"] === type && left-- > 0 ? meet() : "deliver")
  }

  /** An operator asks the daemon to drain. */
  get drain() {
    const args = [program, "drain", "--config", this.folder.file("config.json")]
    return Effect.promise(() => once(spawn(process.execPath, args, { stdio: "ignore" }), "exit"))
  }
}

export const makeStage = ({ config, hub, script }: Setting, recording: string) =>
  Effect.gen(function*() {
    const running = yield* startHub(hub)
    const folder = yield* makeFolder(running, script, config)
    return new Stage(running, folder, recording)
  })

/** What no fixture may hold. */
export const secrets = [token]
