import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { setTimeout as wait } from "node:timers/promises"
import { Worker } from "node:worker_threads"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import { nothingHeld, nothingKnown } from "../../src/domain/messages/Talk.ts"
import { MessageStoreFile } from "../../src/layers/MessageStoreFile.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import { moveCorrupt } from "../../src/storage/files.ts"
import type { MessageWorkerData, Request } from "../../src/storage/messages/messageThread.ts"
import { schema_version } from "../../src/storage/messages/schema.ts"
import { isThreadAtWork } from "../../src/storage/threadsAtWork.ts"
import { parseExact } from "../../src/text/json.ts"
import { answer, batchOf, deliver, judgedAs, keep, outgoingOf, pushed, type Store } from "../storage/support.ts"
import { hurried } from "../support/hurried.ts"
import { itWith } from "../support/needs.ts"
import { type Folder, makeFolder, until } from "./support.ts"

const name = "agent.sqlite"

/** The store of the folder, until the scope ends. */
const storeOf = (folder: Folder, state_file = folder.file("queue.json")) =>
  Effect.map(
    Layer.build(Layer.provide(MessageStoreFile, folder.services({ state_file }))),
    Context.get(MessageStore)
  )

/** Uses a store of the folder as one life of the daemon does. */
const inOneLife = <A, E>(folder: Folder, use: (store: Store) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(storeOf(folder), use))

const fill = (folder: Folder) => inOneLife(folder, (store) => store.record([judgedAs(deliver, "m1")]))

const nothing = { held: nothingHeld, known: nothingKnown, is_delivered: false }

describe("the messages of an agent", () => {
  it.live("are no file before the first comes, whatever is asked", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder)
      expect(yield* store.open(batchOf("1", ["m1"]))).toEqual(nothing)
      expect(yield* store.choose).toEqual({ ids: [], held_back: [], retry_at: null })
      expect((yield* store.next).queued).toBeNull()
      expect(yield* store.read(["m1"])).toEqual([])
      expect(yield* store.settle(1)).toEqual({ held: nothingHeld, recorded: [] })
      expect(readdirSync(folder.path)).toEqual([])
    }))

  it.live("are no file either where it is known how far the hub was heard: a note keeps that until the first comes", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const heard = { heard_until: 1, room: null, channels: ["ops"] }
      yield* inOneLife(folder, (store) => store.know(heard))
      expect(readdirSync(folder.path)).toEqual(["heard.json"])
      expect(statSync(folder.file("heard.json")).mode & 0o777).toBe(0o600)
      yield* inOneLife(folder, (store) =>
        Effect.gen(function*() {
          expect(yield* store.open(null)).toEqual({ ...nothing, known: heard })
          yield* store.record([judgedAs(deliver, "m1")])
        }))
      yield* inOneLife(folder, (store) =>
        Effect.gen(function*() {
          expect((yield* store.open(null)).known).toEqual(heard)
          yield* store.know({ ...heard, heard_until: 2 })
        }))
      expect(readdirSync(folder.path)).toEqual([name])
      expect((yield* inOneLife(folder, (store) => store.open(null))).known.heard_until).toBe(2)
    }))

  for (const [what, content] of [["no JSON", "{"], ["of another kind", "{}"]] as const) {
    it.live(`are known from the start where the note is ${what}`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        writeFileSync(folder.file("heard.json"), content)
        expect(yield* inOneLife(folder, (store) => store.open(null))).toEqual(nothing)
      }))
  }

  it.live("outlive the daemon, in one file that only its owner can read", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const payload = Object(parseExact(`{"n":123456789012345678901234567890}`))
      const known = { heard_until: 1.5, room: { seq: 3, sent_at: 4 }, channels: ["ops"] }
      const before = yield* inOneLife(folder, (store) =>
        Effect.gen(function*() {
          yield* store.queue([outgoingOf("k1", { payload })], { kind: "file", name: "f" })
          const taken = yield* store.record([
            judgedAs(deliver, "m1", { payload }),
            judgedAs(answer, "p1"),
            pushed({ direct: deliver, broadcast: keep }, "m2")
          ])
          yield* store.know(known)
          return taken
        }))
      expect(readdirSync(folder.path)).toEqual([name])
      expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600)
      const store = yield* storeOf(folder)
      expect(yield* store.open(null)).toEqual({ held: { ...before.held, revision: 1 }, known, is_delivered: false })
      const read = yield* store.read(["m1"])
      expect(read.map(({ message }) => JSON.stringify(message.payload))).toEqual([JSON.stringify(payload)])
      expect(JSON.stringify((yield* store.next).queued?.outgoing.payload)).toBe(JSON.stringify(payload))
    }))

  it.live("are closed to others although the file was open to them", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* fill(folder)
      chmodSync(folder.file(name), 0o666)
      yield* inOneLife(folder, (store) => store.open(null))
      expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600)
    }))
})

describe("a database that is damaged", () => {
  const rows: ReadonlyArray<readonly [string, (path: string) => void]> = [
    ["something else", (path) => writeFileSync(path, "not a database at all, but long enough for one".repeat(100))],
    ["half of it", (path) => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size / 2))],
    ["a page of zeros", (path) => {
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.fill(0, 8_192, 12_288))
    }],
    ["another program's tables", (path) => {
      rmSync(path)
      const database = new DatabaseSync(path)
      database.exec(`CREATE TABLE inbox (subject TEXT); PRAGMA user_version=${schema_version}`)
      database.close()
    }]
  ]
  for (const [title, damage] of rows) {
    it.live(`${title}: is set aside whole, and an empty one begins`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        yield* fill(folder)
        damage(folder.file(name))
        const bytes = readFileSync(folder.file(name))
        const store = yield* storeOf(folder)
        expect(yield* store.open(null)).toEqual(nothing)
        expect(folder.events).toMatchObject([{ event: "state_set_aside", reason: expect.stringMatching(/./) }])
        const aside = readdirSync(folder.path)
        expect(aside).toEqual([expect.stringMatching(/^agent\.sqlite\.corrupt-\d+$/)])
        expect(readFileSync(folder.file(aside[0] ?? ""))).toEqual(bytes)
        expect(yield* store.record([judgedAs(deliver, "m1")])).toMatchObject({ held: { waiting: 1 } })
      }))
  }

  it.live("takes its journals with it, which a new database must not find", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      for (const ending of ["", "-wal", ".corrupt-5"]) {
        writeFileSync(folder.file(`${name}${ending}`), `content${ending}`)
      }
      const moved = yield* Effect.promise(() => moveCorrupt(folder.file(name), ["-wal", "-shm"], 5))
      expect(moved).toBe(folder.file(`${name}.corrupt-6`))
      expect(readdirSync(folder.path).toSorted()).toEqual(
        ["corrupt-5", "corrupt-6", "corrupt-6-wal"].map((ending) => `${name}.${ending}`)
      )
      expect(folder.read(`${name}.corrupt-6-wal`)).toBe("content-wal")
    }))

  it.live("an empty file is what a full disk left of one that was to be made", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file(name), "")
      const store = yield* storeOf(folder)
      expect(yield* store.open(null)).toEqual(nothing)
      expect(yield* store.record([judgedAs(deliver, "m1")])).toMatchObject({ held: { waiting: 1 } })
      expect(folder.events).toEqual([])
    }))
})

describe("a database that cannot be used", () => {
  const notOurs: ReadonlyArray<readonly [string, (path: string) => void, string]> = [
    ["a folder", (path) => mkdirSync(path), "is a folder, not a file"],
    ["a named pipe, which is not waited for", (path) => execFileSync("mkfifo", [path]), "is a named pipe, not a file"],
    ["one of a newer version", (path) => {
      const database = new DatabaseSync(path)
      database.exec(`PRAGMA user_version=${schema_version + 1}`)
      database.close()
    }, "was written by a newer agentcom-sidecar"]
  ]
  for (const [title, make, problem] of notOurs) {
    it.live(`${title}: the end with 78 at once, and it stays as it is`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        make(folder.file(name))
        const error = yield* inOneLife(folder, (store) => Effect.flip(store.open(null)))
        expect(Runtime.getErrorExitCode(error)).toBe(78)
        expect(error.message).toContain(`${folder.file(name)} ${problem}`)
        expect(readdirSync(folder.path)).toEqual([name])
        expect(folder.events).toEqual([])
      }))
  }

  const unreadable: ReadonlyArray<readonly [string, (folder: Folder) => string, string]> = [
    ["a link to nowhere", (folder) => {
      symlinkSync(folder.file("unmounted", "messages"), folder.file(name))
      return folder.file("queue.json")
    }, "ENOENT"],
    ["a folder that is not there (yet)", (folder) => folder.file("unmounted", "queue.json"), "ENOENT"]
  ]
  for (const [title, make, code] of unreadable) {
    it.effect(`${title}: again for ten seconds, then the end with 74`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const state_file = make(folder)
        const before = readdirSync(folder.path)
        const error = yield* hurried(Effect.flip((yield* storeOf(folder, state_file)).open(null)))
        expect(Runtime.getErrorExitCode(error)).toBe(74)
        expect(error.message).toContain(code)
        expect(error.message).toContain("tried for 10 s")
        expect(readdirSync(folder.path)).toEqual(before)
        expect(folder.events).toMatchObject([{ event: "file_trouble" }])
      }))
  }

  it.live("fails as unwritable where its folder is gone", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const store = yield* storeOf(folder, folder.file("missing", "queue.json"))
      expect(yield* Effect.flip(store.record([judgedAs(deliver, "m1")]))).toMatchObject({
        _tag: "StoreError",
        path: folder.file("missing", name)
      })
    }))
})

describe("a full disk", () => {
  const tmpfs = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"]

  /** A folder on a disk of 1 MiB. */
  const makeSmallFolder = Effect.acquireRelease(
    Effect.tap(makeFolder, (folder) => Effect.sync(() => execFileSync("mount", [...tmpfs, folder.path]))),
    (folder) => Effect.sync(() => spawnSync("umount", ["--lazy", folder.path]))
  )
  const fillDisk = (folder: Folder) =>
    void spawnSync("dd", ["if=/dev/zero", `of=${folder.file("filler")}`, "bs=4096"], { stdio: "ignore" })
  const record = (store: Store, id: string) =>
    store.record([judgedAs(deliver, id, { payload: { text: "x".repeat(9_000) } })])

  const itFull = (title: string, test: Effect.Effect<void, unknown, Scope.Scope>) =>
    itWith("mount", title, () => Effect.runPromise(Effect.scoped(test)))

  itFull(
    "refuses what comes, keeps what came, and takes more when there is room",
    Effect.gen(function*() {
      const folder = yield* makeSmallFolder
      const store = yield* storeOf(folder)
      yield* record(store, "m1")
      fillDisk(folder)
      expect(yield* Effect.flip(record(store, "m2"))).toMatchObject({ _tag: "StoreError" })
      expect((yield* store.choose).ids).toEqual(["m1"])
      rmSync(folder.file("filler"))
      expect(yield* record(store, "m2")).toMatchObject({ held: { waiting: 2 } })
    })
  )

  itFull(
    "does not keep a daemon from starting, and the marks follow queue.json when there is room",
    Effect.gen(function*() {
      const folder = yield* makeSmallFolder
      yield* inOneLife(folder, (store) => Effect.andThen(record(store, "m1"), store.begin(batchOf("1", ["m1"]))))
      fillDisk(folder)
      const store = yield* storeOf(folder)
      expect((yield* store.open(null)).held.waiting).toBe(0)
      expect(yield* Effect.flip(record(store, "m2"))).toMatchObject({ _tag: "StoreError" })
      rmSync(folder.file("filler"))
      expect(yield* record(store, "m2")).toMatchObject({ held: { waiting: 2 } })
    })
  )

  itFull(
    "that takes no database takes one when there is room",
    Effect.gen(function*() {
      const folder = yield* makeSmallFolder
      const store = yield* storeOf(folder)
      fillDisk(folder)
      expect(yield* Effect.flip(record(store, "m1"))).toMatchObject({ _tag: "StoreError" })
      yield* inOneLife(folder, (later) => Effect.map(later.open(null), (opened) => expect(opened).toEqual(nothing)))
      rmSync(folder.file("filler"))
      expect(yield* record(store, "m1")).toMatchObject({ held: { waiting: 1 } })
    })
  )
})

describe("the thread that keeps the database", () => {
  /** Holds up whoever wants to use the database, as a disk does that hangs. */
  const holdUp = (folder: Folder) => {
    const database = new DatabaseSync(folder.file(name))
    database.exec("BEGIN EXCLUSIVE")
    return () => database.close()
  }

  it.live("hangs with its disk, and neither the event loop nor the end waits for it", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* fill(folder)
      const letGo = holdUp(folder)
      const scope = yield* Scope.make()
      const store = yield* Scope.provide(storeOf(folder), scope)
      const fiber = yield* Effect.forkChild(store.record([judgedAs(deliver, "m2")]))
      for (let turns = 0; turns < 20; turns++) yield* Effect.promise(() => wait(5))
      expect(fiber.pollUnsafe()).toBeUndefined()
      expect(isThreadAtWork()).toBe(true)
      yield* Scope.close(scope, Exit.void)
      expect(isThreadAtWork()).toBe(true) // process.exit would wait, so the end is by SIGKILL
      letGo()
      yield* until("the end of the thread", () => !isThreadAtWork())
      yield* Fiber.interrupt(fiber)
      expect((yield* inOneLife(folder, (later) => later.open(null))).held.waiting).toBeGreaterThanOrEqual(1)
    }))

  it.live("does what it was asked even if nobody waits for that any more", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* fill(folder)
      const letGo = holdUp(folder)
      const store = yield* storeOf(folder)
      const fiber = yield* Effect.forkChild(store.record([judgedAs(deliver, "m2")]))
      yield* until("the thread to be asked", isThreadAtWork)
      yield* Fiber.interrupt(fiber)
      letGo()
      expect((yield* store.open(null)).held.waiting).toBe(2)
    }))

  it.live("may die in the middle of a change: nothing of that is done, and the next request starts another", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* fill(folder)
      const started = new Promise<Worker>((resume) => process.once("worker", resume))
      const store = yield* storeOf(folder)
      yield* store.open(null)
      const worker = yield* Effect.promise(() => started)
      const many = Array.from({ length: 4_000 }, (_, index) => judgedAs(deliver, `many ${index}`))
      const fiber = yield* Effect.forkChild(Effect.flip(store.record(many)))
      yield* until("the thread to be asked", isThreadAtWork)
      yield* until("a change that is not done", () => folder.has(`${name}-wal`))
      yield* Effect.promise(() => worker.terminate())
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ _tag: "StoreError", path: folder.file(name) })
      expect(error.message).toContain("the thread that keeps it has ended")
      expect(yield* store.record([judgedAs(deliver, "m2")])).toMatchObject({ held: { waiting: 2 } })
    }))

  it.live("answers many at once, each with its own answer", () =>
    Effect.gen(function*() {
      const store = yield* storeOf(yield* makeFolder)
      const ids = Array.from({ length: 50 }, (_, index) => `m${index}`)
      const all = yield* Effect.forEach(ids, (id) => store.record([judgedAs(deliver, id)]), {
        concurrency: "unbounded"
      })
      expect(all.map(({ recorded }) => recorded[0]?.id)).toEqual(ids)
    }))

  it.live("is a file of its own in the bundle, and does the same there", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const workerData: MessageWorkerData = { path: folder.file(name), limits: defaultMessagePolicy }
      const worker = new Worker(new URL("../../dist/messageWorker.js", import.meta.url), { workerData, env: {} })
      const answered = once(worker, "message")
      const request: Request<"open"> = { id: 1, name: "open", now: 1, input: null }
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
      worker.postMessage(request)
      expect(yield* Effect.promise(() => answered)).toEqual([{
        id: 1,
        _tag: "Done",
        result: { ...nothing, held: { ...nothingHeld, revision: 1 } }
      }])
      yield* Effect.promise(() => worker.terminate())
    }))

  it.live("is as little as a process half done after a kill", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const source = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
      writeFileSync(
        folder.file("writer.mjs"),
        `import { openMessageDatabase } from ${source("storage/messages/messageDatabase.ts")}
        import { defaultMessagePolicy } from ${source("domain/messages/MessagePolicy.ts")}
        const { operations } = openMessageDatabase(${JSON.stringify(name)}, defaultMessagePolicy)
        const fate = { _tag: "Deliver", urgent: false }
        const judged = (id) => ({
          message: { id, way: "direct", channel: null, from: "ada", type: "note", payload: "{}", reply_to: null, sent_at: 1 },
          fates: { direct: fate, broadcast: fate },
          answer: null,
          own_text: null
        })
        for (let i = 0; ; i += 10) {
          operations.record(1, Array.from({ length: 10 }, (_, n) => judged(String(i + n))))
          process.stdout.write("done\\n")
        }`
      )
      const writer = spawn(process.execPath, ["writer.mjs"], { cwd: folder.path, stdio: ["ignore", "pipe", "inherit"] })
      let done = 0
      writer.stdout.on("data", (lines: Buffer) => (done += lines.toString().split("\n").length - 1))
      yield* until("some to be written", () => done >= 5)
      writer.kill("SIGKILL")
      yield* Effect.promise(() => once(writer, "close"))
      const { held } = yield* inOneLife(folder, (store) => store.open(null))
      expect(held.waiting % 10).toBe(0)
      expect(held.waiting).toBeGreaterThanOrEqual(done * 10)
    }))
})
