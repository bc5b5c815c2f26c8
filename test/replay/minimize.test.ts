import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { transition } from "../../src/domain/transition.ts"
import { briefOf } from "../../src/replay/brief.ts"
import { minimizedTo } from "../../src/replay/minimizedTo.ts"
import { Output } from "../../src/replay/print/Output.ts"
import { linesIn, textOfRecording } from "./support.ts"

const session = (name: string): string => readFileSync(`test/fixtures/sessions/${name}.jsonl`, "utf8")

/** The row that is written for a recording, and what is said about it. */
const minimized = Effect.fnUntraced(function*(text: string) {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-minimize-"))
  const file = join(folder, "row.json")
  const said: Array<string> = []
  const differs = yield* minimizedTo(file, Stream.fromEffect(linesIn(text)), {
    options: {},
    output: new Output(process.stdout),
    say: (sentence) => void said.push(sentence)
  })
  const row = differs ? JSON.parse(readFileSync(file, "utf8")) : null
  rmSync(folder, { recursive: true })
  return { row, said }
})

describe("the first step that differs", () => {
  it.effect("is a row of a test: state, message, time and the commands that the recorded sidecar decided on", () =>
    Effect.gen(function*() {
      const text = session("three-tasks").replace("\"AcceptTask ", "\"RefuseTask ")
      const { row, said } = yield* minimized(text)
      expect(row.message._tag).toBe("TaskAssigned")
      expect(row.expected.commands).toContain(`RefuseTask ${row.message.task.task_id}`)
      const [, commands] = transition(row.state, row.message, row.now)
      expect(row.actual.commands).toEqual(commands.filter(({ _tag }) => _tag !== "Log").map(briefOf))
      expect(row.actual.commands).toContain(`AcceptTask ${row.message.task.task_id}`)
      expect(said).toEqual([`the first step that differs is at ${row.recording}`])
    }))

  it.effect("has the recorded frame where that differs, also where frames are all that was recorded", () =>
    Effect.gen(function*() {
      const report = "\"type\":\"task_complete\""
      const { row } = yield* minimized(session("three-tasks").replace(report, `${report},"extra":1`))
      expect(row.message._tag).toBe("ResultFound")
      expect(row.expected.frame).toMatchObject({ type: "task_complete", extra: 1 })
      const { row: ofFrames } = yield* minimized(textOfRecording("crash_midwork.jsonl"))
      expect(ofFrames.message._tag).toBe("TaskAssigned")
      expect(ofFrames.expected.frame).toMatchObject({ type: "task_accepted" })
    }))

  it.effect("is none where nothing differs", () =>
    Effect.gen(function*() {
      const { row, said } = yield* minimized(session("drop"))
      expect(row).toBe(null)
      expect(said).toEqual([
        "the recording does not differ from what this version does, so that no step is to be shown"
      ])
    }))
})
