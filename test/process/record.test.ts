import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, symlinkSync } from "node:fs"
import type { Entry } from "../../src/replay/format.ts"
import { entryIn } from "../replay/support.ts"
import {
  agentId,
  atOnce,
  type Folder,
  frames,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  until,
  untilStatus
} from "../support/daemon.ts"
import { identifications, untilAtWork } from "../support/outcomes.ts"

const startRecorded = (folder: Folder, file = folder.file("day.jsonl")) =>
  startDaemon(folder, {}, "config.json", ["--record", file])

const recorded = (folder: Folder): ReadonlyArray<Entry> =>
  folder.read("day.jsonl").trimEnd().split("\n").map((line) => entryIn(line))

const headers = (entries: ReadonlyArray<Entry>) => entries.filter(({ dir }) => dir === "header")

const facts = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap((entry) => entry.dir === "step" ? [entry.msg._tag] : [])

const messages = (entries: ReadonlyArray<Entry>, dir: "in" | "out") =>
  entries.flatMap((entry) => entry.dir === dir && "msg" in entry ? [entry.msg] : [])

const isAck = ({ type }: { readonly type?: unknown }) => type === "task_ack"

/** The agent's answer holds the token, as one would that printed its config.json. */
const indiscreet = `printf '{"status":"success","output":"%s"}' "$(grep -o '${token}' config.json)" > answer.tmp
mv answer.tmp "$RESULTS_DIR/$TASK_ID.json"`

describe("a recorded session", () => {
  it.live(
    "through a drop and a SIGKILL holds every frame and fact in order, and nowhere the token",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { answer: indiscreet })
        const first = yield* startRecorded(folder)
        const task = yield* submit(hub)
        yield* untilAtWork(folder, task)
        // What is on its way when the connection drops is recorded as sent, and the hub never has it.
        yield* hub.waitFor(() => frames(hub, "out").some(({ type }) => type === "wake_result"))
        yield* hub.dropAgent(agentId)
        yield* hub.waitFor(() => identifications(hub) === 2)
        yield* hub.send(agentId, { type: "message", id: "1", payload: { text: `is it ${token}?` } })
        yield* hub.sendRaw(agentId, `no JSON, but ${token}`)
        yield* until("both are recorded", () => folder.read("day.jsonl").includes("no JSON, but"))
        // The last frame after a reconnect, so that the hub has had all that is recorded as sent.
        yield* until("it is accepted again", () => messages(recorded(folder), "in").filter(isAck).length === 2)
        yield* first.kill
        const before = recorded(folder)

        const second = yield* startRecorded(folder)
        yield* hub.waitFor(() => identifications(hub) === 3)
        yield* folder.letGo
        yield* untilStatus(hub, task, "completed")
        yield* until("it is acknowledged", () => second.events("report_acknowledged").length === 1)
        yield* second.signal("SIGTERM")
        assert.strictEqual(yield* second.ended, 0)

        const text = folder.read("day.jsonl")
        for (const part of [token, token.slice(0, 8), token.slice(-8)]) assert.notInclude(text, part)
        const entries = recorded(folder)
        assert.deepStrictEqual(entries.slice(0, before.length), before)
        assert.lengthOf(headers(entries), 2)
        assert.containSubset(headers(entries), [{ msg: { agent_id: agentId, continues: false } }])
        const sent: unknown = JSON.parse(JSON.stringify(frames(hub, "out")).replaceAll(token, "[REDACTED]"))
        assert.deepStrictEqual<unknown>(messages(entries, "out"), sent)
        assert.include(messages(entries, "in").map(({ type }) => type), "task_assign")
        assert.deepInclude(messages(entries, "in"), {
          type: "message",
          id: "1",
          payload: { text: "is it [REDACTED]?" }
        })
        assert.isTrue(entries.some((entry) => "unreadable" in entry && entry.unreadable === "no JSON, but [REDACTED]"))
        const seen = facts(entries)
        for (const fact of ["WakeSpawned", "AgentStarted", "Disconnected", "ResultFound", "TaskAssigned"]) {
          assert.include(seen, fact)
        }
        assert.lengthOf(seen.filter((fact) => fact === "Restarted"), 2)
        assert.lengthOf(seen.filter((fact) => fact === "Connected"), 3)
      })
  )

  it.live("is not touched by another sidecar that finds the folder in use", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      yield* startRecorded(folder)
      yield* hub.waitFor(() => identifications(hub) === 1)
      const other = yield* startRecorded(folder)
      assert.strictEqual(yield* other.ended, 73)
      assert.lengthOf(headers(recorded(folder)), 1)
    }))

  it.live("that cannot be recorded for now goes on without, and says so once", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: atOnce })
      const daemon = yield* startRecorded(folder, "/dev/full")
      yield* untilStatus(hub, yield* submit(hub), "completed")
      assert.lengthOf(daemon.events("file_trouble"), 1)
      assert.include(String(daemon.events("file_trouble")[0]?.["reason"]), "goes on without the recording")
    }))

  it.live(
    "does not begin where its file can be none, which is told in a sentence and exits with 78",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        mkdirSync(folder.file("day.jsonl"))
        symlinkSync(folder.file("lock"), folder.file("link.jsonl"))
        symlinkSync(folder.file("circle.jsonl"), folder.file("circle.jsonl"))
        for (const name of ["day.jsonl", "config.json", "lock", "link.jsonl", "circle.jsonl"]) {
          const daemon = yield* startRecorded(folder, folder.file(name))
          assert.strictEqual(yield* daemon.ended, 78)
          assert.match(
            daemon.output(),
            new RegExp(`^agentcom-sidecar: \\S+${name} cannot be used for the recording: `, "m")
          )
          assert.lengthOf(daemon.events("fiber_died"), 0)
        }
        assert.isTrue(folder.read("config.json").startsWith("{\"agent_id\""))
      })
  )
})
