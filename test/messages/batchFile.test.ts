import { assert, describe, it } from "@effect/vitest"
import { messageFiles, payload_begin_bytes, payload_in_batch_bytes } from "../../src/agent/messages/batchFile.ts"
import type { BatchMessage } from "../../src/domain/messages/InboxMessage.ts"
import { messageOf, sent_at } from "./support.ts"

const hour_ms = 60 * 60_000
const place = { tasks_dir: "/a/tasks", work_id: "batch-1", stale_ms: 24 * hour_ms }

const filesOf = (messages: ReadonlyArray<BatchMessage>, now = sent_at, more: Partial<typeof place> = {}) =>
  messageFiles(messages, { ...place, ...more }, now)

interface Told {
  readonly batch_id?: string
  readonly task_id?: string
  readonly messages: ReadonlyArray<Record<string, unknown>>
}

/** The messages as a program finds them in the file. */
const readBack = (...given: Parameters<typeof filesOf>): Told => JSON.parse(filesOf(...given).files.at(-1)?.text ?? "")

const bytes = (text: string) => ({ blob: text })
const overhead = JSON.stringify(bytes("")).length

describe("the file of a batch", () => {
  it("tells of a message who sent it, when, by which way, and what", () => {
    const message = messageOf("m1", { way: "channel", channel: "dev", reply_to: "m0", type: "request" }, {
      thread: "m0",
      again: true
    })
    assert.deepEqual(readBack([message]), {
      batch_id: "batch-1",
      messages: [{
        id: "m1",
        thread: "m0",
        from: "bob",
        from_is_unproven: false,
        way: "channel",
        channel: "dev",
        type: "request",
        reply_to: "m0",
        sent_at: "2026-11-18T11:06:40.000Z",
        age: null,
        again: true,
        payload: { text: "text of m1" }
      }]
    })
  })

  it("has the threads one after the other, each where its first message stands", () => {
    const batch = [["m1", "t1"], ["m2", "t2"], ["m3", "t1"], ["m4", "t3"], ["m5", "t2"]] as const
    const { messages } = readBack(batch.map(([id, thread]) => messageOf(id, {}, { thread })))
    assert.deepEqual(messages.map(({ id }) => id), ["m1", "m3", "m2", "m5", "m4"])
  })

  it("is of a task where it is for one, and may be empty", () => {
    assert.deepEqual(readBack([], sent_at, { work_id: "task-1" }), { task_id: "task-1", messages: [] })
    assert.deepEqual(filesOf([], sent_at, { work_id: "task-1" }).files.map(({ path }) => path), [
      "/a/tasks/task-1.messages.json"
    ])
  })

  it("says of a sender in the room that the name proves nothing", () => {
    assert.deepInclude(readBack([messageOf("m1", { way: "room" })]).messages[0], { from_is_unproven: true })
  })

  const ages: ReadonlyArray<readonly [age_ms: number, stale_ms: number, age: string | null]> = [
    [24 * hour_ms, 24 * hour_ms, null],
    [24 * hour_ms + 1, 24 * hour_ms, "24 hours"],
    [47 * hour_ms, 24 * hour_ms, "47 hours"],
    [71 * hour_ms, 24 * hour_ms, "2 days"],
    [90 * 60_000, 1_000, "90 minutes"],
    [90_000, 1_000, "90 seconds"],
    [-hour_ms, 0, null]
  ]
  it.each(ages)("tells the age of a message of %d ms, where %d ms are old: %s", (age_ms, stale_ms, age) => {
    assert.deepInclude(readBack([messageOf("m1")], sent_at + age_ms, { stale_ms }).messages[0], { age })
  })

  it("says of a time that is none that it is not known", () => {
    assert.deepInclude(readBack([messageOf("m1", { sent_at: 1e300 })]).messages[0], { sent_at: null, age: null })
  })

  it("changes no number and no text, and shows no character that could mislead", () => {
    const payload = { n: JSON.rawJSON("12345678901234567890"), text: "\u202e\u{e0041}\n" }
    const text = filesOf([messageOf("m1", { payload, from: "a\u2066" })]).files[0]?.text ?? ""
    assert.include(text, "\"n\": 12345678901234567890")
    assert.include(text, "\"text\": \"\\u202e\\udb40\\udc41\\n\"")
    assert.include(text, "\"from\": \"a\\u2066\"")
    assert.match(text, /^[\x20-\x7e\n]*$/)
  })
})

describe("a large payload", () => {
  it("is in the batch up to 16 KiB", () => {
    const payload = bytes("x".repeat(payload_in_batch_bytes - overhead))
    assert.lengthOf(filesOf([messageOf("m1", { payload })]).files, 1)
  })

  it("is a file of its own beyond that, named by us, of which the batch has the first KiB", () => {
    const payload = bytes("é".repeat(payload_in_batch_bytes / 2))
    const messages = [messageOf("m1"), messageOf("../../m2", { payload, from: "/etc" })]
    const { files } = filesOf(messages)
    assert.deepEqual(files.map(({ path }) => path), [
      "/a/tasks/batch-1.2.payload.json",
      "/a/tasks/batch-1.messages.json"
    ])
    assert.deepEqual(JSON.parse(files[0]?.text ?? ""), payload)
    const [, told] = readBack(messages).messages
    assert.deepInclude(told, {
      payload_file: "/a/tasks/batch-1.2.payload.json",
      payload_bytes: payload_in_batch_bytes + overhead
    })
    assert.notProperty(told, "payload")
    const begin = String(told?.["payload_begin"])
    assert.match(begin, /^\{"blob":"é+$/)
    assert.isAtMost(Buffer.byteLength(begin), payload_begin_bytes)
    assert.isAbove(Buffer.byteLength(begin), payload_begin_bytes - 2)
  })
})
