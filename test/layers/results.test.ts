import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { setTimeout as wait } from "node:timers/promises"
import { large_file_bytes, large_file_still_ms } from "../../src/agent/results/fileTimes.ts"
import { rescan_ms } from "../../src/agent/results/folderWatch.ts"
import { half_written_ms } from "../../src/agent/results/parse.ts"
import { progress_bytes } from "../../src/agent/results/taskResults.ts"
import { ResultWatcherFolder } from "../../src/layers/ResultWatcherFolder.ts"
import { limits } from "../../src/limits.ts"
import type { Observation } from "../../src/services/ResultWatcher.ts"
import { ResultWatcher } from "../../src/services/ResultWatcher.ts"
import type { Folder } from "./support.ts"
import { makeFolder, until } from "./support.ts"

/** A watcher for as long as the test lasts. */
const watcherOf = (folder: Folder) =>
  Effect.map(
    Layer.build(Layer.provide(ResultWatcherFolder, folder.services())),
    (services) => Context.get(services, ResultWatcher)
  )

const makeResults = Effect.gen(function*() {
  const folder = yield* makeFolder
  mkdirSync(folder.file("results"))
  const put = (name: string, content: string | Uint8Array) => writeFileSync(folder.file("results", name), content)
  const age = (name: string, ms: number) => {
    const path = folder.file("results", name)
    const { atime, mtimeMs } = statSync(path)
    utimesSync(path, atime, (mtimeMs - ms) / 1_000)
  }
  return { folder, put, age, watcher: yield* watcherOf(folder) }
})

/** Everything a watch of `t1` has told so far. */
const watching = Effect.fnUntraced(function*(folder: Folder, task_id = "t1") {
  const watcher = yield* watcherOf(folder)
  const told: Array<Observation> = []
  const fiber = yield* Effect.forkScoped(
    Stream.runForEach(watcher.watch(task_id), (observation) => Effect.sync(() => void told.push(observation)))
  )
  return { told, fiber }
})

/** Waits until the watch has subscribed and made its first scan, which this sign of another run shows. */
const watchingFromTheStart = Effect.fnUntraced(function*(folder: Folder) {
  writeFileSync(folder.file("results", "t1.started"), "")
  const watch = yield* watching(folder)
  yield* until("the first scan", () => watch.told.length === 1)
  return watch
})

/** Waits while the virtual time goes on with the real one. */
const untilInTime = (what: string, look: () => boolean) =>
  Effect.raceFirst(
    until(what, look),
    Effect.forever(Effect.andThen(TestClock.adjust(5), Effect.promise(() => wait(5))))
  )

const success = { _tag: "Success", result: { status: "success" }, tokens_used: null } as const

/** Far below the rescan interval: what is told within it was told by an event. */
const soon = rescan_ms * 3 / 5

describe("an answer", () => {
  const rows: ReadonlyArray<readonly [string, string | Uint8Array, object]> = [
    ["a success", `{"status":"success"}`, success],
    [
      "a success with everything else it holds",
      `{"status":"success","output":{"a":[1]},"tokens_used":1234,"é":"🦀"}`,
      {
        _tag: "Success",
        result: { status: "success", output: { a: [1] }, tokens_used: 1234, é: "🦀" },
        tokens_used: 1234
      }
    ],
    ["a success whose token count is no integer", `{"status":"success","tokens_used":"12"}`, {
      _tag: "Success",
      result: { status: "success", tokens_used: "12" },
      tokens_used: null
    }],
    ["a success after a byte order mark", `\uFEFF{"status":"success"}`, success],
    ["a success with white space around it", `\n  {"status":"success"}\r\n`, success],
    ["a failure with a reason", `{"status":"failed","reason":"no network","error":"E"}`, {
      _tag: "Failure",
      reason: "no network"
    }],
    ["a failure with an error", `{"status":"failed","reason":"","error":"E1"}`, { _tag: "Failure", reason: "E1" }],
    ["a failure whose error is an object", `{"status":"error","error":{"code":7}}`, {
      _tag: "Failure",
      reason: `{"code":7}`
    }],
    ["a failure that says no more than its status", `{"status":"gave_up"}`, {
      _tag: "Failure",
      reason: "status: gave_up"
    }],
    [
      "what exec tells of its command",
      `{"status":"failed","reason":"no login","verdict_by":"exec"}`,
      { _tag: "Failure", reason: "no login", of_command: true }
    ],
    ["a status that is no text", `{"status":7}`, { _tag: "Failure", reason: "status: 7" }],
    ["a status in other letters", `{"status":"SUCCESS"}`, { _tag: "Failure", reason: "status: SUCCESS" }],
    ["no status at all", `{}`, { _tag: "Failure", reason: "the answer says neither status nor reason" }]
  ]
  for (const [name, content, answer] of rows) {
    it.live(`${name} is understood`, () =>
      Effect.gen(function*() {
        const { put, watcher } = yield* makeResults
        put("t1.json", content)
        expect(yield* watcher.look("t1")).toEqual({ started: false, last_sign_at: null, answer })
      }))
  }

  const unfinished: ReadonlyArray<readonly [string, string | Uint8Array, RegExp]> = [
    ["nothing yet", "", /^t1\.json is empty$/],
    ["half of it", `{"status":"succ`, /^t1\.json is not JSON \(.+\)$/],
    ["a list", `[{"status":"success"}]`, /^t1\.json is not a JSON object$/],
    ["a bare word", "null", /^t1\.json is not a JSON object$/],
    ["text for people", "All done!", /^t1\.json is not JSON \(.+\)$/],
    [
      "UTF-16, as an old shell writes it",
      Buffer.from(`\uFEFF{"status":"success"}`, "utf16le"),
      /^t1\.json is not UTF-8 text$/
    ],
    ["a character cut in two", Buffer.from(`{"status":"é`).subarray(0, -1), /^t1\.json is not UTF-8 text$/],
    ["the beginning of too much", `{"a":${"[".repeat(50_000)}`, /^t1\.json is nested deeper than 500 levels$/]
  ]
  for (const [name, content, reason] of unfinished) {
    it.effect(`${name} is half-written, and unusable once it was seen unchanged for the time limit`, () =>
      Effect.gen(function*() {
        const { put, watcher } = yield* makeResults
        put("t1.json", content)
        expect((yield* watcher.look("t1"))?.answer).toBe("half-written")
        yield* TestClock.adjust(half_written_ms - 1)
        expect((yield* watcher.look("t1"))?.answer).toBe("half-written")
        yield* TestClock.adjust(1)
        expect((yield* watcher.look("t1"))?.answer).toEqual({ _tag: "Unusable", reason: expect.stringMatching(reason) })
      }))
  }

  const tooMuch: ReadonlyArray<readonly [string, string, string]> = [
    [
      "too many levels",
      `{"status":"success","a":${"[".repeat(500)}${"]".repeat(500)}}`,
      "t1.json is nested deeper than 500 levels"
    ],
    [
      "too many values",
      `{"status":"success","a":[${"[],".repeat(150_000)}[]]}`,
      "t1.json holds 300005 values, more than 250000"
    ],
    [
      "too many members",
      `{"status":"success"${",\"a\":1".repeat(250_000)}}`,
      "t1.json holds 250002 values, more than 250000"
    ]
  ]
  for (const [name, content, reason] of tooMuch) {
    it.effect(`that is whole and has ${name} is unusable at once`, () =>
      Effect.gen(function*() {
        const { put, watcher } = yield* makeResults
        put("t1.json", content)
        expect((yield* watcher.look("t1"))?.answer).toEqual({ _tag: "Unusable", reason })
      }))
  }

  it.effect("keeps its numbers, whatever their size", () =>
    Effect.gen(function*() {
      const { put, watcher } = yield* makeResults
      const text =
        `{"status":"success","n":12345678901234567890,"l":[-9007199254740993],"tokens_used":9007199254740993}`
      put("t1.json", text)
      const answer = (yield* watcher.look("t1"))?.answer
      expect(answer).toMatchObject({ _tag: "Success", tokens_used: null })
      expect(typeof answer === "object" && answer?._tag === "Success" && JSON.stringify(answer.result)).toBe(text)
    }))

  it.effect("is half-written for as long as it goes on changing, whatever its own time says", () =>
    Effect.gen(function*() {
      const { age, put, watcher } = yield* makeResults
      put("t1.json", "{")
      for (let change = 1; change <= 3; change++) {
        age("t1.json", 24 * 60 * 60_000)
        expect((yield* watcher.look("t1"))?.answer).toBe("half-written")
        yield* TestClock.adjust(half_written_ms - 1)
      }
      expect((yield* watcher.look("t1"))?.answer).toBe("half-written")
    }))

  const impossible: ReadonlyArray<readonly [string, (path: string, folder: Folder) => void, string]> = [
    ["a symbolic link", (path, folder) => {
      writeFileSync(folder.file("secret"), `{"status":"success"}`)
      symlinkSync(folder.file("secret"), path)
    }, "t1.json is a symbolic link, not a regular file"],
    [
      "a dangling symbolic link",
      (path) => symlinkSync("/nowhere/at/all", path),
      "t1.json is a symbolic link, not a regular file"
    ],
    ["a folder", (path) => mkdirSync(path), "t1.json is a folder, not a regular file"],
    [
      "a named pipe that nobody writes to",
      (path) => execFileSync("mkfifo", [path]),
      "t1.json is a named pipe, not a regular file"
    ],
    ["a file over the size limit", (path) => {
      writeFileSync(path, "{")
      truncateSync(path, limits.answer_bytes + 1)
    }, `t1.json is larger than ${limits.answer_bytes} bytes`]
  ]
  for (const [name, make, reason] of impossible) {
    it.live(`${name} is unusable at once, and nothing waits for it`, () =>
      Effect.gen(function*() {
        const { folder, watcher } = yield* makeResults
        make(folder.file("results", "t1.json"), folder)
        expect((yield* watcher.look("t1"))?.answer).toEqual({ _tag: "Unusable", reason })
        const { told } = yield* watching(folder)
        yield* until("the answer", () => told.length > 0)
        expect(told).toEqual([{ _tag: "Answer", answer: { _tag: "Unusable", reason } }])
      }))
  }

  it.live("of exactly the size limit is read whole", () =>
    Effect.gen(function*() {
      const { put, watcher } = yield* makeResults
      const frame = `{"status":"success","output":""}`
      put("t1.json", frame.replace(`""`, `"${"x".repeat(limits.answer_bytes - frame.length)}"`))
      expect((yield* watcher.look("t1"))?.answer).toMatchObject({ _tag: "Success" })
    }))

  it.live("is known by its exact name", () =>
    Effect.gen(function*() {
      const { put, watcher } = yield* makeResults
      for (const name of ["t1.JSON", "T1.json", "t1.json.tmp", "t1.x.json", "at1.json", "t1json"]) {
        put(name, `{"status":"success"}`)
      }
      expect(yield* watcher.look("t1")).toEqual({ started: false, last_sign_at: null, answer: null })
      expect((yield* watcher.look("t1.x"))?.answer).toEqual(success)
    }))
})

describe("the signs of an agent", () => {
  it.live("are none where there is no folder", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const watcher = yield* watcherOf(folder)
      expect(yield* watcher.look("t1")).toEqual({ started: false, last_sign_at: null, answer: null })
      expect(folder.events).toEqual([])
    }))

  it.live("are dated by the newest of .started and .progress, and only .started confirms", () =>
    Effect.gen(function*() {
      const { age, folder, put, watcher } = yield* makeResults
      const time = (name: string) => Math.trunc(statSync(folder.file("results", name)).mtimeMs)
      put("t1.progress", "10")
      age("t1.progress", 120_000)
      expect(yield* watcher.look("t1")).toEqual({ started: false, last_sign_at: time("t1.progress"), answer: null })
      put("t2.started", "whatever it says")
      age("t2.started", 60_000)
      put("t2.progress", "10")
      age("t2.progress", 120_000)
      expect(yield* watcher.look("t2")).toEqual({ started: true, last_sign_at: time("t2.started"), answer: null })
    }))

  it.live("that appear while they are looked for are of now, whatever the clock of the disk says", () =>
    Effect.gen(function*() {
      const { age, put, watcher } = yield* makeResults
      expect(yield* watcher.look("t1")).toEqual({ started: false, last_sign_at: null, answer: null })
      const before = Date.now()
      put("t1.started", "")
      age("t1.started", 3_600_000)
      const { last_sign_at } = (yield* watcher.look("t1")) ?? { last_sign_at: null }
      expect(last_sign_at).toBeGreaterThanOrEqual(before)
      put("t1.json", `{"status":"success"}`)
      yield* watcher.setAside("t2", "sent") // another task's answer is looked at in between
      expect((yield* watcher.look("t1"))?.last_sign_at).toBe(last_sign_at)
    }))

  const progress: ReadonlyArray<readonly [string, object | null]> = [
    ["42", { progress: 42, execution_event: null }],
    [" 100\n", { progress: 100, execution_event: null }],
    [`{"progress":7,"step":"tests"}`, { progress: 7, execution_event: { progress: 7, step: "tests" } }],
    [`{"step":"tests"}`, { progress: null, execution_event: { step: "tests" } }],
    [`{"progress":"half","step":1}`, { progress: null, execution_event: { progress: "half", step: 1 } }],
    ["12.5", null],
    [`"50"`, null],
    ["[1]", null],
    ["", null],
    [`{"progress":`, null],
    [`{"pad":"${"x".repeat(progress_bytes)}"}`, null]
  ]
  for (const [content, said] of progress) {
    it.live(`a progress of ${content.slice(0, 40).trim() || "nothing"} ${said === null ? "is ignored" : "is told"}`, () =>
      Effect.gen(function*() {
        const { folder, put } = yield* makeResults
        put("t1.progress", content)
        put("t1.json", `{"status":"success"}`)
        const { told } = yield* watching(folder)
        yield* until("the answer", () => told.some(({ _tag }) => _tag === "Answer"))
        expect(told).toEqual([
          ...(said === null ? [] : [{ _tag: "Progress", progress: said }]),
          { _tag: "Answer", answer: success }
        ])
      }))
  }

  it.live("a progress that is a symbolic link is not followed", () =>
    Effect.gen(function*() {
      const { folder } = yield* makeResults
      writeFileSync(folder.file("secret"), "42")
      symlinkSync(folder.file("secret"), folder.file("results", "t1.progress"))
      const { told } = yield* watchingFromTheStart(folder)
      expect(told).toEqual([{ _tag: "Started" }])
    }))
})

describe("a watch", () => {
  it.live("tells what is there already, in the order in which it came about, and makes a missing folder", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const first = yield* watching(folder)
      yield* until("the folder", () => folder.has("results"))
      yield* Fiber.interrupt(first.fiber)
      writeFileSync(folder.file("results", "t1.json"), `{"status":"success"}`)
      writeFileSync(folder.file("results", "t1.progress"), "1")
      writeFileSync(folder.file("results", "t1.started"), "")
      const { told } = yield* watching(folder)
      yield* until("three observations", () => told.length === 3)
      expect(told.map(({ _tag }) => _tag)).toEqual(["Started", "Progress", "Answer"])
      expect(first.told).toEqual([])
    }))

  it.live("tells of a file within a moment of its coming, long before the rescan", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      const before = yield* Clock.currentTimeMillis
      put("t1.json.tmp", `{"status":"success"}`)
      renameSync(folder.file("results", "t1.json.tmp"), folder.file("results", "t1.json"))
      yield* until("the answer", () => told.length === 2)
      expect((yield* Clock.currentTimeMillis) - before).toBeLessThan(soon)
      expect(told).toEqual([{ _tag: "Started" }, { _tag: "Answer", answer: success }])
    }))

  it.effect("reads a large answer as soon as its writer is at rest, and not while it is at it", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      put("t1.json", `{"status":"success","output":"${"x".repeat(large_file_bytes)}"}`)
      for (let touch = 1; touch <= 10; touch++) {
        utimesSync(folder.file("results", "t1.json"), touch, touch)
        yield* Effect.promise(() => wait(5))
        yield* TestClock.adjust(large_file_still_ms / 2)
      }
      expect(told.map(({ _tag }) => _tag)).toEqual(["Started"])
      yield* untilInTime("the answer", () => told.length === 2)
      expect(told[1]?._tag).toBe("Answer")
    }))

  it.live("looks again at once when it is asked to, though there was no event", () =>
    Effect.gen(function*() {
      const { folder, put, watcher } = yield* makeResults
      const told: Array<Observation> = []
      const note = (observation: Observation) => Effect.sync(() => void told.push(observation))
      put("t1.started", "")
      writeFileSync(folder.file("elsewhere"), "{")
      linkSync(folder.file("elsewhere"), folder.file("results", "t1.json"))
      yield* Effect.forkScoped(Stream.runForEach(watcher.watch("t1"), note))
      yield* until("the first scan", () => told.length === 1)
      const before = yield* Clock.currentTimeMillis
      writeFileSync(folder.file("elsewhere"), `{"status":"success"}`) // nobody watches that folder
      yield* watcher.rescan("t1")
      yield* until("the answer", () => told.length === 2)
      expect((yield* Clock.currentTimeMillis) - before).toBeLessThan(soon)
    }))

  it.live("tells a changed progress again, an unchanged one not", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      const numbers = () => told.flatMap((seen) => seen._tag === "Progress" ? [seen.progress.progress] : [])
      for (const step of [10, 200, 3_000]) {
        put("t1.progress", String(step))
        yield* until(`progress ${step}`, () => numbers().at(-1) === step)
        put("t1.other", "something else happens")
      }
      put("t1.json", `{"status":"success"}`)
      yield* until("the answer", () => told.at(-1)?._tag === "Answer")
      expect(numbers()).toEqual([10, 200, 3_000])
    }))

  it.live("waits for the rest of an answer that is written slowly", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      put("t1.json", `{"status":`)
      for (const part of [`"succ`, `ess","n":`, "1"]) {
        yield* Effect.sleep(60)
        appendFileSync(folder.file("results", "t1.json"), part)
      }
      expect(told).toEqual([{ _tag: "Started" }])
      appendFileSync(folder.file("results", "t1.json"), "}")
      yield* until("the answer", () => told.length === 2)
      expect(told[1]).toMatchObject({ answer: { _tag: "Success", result: { status: "success", n: 1 } } })
    }))

  it.live("tells a success that comes in the place of a failure, and nothing after that", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      const count = (tag: Observation["_tag"]) => told.filter(({ _tag }) => _tag === tag).length
      const answers = [`{"status":"failed","reason":"first"}`, `{"status":"success"}`, `{"status":"failed"}`]
      for (const [earlier, answer] of answers.entries()) {
        rmSync(folder.file("results", "t1.json"), { force: true })
        put("t1.json", answer)
        put("t1.progress", String(earlier))
        yield* until("both", () => count("Progress") > earlier && count("Answer") === Math.min(2, earlier + 1))
      }
      expect(told.flatMap((seen) => seen._tag === "Answer" ? [seen.answer] : [])).toMatchObject([
        { _tag: "Failure", reason: "first" },
        { _tag: "Success" }
      ])
    }))

  it.live("tells an answer that comes in the place of an unusable one", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      mkdirSync(folder.file("results", "t1.json"))
      const { told } = yield* watching(folder)
      yield* until("the unusable one", () => told.length === 1)
      rmSync(folder.file("results", "t1.json"), { recursive: true })
      put("t1.json", `{"status":"success"}`)
      yield* until("the good one", () => told.length === 2)
      expect(told.map((seen) => seen._tag === "Answer" && seen.answer._tag)).toEqual(["Unusable", "Success"])
    }))

  it.effect("finds by the rescan what no event told of: that half of an answer has not changed for the time limit", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      put("t1.json", `{"status":`)
      yield* TestClock.setTime(Math.ceil(statSync(folder.file("results", "t1.json")).mtimeMs))
      const { told } = yield* watchingFromTheStart(folder)
      yield* TestClock.adjust(half_written_ms - rescan_ms)
      put("t1.progress", "1")
      yield* until("a scan", () => told.length === 2)
      yield* TestClock.adjust(rescan_ms)
      yield* until("the answer", () => told.length === 3)
      expect(told[2]).toMatchObject({ answer: { _tag: "Unusable" } })
    }))

  it.effect("survives a folder that is deleted and made again, and is fast again after the next rescan", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      renameSync(folder.file("results"), folder.file("old"))
      rmSync(folder.file("old"), { recursive: true })
      mkdirSync(folder.file("results"))
      put("t1.progress", "1")
      yield* TestClock.adjust(rescan_ms)
      yield* untilInTime("the rescan", () => told.length === 2)
      put("t1.json", `{"status":"success"}`)
      yield* until("the answer, by an event, as the clock stands still", () => told.length === 3)
      expect(told.map(({ _tag }) => _tag)).toEqual(["Started", "Progress", "Answer"])
      expect(folder.events).toEqual([])
    }))

  it.effect("makes a folder that was deleted again, each time it is", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      for (let round = 1; round <= 3; round++) {
        rmSync(folder.file("results"), { recursive: true })
        yield* TestClock.adjust(rescan_ms)
        yield* untilInTime("the folder", () => folder.has("results"))
        put("t1.progress", String(10 ** round))
        yield* untilInTime("the progress", () => told.length === 1 + round)
      }
      expect(folder.events).toEqual([])
    }))

  it.effect("sees by an event what is written through a link, also one that takes the folder's place", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      for (const name of ["one", "two"]) mkdirSync(folder.file(name))
      symlinkSync("one", folder.file("results"))
      const { told } = yield* watchingFromTheStart(folder)
      writeFileSync(folder.file("one", "t1.progress"), "1")
      yield* until("the progress, by an event, as the clock stands still", () => told.length === 2)
      rmSync(folder.file("results"))
      symlinkSync("two", folder.file("results"))
      writeFileSync(folder.file("two", "t1.progress"), "20")
      yield* TestClock.adjust(rescan_ms)
      yield* untilInTime("the rescan", () => told.length === 3)
      writeFileSync(folder.file("two", "t1.json"), `{"status":"success"}`)
      yield* until("the answer, by an event, as the clock stands still", () => told.length === 4)
      expect(folder.events).toEqual([])
    }))

  it.effect("loses no file descriptor to a folder that is made anew each time", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      const descriptors = () => readdirSync("/dev/fd").length
      const before = descriptors()
      for (let round = 1; round <= 30; round++) {
        rmSync(folder.file("results"), { recursive: true })
        mkdirSync(folder.file("results"))
        put("t1.progress", String(round))
        yield* TestClock.adjust(rescan_ms)
        yield* untilInTime("the progress", () => told.length === 1 + round)
      }
      expect(descriptors() - before).toBeLessThan(5)
    }))

  it.effect("never makes the agent's own folder again, and goes on when that is back", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      const away = `${folder.path}.away`
      renameSync(folder.path, away)
      yield* TestClock.adjust(rescan_ms)
      yield* untilInTime("the trouble", () => folder.events.length > 0)
      yield* TestClock.adjust(rescan_ms)
      expect(existsSync(folder.path)).toBe(false)
      renameSync(away, folder.path)
      put("t1.progress", "1")
      yield* untilInTime("the progress", () => told.length === 2)
    }))

  it.effect("goes on by the rescan where the folder cannot be watched, and says so once", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file("results"), "a file where the folder should be")
      const { told } = yield* watching(folder)
      yield* until("the trouble", () => folder.events.length > 0)
      for (let round = 0; round < 5; round++) yield* TestClock.adjust(rescan_ms)
      const trouble = folder.events.map((event) => JSON.stringify(event))
      expect(trouble.every((event) => event.includes("file_trouble"))).toBe(true)
      expect(new Set(trouble).size).toBe(trouble.length)
      rmSync(folder.file("results"))
      mkdirSync(folder.file("results"), { recursive: true }) // the watch may be first
      writeFileSync(folder.file("results", "t1.started"), "")
      yield* TestClock.adjust(rescan_ms)
      yield* until("the sign", () => told.length === 1)
      expect(folder.events).toHaveLength(trouble.length)
    }))

  it.live("is not disturbed by other tasks, nor by what is below the folder", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const { told } = yield* watchingFromTheStart(folder)
      mkdirSync(folder.file("results", "sent"))
      mkdirSync(folder.file("results", "deep", "er"), { recursive: true })
      for (const name of ["t2.json", "sent/t1.json", "deep/t1.json", "deep/er/t1.json"]) {
        put(name, `{"status":"success"}`)
      }
      put("t1.progress", "5")
      yield* until("the progress", () => told.length === 2)
      expect(told.map(({ _tag }) => _tag)).toEqual(["Started", "Progress"])
    }))

  it.live("is one of many, one after another, that together take no more file descriptors than one", () =>
    Effect.gen(function*() {
      const { folder } = yield* makeResults
      const watcher = yield* watcherOf(folder)
      const descriptors = () => readdirSync("/dev/fd").length
      const watchOnce = (task_id: string) =>
        Effect.gen(function*() {
          writeFileSync(folder.file("results", `${task_id}.json`), `{"status":"success"}`)
          yield* Stream.runHead(watcher.watch(task_id))
        })
      yield* watchOnce("t0")
      const before = descriptors()
      for (let n = 1; n <= 100; n++) yield* watchOnce(`t${n}`)
      expect(descriptors() - before).toBeLessThan(20)
    }))

  it.live("two of them see the same", () =>
    Effect.gen(function*() {
      const { folder, put } = yield* makeResults
      const one = yield* watchingFromTheStart(folder)
      const two = yield* watching(folder)
      yield* until("the first scan", () => two.told.length === 1)
      yield* Fiber.interrupt(one.fiber)
      put("t1.json", `{"status":"success"}`)
      yield* until("the answer", () => two.told.length === 2)
      expect(one.told).toHaveLength(1)
    }))
})

describe("the files of a task", () => {
  const everything = Effect.gen(function*() {
    const made = yield* makeResults
    for (const id of ["t1", "t1.x", "T1", "t11"]) {
      for (const extension of ["started", "progress", "json"]) made.put(`${id}.${extension}`, `"${id}"`)
    }
    return { ...made, list: () => readdirSync(made.folder.file("results")).toSorted() }
  })
  const others = ["t1.x", "T1", "t11"].flatMap((id) => [`${id}.json`, `${id}.progress`, `${id}.started`])

  it.live("lose their signs, never the answer, when the evidence is cleared", () =>
    Effect.gen(function*() {
      const { list, watcher } = yield* everything
      yield* watcher.clear("t1")
      expect(list()).toEqual([...others, "t1.json"].toSorted())
    }))

  it.live("are removed with the answer, or without it", () =>
    Effect.gen(function*() {
      const { list, watcher } = yield* everything
      yield* watcher.remove("t1", true)
      expect(list()).toEqual([...others, "t1.json"].toSorted())
      yield* watcher.remove("t1", false)
      expect(list()).toEqual(others.toSorted())
    }))

  it.live("are removed whatever the agent made of them, and a link's target stays", () =>
    Effect.gen(function*() {
      const { folder, watcher } = yield* makeResults
      mkdirSync(folder.file("results", "t1.started", "inner"), { recursive: true })
      mkdirSync(folder.file("precious"))
      writeFileSync(folder.file("precious", "file"), "")
      symlinkSync(folder.file("precious"), folder.file("results", "t1.progress"))
      yield* watcher.clear("t1")
      expect(readdirSync(folder.file("results"))).toEqual([])
      expect(folder.has("precious", "file")).toBe(true)
    }))

  it.live("are set aside under names that belong together and overwrite nothing", () =>
    Effect.gen(function*() {
      const { folder, list, put, watcher } = yield* everything
      yield* watcher.setAside("t1", "rejected")
      expect(list()).toEqual([...others, "rejected"].toSorted())
      const kept = readdirSync(folder.file("results", "rejected")).toSorted()
      const stamp = /^t1\.(\d+)\.json$/.exec(kept[0] ?? "")?.[1]
      expect(kept).toEqual([`t1.${stamp}.json`, `t1.${stamp}.progress`, `t1.${stamp}.started`])
      expect(folder.events).toEqual([
        { event: "files_kept", task_id: "t1", folder: folder.file("results", "rejected", `t1.${stamp}.json`) }
      ])
      for (let i = 0; i < 10; i++) {
        put("t1.json", `answer ${i}`)
        yield* watcher.setAside("t1", "sent")
      }
      expect(readdirSync(folder.file("results", "sent")).map((name) => folder.read("results", "sent", name)).toSorted())
        .toEqual(Array.from({ length: 10 }, (_, i) => `answer ${i}`))
    }))

  it.live("are set aside whatever kind they are, and without an answer nothing is said", () =>
    Effect.gen(function*() {
      const { folder, put, watcher } = yield* makeResults
      symlinkSync("/nowhere/at/all", folder.file("results", "t1.json"))
      yield* watcher.setAside("t1", "rejected")
      expect(folder.events).toHaveLength(1)
      put("t1.started", "")
      yield* watcher.setAside("t1", "sent")
      yield* watcher.setAside("t1", "sent")
      expect(readdirSync(folder.file("results", "sent"))).toHaveLength(1)
      expect(folder.events).toHaveLength(1)
    }))

  it.live("get another name beside their own where their folder cannot be made", () =>
    Effect.gen(function*() {
      const { folder, list, put, watcher } = yield* everything
      put("sent", "a file where the folder should be")
      yield* watcher.setAside("t1", "sent")
      const kept = list().filter((name) => !others.includes(name) && name !== "sent")
      const stamp = /^t1\.json\.sent-(\d+)$/.exec(kept[0] ?? "")?.[1]
      expect(kept).toEqual([`t1.json.sent-${stamp}`, `t1.progress.sent-${stamp}`, `t1.started.sent-${stamp}`])
      expect(yield* watcher.look("t1")).toEqual({ started: false, last_sign_at: null, answer: null })
      expect(folder.events).toEqual([
        { event: "files_kept", task_id: "t1", folder: folder.file("results", `t1.json.sent-${stamp}`) }
      ])
    }))

  it.live("are set aside as sent without a success, which may have come after the failure that was sent", () =>
    Effect.gen(function*() {
      const { list, put, watcher } = yield* everything
      put("t1.json", `{"status":"success"}`)
      yield* watcher.setAside("t1", "sent")
      expect(list()).toEqual([...others, "sent", "t1.json"].toSorted())
      yield* watcher.setAside("t1", "rejected")
      expect(list()).toEqual([...others, "rejected", "sent"].toSorted())
    }))

  it.live("that cannot be read, moved or removed are logged, nothing fails, and nobody takes them for not there", () =>
    Effect.gen(function*() {
      const { folder, put, watcher } = yield* makeResults
      put("t1.json", `{"status":"success"}`)
      renameSync(folder.file("results"), folder.file("away"))
      symlinkSync("results", folder.file("results"))
      expect(yield* watcher.look("t1")).toBeNull()
      yield* watcher.setAside("t1", "rejected")
      yield* watcher.remove("t1", false)
      expect(folder.events.map(({ event }) => event)).toEqual(Array.from(folder.events, () => "file_trouble"))
      expect(folder.events.length).toBeGreaterThan(2)
      rmSync(folder.file("results"))
      renameSync(folder.file("away"), folder.file("results"))
      expect(yield* watcher.look("t1")).toMatchObject({ answer: { _tag: "Success" } })
    }))
})
