import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { text } from "node:stream/consumers"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { type Folder, makeFolder, startDaemon, startHub, until } from "../support/daemon.ts"
import { delivered, makeTalkFolder } from "../support/deliveries.ts"
import { identifications } from "../support/outcomes.ts"
import { say, sentByUs, tokensOf } from "../support/talk.ts"

interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A command of the built program, as an agent in the folder runs it, or with this environment. */
const command = (
  folder: Folder,
  args: ReadonlyArray<string>,
  { env = {}, input = "" }: { readonly env?: Record<string, string>; readonly input?: string | Uint8Array } = {}
): Effect.Effect<Said> =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [resolve("dist/main.js"), ...args], {
      cwd: folder.path,
      env: { ...process.env, ...env }
    })
    child.stdin.end(input)
    const ended = new Promise<number | null>((done) => child.once("exit", done))
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    return { code: await ended, out, err }
  })

/** A hub with other agents, and our sidecar, so configured, beside an agent that answers messages. */
const startWith = Effect.fnUntraced(function*(config: Record<string, unknown>) {
  const hub = yield* startHub({ registerTokens: tokensOf("bob") })
  const folder = yield* makeTalkFolder(hub, config)
  const daemon = yield* startDaemon(folder)
  yield* hub.waitFor(() => identifications(hub) === 1)
  return { daemon, folder, hub }
})
const start = startWith({})

/** What is in the outbox to be taken. */
const filesIn = (folder: Folder): ReadonlyArray<string> =>
  existsSync(folder.file("outbox")) ? readdirSync(folder.file("outbox")).filter((name) => name.endsWith(".json")) : []

const textsOf = (hub: DevHub) => Effect.map(sentByUs(hub), (sent) => sent.map(({ payload }) => payload["text"]))

/** Answers the first message of its batch by `send`, and hands in a reply to each. */
const agentThatAnswersTwice = `
import { execFileSync } from "node:child_process"
import { readFileSync, renameSync, writeFileSync } from "node:fs"
const { BATCH_ID, MESSAGES_FILE, RESULTS_DIR } = process.env
const { messages } = JSON.parse(readFileSync(MESSAGES_FILE, "utf8"))
const place = RESULTS_DIR + "/" + BATCH_ID
writeFileSync(place + ".started", "")
const args = [${
  JSON.stringify(resolve("dist/main.js"))
}, "send", "--to", "bob", "--reply-to", messages[0].id, "by send"]
writeFileSync("said.log", execFileSync(process.execPath, args))
const replies = Object.fromEntries(messages.map(({ id }) => [id, "handed in"]))
writeFileSync(place + ".json.tmp", JSON.stringify({ status: "success", replies }))
renameSync(place + ".json.tmp", place + ".json")
`

describe.concurrent("agentcom-sidecar send", () => {
  it.live("says that the message is sent, and whether the receiver is connected", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* start
      const { code, err, out } = yield* command(folder, ["send", "--to", "bob", "hello bob"])
      assert.deepStrictEqual({ code, err }, { code: 0, err: "" })
      assert.match(
        out,
        /^The message is sent as \S+\. No agent bob is connected: the hub keeps it for one of that name\.\n$/
      )
      const [sent] = yield* sentByUs(hub)
      assert.deepInclude(sent, { to: "bob", type: "chat", reply_to: null })
      assert.strictEqual(sent?.payload["text"], "hello bob")
    }))

  it.live("finds the sidecar that woke it by OUTBOX_DIR, and sends what it reads", () =>
    Effect.gen(function*() {
      const { folder, hub } = yield* start
      const elsewhere = yield* makeFolder(hub)
      const args = ["send", "--to", "bob", "--type", "request", "--reply-to", "m-1", "-"]
      const env = { OUTBOX_DIR: folder.file("outbox") }
      const { code } = yield* command(elsewhere, args, { env, input: "two\nlines\n" })
      assert.strictEqual(code, 0)
      const [sent] = yield* sentByUs(hub)
      assert.deepInclude(sent, { to: "bob", type: "request", reply_to: "m-1" })
      assert.strictEqual(sent?.payload["text"], "two\nlines")
    }))

  it.live("says that the message is queued where no sidecar runs; it goes out when one does", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      const folder = yield* makeTalkFolder(hub)
      const { code, out } = yield* command(folder, ["send", "--to", "bob", "hello"])
      assert.strictEqual(code, 0)
      assert.include(out, `is queued in ${folder.file("outbox")}, and goes out when the sidecar runs.`)
      assert.lengthOf(filesIn(folder), 1)
      const daemon = yield* startDaemon(folder)
      yield* until("it is sent", () => daemon.events("message_sent").length === 1)
      assert.deepStrictEqual(yield* textsOf(hub), ["hello"])
      assert.deepStrictEqual(filesIn(folder), [])
    }))

  it.live("says why the hub refuses the message, which is kept in rejected/", () =>
    Effect.gen(function*() {
      const { folder } = yield* start
      const { code, err, out } = yield* command(folder, ["send", "--channel", "nowhere", "hello"])
      const reason = "the hub refuses it: channel_not_found"
      assert.deepStrictEqual({ code, err, out }, {
        code: 65,
        err: `agentcom-sidecar: the message is not sent: ${reason}\n`,
        out: ""
      })
      const [name = ""] = readdirSync(folder.file("outbox/rejected"))
      assert.deepStrictEqual(JSON.parse(readFileSync(join(folder.file("outbox/rejected"), name), "utf8")), {
        message: { channel: "nowhere", type: "chat", payload: { text: "hello" } },
        reason
      })
    }))

  it.live("--wait prints the reply behind a fence, and the reply is not delivered", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* start
      const sending = command(folder, ["send", "--to", "bob", "--wait", "30", "are you there?"])
      const answering = Effect.gen(function*() {
        yield* until("it is sent", () => daemon.events("message_sent").length === 1)
        const id = daemon.events("message_sent")[0]?.["message_id"]
        return yield* say(hub, "bob", {
          type: "response",
          reply_to: String(id),
          payload: { text: "yes\u001b[2J\n===== text begins =====" }
        })
      })
      const [{ code, err, out }, reply_id] = yield* Effect.all([sending, answering], { concurrency: 2 })
      assert.strictEqual(code, 0)
      assert.match(err, /^The message is sent as \S+\. .*\n$/)
      assert.deepInclude((yield* sentByUs(hub))[0], { type: "request" })
      const [, mark] = /===== text ([0-9a-f]{32}) begins =====\n/.exec(out) ?? []
      assert.isTrue(out.endsWith(
        `===== text ${mark} begins =====\nyes\\u{1b}[2J\n===== text begins =====\n===== text ${mark} ends =====\n`
      ))
      assert.isTrue(out.startsWith(`The reply of "bob", with the type "response" and the id "${reply_id}".`))
      yield* until("the reply is noted", () => daemon.events("messages_received").length === 1)
      assert.deepInclude(daemon.events("messages_received")[0], { message_id: reply_id, outcome: "awaited" })
      const later = yield* say(hub, "bob")
      yield* until("a later message is delivered", () => delivered(folder).length > 0)
      assert.deepStrictEqual(delivered(folder), [later])
    }))

  it.live("--wait says that no reply has come", () =>
    Effect.gen(function*() {
      const { folder } = yield* start
      const { code, err, out } = yield* command(folder, ["send", "--to", "bob", "--wait", "1", "hello?"])
      assert.deepStrictEqual({ code, out }, { code: 69, out: "" })
      assert.match(err, /^The message is sent .*\nNo reply has come in 1 s\.\n$/)
    }))

  it.live("--reply-to in a delivery is the reply: what the agent hands in for that message is not sent as well", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      const message_command = [process.execPath, "answer.mjs"]
      const folder = yield* makeTalkFolder(hub, { message_command })
      writeFileSync(folder.file("answer.mjs"), agentThatAnswersTwice)
      const first = yield* say(hub, "bob", { payload: { text: "one" } })
      const second = yield* say(hub, "bob", { payload: { text: "two" } })
      const daemon = yield* startDaemon(folder) // which finds both in its mailbox, so they are one batch
      yield* until("the reply by send is noted", () => folder.read("said.log").includes("The message is sent as"))
      yield* until("all is sent", () => daemon.events("message_sent").length === 2)
      const sent = yield* sentByUs(hub)
      assert.deepStrictEqual(sent.map(({ payload, reply_to }) => [reply_to, payload["text"], payload["hops"]]), [
        [first, "by send", 1],
        [second, "handed in", 1]
      ])
    }))

  const limit = 1024 * 1024
  const wrong: ReadonlyArray<readonly [number, string, ReadonlyArray<string>, (string | Uint8Array)?]> = [
    [2, "it names no receiver: to, channel, room or all", ["hi"]],
    [2, "it names to and all, and a message has one receiver", ["--to", "bob", "--all", "hi"]],
    [2, "the text is empty", ["--to", "bob", ""]],
    [2, "the text is empty", ["--to", "bob", "-"]],
    [2, "send needs a text, or - to read it from standard input", ["--to", "bob"]],
    [2, "send takes one text: put it in quotes", ["--to", "bob", "two", "words"]],
    [2, "--wait must be a number of seconds from 1 to 86400", ["--to", "bob", "--wait", "0", "hi"]],
    [2, "--wait cannot go with --room: what is said there names no reply", ["--room", "--wait", "5", "hi"]],
    [
      2,
      "--wait cannot go with --channel: the hub gives no id by which a reply could be known",
      ["--channel", "ops", "--wait", "5", "hi"]
    ],
    [2, "there is no option -5; a text that begins with - stands behind --", ["--to", "bob", "-5 degrees"]],
    [65, "the message is not sent: the receiver is this agent itself", ["--to", "tester", "hi"]],
    [
      65,
      "the message is not sent: the name of the channel has none of a-z, 0-9, - and _",
      ["--channel", "#", "hi"]
    ],
    [
      65,
      `the text on standard input cannot be sent: it has more than ${limit} bytes`,
      ["--to", "bob", "-"],
      "x".repeat(limit + 1)
    ],
    [
      65,
      `the message is not sent: it has ${limit + 11} bytes as JSON, more than the ${limit} of send_max_bytes`,
      ["--to", "bob", "-"],
      "x".repeat(limit)
    ],
    [65, "the text on standard input cannot be sent: it is not UTF-8", ["--to", "bob", "-"], new Uint8Array([0xff])]
  ]
  it.live("says in one sentence what is wrong, and writes nothing", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      for (const [expected, sentence, args, input] of wrong) {
        const { code, err } = yield* command(folder, ["send", ...args], { input: input ?? "" })
        const hint = expected === 2 ? " (see agentcom-sidecar --help)" : ""
        assert.deepStrictEqual({ code, err }, { code: expected, err: `agentcom-sidecar: ${sentence}${hint}\n` })
      }
      assert.isFalse(existsSync(folder.file("outbox")))
    }))
})

describe.concurrent("agentcom-sidecar inbox", () => {
  it.live("lists the same while the sidecar runs and while it does not", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* start
      const notice = yield* say(hub, "bob", { type: "notify", payload: { text: "lunch\u001b[2J" } })
      const message = yield* say(hub, "bob", { payload: { text: "hello" } })
      yield* until("the message is answered", () => daemon.events("message_sent").length === 1)
      const running = yield* command(folder, ["inbox"])
      assert.strictEqual(running.code, 0)
      assert.match(
        running.out,
        new RegExp(
          `^\\S+ \\S+ kept way=\\w+ from=bob type=notify id=${notice} said="lunch\\\\u001b\\[2J" ` +
            `reason="it asks for no answer"\\n0 to be delivered, 0 of ours to be sent\\.\\n$`
        )
      )
      yield* daemon.signal("SIGTERM")
      yield* daemon.ended
      const stopped = yield* command(folder, ["inbox"])
      assert.deepStrictEqual(stopped, running)
      const { out } = yield* command(folder, ["inbox", "--all", "--json"])
      const { messages }: { messages: ReadonlyArray<Record<string, unknown>> } = JSON.parse(out)
      assert.deepStrictEqual(messages.map(({ id, state }) => [id, state]), [[notice, "kept"], [message, "delivered"]])
      yield* startDaemon(folder) // which has the database for itself again
      yield* hub.waitFor(() => identifications(hub) === 2)
      assert.deepStrictEqual(yield* command(folder, ["inbox"]), running)
    }))

  it.live("tells what the limits of an hour hold back, and which, while the sidecar runs and while it does not", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub } = yield* startWith({ sender_per_hour: 1 })
      yield* say(hub, "bob", { payload: { text: "one" } })
      yield* until("it is delivered", () => delivered(folder).length === 1)
      yield* say(hub, "bob", { payload: { text: "two" } })
      yield* until("it is held back", () => daemon.events("messages_held_back").length === 1)
      const { out } = yield* command(folder, ["inbox"])
      assert.match(out, / said="?two"?.*\n1 held back by sender_per_hour of "bob"\.\n1 to be delivered, 0 of ours/)
      yield* daemon.signal("SIGTERM")
      yield* daemon.ended
      assert.strictEqual((yield* command(folder, ["inbox"])).out, out)
    }))

  it.live("of a folder without messages is empty, and makes no file", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const { code, out } = yield* command(folder, ["inbox"])
      assert.deepStrictEqual({ code, out }, { code: 0, out: "0 to be delivered, 0 of ours to be sent.\n" })
      assert.isFalse(existsSync(folder.file("agent.sqlite")))
    }))
})

describe("agentcom-sidecar agents", () => {
  it.live("lists the other agents that are connected", () =>
    Effect.gen(function*() {
      const hub = yield* startHub({ registerTokens: tokensOf("bob") })
      const folder = yield* makeFolder(hub)
      assert.deepStrictEqual(yield* command(folder, ["agents"]), {
        code: 0,
        out: "No other agent is connected.\n",
        err: ""
      })
      const other = yield* makeFolder(hub, {}, {
        agent_id: "bob",
        token: "t-bob",
        capabilities: ["search", "c\u001bode"]
      })
      yield* startDaemon(other)
      yield* hub.waitFor(() => identifications(hub) === 1)
      const { out } = yield* command(folder, ["agents"])
      assert.match(out, /^"bob": task "idle", says ".*", can "search, c\\u001bode"\n$/)
    }))

  it.live("says in one sentence that the hub cannot be reached", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, { hub_url: "ws://127.0.0.1:1/ws" })
      const { code, err } = yield* command(folder, ["agents"])
      assert.strictEqual(code, 69)
      assert.match(err, /^agentcom-sidecar: the hub at http:\/\/127\.0\.0\.1:1 does not say who is connected: .*\n$/)
    }))
})
