import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFileSync, spawn } from "node:child_process"
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { emptyStore, type StoredState } from "../../src/domain/SidecarState.ts"
import { TaskStoreFile } from "../../src/layers/TaskStoreFile.ts"
import { limits } from "../../src/limits.ts"
import { TaskStore } from "../../src/services/TaskStore.ts"
import type { Folder } from "./support.ts"
import { makeFolder, taskOf, wokenTask } from "./support.ts"

const storeOf = (folder: Folder, state_file = folder.file("queue.json")) =>
  TaskStore.use(Effect.succeed).pipe(Effect.provide(Layer.provide(TaskStoreFile, folder.services({ state_file }))))

const holding = (description: string): StoredState => ({
  version: 1,
  active: taskOf("t1", { description, assignment: { description, odd: { "__proto__ ": [1.5, null, "é🦀\uD800"] } } }),
  recovering: wokenTask("t2", "g2a1t1")
})

const setAside = (folder: Folder) => readdirSync(folder.path).filter((name) => name.includes(".corrupt-"))

describe("the stored state", () => {
  it.live("is the empty one where there is no file, and none is made", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      expect(yield* (yield* storeOf(folder)).load).toEqual(emptyStore)
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

  it.live("is loaded after what a kill in the middle of a save left beside it is gone, and that alone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const others = ["queue.json.1x", "queue.json.12345678901", "queue.json.corrupt-1", "other.json.1", "queue.json1"]
      for (const name of ["queue.json.4294967295", "queue.json.7", ...others]) writeFileSync(folder.file(name), "")
      mkdirSync(folder.file("queue.json.8")) // none of ours
      expect(yield* (yield* storeOf(folder)).load).toEqual(emptyStore)
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
      expect(JSON.parse(folder.read("elsewhere", "state"))).toMatchObject({ active: { description: "linked" } })
    }))

  it.live("is whole at every moment, for a reader and after a kill", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(
        folder.file("writer.mjs"),
        `import { writeDurably } from ${JSON.stringify(new URL("../../src/layers/files.ts", import.meta.url).href)}
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

describe("a state that cannot be understood", () => {
  const good = JSON.stringify(holding("kept"))
  const rows: ReadonlyArray<readonly [string, string | Uint8Array]> = [
    ["an empty file", ""],
    ["half a file", good.slice(0, good.length / 2)],
    ["something else", "not JSON at all"],
    ["JSON of another shape", `{"version":1,"active":{"task_id":"t1"},"recovering":null}`],
    ["another version", `{"version":2,"active":null,"recovering":null}`],
    ["a bare null", "null"],
    ["zeros, as a power failure leaves them", new Uint8Array(4096)],
    ["text that is not UTF-8", Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)]
  ]
  for (const [name, content] of rows) {
    it.live(`${name} is set aside whole, and the state is the empty one`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        writeFileSync(folder.file("queue.json"), content)
        const store = yield* storeOf(folder)
        expect(yield* store.load).toEqual(emptyStore)
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

  it.live("a named pipe in its place is set aside, and not waited for", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      execFileSync("mkfifo", [folder.file("queue.json")])
      expect(yield* store.load).toEqual(emptyStore)
      expect(setAside(folder)).toHaveLength(1)
    }))

  it.live("a folder in its place, and a file too large to be one, are set aside as well", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      mkdirSync(folder.file("queue.json", "inner"), { recursive: true })
      expect(yield* store.load).toEqual(emptyStore)
      writeFileSync(folder.file("queue.json"), "")
      truncateSync(folder.file("queue.json"), limits.state_file_bytes + 1)
      expect(yield* store.load).toEqual(emptyStore)
      expect(setAside(folder)).toHaveLength(2)
    }))

  it.live("overwrites no other that was set aside in the same millisecond", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      for (let i = 0; i < 20; i++) {
        writeFileSync(folder.file("queue.json"), `broken ${i}`)
        yield* store.load
      }
      expect(setAside(folder).map((name) => folder.read(name)).toSorted())
        .toEqual(Array.from({ length: 20 }, (_, i) => `broken ${i}`).toSorted())
    }))
})

describe("a state that cannot be written", () => {
  it.live("fails as unwritable, and what was there stays", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const missing = folder.file("missing", "queue.json")
      expect(yield* Effect.flip((yield* storeOf(folder, missing)).save(emptyStore))).toMatchObject({
        _tag: "StoreError",
        reason: "Unwritable",
        path: missing
      })
    }))

  it.live("is refused where load would not take it back, and what was there stays", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      yield* store.save(holding("small"))
      const error = yield* Effect.flip(store.save(holding("x".repeat(limits.state_file_bytes))))
      expect(error).toMatchObject({ reason: "Unwritable" })
      expect(yield* store.load).toEqual(holding("small"))
      expect(readdirSync(folder.path)).toEqual(["queue.json"])
    }))

  it.live("nested too deeply for JSON fails, as everything else does, without a defect", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const metadata = JSON.parse(`{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)
      const store = yield* storeOf(folder)
      const state = { ...emptyStore, active: taskOf("t1", { metadata }) }
      expect(yield* Effect.flip(store.save(state))).toMatchObject({ reason: "Unwritable" })
    }))

  it.live("on a disk that takes only a part of it leaves the state that was there", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* (yield* storeOf(folder)).save(holding("before"))
      const files = JSON.stringify(new URL("../../src/layers/files.ts", import.meta.url).href)
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
