import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { OrphansFolder } from "../../src/layers/OrphansFolder.ts"
import { Orphans } from "../../src/services/Orphans.ts"
import { makeFolder } from "./support.ts"

const day_ms = 86_400_000

/** A folder whose files can be made some days old, and a clock that can be set. */
const makeOrphans = Effect.gen(function*() {
  const folder = yield* makeFolder
  for (const name of ["results", "tasks"]) mkdirSync(folder.file(name))
  const age = (path: string, days: number) => {
    const at = (Date.now() - days * day_ms) / 1_000
    utimesSync(folder.file(path), at, at)
  }
  const put = (path: string, days: number) => {
    writeFileSync(folder.file(path), path)
    age(path, days)
  }
  const real = yield* Clock.Clock
  let offset = 0
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe() + offset,
    currentTimeMillis: Effect.sync(() => real.currentTimeMillisUnsafe() + offset),
    currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
    currentTimeNanos: real.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => real.sleep(duration)
  }
  const withClock = Effect.provideService(Clock.Clock, clock)
  const services = yield* withClock(Layer.build(Layer.provide(OrphansFolder, folder.services({ retention_days: 7 }))))
  const { expire, stale } = Context.get(services, Orphans)
  const expired = () => readdirSync(folder.file("results", "expired")).toSorted()
  return {
    folder,
    age,
    put,
    expired,
    stale: withClock(stale),
    expire: (task_id: string) => withClock(expire(task_id)),
    /** Somebody sets the clock. */
    jump: (days: number) => {
      offset += days * day_ms
    }
  }
})

describe("files that nobody came back for", () => {
  it.live("are those of tasks whose files are all older than retention_days, in both folders", () =>
    Effect.gen(function*() {
      const { put, stale } = yield* makeOrphans
      put("results/task-old.json", 7.01)
      put("results/task-young.json", 6.99)
      put("results/task-touched.json", 100)
      put("results/task-touched.progress", 1)
      put("results/task-noted.started", 100)
      put("tasks/task-noted.log", 1)
      put("results/task-beside.json.sent-1700000000000", 8)
      put("tasks/task-payload.json", 8)
      put("tasks/task-wake.with.dots.g1a1t5.wake", 8)
      put("tasks/batch-told.1.payload.json", 8)
      put("tasks/batch-told.messages.json", 8)
      put("tasks/batch-young.12.payload.json.345", 8)
      put("tasks/batch-young.messages.json", 1)
      expect((yield* stale).toSorted()).toEqual(
        ["batch-told", "task-beside", "task-old", "task-payload", "task-wake.with.dots"]
      )
    }))

  it.live("leave nothing of a revocation, whose launcher comes no more, and say nothing of it", () =>
    Effect.gen(function*() {
      const { age, expire, folder, stale } = yield* makeOrphans
      writeFileSync(folder.file("tasks/task-1.g1a1t5.wake"), JSON.stringify({ revoked: true }))
      age("tasks/task-1.g1a1t5.wake", 8)
      expect(yield* stale).toEqual(["task-1"])
      yield* expire("task-1")
      expect(folder.has("tasks/task-1.g1a1t5.wake")).toBe(false)
      expect(folder.has("results/expired")).toBe(false)
      expect(folder.events).toEqual([])
    }))

  it.live("are kept where something else has the name of a revocation, however small it is", () =>
    Effect.gen(function*() {
      const { expire, expired, folder, stale } = yield* makeOrphans
      const link = folder.file("tasks/task-1.g1a1t5.wake")
      symlinkSync("../x", link)
      const at = (Date.now() - 8 * day_ms) / 1_000
      lutimesSync(link, at, at)
      expect(yield* stale).toEqual(["task-1"])
      yield* expire("task-1")
      expect(expired()).toHaveLength(1)
    }))

  it.live("are none where there is no folder", () =>
    Effect.gen(function*() {
      const { folder, stale } = yield* makeOrphans
      for (const name of ["results", "tasks"]) rmSync(folder.file(name), { recursive: true })
      expect(yield* stale).toEqual([])
      expect(folder.events).toEqual([])
    }))

  const hidden: ReadonlyArray<readonly [string, (tasks: string) => void]> = [
    ["a link to nowhere", (tasks) => symlinkSync("unmounted", tasks)],
    ["a link to itself", (tasks) => symlinkSync("tasks", tasks)],
    ["a file", (tasks) => writeFileSync(tasks, "")]
  ]
  for (const [what, hide] of hidden) {
    it.live(`are not known, and none is moved, where one of the folders cannot be read: ${what}`, () =>
      Effect.gen(function*() {
        const { folder, put, stale } = yield* makeOrphans
        put("results/task-old.json", 8)
        put("tasks/task-old.log", 1) // one file that is not old
        renameSync(folder.file("tasks"), folder.file("elsewhere"))
        hide(folder.file("tasks"))
        expect(yield* stale).toEqual([])
        expect(folder.events).toMatchObject([{ event: "file_trouble", path: folder.file("tasks") }])
      }))
  }

  it.live("are none of which the name is no task's, and none that was put aside before", () =>
    Effect.gen(function*() {
      const { folder, put, stale } = yield* makeOrphans
      for (const name of ["notes.txt", "package.json", ".json", "con.json", "task-a b.json", "task-1.json.bak"]) {
        put(`results/${name}`, 100)
      }
      for (const name of ["task-1.json.12345678901", "task-1.json.x", "task-1.wake", "-"]) {
        put(`tasks/${name}`, 100)
      }
      for (const name of ["sent", "rejected", "expired"]) {
        mkdirSync(folder.file("results", name))
        put(`results/${name}/task-1.5.json`, 100)
      }
      expect(yield* stale).toEqual([])
    }))

  it.live("are moved to results/expired, every one of the task, with a line in the log", () =>
    Effect.gen(function*() {
      const { expire, expired, folder, put, stale } = yield* makeOrphans
      const results = ["task-1.json", "task-1.started", "task-1.progress", "task-1.json.tmp"]
      const tasks = ["task-1.json", "task-1.json.4294967295", "task-1.prompt", "task-1.log", "task-1.g1a1t5.wake"]
      for (const name of results) put(`results/${name}`, 8)
      for (const name of tasks) put(`tasks/${name}`, 8)
      put("results/task-2.json", 8)
      yield* stale
      yield* expire("task-1")
      expect(expired().map((name) => name.replace(/\.\d{13}\./, ".STAMP."))).toEqual([
        "task-1.STAMP.json",
        "task-1.STAMP.json.tmp",
        "task-1.STAMP.progress",
        "task-1.STAMP.started",
        "task-1.STAMP.task.g1a1t5.wake",
        "task-1.STAMP.task.json",
        "task-1.STAMP.task.json.4294967295",
        "task-1.STAMP.task.log",
        "task-1.STAMP.task.prompt"
      ])
      const [answer = ""] = expired()
      expect(folder.read("results", "expired", answer)).toBe("results/task-1.json")
      expect(readdirSync(folder.file("results")).toSorted()).toEqual(["expired", "task-2.json"])
      expect(readdirSync(folder.file("tasks"))).toEqual([])
      expect(folder.events).toEqual([
        { event: "files_expired", task_id: "task-1", folder: folder.file("results", "expired") }
      ])
      expect(yield* stale).toEqual(["task-2"])
    }))

  it.live("overwrite nothing that has expired before", () =>
    Effect.gen(function*() {
      const { expire, expired, put, stale } = yield* makeOrphans
      for (let count = 1; count <= 3; count++) {
        put("results/task-1.json", 8)
        yield* stale
        yield* expire("task-1")
        expect(expired()).toHaveLength(count)
      }
    }))

  it.live("are moved as they are: a link and a folder in the place of an answer too", () =>
    Effect.gen(function*() {
      const { age, expire, expired, folder, stale } = yield* makeOrphans
      mkdirSync(folder.file("results", "task-1.json"))
      symlinkSync("nowhere", folder.file("results", "task-2.json"))
      age("results/task-1.json", 8)
      expect(yield* stale).toEqual(["task-1"]) // the link is young
      yield* expire("task-1")
      expect(expired()).toHaveLength(1)
    }))

  it.live("are not there any more when they were taken meanwhile, and nothing is said", () =>
    Effect.gen(function*() {
      const { expire, folder, put, stale } = yield* makeOrphans
      put("results/task-1.json", 8)
      yield* stale
      rmSync(folder.file("results", "task-1.json"))
      yield* expire("task-1")
      yield* expire("never-found")
      expect(folder.events).toEqual([])
    }))

  it.live("stay where they are when they cannot be moved, and the log says why", () =>
    Effect.gen(function*() {
      const { expire, folder, put, stale } = yield* makeOrphans
      put("results/task-1.json", 8)
      put("results/expired", 8) // a file in the place of the folder
      yield* stale
      yield* expire("task-1")
      expect(folder.has("results", "task-1.json")).toBe(true)
      expect(folder.events).toMatchObject([{ event: "file_trouble", path: folder.file("results", "task-1.json") }])
    }))

  it.live("do not become old by a clock that is set, whether forwards or back", () =>
    Effect.gen(function*() {
      const { jump, put, stale } = yield* makeOrphans
      put("results/task-old.json", 8)
      put("results/task-young.json", 1)
      put("results/of-the-future.json", -30)
      expect(yield* stale).toEqual(["task-old"])
      jump(365)
      expect(yield* stale).toEqual(["task-old"])
      jump(-2 * 365)
      expect(yield* stale).toEqual([])
    }))
})
