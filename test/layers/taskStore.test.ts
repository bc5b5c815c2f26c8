import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { execFileSync, spawn } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { emptyStore, type StoredState } from "../../src/domain/SidecarState.ts"
import { state_file_bytes, TaskStoreFile } from "../../src/layers/TaskStoreFile.ts"
import { TaskStore } from "../../src/services/TaskStore.ts"
import { moveToFreeName } from "../../src/storage/files.ts"
import { hurried } from "../support/hurried.ts"
import type { Folder } from "./support.ts"
import { makeFolder, taskOf } from "./support.ts"

const storeOf = (folder: Folder, state_file = folder.file("queue.json")) =>
  TaskStore.use(Effect.succeed).pipe(Effect.provide(Layer.provide(TaskStoreFile, folder.services({ state_file }))))

const holding = (description: string): StoredState => ({
  ...emptyStore,
  task: taskOf("t1", { description, assignment: { description, odd: { "__proto__ ": [1.5, null, "é🦀\uD800"] } } })
})

const setAside = (folder: Folder) => readdirSync(folder.path).filter((name) => name.includes(".corrupt-"))

describe("the stored state", () => {
  it.live("is none where there is no file, and none is made", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* (yield* storeOf(folder)).load).toBeNull()
      expect(readdirSync(folder.path)).toEqual([])
    }))

  it.live("comes back as it was saved, with everything the hub said of the task", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      for (const state of [holding("first"), emptyStore, holding("\"quotes\"\n")]) {
        yield* store.save(state)
        expect(yield* store.load).toEqual(state)
        expect(yield* (yield* storeOf(folder)).load).toEqual(state)
      }
      expect(readdirSync(folder.path)).toEqual(["queue.json"])
    }))

  it.live("is taken over from a file of version 1, which the next save replaces", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const { id, kind: _kind, payload, ...work } = taskOf("t1")
      const v1 = { version: 1, active: { task_id: id, ...payload, ...work }, recovering: null }
      writeFileSync(folder.file("queue.json"), JSON.stringify(v1))
      const store = yield* storeOf(folder)
      expect(yield* store.load).toEqual({ ...emptyStore, task: taskOf("t1") })
      expect(readFileSync(folder.file("queue.json"), "utf8")).toBe(JSON.stringify(v1))
      yield* store.save(emptyStore)
      expect(JSON.parse(readFileSync(folder.file("queue.json"), "utf8"))).toEqual(emptyStore)
    }))

  it.live("is loaded after what a kill in the middle of a save left beside it is gone, and that alone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const others = ["queue.json.1x", "queue.json.12345678901", "queue.json.corrupt-1", "other.json.1", "queue.json1"]
      for (const name of ["queue.json.4294967295", "queue.json.7", ...others]) writeFileSync(folder.file(name), "")
      mkdirSync(folder.file("queue.json.8")) // not a temporary file of ours
      expect(yield* (yield* storeOf(folder)).load).toBeNull()
      expect(readdirSync(folder.path).toSorted()).toEqual([...others, "queue.json.8"].toSorted())
      expect(folder.events).toMatchObject([{ event: "file_trouble" }])
    }))

  it.live("is readable by its owner only, whatever its mode was before", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file("queue.json"), JSON.stringify(emptyStore))
      chmodSync(folder.file("queue.json"), 0o666)
      yield* (yield* storeOf(folder)).save(holding("secret"))
      expect(statSync(folder.file("queue.json")).mode & 0o777).toBe(0o600)
    }))

  it.live("replaces the file that a link leads to, and keeps the link", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("elsewhere"))
      writeFileSync(folder.file("elsewhere", "state"), JSON.stringify(emptyStore))
      symlinkSync(folder.file("elsewhere", "state"), folder.file("queue.json"))
      yield* (yield* storeOf(folder)).save(holding("linked"))
      expect(JSON.parse(folder.read("elsewhere", "state"))).toMatchObject({
        task: { payload: { description: "linked" } }
      })
    }))

  it.live("is whole at every moment, for a reader and after a kill", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(
        folder.file("writer.mjs"),
        `import { writeDurably } from ${JSON.stringify(new URL("../../src/storage/files.ts", import.meta.url).href)}
        for (let i = 0; ; i++) await writeDurably("queue.json", JSON.stringify({ i, padding: "x".repeat((i % 7) * 100_000) }))`
      )
      for (let round = 0; round < 3; round++) {
        const writer = spawn(process.execPath, ["writer.mjs"], { cwd: folder.path, stdio: "ignore" })
        const ended = new Promise((done) => writer.once("exit", done))
        if (writer.pid !== undefined) folder.adopt(writer.pid)
        const reads = yield* Effect.promise(async () => {
          const seen = new Set<number>()
          while (seen.size < 5) {
            if (folder.has("queue.json")) seen.add(JSON.parse(folder.read("queue.json")).i)
            await new Promise(setImmediate)
          }
          return seen.size
        })
        writer.kill("SIGKILL")
        yield* Effect.promise(() => ended)
        expect(reads).toBe(5)
        expect(JSON.parse(folder.read("queue.json"))).toMatchObject({ i: expect.any(Number) })
      }
    }))
})

describe("a state that was read and makes no sense", () => {
  const good = JSON.stringify(holding("kept"))
  const rows: ReadonlyArray<readonly [string, string | Uint8Array]> = [
    ["an empty file", ""],
    ["half a file", good.slice(0, good.length / 2)],
    ["something else", "not JSON at all"],
    ["JSON of another shape", `{"version":1,"active":{"task_id":"t1"},"recovering":null}`],
    ["a version before the first", `{"version":0,"active":null,"recovering":null}`],
    ["a version that is no number", `{"version":"2","active":null,"recovering":null}`],
    ["a bare null", "null"],
    ["zeros, as a power failure leaves them", new Uint8Array(4096)],
    ["text that is not UTF-8", Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)]
  ]
  for (const [name, content] of rows) {
    it.effect(`${name} is set aside whole, and the state is lost`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        writeFileSync(folder.file("queue.json"), content)
        const store = yield* storeOf(folder)
        expect(yield* hurried(store.load)).toBeNull()
        const [kept = ""] = setAside(folder)
        expect(kept).toMatch(/^queue\.json\.corrupt-\d+$/)
        expect(readdirSync(folder.path)).toEqual([kept])
        expect(Buffer.from(folder.read(kept))).toEqual(Buffer.from(Buffer.from(content).toString("utf8")))
        expect(folder.events).toMatchObject([{
          event: "state_set_aside",
          path: folder.file(kept),
          reason: expect.stringMatching(/./)
        }])
        yield* store.save(holding("next"))
        expect(yield* store.load).toEqual(holding("next"))
      }))
  }

  it.effect("a file too large to be one is set aside as well", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file("queue.json"), "")
      truncateSync(folder.file("queue.json"), state_file_bytes + 1)
      expect(yield* hurried((yield* storeOf(folder)).load)).toBeNull()
      expect(setAside(folder)).toHaveLength(1)
    }))

  it.effect("is read after all where it becomes whole within two seconds", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file("queue.json"), good.slice(0, 20))
      const fiber = yield* Effect.forkChild((yield* storeOf(folder)).load)
      yield* hurried(Effect.sleep(1_000))
      writeFileSync(folder.file("queue.json"), good)
      expect(yield* hurried(Fiber.join(fiber))).toEqual(holding("kept"))
      expect(setAside(folder)).toEqual([])
    }))

  it.effect("is not judged while it changes, and nothing is set aside", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      let written = 0
      const writer = Effect.sync(() => writeFileSync(folder.file("queue.json"), "x".repeat(++written))).pipe(
        Effect.andThen(Effect.sleep(500)),
        Effect.forever
      )
      yield* Effect.forkChild(writer)
      const error = yield* hurried(Effect.flip((yield* storeOf(folder)).load))
      expect(Runtime.getErrorExitCode(error)).toBe(74)
      expect(error.message).toContain("it changes while it is read")
      expect(setAside(folder)).toEqual([])
    }))

  it.effect.skipIf(!existsSync("/proc/self/cmdline"))(
    "that cannot be set aside stays, and is the end",
    () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const elsewhere = "/proc/self/cmdline" // nobody can move it
        const error = yield* hurried(Effect.flip((yield* storeOf(folder, elsewhere)).load))
        expect(Runtime.getErrorExitCode(error)).toBe(74)
        expect(error.message).toContain(`${elsewhere} could not be read: it is no state (`)
      })
  )

  it.live("overwrites no other that was set aside in the same millisecond", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const path = folder.file("queue.json")
      for (let i = 0; i < 20; i++) {
        writeFileSync(path, `broken ${i}`)
        yield* Effect.promise(() => moveToFreeName(path, (stamp) => `${path}.corrupt-${stamp}`, 5))
      }
      expect(setAside(folder).map((name) => folder.read(name)).toSorted())
        .toEqual(Array.from({ length: 20 }, (_, i) => `broken ${i}`).toSorted())
    }))
})

describe("a state that is there and cannot be read", () => {
  const uid = process.geteuid?.()

  /** What is in the way, and what the message says about it. */
  const rows: ReadonlyArray<readonly [string, (folder: Folder) => string, string]> = [
    ["a link to nowhere", (folder) => {
      symlinkSync(folder.file("unmounted", "state"), folder.file("queue.json"))
      return folder.file("queue.json")
    }, "ENOENT"],
    ["a link to itself", (folder) => {
      symlinkSync("queue.json", folder.file("queue.json"))
      return folder.file("queue.json")
    }, "ELOOP"],
    ["a folder that is not there (yet)", (folder) => folder.file("unmounted", "queue.json"), "ENOENT"],
    ["a path through a file", (folder) => {
      writeFileSync(folder.file("file"), "")
      return folder.file("file", "queue.json")
    }, "ENOTDIR"]
  ]
  for (const [name, make, code] of rows) {
    it.effect(`${name}: again for ten seconds, then the end with 74, and nothing is touched`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const path = make(folder)
        const before = readdirSync(folder.path)
        const error = yield* hurried(Effect.flip((yield* storeOf(folder, path)).load))
        expect(Runtime.getErrorExitCode(error)).toBe(74)
        expect(error.message).toContain(code)
        expect(error.message).toContain("tried for 10 s")
        expect(readdirSync(folder.path)).toEqual(before)
        expect(folder.events).toMatchObject([{ event: "file_trouble" }])
      }))
  }

  it.effect("the sentence says whose it is and who we are", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      symlinkSync("queue.json", folder.file("queue.json"))
      const error = yield* hurried(Effect.flip((yield* storeOf(folder)).load))
      expect(error.message).toContain(`; it belongs to user ${uid}, and the sidecar runs as user ${uid};`)
    }))

  it.effect("is read as soon as that works", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      symlinkSync(folder.file("unmounted", "state"), folder.file("queue.json"))
      const fiber = yield* Effect.forkChild((yield* storeOf(folder)).load)
      yield* hurried(Effect.sleep(9_000))
      mkdirSync(folder.file("unmounted"))
      writeFileSync(folder.file("unmounted", "state"), JSON.stringify(holding("kept")))
      expect(yield* hurried(Fiber.join(fiber))).toEqual(holding("kept"))
    }))
})

describe("what is in the place of the state and none of ours", () => {
  const rows: ReadonlyArray<readonly [string, (path: string) => void, string]> = [
    ["a folder", (path) => mkdirSync(path), "is a folder, not a file"],
    ["a named pipe, which is not waited for", (path) => execFileSync("mkfifo", [path]), "is a named pipe, not a file"],
    ["a device", (path) => symlinkSync("/dev/zero", path), "is a special file, not a file"],
    [
      "the state of a newer version",
      (path) => writeFileSync(path, `{"version":3,"tasks":[]}`),
      "was written by a newer agentcom-sidecar"
    ]
  ]
  for (const [name, make, problem] of rows) {
    it.live(`${name}: the end with 78 at once, and it stays as it is`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        make(folder.file("queue.json"))
        const error = yield* Effect.flip((yield* storeOf(folder)).load)
        expect(Runtime.getErrorExitCode(error)).toBe(78)
        expect(error.message).toMatch(/^agentcom-sidecar: \/\S+queue\.json /)
        expect(error.message).toContain(problem)
        expect(readdirSync(folder.path)).toEqual(["queue.json"])
        expect(folder.events).toEqual([])
      }))
  }
})

describe("a state that cannot be written", () => {
  it.live("fails as unwritable, and what was there stays", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const missing = folder.file("missing", "queue.json")
      expect(yield* Effect.flip((yield* storeOf(folder, missing)).save(emptyStore))).toMatchObject({
        _tag: "StoreError",
        path: missing
      })
    }))

  it.live("is refused where load would not take it back, and what was there stays", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      yield* store.save(holding("small"))
      const error = yield* Effect.flip(store.save(holding("x".repeat(state_file_bytes))))
      expect(error).toMatchObject({ _tag: "StoreError" })
      expect(yield* store.load).toEqual(holding("small"))
      expect(readdirSync(folder.path)).toEqual(["queue.json"])
    }))

  it.live("nested too deeply for JSON fails, as everything else does, without a defect", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const metadata = JSON.parse(`{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)
      const store = yield* storeOf(folder)
      const state = { ...emptyStore, active: taskOf("t1", { metadata }) }
      expect(yield* Effect.flip(store.save(state))).toMatchObject({ _tag: "StoreError" })
    }))

  it.live("on a disk that takes only a part of it leaves the state that was there", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* (yield* storeOf(folder)).save(holding("before"))
      const files = JSON.stringify(new URL("../../src/storage/files.ts", import.meta.url).href)
      writeFileSync(
        folder.file("writer.mjs"),
        `process.on("SIGXFSZ", () => {})
        const { writeDurably } = await import(${files})
        await writeDurably("queue.json", "x".repeat(1_000_000)).then(() => process.exit(0), () => process.exit(3))`
      )
      const limited = `ulimit -f 128; exec "${process.execPath}" writer.mjs`
      const writer = spawn("/bin/sh", ["-c", limited], { cwd: folder.path, stdio: "ignore" })
      const code = yield* Effect.promise(() => new Promise((done) => writer.once("exit", done)))
      expect(code).toBe(3)
      expect(yield* (yield* storeOf(folder)).load).toEqual(holding("before"))
      expect(readdirSync(folder.path).toSorted()).toEqual(["queue.json", "writer.mjs"])
    }))
})
