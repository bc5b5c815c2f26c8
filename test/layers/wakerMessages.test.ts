import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { BatchMessage } from "../../src/domain/messages/InboxMessage.ts"
import { repliesIn } from "../../src/domain/messages/replies.ts"
import type { Batch } from "../../src/domain/Work.ts"
import type { WakeCommand } from "../../src/process/arguments.ts"
import { StoreError } from "../../src/services/TaskStore.ts"
import { messageOf } from "../messages/support.ts"
import { type Folder, isRunning, makeFolder, taskOf, token, until, wakerOf } from "./support.ts"

const wakeId = "g1a1t1795000000002"
const id = "batch-1"

const batch: Batch = {
  kind: "messages",
  id,
  generation: 1,
  payload: { message_ids: Array.from({ length: 10 }, (_, n) => `m${n + 1}`) },
  status: "waking",
  wake_attempts: 1,
  woken_at: null,
  wake: null,
  failure: null
}

const hostile = `"; touch pwned; $(touch pwned) {prompt} \${BATCH_ID}\n\u202e`
const inbox: ReadonlyArray<BatchMessage> = [
  messageOf("m1", { payload: { text: hostile }, from: hostile }),
  messageOf("m2", { payload: { blob: "x".repeat(20_000) } })
]

const wakerFor = (
  folder: Folder,
  message_command: WakeCommand | null,
  messages: ReadonlyArray<BatchMessage> = inbox
) => {
  const known = new Map(messages.map((one) => [one.message.id, one]))
  return wakerOf(folder, { message_command, wake_command: "false" }, (ids) =>
    Effect.succeed(ids.flatMap((one) => {
      const found = known.get(one)
      return found === undefined ? [] : [found]
    })))
}

const run = Effect.fnUntraced(function*(
  folder: Folder,
  message_command: WakeCommand | null,
  messages?: ReadonlyArray<BatchMessage>
) {
  const waker = yield* wakerFor(folder, message_command, messages)
  const { end } = yield* waker.wake(batch, wakeId)
  return yield* end
})

const script = (folder: Folder, name: string, text: string) => {
  writeFileSync(folder.file(name), `#!/bin/sh\n${text}\n`)
  chmodSync(folder.file(name), 0o755)
}

const pathsIn = (folder: Folder) => ({
  messages: folder.file("tasks", `${id}.messages.json`),
  prompt: folder.file("tasks", `${id}.prompt`),
  outbox: folder.file("outbox"),
  results: folder.file("results")
})

describe("the message_command", () => {
  it.live("gets the batch in its environment, and nothing of a task nor of an outer wake", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const outer = { BATCH_ID: "outer", TASK_ID: "outer", OUTBOX_DIR: "outer", TASK_JSON: "outer", COPY: token }
      yield* Effect.acquireRelease(
        Effect.sync(() => Object.assign(process.env, outer)),
        () => Effect.sync(() => Object.keys(outer).forEach((name) => delete process.env[name]))
      )
      expect(yield* run(folder, "env > env; ls -d \"$OUTBOX_DIR\" \"$RESULTS_DIR\"")).toMatchObject({ code: 0 })
      const environment = folder.read("env")
      const { messages, outbox, prompt, results } = pathsIn(folder)
      expect(environment.match(/^(?:TASK|BATCH|MESSAGES|OUTBOX|RESULTS|AGENTCOM)_\w+=.*$/gm)?.toSorted()).toEqual([
        `AGENTCOM_NODE=${process.execPath}`,
        `AGENTCOM_WAKE_ID=${wakeId}`,
        `BATCH_ID=${id}`,
        `MESSAGES_FILE=${messages}`,
        `MESSAGES_PROMPT_FILE=${prompt}`,
        `OUTBOX_DIR=${outbox}`,
        `RESULTS_DIR=${results}`
      ])
      expect(environment).not.toContain(token)
      for (const path of [messages, prompt]) expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(outbox).mode & 0o777).toBe(0o700)
    }))

  it.live("finds the messages in its file, a large payload in a file of its own, and a prompt", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* run(
        folder,
        "cp \"$MESSAGES_FILE\" file; cp \"$MESSAGES_PROMPT_FILE\" prompt; cp tasks/*.payload.json payload"
      )
      const { messages } = JSON.parse(folder.read("file"))
      expect(messages).toMatchObject([
        { id: "m1", from: hostile, payload: { text: hostile } },
        { id: "m2", payload_file: folder.file("tasks", `${id}.2.payload.json`) }
      ])
      expect(JSON.parse(folder.read("payload"))).toEqual({ blob: "x".repeat(20_000) })
      expect(folder.read("prompt")).toContain(folder.file("results", `${id}.json.tmp`))
      expect(folder.has("pwned")).toBe(false)
    }))

  it.live("has its placeholders replaced in a list, and keeps those of a task as they are", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", `printf '%s\\n' "$@" > arguments`)
      yield* run(folder, [
        "./agent",
        "{batch_id}",
        "${BATCH_ID}",
        "{messages_file}",
        "${MESSAGES_FILE}",
        "--file={prompt_file}",
        "${MESSAGES_PROMPT_FILE}",
        "{outbox_dir}",
        "${OUTBOX_DIR}",
        "{results_dir}",
        "{task_id}${TASK_ID}{task_file}"
      ])
      const { messages, outbox, prompt, results } = pathsIn(folder)
      expect(folder.read("arguments").trim().split("\n")).toEqual([
        ...[id, id, messages, messages, `--file=${prompt}`, prompt, outbox, outbox, results],
        "{task_id}${TASK_ID}{task_file}"
      ])
    }))

  it.live("gets the prompt as one argument, byte for byte, and nothing in it runs", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      script(folder, "agent", `printf %s "$1" > argument`)
      yield* run(folder, ["./agent", "{prompt}"])
      expect(folder.read("argument")).toBe(folder.read("tasks", `${id}.prompt`))
      expect(folder.has("pwned")).toBe(false)
    }))

  const impossible: ReadonlyArray<
    readonly [string, WakeCommand | null, ReadonlyArray<BatchMessage> | undefined, string]
  > = [
    ["is missing", null, undefined, "there is no message_command"],
    ["has no message", "touch ran", [], "none of the messages of the batch is in the inbox any more"],
    [
      "would have a larger argument than one can be",
      ["./agent", "{prompt}"],
      batch.payload.message_ids.map((one) => messageOf(one, { payload: { text: "漢".repeat(5_000) } })),
      "the message_command would have an argument of"
    ]
  ]
  for (const [what, command, messages, remedy] of impossible) {
    it.live(`that ${what} can never run for the batch, and nothing is written`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        script(folder, "agent", "touch ran")
        const error = yield* Effect.flip(run(folder, command, messages))
        expect(error).toMatchObject({ _tag: "WakeImpossible", remedy: expect.stringContaining(remedy) })
        expect(readdirSync(folder.path)).toEqual(["agent"])
      }))
  }

  it.live("is unwritten where the messages cannot be read, and where they cannot be written", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const unread = yield* wakerOf(
        folder,
        { message_command: "touch ran" },
        () => new StoreError({ path: "agent.sqlite", cause: new Error("EIO") })
      )
      const { end } = yield* unread.wake(batch, wakeId)
      expect(yield* end).toMatchObject({ how: "unwritten", output: expect.stringContaining("EIO") })
      mkdirSync(folder.file("tasks", `${id}.messages.json`), { recursive: true })
      expect(yield* run(folder, "touch ran")).toMatchObject({ how: "unwritten", code: null })
      expect(folder.has("ran")).toBe(false)
    }))

  it.live("runs where something else has the name of the outbox, which the log says", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file("outbox"), "")
      expect(yield* run(folder, "true")).toMatchObject({ how: "exited", code: 0 })
      expect(folder.events).toMatchObject([{ event: "file_trouble", path: folder.file("outbox") }])
    }))
})

describe("an agent of a batch", () => {
  it.live("is known beside that of a task with the same wake id, and stopped alone, also what left its group", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const stray = "setsid sh -c 'echo $$ > stray; exec sleep 60' & exec sleep 60"
      const waker = yield* wakerOf(
        folder,
        { message_command: stray, wake_command: "echo $$ > task; exec sleep 60" },
        () => Effect.succeed(inbox)
      )
      yield* waker.wake(batch, wakeId)
      yield* waker.wake(taskOf("t1"), wakeId)
      const [task, left] = [yield* folder.pid("task"), yield* folder.pid("stray")]
      expect((yield* waker.survivors).toSorted()).toEqual([id, "t1"])
      expect(yield* waker.stop(id, 0)).toBe(true)
      expect([isRunning(task), isRunning(left)]).toEqual([true, false])
      expect(yield* waker.survivors).toEqual(["t1"])
    }))

  it.live("leaves no file when the batch is over", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerFor(folder, "true")
      const { end } = yield* waker.wake(batch, wakeId)
      yield* end
      writeFileSync(folder.file("tasks", "batch-1.1.payload.json.bak"), "")
      writeFileSync(folder.file("tasks", "batch-10.1.payload.json"), "")
      yield* waker.forget(id, false)
      expect(readdirSync(folder.file("tasks")).toSorted()).toEqual([
        "batch-1.1.payload.json.bak",
        "batch-10.1.payload.json"
      ])
    }))
})

const exec = (...words: ReadonlyArray<string>): WakeCommand => [
  process.execPath,
  resolve("dist/main.js"),
  "exec",
  ...words
]

describe("exec as the message_command", () => {
  const rows: ReadonlyArray<
    readonly [what: string, agent: string, words: ReadonlyArray<string>, answer: Record<string, unknown>]
  > = [
    ["reads the prompt and prints the reply", "cat > seen; echo hi", ["--", "./agent"], {
      status: "success",
      output: "hi\n"
    }],
    ["has nothing to say", "cat > seen", ["--", "./agent"], { status: "success", output: "" }],
    ["has nothing to say, where it was to print JSON", "cat > seen", ["--json", "--", "./agent"], {
      status: "success",
      output: ""
    }],
    ["prints an object", "cat > seen; echo '{\"replies\": {\"m1\": \"hi\"}}'", ["--json", "--", "./agent"], {
      status: "success",
      replies: { m1: "hi" }
    }],
    ["fails", "cat > seen; echo no >&2; exit 3", ["--", "./agent"], {
      status: "failed",
      reason: "the command ./agent ended with exit code 3: no",
      verdict_by: "exec"
    }],
    ["is given the file of messages", "cat > stdin; cp \"$1\" given; cp tasks/*.prompt seen", [
      "--",
      "./agent",
      "{messages_file}"
    ], {
      status: "success"
    }],
    ["is given its names", "cat > seen; echo \"$1 $2\"", ["--", "./agent", "{batch_id}", "{outbox_dir}"], {
      status: "success",
      output: expect.stringMatching(/^batch-1 \/.*\/outbox\n$/)
    }]
  ]
  for (const [what, agent, words, answer] of rows) {
    it.live(`answers for an agent that ${what}`, () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        script(folder, "agent", agent)
        expect(yield* run(folder, exec(...words))).toMatchObject({ how: "exited", code: 0 })
        expect(JSON.parse(folder.read("results", `${id}.json`))).toMatchObject(answer)
        expect(folder.has("results", `${id}.started`)).toBe(true)
        expect(folder.read("seen")).toBe(folder.read("tasks", `${id}.prompt`))
        if (folder.has("given")) {
          expect(folder.read("given")).toBe(folder.read("tasks", `${id}.messages.json`))
          expect(folder.read("stdin")).toBe("")
        }
      }))
  }
})

describe("the script of the examples", () => {
  it.live("answers the requests of a batch and nothing else", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const requests = [messageOf("m1", { type: "request", payload: { text: hostile } }), messageOf("m2")]
      yield* run(folder, exec("--", process.execPath, resolve("examples/messages.mjs"), "{messages_file}"), requests)
      const { outgoing, problems } = repliesIn(JSON.parse(folder.read("results", `${id}.json`)), requests, new Set())
      const text = `a request of ${JSON.stringify({ text: hostile }).length} characters`
      expect(outgoing).toMatchObject([{ reply_to: "m1", payload: { text, hops: 1 } }])
      expect(problems).toEqual([])
    }))
})

describe("the messages for the agent of a task", () => {
  it.live("are none at first, and are renewed while it works", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const wait = "cp \"$MESSAGES_FILE\" first; until [ -e go ]; do sleep 0.02; done; cp \"$MESSAGES_FILE\" second"
      const waker = yield* wakerOf(folder, { wake_command: wait })
      const { end } = yield* waker.wake(taskOf("t1"), wakeId)
      yield* until("the first look", () => folder.has("first") && folder.read("first").endsWith("}"))
      yield* waker.showMessages("t1", inbox)
      writeFileSync(folder.file("go"), "")
      yield* end
      expect(JSON.parse(folder.read("first"))).toEqual({ task_id: "t1", messages: [] })
      expect(JSON.parse(folder.read("second"))).toMatchObject({
        task_id: "t1",
        messages: [{ id: "m1" }, { id: "m2", payload_file: folder.file("tasks", "t1.2.payload.json") }]
      })
      yield* waker.forget("t1", false)
      expect(readdirSync(folder.file("tasks"))).toEqual([])
    }))

  it.live("stay for the next attempt of the task", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, { wake_command: "cp \"$MESSAGES_FILE\" seen" })
      for (const wake_id of ["g1a1t1", "g1a2t2"]) {
        const { end } = yield* waker.wake(taskOf("t1"), wake_id)
        yield* end
        yield* waker.showMessages("t1", inbox)
      }
      expect(JSON.parse(folder.read("seen")).messages).toHaveLength(2)
    }))
})
