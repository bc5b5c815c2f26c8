import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { knownWake } from "../../src/process/knownWake.ts"
import { alivePath, dropUnheld, holderOf, wakeFiles, type WakeRecord } from "../../src/process/wakeFiles.ts"
import { type Folder, makeFolder, until } from "./support.ts"

const here = { boot: "b", pid_namespace: "pid:[1] 5" }
const older: WakeRecord = { wake_id: "g1a1t1", boot: "b", log_offset: 0, pid: 100, start_time: "5" }

const look = (folder: Folder, record: WakeRecord, place = here) => {
  const tasks = folder.file("tasks")
  return Effect.map(
    knownWake(wakeFiles(tasks, "t1", "g1a1t1"), record, place, tasks),
    (known) => known?.at ?? "another's"
  )
}

const makeTasks = Effect.tap(makeFolder, (folder) => Effect.sync(() => mkdirSync(folder.file("tasks"))))

describe("whose agent it is", () => {
  const rows: ReadonlyArray<readonly [string, Partial<WakeRecord>, string]> = [
    ["a record of an older version is taken for one of this place", {}, "here"],
    ["one of this boot and pid namespace is of this place", { pid_namespace: "pid:[1] 5" }, "here"],
    ["one of another boot has ended with it", { boot: "a", pid_namespace: "pid:[1] 5" }, "ended"],
    ["one of another pid namespace is elsewhere", { pid_namespace: "pid:[2] 5" }, "elsewhere"],
    [
      "so is one of a namespace that has ended, whose number was given out again",
      { pid_namespace: "pid:[1] 4" },
      "elsewhere"
    ],
    ["one that tells no boot and no namespace is of this place", { boot: "", pid_namespace: "" }, "here"]
  ]
  for (const [clause, more, expected] of rows) {
    it.live(clause, () =>
      Effect.gen(function*() {
        expect(yield* look(yield* makeTasks, { ...older, ...more })).toBe(expected)
      }))
  }

  it.live("where this place is not told, all is of it", () =>
    Effect.gen(function*() {
      const folder = yield* makeTasks
      const record = { ...older, boot: "a", pid_namespace: "pid:[2] 5" }
      expect(yield* look(folder, record, { boot: "", pid_namespace: "" })).toBe("here")
    }))

  it.live("of a folder that is another's copy it is the other's, while that is there", () =>
    Effect.gen(function*() {
      const folder = yield* makeTasks
      mkdirSync(folder.file("original"))
      const record = { ...older, tasks_dir: folder.file("original") }
      expect(yield* look(folder, record)).toBe("another's")
      expect(yield* look(folder, { ...record, pid_namespace: "pid:[2] 5" })).toBe("another's")
      rmSync(folder.file("original"), { recursive: true })
      expect(yield* look(folder, record)).toBe("here")
    }))

  it.live("of a folder that was moved, or is seen at another path, it is ours", () =>
    Effect.gen(function*() {
      const folder = yield* makeTasks
      const record = { ...older, tasks_dir: realpathSync(folder.file("tasks")) }
      expect(yield* look(folder, record)).toBe("here")
      renameSync(folder.file("tasks"), folder.file("moved"))
      symlinkSync("moved", folder.file("tasks"))
      expect(yield* look(folder, record)).toBe("here")
    }))

  it.live("where it cannot be told, nobody is taken for ours or another's", () =>
    Effect.gen(function*() {
      const folder = yield* makeTasks
      symlinkSync("loop", folder.file("loop"))
      const looking = look(folder, { ...older, tasks_dir: folder.file("loop") })
      expect(yield* Effect.flip(looking)).toMatchObject({ _tag: "FileError", code: "ELOOP" })
    }))
})

describe("the FIFO of a wake", () => {
  const record = (folder: Folder) => folder.file("tasks", "t1.g1a1t1.wake")
  const make = (folder: Folder) => spawnSync("mkfifo", [alivePath(record(folder))])

  it.live("is missing, held by nobody, held by its agent, and missing again when it is dropped", () =>
    Effect.gen(function*() {
      const folder = yield* makeTasks
      const path = record(folder)
      expect(yield* holderOf(path)).toBe("missing")
      make(folder)
      expect(yield* holderOf(path)).toBe("nobody")
      const script = `exec 7<>"${alivePath(path)}"; echo held > "${folder.file("held")}"; exec sleep 60`
      const holder = spawn("/bin/sh", ["-c", script], { stdio: "ignore", detached: true })
      folder.adopt(yield* until("a holder", () => holder.pid))
      yield* until("it is held", () => folder.has("held"))
      expect(yield* holderOf(path)).toBe("held")
      yield* dropUnheld(path)
      expect(yield* holderOf(path)).toBe("held")
      const ended = new Promise((resolve) => holder.once("exit", resolve))
      holder.kill("SIGKILL")
      yield* Effect.promise(() => ended)
      expect(yield* holderOf(path)).toBe("nobody")
      yield* dropUnheld(path)
      expect(existsSync(alivePath(path))).toBe(false)
    }))

  for (
    const [what, put] of [
      ["a file", (path: string) => writeFileSync(path, "")],
      ["a folder", (path: string) => mkdirSync(path)],
      ["a link", (path: string) => symlinkSync("elsewhere", path)]
    ] as const
  ) {
    it.live(`${what} in its place tells nothing`, () =>
      Effect.gen(function*() {
        const folder = yield* makeTasks
        put(alivePath(record(folder)))
        expect(yield* holderOf(record(folder))).toBe("missing")
      }))
  }
})
