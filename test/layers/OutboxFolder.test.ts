import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { execFileSync } from "node:child_process"
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { rescan_ms } from "../../src/agent/results/folderWatch.ts"
import { half_written_ms } from "../../src/agent/results/parse.ts"
import type { Outgoing, SendOutcome } from "../../src/domain/messages/Outgoing.ts"
import { OutboxFolder } from "../../src/layers/OutboxFolder.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import { Outbox } from "../../src/services/Outbox.ts"
import { deliver, judgedAs, messageOf } from "../storage/support.ts"
import { messageStoreMemory } from "../support/fakes.ts"
import { type Folder, makeFolder, until } from "./support.ts"

const jsonIn = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, "utf8"))

/** A folder whose outbox is watched from now on, over a store in memory. */
const watched = Effect.fnUntraced(function*(folder: Folder) {
  const path = folder.file("outbox")
  const settings = { agent_id: "me", outbox_dir: path, send_max_bytes: 1_000, own_files: [folder.file("queue.json")] }
  const services = yield* Layer.build(
    OutboxFolder.pipe(Layer.provideMerge(messageStoreMemory()), Layer.provide(folder.services(settings)))
  )
  const use = <A, E>(effect: Effect.Effect<A, E, Outbox | MessageStore>) => Effect.provide(effect, services)
  yield* Effect.forkScoped(use(Outbox.use(({ filled }) => Stream.runDrain(filled))))

  const inFolder = (name: string) =>
    existsSync(join(path, name)) ? readdirSync(join(path, name)).filter((one) => one.endsWith(".json")) : []
  /** All that is queued, each sent at once. */
  const queued = use(MessageStore.use(Effect.fnUntraced(function*(store) {
    const found: Array<Outgoing> = []
    for (let next = (yield* store.next).queued; next !== null; next = (yield* store.next).queued) {
      found.push(next.outgoing)
      yield* store.sent(next.outgoing.key, { _tag: "Sent", hub_id: `hub-${next.outgoing.key}` })
    }
    return found
  })))

  return {
    path,
    use,
    queued,
    /** Writes a file as agents are told to: under a temporary name, which is then changed. */
    write: (name: string, content: unknown) => {
      writeFileSync(join(path, `.${name}.tmp`), typeof content === "string" ? content : JSON.stringify(content))
      renameSync(join(path, `.${name}.tmp`), join(path, name))
    },
    isGone: (name: string) => until(`${name} to be taken`, () => !existsSync(join(path, name))),
    rejected: () => inFolder("rejected").map((name) => jsonIn(join(path, "rejected", name))),
    outcome: (name: string) => jsonIn(join(path, "outcomes", `${name}.json`))
  }
})

const makeScene = Effect.gen(function*() {
  const folder = yield* makeFolder
  const outbox = yield* watched(folder)
  yield* until("the outbox", () => existsSync(outbox.path))
  return { folder, ...outbox }
})

type Fields = Record<string, unknown>

/** A message to everybody that says nothing of interest. */
const hello: Fields = { all: true, text: "hello" }

describe("a file in the outbox", () => {
  const messages: ReadonlyArray<readonly [string, Fields, Omit<Outgoing, "key">]> = [
    ["to an agent", { to: "ada", text: "hi" }, {
      target: { _tag: "Agent", agent_id: "ada" },
      type: "chat",
      reply_to: null,
      payload: { text: "hi" }
    }],
    ["to a channel", { channel: "ops", text: "hi", type: "alert" }, {
      target: { _tag: "Channel", channel: "ops" },
      type: "alert",
      reply_to: null,
      payload: { text: "hi" }
    }],
    ["to the room", { room: true, text: "hi" }, {
      target: { _tag: "Room" },
      type: "chat",
      reply_to: null,
      payload: { text: "hi" }
    }],
    ["to all", { all: true, to: null, channel: null, room: false, payload: { n: 1 } }, {
      target: { _tag: "All" },
      type: "chat",
      reply_to: null,
      payload: { n: 1 }
    }],
    ["that replies", { to: "ada", text: "hi", reply_to: "m-1" }, {
      target: { _tag: "Agent", agent_id: "ada" },
      type: "response",
      reply_to: "m-1",
      payload: { text: "hi" }
    }]
  ]

  for (const [title, fields, expected] of messages) {
    it.effect(`${title} becomes a message, and goes`, () =>
      Effect.gen(function*() {
        const { isGone, queued, write } = yield* makeScene
        write("a.json", fields)
        yield* isGone("a.json")
        const [message, ...others] = yield* queued
        assert.deepStrictEqual(others, [])
        const { key = "", ...rest } = message ?? {}
        assert.match(key, /^file-[0-9a-f]{16}$/)
        assert.deepStrictEqual(rest, expected)
      }))
  }

  it.effect("was there before the sidecar, and is taken", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("outbox"))
      writeFileSync(folder.file("outbox", "a.json"), JSON.stringify(hello))
      const { isGone, queued } = yield* watched(folder)
      yield* isGone("a.json")
      assert.lengthOf(yield* queued, 1)
    }))

  it.effect("counts the hops of the message that it replies to", () =>
    Effect.gen(function*() {
      const { isGone, queued, use, write } = yield* makeScene
      yield* use(
        MessageStore.use(({ record }) => record([judgedAs(deliver, "m-1", { payload: { text: "?", hops: 2 } })]))
      )
      write("a.json", { to: "ada", text: "hi", reply_to: "m-1" })
      yield* isGone("a.json")
      assert.deepStrictEqual((yield* queued).map(({ payload }) => payload), [{ text: "hi", hops: 3 }])
    }))

  it.effect("of the same name is another message", () =>
    Effect.gen(function*() {
      const { isGone, queued, write } = yield* makeScene
      for (const text of ["one", "two", "two"]) {
        write("a.json", { all: true, text })
        yield* isGone("a.json")
      }
      assert.deepStrictEqual((yield* queued).map(({ payload }) => payload.text), ["one", "two", "two"])
    }))

  it.effect("that could not be removed after it was queued is neither queued again nor told of again", () =>
    Effect.gen(function*() {
      const { folder, isGone, outcome, path, queued, use } = yield* makeScene
      // What a kill between the two steps leaves: the file as it was, with its inode and times.
      writeFileSync(folder.file("kept"), JSON.stringify({ ...hello, outcome: true }))
      linkSync(folder.file("kept"), join(path, "a.json"))
      yield* isGone("a.json")
      const [message, ...others] = yield* queued
      assert.isDefined(message)
      assert.deepStrictEqual(others, [])
      yield* use(Outbox.use(({ tell }) => tell({ kind: "file", name: "a" }, message, { _tag: "Sent", hub_id: "h-1" })))
      renameSync(folder.file("kept"), join(path, "a.json"))
      yield* isGone("a.json")
      assert.deepStrictEqual(yield* queued, [])
      assert.deepStrictEqual(outcome("a"), { status: "sent", message_id: "h-1" })
    }))

  it.effect("with a temporary name is left alone", () =>
    Effect.gen(function*() {
      const { isGone, path, queued, write } = yield* makeScene
      for (const name of [".a.json", "a.json.tmp", "a.txt"]) writeFileSync(join(path, name), JSON.stringify(hello))
      write("z.json", { all: true, text: "last" })
      yield* isGone("z.json")
      assert.deepStrictEqual((yield* queued).map(({ payload }) => payload.text), ["last"])
      assert.includeMembers(readdirSync(path), [".a.json", "a.json.tmp", "a.txt"])
    }))
})

describe("a message that nobody takes goes to rejected/ with the reason:", () => {
  const wrong: ReadonlyArray<readonly [string, Fields]> = [
    ["it names no receiver: to, channel, room or all", { text: "hi" }],
    ["it names to and all, and a message has one receiver", { to: "ada", all: true, text: "hi" }],
    ["to is not the id of an agent", { to: 7, text: "hi" }],
    ["room is not true", { room: "main", text: "hi" }],
    ["it has neither a text nor a payload", { to: "ada" }],
    ["it has both a text and a payload", { to: "ada", text: "hi", payload: {} }],
    ["the text is empty", { to: "ada", text: " \n" }],
    ["the text is not a string", { to: "ada", text: 7 }],
    ["the payload is not a JSON object", { to: "ada", payload: [1] }],
    ["the type is not a word", { to: "ada", text: "hi", type: "" }],
    ["reply_to is not the id of a message", { to: "ada", text: "hi", reply_to: 7 }],
    ["wait_ms is not a whole number from 1 to 86400000", { to: "ada", text: "hi", wait_ms: 0 }],
    ["it has 1011 bytes as JSON, more than the 1000 of send_max_bytes", { to: "ada", text: "x".repeat(1_000) }],
    ["the receiver is this agent itself", { to: "me", text: "hi" }],
    ["the name of the channel has none of a-z, 0-9, - and _", { channel: "#!", text: "hi" }]
  ]

  for (const [reason, fields] of wrong) {
    it.effect(reason, () =>
      Effect.gen(function*() {
        const { folder, isGone, outcome, queued, rejected, write } = yield* makeScene
        write("a.json", { ...fields, outcome: true })
        yield* isGone("a.json")
        assert.deepStrictEqual(rejected(), [{ message: { ...fields, outcome: true }, reason }])
        assert.deepStrictEqual(outcome("a"), { status: "refused", reason })
        assert.deepStrictEqual(yield* queued, [])
        assert.deepStrictEqual(folder.events.map(({ event }) => event), ["message_rejected"])
      }))
  }

  it.effect("too large a file, which stays beside the reason", () =>
    Effect.gen(function*() {
      const { isGone, path, rejected, write } = yield* makeScene
      write("a.json", { to: "ada", text: "x".repeat(100_000) })
      yield* isGone("a.json")
      assert.deepStrictEqual(rejected(), [{ reason: "the file is larger than 66536 bytes" }])
      const [, file = ""] = readdirSync(join(path, "rejected")).toSorted((a, b) => b.length - a.length)
      assert.strictEqual(statSync(join(path, "rejected", file)).size, 100_022)
    }))

  const odd: ReadonlyArray<readonly [string, (path: string) => void]> = [
    ["a symbolic link", (path) => symlinkSync("/etc/hostname", path)],
    ["a folder", (path) => mkdirSync(path)],
    ["a named pipe", (path) => execFileSync("mkfifo", [path])]
  ]
  for (const [what, make] of odd) {
    it.effect.skipIf(process.platform === "win32")(what, () =>
      Effect.gen(function*() {
        const { isGone, path, rejected } = yield* makeScene
        make(join(path, "a.json"))
        yield* isGone("a.json")
        assert.deepStrictEqual(rejected(), [{ reason: `the file is ${what}, not a regular file` }])
      }))
  }

  it.effect("but one of our own files, linked there, is not touched", () =>
    Effect.gen(function*() {
      const { folder, isGone, path, queued, write } = yield* makeScene
      writeFileSync(folder.file("queue.json"), JSON.stringify({ all: true, text: "secret" }))
      linkSync(folder.file("queue.json"), join(path, "a.json"))
      write("z.json", hello)
      yield* isGone("z.json")
      assert.deepStrictEqual((yield* queued).map(({ payload }) => payload.text), ["hello"])
      assert.isTrue(existsSync(join(path, "a.json")))
    }))
})

describe("a file that is no JSON yet", () => {
  it.effect("is taken when it has become a message", () =>
    Effect.gen(function*() {
      const { isGone, path, queued } = yield* makeScene
      writeFileSync(join(path, "a.json"), `{"all": true, "te`)
      yield* TestClock.adjust(rescan_ms)
      writeFileSync(join(path, "a.json"), JSON.stringify(hello))
      yield* isGone("a.json")
      assert.lengthOf(yield* queued, 1)
    }))

  it.effect("is rejected when nobody has changed it for ten seconds", () =>
    Effect.gen(function*() {
      const { isGone, path, rejected } = yield* makeScene
      writeFileSync(join(path, "a.json"), "dear ada")
      writeFileSync(join(path, "z.json"), JSON.stringify(hello))
      yield* isGone("z.json") // by then the other one was read, too
      assert.isTrue(existsSync(join(path, "a.json")))
      yield* TestClock.adjust(half_written_ms)
      yield* TestClock.adjust(rescan_ms)
      yield* isGone("a.json")
      const [found = {}] = rejected()
      assert.strictEqual(found.text, "dear ada")
      assert.match(String(found.reason), /^the file is not JSON/)
    }))
})

describe("whoever wants to know is told what becomes of it", () => {
  const origin = { kind: "file", name: "a" } as const
  const told: ReadonlyArray<readonly [SendOutcome, Fields]> = [
    [{ _tag: "Sent", hub_id: "h-1" }, { status: "sent", message_id: "h-1" }],
    [{ _tag: "Sent", hub_id: null }, { status: "sent" }],
    [{ _tag: "Refused", reason: "no such channel" }, { status: "refused", reason: "no such channel" }],
    [{ _tag: "Limited" }, { status: "queued", reason: "the hub takes no more messages for a minute" }],
    [{ _tag: "Failed", reason: "HTTP 500" }, { status: "queued", reason: "HTTP 500" }],
    [{ _tag: "Unknown", reason: "no answer" }, { status: "queued", reason: "no answer" }]
  ]

  for (const [ended, expected] of told) {
    it.effect(JSON.stringify(expected), () =>
      Effect.gen(function*() {
        const { isGone, outcome, path, queued, rejected, use, write } = yield* makeScene
        write("a.json", { to: "ada", text: "hi", outcome: true })
        yield* isGone("a.json")
        assert.deepStrictEqual(outcome("a"), { status: "queued" })
        const [message] = yield* queued
        assert.isDefined(message)
        yield* use(Outbox.use(({ tell }) => tell(origin, message, ended)))
        assert.deepStrictEqual(outcome("a"), expected)
        assert.strictEqual(lstatSync(join(path, "outcomes", "a.json")).mode & 0o777, 0o600)
        const kept = { message: { to: "ada", type: "chat", payload: { text: "hi" } }, reason: "no such channel" }
        assert.deepStrictEqual(rejected(), ended._tag === "Refused" ? [kept] : [])
      }))
  }

  it.effect("and nobody else", () =>
    Effect.gen(function*() {
      const { isGone, path, queued, use, write } = yield* makeScene
      write("a.json", hello)
      write("b.json", { ...hello, outcome: true })
      yield* isGone("a.json")
      yield* isGone("b.json")
      for (const message of yield* queued) {
        yield* use(Outbox.use(({ tell }) => tell(origin, message, { _tag: "Sent", hub_id: null })))
      }
      assert.deepStrictEqual(readdirSync(join(path, "outcomes")), ["b.json"])
    }))

  it.live("for a day; then the outcome is removed", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("outbox", "outcomes"), { recursive: true })
      for (const [name, hours] of [["old.json", 25], ["new.json", 23]] as const) {
        writeFileSync(folder.file("outbox", "outcomes", name), "{}")
        utimesSync(folder.file("outbox", "outcomes", name), 0, Date.now() / 1_000 - hours * 60 * 60)
      }
      const { path } = yield* watched(folder)
      yield* until("the old one to be removed", () => !existsSync(join(path, "outcomes", "old.json")))
      assert.deepStrictEqual(readdirSync(join(path, "outcomes")), ["new.json"])
    }))

  it.effect("and gets the reply", () =>
    Effect.gen(function*() {
      const { path, use } = yield* makeScene
      const reply = messageOf("r-1", { reply_to: "h-1", payload: { text: "yes" } })
      yield* use(Outbox.use(({ handOver }) => handOver("a", reply)))
      assert.deepStrictEqual(jsonIn(join(path, "outcomes", "a.reply.json")), {
        message_id: "r-1",
        from: "ada",
        type: "note",
        reply_to: "h-1",
        payload: { text: "yes" }
      })
    }))
})
