import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { platform } from "../../src/platform.ts"
import { isHeld } from "../../src/storage/folderLock.ts"
import { runCommand } from "../support/commands.ts"
import {
  atOnce,
  isAlive,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  typesOf,
  until,
  untilStatus
} from "../support/daemon.ts"
import { startAtWork } from "../support/outcomes.ts"

const isIdentified = (path: string) => () => readFileSync(join(path, "sidecar.log"), "utf8").includes("\"identified\"")

/** A sidecar without a task, which the hub knows. */
const startIdle = Effect.gen(function*() {
  const hub = yield* startHub()
  const folder = yield* makeFolder(hub, { work: atOnce })
  const daemon = yield* startDaemon(folder)
  yield* until("the hub knows it", () => daemon.events("identified").length > 0)
  return { hub, folder, daemon }
})

describe("one daemon a folder", () => {
  it.live(
    "of four that start at one moment one runs, and the others end with 73 and its pid",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        const daemons = yield* Effect.all(Array.from({ length: 4 }, () => startDaemon(folder)), { concurrency: 4 })
        const ended = () => daemons.filter(({ pid }) => !isAlive(pid))
        yield* until("three have ended", () => ended().length === 3, 60_000)
        const runs = daemons.find(({ pid }) => isAlive(pid))
        for (const daemon of ended()) {
          expect(yield* daemon.ended).toBe(73)
          expect(daemon.output()).toContain(`is held by the sidecar with pid ${runs?.pid}, since `)
          expect(daemon.events()).toEqual([])
        }
      }).pipe(Effect.scoped)
  )

  it.live("a killed one leaves nothing that hinders the next", () =>
    Effect.gen(function*() {
      const { daemon, folder } = yield* startIdle
      yield* daemon.kill
      const next = yield* startDaemon(folder)
      yield* until("it is known", () => next.events("identified").length > 0)
      const status = yield* runCommand(["status", "--json", "--config", folder.file("config.json")])
      expect(JSON.parse(status.out)).toMatchObject({ running: true, pid: next.pid })
    }).pipe(Effect.scoped))

  it.live(
    "a start without the right to its lock names the file and what to do: 74, or 78 where it is no lock",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        mkdirSync(folder.file("lock"))
        const daemon = yield* startDaemon(folder)
        expect(yield* daemon.ended).toBe(78)
        expect(daemon.output()).toMatch(/lock cannot be locked: it is no regular file; move it away.*\n$/)
      }).pipe(Effect.scoped)
  )
})

describe.runIf(platform !== "windows")("the folder under a running sidecar", { concurrent: true }, () => {
  it.live(
    "moved away: no task is accepted, none fails, nothing is made at the old place; moved back, all goes on",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startIdle
        renameSync(folder.path, `${folder.path}-moved`)
        const task = yield* submit(hub)
        yield* until("it has seen it", () => daemon.events("state_unsaved").length > 0, 60_000)
        expect(daemon.events("state_unsaved")[0]?.["reason"]).toContain(
          `the agent's folder ${folder.path} cannot be reached`
        )
        expect(typesOf(hub, "out")).not.toContain("task_failed")
        expect(typesOf(hub, "out")).not.toContain("task_accepted")
        expect(existsSync(folder.path)).toBe(false)
        renameSync(`${folder.path}-moved`, folder.path)
        yield* untilStatus(hub, task, "completed", 120_000)
        expect(folder.wakes()).toHaveLength(1)
      }).pipe(Effect.scoped)
  )

  const losses: ReadonlyArray<readonly [what: string, lose: (path: string) => void]> = [
    ["moved away and restored from a copy", (path) => {
      renameSync(path, `${path}-moved`)
      cpSync(`${path}-moved`, path, { recursive: true, filter: (name) => !name.endsWith(".sock") })
    }],
    ["with its lock removed", (path) => rmSync(join(path, "lock"))],
    ["with another lock in the place of its own", (path) => {
      writeFileSync(join(path, "new"), "", { mode: 0o600 })
      renameSync(join(path, "new"), join(path, "lock"))
    }]
  ]
  it.live.each(losses)(
    "%s: it ends with 75 at the next task and changes nothing; the next start does it",
    ([, lose]) =>
      Effect.gen(function*() {
        const { daemon, folder, hub } = yield* startIdle
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => rmSync(`${folder.path}-moved`, { recursive: true, force: true }))
        )
        yield* until("its log and its note are written so far", () =>
          isIdentified(folder.path)() && existsSync(folder.file("heard.json")))
        lose(folder.path)
        const before = folder.read("sidecar.log")
        const files = readdirSync(folder.path).toSorted()
        const task = yield* submit(hub)
        expect(yield* daemon.ended).toBe(75)
        expect(daemon.output()).toMatch(/is not the file that this sidecar locked/)
        expect(folder.read("sidecar.log")).toBe(before)
        expect(readdirSync(folder.path).toSorted()).toEqual(files)
        expect(typesOf(hub, "out")).not.toContain("task_accepted")
        const next = yield* startDaemon(folder)
        yield* until("it is known", isIdentified(folder.path))
        yield* untilStatus(hub, task, "completed", 120_000)
        expect(next.events("wake_attempt")).toHaveLength(1)
        expect(folder.wakes()).toHaveLength(1)
      }).pipe(Effect.scoped)
  )

  it.live(
    "lost while its agent works: that one is left at its work, and the next start finds it",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startAtWork()
        yield* until("the sidecar knows", () => daemon.events("agent_started").length > 0)
        rmSync(folder.file("lock"))
        const [agent = 0] = folder.wakes()
        expect(yield* daemon.ended).toBe(75)
        expect(isAlive(agent)).toBe(true)
        yield* startDaemon(folder)
        yield* folder.letGo
        yield* untilStatus(hub, task, "completed", 60_000)
        expect(folder.wakes()).toEqual([agent])
      }).pipe(Effect.scoped)
  )
})

describe.runIf(platform !== "windows")("an agent that links the lock into its results", { concurrent: true }, () => {
  it.live("frees nothing by that", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const link = (name: string) => `ln lock "$RESULTS_DIR/$TASK_ID.${name}"`
      const folder = yield* makeFolder(hub, {
        work: `${link("progress")}; ${link("json")}; sleep 6; rm "$RESULTS_DIR/$TASK_ID.json"`
      })
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* untilStatus(hub, task, "completed", 60_000)
      expect(yield* isHeld(folder.path)).toBe(true)
    }).pipe(Effect.scoped))
})

describe.concurrent("drain", () => {
  it.live(
    "of an idle sidecar says 0, five times of five, and no sooner than the folder is free",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        for (let time = 0; time < 5; time++) {
          const daemon = yield* startDaemon(folder)
          yield* until("it can be asked", () => existsSync(folder.file("control.json")))
          const drained = yield* runCommand(["drain", "--config", folder.file("config.json")])
          expect(yield* isHeld(folder.path)).toBe(false)
          expect(drained).toMatchObject({ code: 0, err: "" })
          expect(drained.out).toContain("It has stopped.")
          expect(yield* daemon.ended).toBe(0)
        }
      }).pipe(Effect.scoped)
  )

  it.live("of one that does not answer is no 0", () =>
    Effect.gen(function*() {
      const { daemon, folder } = yield* startIdle
      yield* daemon.signal("SIGSTOP")
      const { code, err } = yield* runCommand(["drain", "--config", folder.file("config.json")])
      expect(code).toBe(69)
      expect(err).toMatch(
        /^agentcom-sidecar: a sidecar holds .*, but it does not answer: it said nothing within 5000 ms\n$/
      )
    }).pipe(Effect.scoped))
})
